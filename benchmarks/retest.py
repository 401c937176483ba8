"""Does a re-test raise false alarms, and does it see what has become better? By simulation.

    python benchmarks/retest.py

The incumbent and three challengers, a seed deviation of 1; the study knew it from so many degrees of
freedom. A false alarm is any verdict but "good" where nothing has changed and the challengers are as good as
the incumbent or worse; power is how often a challenger that is better is adopted or a re-tune advised.
"""

from __future__ import annotations

import json

import numpy as np

from osetra.numerics.retest import MOST, finalist, gain, joined, outcome, replicated, wanted
from osetra.numerics.selection import Noise, pooled

PAIRED = 1.5 * 2**0.5
"""A gain of 1.5 deviations of the difference of two runs, in deviations of one run."""
NULLS = 4
"""Times as many check-ins where nothing has changed, for few of them say so."""
RELEASED = 5
"""Runs of the incumbent when it was released."""


def check_in(
    rng: np.random.Generator, truth: list[float], drift: float, df: int, alike: float = 0.0
) -> tuple[str, int]:
    """Return verdict and number of runs of one check-in.

    Args:
        rng: chance.
        truth: of the incumbent and its challengers now.
        drift: what the incumbent is worse by than it was.
        df: degrees of freedom of what the study knows of the noise.
        alike: share of a seed's effect that is the same for all settings.
    """
    before = Noise(float(np.sqrt(rng.chisquare(df) / df)), df)
    then = (truth[0] - drift + rng.normal(size=RELEASED)).tolist()
    seeds = rng.normal(size=MOST)
    drawn = np.sqrt(alike) * seeds + np.sqrt(1 - alike) * rng.normal(size=(len(truth), MOST))
    values: list[list[float]] = [[] for _ in truth]
    while (counts := wanted(values, before)) is not None:
        values = [
            (mean + drawn[i, :n]).tolist() for i, (mean, n) in enumerate(zip(truth, counts, strict=True))
        ]
    noise, place = joined(before, pooled(values)), finalist(values, before)
    won = None if place is None else gain(values[0], values[place], noise)
    state = replicated(then, values[0], noise)
    return outcome(state, won, noise, 1.0, edge=False), sum(map(len, values))


def figures(quick: bool = False) -> dict[str, object]:
    """Return what `benchmarks/guidance.py` prints."""
    draws, rng = 2000 if quick else 20_000, np.random.default_rng(0)
    table: dict[str, object] = {}
    said: dict[str, float] = {}
    for df in (4, 20):
        rows = [check_in(rng, [0.0] * 4, 0.0, df) for _ in range(NULLS * draws)]
        said[f"false {df}"] = float(np.mean([verdict != "good" for verdict, _ in rows]))
        table[f"nothing changed, {df} degrees of freedom"] = {
            "false_alarm": said[f"false {df}"],
            "runs": float(np.mean([runs for _, runs in rows])),
            "most": max(runs for _, runs in rows),
        }
        for better in (0.5, 1.0, 1.5, 2.0, PAIRED):
            rows = [check_in(rng, [0.0, -better, 0.5, 0.5], 0.0, df) for _ in range(draws)]
            said[f"{better} {df}"] = float(np.mean([verdict in ("adopt", "re-tune") for verdict, _ in rows]))
            table[f"a challenger better by {better:.2f}, {df} degrees of freedom"] = {
                "power": said[f"{better} {df}"]
            }
        rows = [check_in(rng, [0.0, 0.5, 0.5, 0.5], 4.0, df) for _ in range(draws)]
        changed = float(np.mean([verdict == "world changed" for verdict, _ in rows]))
        table[f"all worse by 4, {df} degrees of freedom"] = {"seen": changed}
    return {
        "retest_false_alarm": round(said["false 20"], 4),
        "retest_false_alarm_4df": round(said["false 4"], 4),
        "retest_power_1_5sd": round(said["1.5 20"], 3),
        "retest_power_1_5sd_4df": round(said["1.5 4"], 3),
        "retest_power_1_5sd_of_difference": round(said[f"{PAIRED} 20"], 3),
        "retest": table,
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
