"""Pruners, by Optuna's names, and the schedulers of osetra that stand behind them.

    (none given)              auto
    MedianPruner              median      n_startup_trials and n_warmup_steps are used
    SuccessiveHalvingPruner   asha        reduction_factor and min_resource are used
    HyperbandPruner           hyperband   likewise
    PatientPruner             patience    patience and min_delta, alone: without a pruner within it
    NopPruner                 full

A scheduler compares trials from the moment on when one has shown how many steps a full training has.
"""

from __future__ import annotations

from typing import Any

from osetra.compat.optuna.exceptions import refuse
from osetra.core.ports import Scheduler
from osetra.schedulers.asha import ASHA
from osetra.schedulers.full import Full
from osetra.schedulers.hyperband import Hyperband
from osetra.schedulers.median import Median
from osetra.schedulers.patience import Patience


class BasePruner:
    """What ends trials early: a scheduler."""

    scheduler: Scheduler | None = None


class MedianPruner(BasePruner):
    """Ends what is worse than the others were on average."""

    def __init__(
        self,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
    ) -> None:
        self.scheduler = Median(
            min_steps=max(1, n_warmup_steps), others=max(1, n_startup_trials, n_min_trials)
        )


class SuccessiveHalvingPruner(BasePruner):
    """Of those that get to a rung, one in so many goes on."""

    def __init__(
        self,
        min_resource: str | int = "auto",
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        first = 1 if min_resource == "auto" else int(min_resource)
        self.scheduler = ASHA(
            eta=float(reduction_factor),
            min_steps=first * reduction_factor**min_early_stopping_rate,
            form="stop",
        )


class HyperbandPruner(BasePruner):
    """Halving at several paces at once."""

    def __init__(
        self,
        min_resource: int = 1,
        max_resource: str | int = "auto",
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
    ) -> None:
        self.scheduler = Hyperband(eta=float(reduction_factor), min_steps=min_resource)


class PatientPruner(BasePruner):
    """Ends a training once it improves no more."""

    def __init__(self, wrapped_pruner: BasePruner | None, patience: int, min_delta: float = 0.0) -> None:
        if wrapped_pruner is not None:
            raise refuse("PatientPruner around another pruner", "give one of the two: wrapped_pruner=None")
        self.scheduler = Patience(steps=max(1, patience), min_delta=min_delta)


class NopPruner(BasePruner):
    """Ends nothing."""

    scheduler = Full()


def check_pruner(pruner: object) -> BasePruner | None:
    """Return a pruner that can be used.

    Raises:
        NotOffered: it is one of somebody's own.
    """
    own = hasattr(pruner, "prune")  # which nobody would call
    if pruner is None or (isinstance(pruner, BasePruner) and pruner.scheduler is not None and not own):
        return pruner
    raise refuse(
        f"place for the pruner {type(pruner).__name__}",
        "write a scheduler (osetra.core.ports.Scheduler) and give it to osetra.Study(scheduler=…)",
    )


_INSTEAD = {
    "PercentilePruner": "take SuccessiveHalvingPruner(reduction_factor=4), which keeps one of four at a rung",
    "ThresholdPruner": "raise TrialPruned yourself where the value is beyond the threshold",
    "WilcoxonPruner": "let osetra compare folds: run.folds(5) in a training function of osetra.Study",
}


def __getattr__(name: str) -> Any:
    if name in _INSTEAD:
        raise refuse(f"pruners.{name}", _INSTEAD[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
