"""XGBoost: `xgb.train` as a run of osetra, by one callback.

    def train(run):
        callback = OsetraCallback(run)
        params = {"eta": run.config["lr"], "max_depth": run.config["depth"]}
        xgb.train(params, rows, evals=[(held_out, "val")], callbacks=[callback], **callback.rounds(200))

A step is a round; metrics are named after data and metric, as in val_logloss. The checkpoint is the booster.
What goes on from it ends with the same bits where no rows or columns are drawn: XGBoost does not give away
where its generator stands, so with subsample or colsample below 1 later rounds draw others, which is said.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from osetra.core.arguments import whole
from osetra.errors import StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.versions import framework
from osetra.training.run import Run

xgboost = framework("xgboost")
_Callback: Any = xgboost.callback.TrainingCallback
log = logging.getLogger("osetra")

DRAWS = ("subsample", "colsample_bytree", "colsample_bylevel", "colsample_bynode")


class OsetraCallback(_Callback):  # type: ignore[misc]
    """Reports, stops, steers and keeps an `xgb.train`.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; looked for unless given, None for a
            training whose rate nobody may change.

    Raises:
        StudyError: the run has no such hyperparameter; at the start of a training, that `rounds` was not
            given to it, or that another callback counts the steps; that the metric is never logged.
        CheckpointError: another framework kept the checkpoint.
    """

    def __init__(self, run: Run, *, lr: str | None = "") -> None:
        super().__init__()
        self._loop = OwnedLoop(run, lr, framework="XGBoost")
        self._total = 0
        self._rates: tuple[float, float] | None = None
        self.done = 0
        """Rounds behind the checkpoint: a schedule of rounds has to add them, for XGBoost counts anew."""

    def rounds(self, total: int) -> dict[str, Any]:
        """Return how many rounds are left of so many, and the booster to go on from, as xgb.train takes them.

        Raises:
            StudyError: the total is no whole number of at least 1.
        """
        self._total = whole("rounds", total, least=1)
        state = self._loop.restore()
        if state is None:
            return {"num_boost_round": self._total, "xgb_model": None}
        booster = xgboost.Booster(model_file=bytearray(state["booster"]))
        self.done = booster.num_boosted_rounds()
        drawn = [name for name in DRAWS if name in state["draws"]]
        if drawn:
            log.warning(
                "XGBoost goes on after round %d with %s below 1: later rounds draw others than before",
                self.done,
                " and ".join(drawn),
            )
        return {"num_boost_round": max(0, self._total - self.done), "xgb_model": booster}

    def before_training(self, model: Any) -> Any:
        """Begin, behind what was done before."""
        if not self._total:
            raise StudyError(
                "how many rounds there are is not known; write xgb.train(…, **callback.rounds(200)) in place "
                "of num_boost_round"
            )
        self._loop.begin(self._total)
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Multiply the learning rate by what was ordered."""
        factor = self._loop.factor
        if factor != 1.0:
            base = _parameter(model, "eta")
            model.set_param({"eta": base * factor})
            self._rates = (_parameter(model, "eta"), base)
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        """Report, keep a checkpoint; return whether the training has to end."""
        if self._rates is not None:
            (ours, base), self._rates = self._rates, None
            if _parameter(model, "eta") == ours:  # else a scheduler has set another for the next round
                model.set_param({"eta": base})
        named = {f"{data}_{name}": values[-1] for data, m in evals_log.items() for name, values in m.items()}
        self._loop.report({name: v[0] if isinstance(v, tuple) else v for name, v in named.items()})
        self._loop.keep(lambda: _state(model))
        return not self._loop.advance()

    def after_training(self, model: Any) -> Any:
        """End the steps."""
        self._loop.end()
        return model


def _parameter(model: Any, name: str) -> float:
    """Return a parameter of the trees as XGBoost has it, in single precision."""
    return float(_trees(model)[name])


def _trees(model: Any) -> dict[str, str]:
    booster = json.loads(model.save_config())["learner"]["gradient_booster"]
    booster = booster.get("gbtree", booster)  # of dart, whose trees are one level below
    trees: dict[str, str] = booster["tree_train_param"]
    return trees


def _state(model: Any) -> dict[str, Any]:
    trees = _trees(model)
    draws = [name for name in DRAWS if float(trees.get(name, 1)) < 1]
    return {"booster": bytes(model.save_raw("ubj")), "draws": draws}
