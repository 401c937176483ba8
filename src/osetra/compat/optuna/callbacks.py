"""Callbacks that come with Optuna."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from osetra.compat.optuna.records import FrozenTrial, TrialState

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy


class MaxTrialsCallback:
    """Stops a study once it has so many trials of some states, those of other programs included."""

    def __init__(self, n_trials: int, states: Container[TrialState] | None = (TrialState.COMPLETE,)) -> None:
        self._most = n_trials
        self._states = states

    def __call__(self, study: OptunaStudy, trial: FrozenTrial) -> None:
        """Stop the study if it has enough."""
        counted = [t for t in study.trials if self._states is None or t.state in self._states]
        if len(counted) >= self._most:
            study.stop()
