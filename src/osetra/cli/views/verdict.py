"""Verdict: how the chosen network does on rows that nothing was chosen by, against the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from osetra.cli.views.numbers import number
from osetra.cli.views.opening import percent

_SHOWN = {"error": "error", "rmse": "rmse", "balanced_error": "error with every class counted equally"}


def verdict_rows(
    tests: Sequence[Mapping[str, float]], baseline: Mapping[str, float], *, rows: int
) -> list[tuple[str, str]]:
    """Return labelled lines on the sealed test part.

    Args:
        tests: scores of the same configuration trained with different seeds.
        baseline: scores of the linear model on the same rows.
        rows: how many rows the test part has.
    """
    metric = "rmse" if "rmse" in baseline else "error"
    ours, theirs = [scores[metric] for scores in tests], baseline[metric]
    lines = [
        ("test", f"{_SHOWN[metric]} {_spread(ours, metric)} on {rows} rows that nothing was chosen by"),
        ("baseline", f"{_SHOWN[metric]} {_one(theirs, metric)} with a linear model on the same rows"),
    ]
    mean = sum(ours) / len(ours)
    if mean < theirs:
        saved = f"{100 * (1 - mean / theirs):.0f} % lower" if theirs > 0 else "lower"
        lines.append(("verdict", f"the network beats the linear model: its {_SHOWN[metric]} is {saved}"))
    else:
        lines.append(
            (
                "verdict",
                "the network does not beat the linear model here: use the linear model, get more rows, "
                "or search more (--all, more trials)",
            )
        )
    return lines


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and sample standard deviation; no deviation of a single value."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5


def _spread(values: Sequence[float], metric: str) -> str:
    mean, deviation = mean_and_deviation(values)
    if deviation is None:
        return _one(mean, metric)
    if metric == "rmse":
        return f"{number(mean)} ± {number(deviation, 2)} ({len(values)} seeds)"
    return f"{100 * mean:.1f} ± {100 * deviation:.1f} % ({len(values)} seeds)"


def _one(value: float, metric: str) -> str:
    return number(value) if metric == "rmse" else percent(value)
