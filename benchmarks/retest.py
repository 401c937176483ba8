"""Does a re-test raise false alarms, and does it see what has become better? By simulation.

    python benchmarks/retest.py                  # a quarter of an hour
    python benchmarks/retest.py --draws 4000     # the figures in the documents
    python benchmarks/retest.py --quick

The incumbent and three challengers, a seed deviation of 1; the study knew it from so many degrees of
freedom. A false alarm is any verdict but "good" where nothing has changed and the challengers are as good as
the incumbent or worse; a false win, where all settings became better or worse alike, is a challenger adopted; power is how often a challenger that is better is adopted or a re-tune advised. What is
trained next is asked of the product. `alike` is the share of a seed's effect that all settings have in common:
0 is the worst case; a re-test gives all settings the same seeds. `bound` is what nobody could exceed: an oracle
knows which challenger is better, runs the others never, and tests at the level that three of them leave.

Drift: tables of twelve columns (normal, skewed with missing cells, categories) and a target; a false alarm is a
column that is named where both tables come from one world, power is that a column is named whose mean has
moved by so many deviations.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from scipy.special import stdtr

from osetra.data.dataset import CategoryColumn, Dataset, NumberColumn
from osetra.data.drift import drift_of, record_of
from osetra.data.loading import Loaded
from osetra.numerics.retest import MOST, WIN, finalist, gain, joined, outcome, replicated, wanted
from osetra.numerics.selection import Noise, pooled

PAIRED = 1.5 * 2**0.5
"""A gain of 1.5 deviations of the difference of two runs, in deviations of one run."""
NULLS = 4
"""Times as many check-ins where nothing has changed, for few of them say so."""
RELEASED = 5
"""Runs of the incumbent when it was released."""
MOVED = ("x0", "x1", "x2")
"""Columns whose mean moves."""


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
    won = None if place is None else gain(values[0], values[place], noise, then)
    state = replicated(then, values[0], noise)
    return outcome(state, won, noise, 1.0, edge=False), sum(map(len, values))


def bound(rng: np.random.Generator, better: float, df: int, draws: int) -> float:
    """Return the power of an oracle that shares all runs between the incumbent and the better challenger."""
    old, new = rng.normal(size=(draws, MOST // 2)), rng.normal(-better, size=(draws, MOST // 2))
    squares = rng.chisquare(df, draws) + ((old - old.mean(1, keepdims=True)) ** 2).sum(1)
    squares += ((new - new.mean(1, keepdims=True)) ** 2).sum(1)
    freedom = df + MOST - 2
    t = (old.mean(1) - new.mean(1)) / np.sqrt(squares / freedom * 4 / MOST)
    return float(np.mean(stdtr(freedom, -t) < WIN))


def world(rng: np.random.Generator, rows: int, moved: float = 0.0) -> Dataset:
    """Return rows of twelve columns and a target; the mean of the first three is moved."""
    numbers = rng.normal(size=(6, rows))
    numbers[:3] += moved
    skewed = np.where(rng.random((3, rows)) < 0.05, np.nan, np.exp(rng.normal(size=(3, rows))))
    shares = 1 / np.arange(1, 9)
    codes = rng.choice(8, (3, rows), p=shares / shares.sum())
    columns = [NumberColumn(f"x{i}", each) for i, each in enumerate((*numbers, *skewed))]
    levels = tuple("abcdefgh")
    made = (*columns, *(CategoryColumn(f"c{i}", each, levels) for i, each in enumerate(codes)))
    target = numbers[4] + rng.normal(size=rows)
    return Dataset(
        name="t", source="t", columns=made, target_name="y", target=target, task="regression", fingerprint=""
    )


def drift(rng: np.random.Generator, rows: int, moved: float, draws: int) -> tuple[float, float]:
    """Return how often any column is named, and how often one of the first three is."""
    some, seen = 0, 0
    for _ in range(draws):
        found = drift_of(record_of(world(rng, rows)), Loaded(world(rng, rows, moved)))
        some += bool(found.changed)
        seen += sum(each.column in MOVED for each in found.changed)
    return some / draws, seen / draws / len(MOVED)


def figures(quick: bool = False, draws: int = 20_000) -> dict[str, object]:
    """Return what `benchmarks/guidance.py` prints."""
    draws, rng = 1200 if quick else draws, np.random.default_rng(0)
    table: dict[str, object] = {}
    said: dict[str, float] = {}
    for alike in (0.15, 0.3, 0.6):
        rows = [check_in(rng, [0.0] * 4, 0.0, 20, alike) for _ in range(draws)]
        better = [check_in(rng, [0.0, -1.5, 0.5, 0.5], 0.0, 20, alike) for _ in range(draws)]
        table[f"seeds {alike:.0%} alike"] = {
            "false_alarm": float(np.mean([verdict != "good" for verdict, _ in rows])),
            "power": float(np.mean([verdict in ("adopt", "re-tune") for verdict, _ in better])),
        }
    for moved in (-1.0, 1.0):
        rows = [check_in(rng, [0.0] * 4, moved, 20) for _ in range(draws)]
        said[f"moved {moved}"] = float(np.mean([verdict in ("adopt", "re-tune") for verdict, _ in rows]))
        table[f"all settings moved by {moved:+.0f}, alike"] = {"false_win": said[f"moved {moved}"]}
    for n in (200, 1000, 8000):
        false, _ = drift(rng, n, 0.0, draws // 8)
        said["drift"] = max(false, said.get("drift", 0.0))
        table[f"drift, {n} rows"] = {
            "false_alarm": false,
            "power": {str(d): drift(rng, n, d, draws // 40)[1] for d in (0.25, 0.5)},
        }
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
        "retest_false_win_all_moved": round(max(said["moved -1.0"], said["moved 1.0"]), 4),
        "drift_false_alarm": said["drift"],
        "retest_power_bound": round(bound(rng, 1.5, 20, 10 * draws), 3),
        "retest": table,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The rates of a re-test, by simulation")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--draws", type=int, default=20_000, help="check-ins of each kind")
    asked = parser.parse_args()
    print(json.dumps(figures(asked.quick, asked.draws), indent=1))
