"""Verdict: how the chosen network does on rows that nothing was chosen by, against the baseline.

Two doubts are told apart: the spread over seeds, which more trainings would make smaller, and the
interval by rows, which only more rows would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from osetra.core.judgement import Judgement
from osetra.core.numbers import mean_and_deviation, mean_text, number, percent

SHARES = ("error", "balanced_error")
"""Metrics that are shares of answers."""
FEW_ROWS = 30
"""Below so many sealed rows one mistake more or less changes the error by over 3 %."""
_SEALED = "that nothing was chosen by"


def verdict_rows(
    tests: Sequence[Mapping[str, float]],
    baseline: Mapping[str, float],
    judged: Judgement,
    *,
    seeds: str = "",
) -> list[tuple[str, str]]:
    """Return labelled lines on the sealed test part.

    Args:
        tests: scores of the same configuration trained with different seeds.
        baseline: scores of the linear model on the same rows.
        judged: what the rows say about the two.
        seeds: how many seeds were trained, such as "2 of 3 seeds, 1 diverged"; empty counts the tests.
    """
    metric = judged.metric or ("rmse" if "rmse" in baseline else "error")
    ours, theirs = [scores[metric] for scores in tests], baseline[metric]
    several = len(ours) > 1
    count = f" ({seeds or f'{len(ours)} seeds'})" if several or seeds else ""
    rows = f"{judged.rows} row{'s' if judged.rows != 1 else ''}"
    said = metric.replace("_", " ")
    interval = f"{said} {_one(judged.low, metric)} to {_one(judged.high, metric)}"
    meaning = "; ± is the spread over seeds" if several else ""
    lines = [
        ("test", f"{said} {_spread(ours, metric)}{count} on {rows} {_SEALED}"),
        ("interval", f"{interval} is what {rows} leave open (95 %){meaning}"),
        ("baseline", f"{said} {_one(theirs, metric)} with a linear model on the same rows"),
        ("verdict", _sentence(judged, metric)),
    ]
    if judged.rows < FEW_ROWS:
        claim = "too few to support any claim about new data; get more rows"
        lines.append(("warning", f"only {rows} to test on: {claim}"))
    return lines


def scores_text(scores: Mapping[str, float]) -> str:
    """Return `error 4.2 %, loss 0.1420` or `rmse 54.12, R² 0.48`: what a person compares first."""
    parts = []
    if "error" in scores:
        parts.append(f"error {percent(scores['error'])}")
    if "rmse" in scores:
        parts.append(f"rmse {number(scores['rmse'])}")
    if "r2" in scores:
        parts.append(f"R² {number(scores['r2'], 3)}")
    if "rmse" not in scores and "loss" in scores:
        parts.append(f"loss {number(scores['loss'])}")
    return ", ".join(parts)


def _sentence(judged: Judgement, metric: str) -> str:
    p = f"p = {judged.p:.2g}" if judged.p >= 0.001 else "p < 0.001"
    rows = f"{judged.rows} row{'s' if judged.rows != 1 else ''}"
    if judged.outcome == "better":
        return f"the network beats the linear model ({p})"
    if judged.outcome == "worse":
        return f"the network is worse than the linear model ({p}): use the linear model, or search more"
    if judged.outcome == "no signal":
        guess = f"{metric.replace('_', ' ')} {_one(judged.guessing, metric)}"
        if judged.rows < FEW_ROWS:
            return f"nothing can be told from guessing ({guess}) on {rows}"
        return f"no signal: nothing beats guessing ({guess}) by more than chance on {rows}"
    return f"the network cannot be told from the linear model on {rows} ({p})"


def _spread(values: Sequence[float], metric: str) -> str:
    if metric not in SHARES:
        return mean_text(values)
    mean, deviation = mean_and_deviation(values)
    if deviation is None:
        return percent(mean)
    return f"{100 * mean:.1f} ± {100 * deviation:.1f} %"


def _one(value: float, metric: str) -> str:
    return percent(value) if metric in SHARES else number(value)
