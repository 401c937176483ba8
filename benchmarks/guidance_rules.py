"""How often each rule of advice speaks where there is nothing to say, and where there is: rules × searchers.

Studies are simulated with every searcher, curves included. Two kinds of world have nothing for most rules:
pure noise, and a smooth effect of the first hyperparameter with healthy curves. Each other world has one
defect that one rule is for. Whether a search still improves is no property of a world: in "learning" it
counts where the setting in the lead is truly better than the one that led after three quarters of the trials,
by more than the noise of one training; where it is no better at all, the rule has nothing to say.
`guidance.py` runs this, and prints the table.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import osetra as ose
from osetra.advice import RULES
from osetra.core.curves import Point
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.testing.histories import Log

SEARCHERS = ("auto", "bayes", "tpe", "random", "sobol", "zoom", "cmaes", "evolution")
SHAPES = ((12, 1), (12, 10), (24, 4), (40, 2), (40, 4), (100, 3))
"""Trials and hyperparameters."""
STEPS = 36
NULLS = ("noise", "smooth")
NOISE = 0.03
"""Deviation of a trial's level between seeds."""
Curve = np.ndarray[tuple[int], np.dtype[np.float64]]
Rng = np.random.Generator

EXPECTED = {
    "overfit": "curves",
    "underfit": "curves",
    "cut short": "curves",
    "too long": "curves",
    "rising": "rising_loss",
    "teeth": "sawtooth",
    "wild": "jitter",
    "uneven": "uneven",
    "slow wins": "worse_training",
    "unstable": "failures",
    "beyond": "edges",
    "smooth": "importance",
    "smooth rate": "good_rates",
    "learning": "plateau",
    "seeded": "seed_searched",
    "linear": "space_lint",
}
"""Which rule each world is for."""
_TRUE = {"smooth": ("importance", "good_rates", "plateau", "remaining"), "noise": ()}
"""What may be said of the worlds that count for false alarms."""


@dataclass(frozen=True, slots=True)
class World:
    """A simulated study."""

    world: str
    searcher: str
    trials: int
    dims: int
    seed: int


def run(asked: World) -> dict[str, Any]:
    """Return which rules spoke."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    problem, history = simulate(asked)
    said = sorted({f.rule for _, rule in RULES for f in rule(problem, history) if _claims(f)})
    gained = _gained(asked, problem, history) if asked.world == "learning" else math.inf
    return {
        "world": asked.world,
        "searcher": asked.searcher,
        "trials": asked.trials,
        "dims": asked.dims,
        "said": said,
        "due": gained > NOISE,
        "nothing": gained <= 0,
    }


def _gained(asked: World, problem: Problem, history: History) -> float:
    """Return how much better the last leader truly is than the leader after three quarters of the trials."""
    tried = list(history.finished)
    earlier = tried[: math.ceil(0.75 * len(tried))]
    before, after = (min(group, key=lambda trial: trial.value).config for group in (earlier, tried))
    levels = [_level(asked.world, problem.space.encode([config])[0]) for config in (before, after)]
    return levels[0] - levels[1]


def _claims(found: Finding) -> bool:
    """Whether a finding says something that can be wrong: not what holds of any study of its size."""
    return found.rule != "noise" and "best tenth" not in found.text and not found.text.startswith("no gain")


def simulate(asked: World) -> tuple[Problem, History]:
    """Return a study whose curves and values follow its world."""
    made = ose.Study("memory:", _space(asked), minimize="val_loss", searcher=asked.searcher, seed=asked.seed)
    rng, log = np.random.default_rng((asked.seed, asked.trials, asked.dims)), Log(made.problem, asked.seed)
    for _ in range(asked.trials):
        asking = made.ask()
        config = dict(asking.config)
        at = made.problem.space.encode([config])[0]
        place = float(at[0])
        number = log.queue(config, by=asked.searcher)
        if _fails(asked.world, place, rng):
            made.tell(asking, math.nan)
            log.end(number, "diverged", math.nan, "the loss is not finite any more")
            continue
        train, val = _curves(asked.world, at, rng)
        every = 3 if asked.world == "uneven" and number % 2 else 1
        for metric, curve in (("train_loss", train), ("val_loss", val)):
            log.points += [
                Point(number, 1, 0, i, metric, float(v)) for i, v in enumerate(curve, 1) if i % every == 0
            ]
        value = float(np.min(val[every - 1 :: every]))
        made.tell(asking, value)
        log.end(number, "finished", value)
    return made.problem, log.history


def _space(asked: World) -> ose.Space:
    params: dict[str, Any] = {"lr": ose.Float(1e-4, 1, scale="linear" if asked.world == "linear" else "log")}
    params |= {f"x{i}": ose.Float(0, 1) for i in range(1, asked.dims)}
    if asked.world == "seeded":
        params["random_state"] = ose.Int(0, 40)
    return ose.Space(params)


def _fails(world: str, place: float, rng: Rng) -> bool:
    """Whether a training diverges: one in ten anywhere, or nearly all beyond a learning rate."""
    return (
        bool(rng.random() < (0.9 if place > 0.7 else 0.05))
        if world == "unstable"
        else bool(rng.random() < 0.1)
    )


def _level(world: str, at: Curve) -> float:
    """Return what a setting in the unit cube adds to the loss; where one has to learn, the best is far from the defaults."""
    place = float(at[0])
    return {
        "smooth": (place - 0.55) ** 2,
        "smooth rate": (place - 0.55) ** 2,
        "learning": float(np.sum((at - 0.85) ** 2)),
        "beyond": 0.5 * (1 - place),
        "slow wins": 0.2 * place,
    }.get(world, 0.0)


def _curves(world: str, at: Curve, rng: Rng) -> tuple[Curve, Curve]:
    """Return the training and validation loss of a trial."""
    t, place, level = np.arange(STEPS), float(at[0]), _level(world, at)
    fall, jump = 0.7 * 0.82**t, 0.003 * rng.standard_normal(STEPS)
    train, val = 0.8 * 0.85**t + 0.02, 0.3 + level + NOISE * rng.standard_normal() + fall + jump
    train = train + 0.03 * rng.standard_normal() + 0.003 * rng.standard_normal(STEPS)
    changes: dict[str, Callable[[], tuple[Curve, Curve]]] = {
        "overfit": lambda: (train, val + 0.02 * np.maximum(0, t - 10)),
        "underfit": lambda: (2.3 - 0.005 * t, 2.32 - 0.005 * t + jump),
        "cut short": lambda: (train, val - fall + 0.7 * (1 - t / STEPS)),
        "too long": lambda: (train, val - fall + 0.05 * np.minimum(t, 3)),
        "rising": lambda: (0.5 + 0.01 * t + jump, val),
        "teeth": lambda: (train, val + 0.03 * (t % 5)),
        "wild": lambda: (train, val + 0.2 * rng.standard_normal(STEPS)),
        "slow wins": lambda: (train - 0.3 * place, val),
    }
    return changes.get(world, lambda: (train, val))()


def worlds(*, quick: bool, seeds: int) -> list[World]:
    """Return the studies to simulate."""
    found = []
    for s, searcher in enumerate(SEARCHERS):
        shapes = [(24, 4), (12, 1), (40, 2)] if quick else SHAPES
        for world in NULLS:
            found += [
                World(world, searcher, n, d, k) for n, d in shapes for k in range(2 if quick else seeds)
            ]
        for i, world in enumerate(w for w in EXPECTED if w not in NULLS):
            if not quick or i % 4 == s % 4:
                dims = 8 if world == "learning" else 3
                found += [World(world, searcher, 40, dims, 50 + k) for k in range(1 if quick else seeds)]
    return found


def rules_table(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each rule and searcher false alarms and power, and how many studies they are of."""
    rows = []
    for rule in [name for name, _ in RULES if name != "noise"]:
        for searcher in ("all", *SEARCHERS):
            mine = [r for r in found if searcher in ("all", r["searcher"])]
            null = [r for r in mine if rule not in _TRUE.get(r["world"], (rule,))]
            meant = [r for r in mine if EXPECTED.get(r["world"]) == rule and r["trials"] >= 24]
            null += [r for r in meant if r["nothing"]]
            real = [r for r in meant if r["due"]]
            rows.append(
                {
                    "rule": rule,
                    "searcher": searcher,
                    "false_alarm": _share(rule in r["said"] for r in null),
                    "power": _share(rule in r["said"] for r in real),
                    "null_studies": len(null),
                    "studies": len(real),
                }
            )
    return rows


def rules_summary(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the worst false alarm of a rule over all searchers, and each rule's own with its power."""
    whole = {row["rule"]: row for row in rules_table(found) if row["searcher"] == "all"}
    return {
        "rules_false_alarm_worst": max(row["false_alarm"] or 0.0 for row in whole.values()),
        "rules": {
            rule: {key: row[key] for key in ("false_alarm", "power", "null_studies", "studies")}
            for rule, row in whole.items()
        },
    }


def _share(values: Iterable[bool]) -> float | None:
    listed = [float(value) for value in values]
    return round(float(np.mean(listed)), 3) if listed else None
