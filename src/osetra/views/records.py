"""Trials as rows of plain values, and as a table of pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import MissingExtra


def records(problem: Problem, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return one plain dict per trial."""
    return [
        {
            "trial": trial.number,
            "state": str(trial.state),
            problem.objective.metric: trial.value,
            "seconds": trial.seconds,
            "attempts": len(trial.attempts),
            "seed": trial.seed,
            "repeats": trial.repeats,
            "by": trial.by,
            "why": trial.why,
            "reason": trial.reason,
            **{name: trial.config.get(name) for name in problem.space.names},
        }
        for trial in trials
    ]


def frame(rows: list[dict[str, Any]]) -> Any:
    """Return records as a pandas DataFrame; raises MissingExtra when pandas is absent."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("to_frame() needs pandas: pip install pandas; or use study.records()") from None
    return pd.DataFrame(rows)
