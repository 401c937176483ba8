"""Is the best as good as it is said to be, and is it chosen well? Simulated, and on banked real trainings.

    python benchmarks/honest_best.py

A search ends with one value per setting; then fresh seeds go to the best few, either as they are raced
now (15 % of the search, `osetra.numerics.racing`) or three each to the best three, as many trainings in
all. Bias is what is said of the chosen setting less what it is worth, in deviations of the seed noise;
negative is too good. Regret is what the chosen setting is worth less the best one. A claim that the
winner is clearly better is false where it is not the best.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from osetra.core.history import Array
from osetra.numerics.racing import allowance, field, round_of
from osetra.numerics.selection import LEVEL, p_best, pooled, worth

BANK = Path(__file__).parent / "data" / "seeds"
Truth = Callable[[np.random.Generator, int], Array]
TRUTHS: dict[str, Truth] = {
    "ties": lambda _, n: np.zeros(n),
    "two groups": lambda _, n: np.where(np.arange(n) % 2, 0.0, 5.0),
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.uniform(0, 10, n),
    "heavy tail": lambda rng, n: np.exp(rng.normal(0, 1.5, n)),
    "a search that gets closer": lambda rng, n: np.abs(rng.normal(size=n)) * np.linspace(6, 0.5, n),
}
Draw = Callable[[int], float]
"""A run of a setting with a new seed."""


def raced(first: Array, draw: Draw) -> dict[int, list[float]]:
    """Return the fresh runs of the best few, as `Study.confirm` makes them."""
    left = allowance(len(first))
    racing = np.argsort(first)[: field(left)].tolist()
    fresh: list[list[float]] = [[] for _ in racing]
    while places := round_of(fresh, left):
        left -= len(places)
        for place in places:
            fresh[place].append(draw(racing[place]))
    return dict(zip(racing, fresh, strict=True))


def reported(first: Array, fresh: dict[int, list[float]]) -> tuple[int, float, float, float]:
    """Return the chosen setting, what is said of it, and the ends of its interval."""
    chosen = min(fresh, key=lambda place: float(np.mean(fresh[place])))
    runs = [[value, *fresh.get(place, ())] for place, value in enumerate(first)]
    means, counts = np.array([np.mean(r) for r in runs]), np.array([len(r) for r in runs], dtype=np.float64)
    noise = pooled(list(fresh.values()))
    if noise.sd == 0:  # errors of few rows may be equal
        return chosen, *[float(np.mean(fresh[chosen]))] * 3  # type: ignore[return-value]
    found = worth(means, counts, noise, chosen, np.array(fresh[chosen]))
    return chosen, found.mean, found.low, found.high


def simulated(truth: Truth, n: int, draws: int, seed: int) -> dict[str, float]:
    """Return the figures of searches of n trials with known truth."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(draws):
        true = truth(rng, n)
        rows.append(_one(true + rng.normal(size=n), true, lambda i, t=true: t[i] + rng.normal(), 1.0))
    return _figures(rows)


def banked(name: str, metric: str, n: int, draws: int, seed: int) -> dict[str, float]:
    """Return the same from trainings that were made with many seeds each: what they are worth is their mean."""
    values = np.load(BANK / f"{name}.npz")[metric].astype(np.float64)
    values = values[np.all(np.isfinite(values), axis=1)]
    rng, rows = np.random.default_rng(seed), []
    for _ in range(draws):
        rows_of = rng.choice(len(values), n, replace=n > len(values))
        runs = values[rows_of]
        order = [rng.permutation(runs.shape[1]).tolist() for _ in range(n)]
        first = np.array([runs[i, order[i].pop()] for i in range(n)])
        # In deviations of the seed noise of the ten best, for settings differ in it.
        leaders = np.argsort(runs.mean(axis=1))[:10]
        sd = float(np.sqrt(np.mean(runs[leaders].var(axis=1, ddof=1))))
        rows.append(_one(first, runs.mean(axis=1), lambda i, r=runs, o=order: float(r[i, o[i].pop()]), sd))
    return _figures(rows)


def _one(first: Array, true: Array, draw: Draw, sd: float) -> tuple[float, ...]:
    fresh = raced(first, draw)
    chosen, said, low, high = reported(first, fresh)
    raw = int(np.argmin(first))
    return (
        (said - true[chosen]) / sd,
        (first[raw] - true[raw]) / sd,
        low <= true[chosen] <= high,
        (true[chosen] - true.min()) / sd,
        sum(map(len, fresh.values())) / len(first),
    )


def _figures(rows: list[tuple[float, ...]]) -> dict[str, float]:
    names = ("bias", "bias of the raw value", "interval holds", "regret", "cost")
    return {n: round(float(v), 3) for n, v in zip(names, np.mean(np.array(rows, float), axis=0), strict=True)}


def thrice(truth: Truth, n: int, draws: int, seed: int) -> float:
    """Return the regret of three seeds each for the best three, the search so much shorter in return."""
    rng, regret = np.random.default_rng(seed), []
    for _ in range(draws):
        true = truth(rng, n)
        first = true + rng.normal(size=n)
        shorter = max(4, n + allowance(n) - 9)
        top = np.argsort(first[:shorter])[:3]
        means = [true[i] + rng.normal(size=3).mean() for i in top]
        regret.append(true[top[int(np.argmin(means))]] - true.min())
    return float(np.mean(regret))


def false_claims(k: int, ahead: int, draws: int, seed: int, left: int = 0) -> float:
    """Return how often one of `ahead` tied settings is called clearly the best of k, after a race or 3 seeds."""
    rng, truth, false = np.random.default_rng(seed), np.where(np.arange(k) < ahead, 0.0, 20.0), 0
    for _ in range(draws):
        fresh: list[list[float]] = [
            [] if left else (truth[i] + rng.normal(size=3)).tolist() for i in range(k)
        ]
        spent = 0
        while left and (places := round_of(fresh, left - spent)):
            spent += len(places)
            for place in places:
                fresh[place].append(truth[place] + rng.normal())
        means = np.array([np.mean(f) for f in fresh])
        false += p_best(means, np.array([float(len(f)) for f in fresh]), pooled(fresh)) < LEVEL
    return false / draws


def figures(quick: bool = False) -> dict[str, object]:
    """Return what `benchmarks/guidance.py` prints."""
    draws, cases = (60, (30, 60)) if quick else (400, (12, 30, 60))
    tables = {f"{name}, {n}": simulated(t, n, draws, 1) for name, t in TRUTHS.items() for n in cases}
    for name, truth in TRUTHS.items():
        for n in cases:
            tables[f"{name}, {n}"]["regret of 3 × 3"] = round(thrice(truth, n, draws, 1), 3)
    real = {
        f"{file.stem}, {metric}": banked(file.stem, metric, 40, 4 * draws, 2)
        for file in sorted(BANK.glob("*.npz"))
        for metric in ("val_loss", "val_error")
    }
    claims = {
        f"{k} settings, {a} tied": false_claims(k, a, 10 * draws, k)
        for k in (2, 3, 5, 10)
        for a in sorted({2, k})
    }
    claims |= {f"race of {k}": false_claims(k, 2, 5 * draws, k, left=9) for k in (2, 3)}
    return {
        "best_bias_sd": round(float(np.mean([row["bias"] for row in tables.values()])), 3),
        "best_bias_sd_worst": min((row["bias"] for row in tables.values()), key=lambda b: -abs(b)),
        "best_bias_sd_banked": {name: row["bias"] for name, row in real.items()},
        "best_interval_holds": round(float(np.mean([row["interval holds"] for row in tables.values()])), 3),
        "clearly_better_false_alarm": round(float(np.mean([claims[c] for c in claims if "2 tied" in c])), 3),
        "clearly_better_false_alarm_raced": round(max(c for n, c in claims.items() if "race" in n), 3),
        "honest_best": {"simulated": tables, "banked": real, "claims": claims},
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
