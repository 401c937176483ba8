"""LightGBM: `lgb.train` as a run of osetra.

    def train(run):
        callback = OsetraCallback(run)
        params = {"learning_rate": run.config["lr"], "num_leaves": run.config["leaves"]}
        lgb.train(params, rows, valid_sets=[held_out], valid_names=["val"], **callback.rounds(200))

A step is a round; metrics are named after data and metric, as in val_binary_logloss. LightGBM calls back
either before a round or behind it, so `rounds` brings two callbacks; others are named in it:
`rounds(200, lgb.log_evaluation())`. The checkpoint is the model as text. What goes on from it ends with the
same bits where no rows or features are drawn; with bagging or feature_fraction later rounds draw others,
which is said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from osetra.core.arguments import whole
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.versions import framework
from osetra.training.run import Run

lightgbm = framework("lightgbm")
log = logging.getLogger("osetra")

RATES = ("learning_rate", "shrinkage_rate", "eta")
USUAL = 0.1
"""LightGBM's own learning rate."""
DRAWS = (
    *("bagging_fraction", "sub_row", "subsample", "bagging"),
    *("feature_fraction", "sub_feature", "colsample_bytree", "feature_fraction_bynode"),
)
BEFORE, BEHIND = 1000, 15
"""Places among callbacks: the last before a round, behind reset_parameter; and not behind early_stopping."""


class OsetraCallback:
    """Reports, stops, steers and keeps an `lgb.train`.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; looked for unless given, None for a
            training whose rate nobody may change.

    Raises:
        StudyError: the run has no such hyperparameter; at the start of a training, that another callback
            counts the steps; that the metric is never logged.
        CheckpointError: another framework kept the checkpoint.
    """

    def __init__(self, run: Run, *, lr: str | None = "") -> None:
        self._loop = OwnedLoop(run, lr, framework="LightGBM")
        self._total = 0
        self._scaled = False
        self.done = 0
        """Rounds behind the checkpoint."""

    def rounds(self, total: int, *callbacks: Callable[[Any], object]) -> dict[str, Any]:
        """Return rounds, model to go on from and callbacks, as lgb.train takes them.

        Args:
            total: how many rounds a whole training has.
            callbacks: others, such as lgb.log_evaluation().

        Raises:
            StudyError: the total is no whole number of at least 1.
        """
        self._total = whole("rounds", total, least=1)
        state = self._loop.restore()
        model = None if state is None else lightgbm.Booster(model_str=state["model"])
        self.done = 0 if model is None else model.current_iteration()
        if state is not None and state["draws"]:
            log.warning(
                "LightGBM goes on after round %d with %s below 1: later rounds draw others than before",
                self.done,
                " and ".join(state["draws"]),
            )
        left = max(0, self._total - self.done)
        ours = [_Hook(self._before, before=True), _Hook(self._behind, before=False)]
        return {"num_boost_round": left, "init_model": model, "callbacks": [*callbacks, *ours]}

    def _before(self, env: Any) -> None:
        if not self._loop.going_on:
            self._loop.begin(self._total)
        factor = self._loop.factor
        if factor != 1.0 or self._scaled:
            self._scaled = factor != 1.0
            base = next((float(env.params[name]) for name in RATES if name in env.params), USUAL)
            env.model.reset_parameter({"learning_rate": base * factor})

    def _behind(self, env: Any) -> None:
        results = env.evaluation_result_list or []
        self._loop.report({f"{one[0]}_{one[1]}": one[2] for one in results})
        self._loop.keep(lambda: _state(env))
        last = env.iteration + 1 >= env.end_iteration
        if not self._loop.advance():
            self._loop.end()
            if not last:
                raise lightgbm.callback.EarlyStopException(env.iteration, results)


class _Hook:
    """A function with the attributes by which LightGBM decides when to call it."""

    def __init__(self, call: Callable[[Any], None], *, before: bool) -> None:
        self.call, self.before_iteration, self.order = call, before, BEFORE if before else BEHIND

    def __call__(self, env: Any) -> None:
        self.call(env)


def _state(env: Any) -> dict[str, Any]:
    draws = [name for name in DRAWS if float(env.params.get(name, 1)) < 1]
    return {"model": env.model.model_to_string(num_iteration=-1), "draws": draws}
