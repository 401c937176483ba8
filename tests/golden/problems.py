"""What the golden studies ask and train: shared by the script that made them and the tests that go on.

Trainings are plain arithmetic on the configuration, so that they give the same numbers everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import osetra as ose

EXACT = 1e-9
"""Relative: logarithms and exponentials differ in their last bits from one processor to the next."""
MODEL = 1e-6
"""For suggestions behind matrix products and optimizers."""

EVERYTHING = ose.Space(
    {
        "optimizer": ose.Choice("sgd", "adam", "rms prop", default="adam"),
        "lr": [
            ose.Float(1e-3, 1, scale="log", when={"optimizer": "sgd"}),
            ose.Float(1e-5, 0.1, scale="log", default=1e-3, when={"optimizer": ("adam", "rms prop")}),
        ],
        "momentum": ose.Float(0.5, 0.995, scale="one_minus_log", default=0.9, when={"optimizer": "sgd"}),
        "nesterov": ose.Choice(False, True, when={"optimizer": "sgd"}),
        "damping": ose.Float(0, 0.5, when={"nesterov": True}),
        "keep": ose.Float(0.01, 0.99, scale="logit"),
        "dropout": ose.Float(0, 0.5),
        "units": ose.Int(16, 512, scale="log", default=64),
        "layers": ose.Int(1, 9, step=2),
        "batch": ose.Ordinal(16, 32, 64, 128, default=32),
        "größe.λ": ose.Ordinal("klein", "groß, sehr", "=1+1"),
        "pool": ose.Choice("max", None, 3, 3.5, True),
        "epochs": 5,
        "data": ose.Fixed('naïve ✓ "quoted"'),
        "warm": ose.Fixed(0.25, when={"optimizer": "sgd"}),
    }
)
"""Every kind of parameter and every scale, conditions within conditions, and names that need quotes."""

MIXED = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log", default=0.01),
    units=ose.Int(8, 256, scale="log"),
    optimizer=ose.Choice("sgd", "adam"),
    momentum=ose.Float(0.5, 0.995, scale="one_minus_log", when={"optimizer": "sgd"}),
    dropout=ose.Float(0, 0.6),
)
NUMBERS = ose.Space(a=ose.Float(-2, 2), b=ose.Float(1e-3, 10, scale="log"), c=ose.Int(1, 40))
SMALL = ose.Space(lr=ose.Float(1e-3, 1, scale="log"), kind=ose.Choice("α", "β"))
NURSED = ose.Space(
    lr=ose.Float(1e-3, 1, scale="log", default=0.1), units=ose.Int(8, 64, default=16), decay=ose.Float(0, 0.2)
)


def badness(config: Mapping[str, Any]) -> float:
    """Return how bad a configuration is, whatever names it has."""
    total = 0.0
    for place, (name, value) in enumerate(sorted(config.items())):
        if value is None or isinstance(value, bool):
            total += 0.05 if value else 0.02
        elif isinstance(value, str):
            total += 0.01 * len(value)
        else:
            total += (math.log1p(abs(value)) - 0.3 * (place % 3) - 0.1 * len(name)) ** 2 / (place + 2)
    return total


def everything(run: ose.Run) -> object:
    """Report five epochs; some trials end in every way there is."""
    match run.trial:
        case 4:
            raise ValueError("bad batch: “naïve” 数字, a\ttab")
        case 6:
            raise ose.Diverged("loss × 10³ at once")
        case 7:
            run.report(val_loss="0.3")
        case 9:
            raise SystemExit(3)
        case 10:
            return math.inf
        case 11:
            return {"val_loss": badness(run.config)}
    for epoch in run.steps(5):
        loss = badness(run.config) + 1 / epoch + 1e-3 * (run.seed % 7)
        if run.trial == 5 and epoch == 4:
            loss = math.nan
        run.report(**{"val_loss": loss, "größe/µ": -0.0, "grad": math.inf if epoch == 2 else 1e300})
    return None


def quickly(run: ose.Run) -> float:
    """Return a value at once; one trial in nine fails."""
    if run.trial % 9 == 5:
        raise RuntimeError(f"trial {run.trial} is unlucky")
    return badness(run.config)


def nursed(run: ose.Run) -> None:
    """Train twelve steps with the learning rate in force, from the checkpoint where there is one."""
    kept = run.restore() or {"x": 1.0, "seen": []}
    x, seen = float(kept["x"]), [float(value) for value in kept["seen"]]
    config: dict[str, Any] = dict(run.config)
    worst = 0.02 * math.log(1 + config["units"] / 8) + 0.1 * config["decay"]
    for _ in run.steps(12):
        lr = float(run.live("lr") or 0.0)
        x *= 1 - 0.3 * lr / (0.05 + lr)
        seen.append(lr)
        run.report(val_loss=x + worst, train_loss=x)
        run.checkpoint(lambda x=x, seen=seen: {"x": x, "seen": list(seen)})


def descending(run: ose.Run) -> None:
    """Train nine steps towards what the configuration allows; curves of different trials cross."""
    kept = run.restore() or {"loss": 2.0}
    loss = float(kept["loss"])
    floor = badness(run.config)
    for _ in run.steps(9):
        lr = float(run.live("lr") or 0.0)
        loss = floor + (loss - floor) * (1 - 0.6 * lr**0.25)
        run.report(val_loss=loss)
        run.checkpoint(lambda loss=loss: {"loss": loss})


def stateless(run: ose.Run) -> None:
    """Train nine steps and keep nothing."""
    for step in run.steps(9):
        run.report(val_loss=badness(run.config) + 1 / step)


def folded(run: ose.Run) -> None:
    """Train three folds of four steps."""
    kept = run.restore() or {"x": 0.0}
    x = float(kept["x"])
    for fold in run.folds(3):
        for step in run.steps(4):
            x = (x if step > 1 else 0.0) + 1 / (step + fold)
            run.report(accuracy=x / (1 + badness(run.config)), loss=1 / (1 + x))
            run.checkpoint(lambda x=x: {"x": x})


TAUGHT = ("zoom",)
"""Searchers that go on otherwise on purpose: coarse to fine can return from a box that was wrong."""


@dataclass(frozen=True)
class Golden:
    """A study: where it is, what it asks, and how it goes on."""

    file: str
    """Name of the file, without its ending."""
    train: Callable[[ose.Run], object]
    question: Mapping[str, Any]
    """Arguments of ose.Study."""
    first: int
    """How many trials the study in the file has."""
    total: int
    """How many it has after going on; 0 for one that is only read."""
    name: str = "main"
    rel: float = EXACT
    """Relative tolerance of what comes after going on."""
    orders: tuple[tuple[Any, ...], ...] = ()
    """Given before it goes on: trial, verb, values."""
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def checkpoints(self) -> ose.Checkpoints:
        """After every step; where schedulers pause trials, only when they do. Never by the clock."""
        return ose.Checkpoints(every=1e9 if self.file == "schedulers" else 0)

    @property
    def goes_on(self) -> bool:
        """Whether it is tried to go on with it."""
        return self.label not in TAUGHT and (self.total > self.first or bool(self.limits))

    @property
    def label(self) -> str:
        """The study's name where several files share one store, and that of what it told."""
        return self.file if self.name == "main" else self.name

    def open(self, url: str, name: str | None = None) -> ose.Study:
        """Open the study with its whole question."""
        return ose.Study(url, **self.question, name=self.name if name is None else name)


def _searched(name: str, space: ose.Space, first: int, more: int, **options: Any) -> Golden:
    question = {"space": space, "minimize": "loss", "searcher": options.pop("searcher", name), "seed": 3}
    return Golden(
        "searchers", quickly, question | {"scheduler": "full"}, first, first + more, name, **options
    )


def _scheduled(name: str, first: int, more: int, **options: Any) -> Golden:
    train = options.pop("train", descending)
    question = {"space": NURSED, "minimize": "val_loss", "searcher": "random", "scheduler": name, "seed": 5}
    question |= options.pop("question", {})
    return Golden("schedulers", train, question, first, first + more, name, **options)


STUDIES = (
    Golden(
        "finished",
        everything,
        {"space": EVERYTHING, "minimize": "val_loss", "searcher": "random", "scheduler": "full", "seed": 11},
        first=16,
        total=19,
    ),
    Golden(
        "half",
        nursed,
        {"space": NURSED, "minimize": "val_loss", "searcher": "sobol", "scheduler": "full", "pick": "last"},
        first=8,
        total=12,
    ),
    Golden(
        "cut",
        nursed,
        {"space": NURSED, "minimize": "val_loss", "searcher": "random", "scheduler": "full", "seed": 2},
        first=2,
        total=3,
    ),
    Golden(
        "steered",
        nursed,
        {"space": NURSED, "minimize": "val_loss", "searcher": "random", "scheduler": "full", "seed": 1},
        first=9,
        total=10,
        orders=((2, "resume", {}),),
    ),
    Golden(
        "folds",
        folded,
        {"space": SMALL, "maximize": "accuracy", "searcher": "random", "scheduler": "auto", "seed": 4},
        first=4,
        total=6,
    ),
    _searched("auto", MIXED, 14, 3, rel=MODEL),
    _searched("bayes", MIXED, 12, 2, rel=MODEL),
    _searched("tpe", MIXED, 24, 4, rel=MODEL),
    _searched("cmaes", NUMBERS, 20, 4, rel=MODEL),
    _searched("evolution", MIXED, 26, 4),
    _searched("zoom", MIXED, 22, 5, rel=MODEL),
    _searched("étude №1 λ", MIXED, 6, 3, searcher="sobol"),
    _searched("grid", SMALL, 5, 3),
    _searched("manual", SMALL, 3, 0),
    _scheduled("asha", 12, 4),
    _scheduled("hyperband", 12, 4),
    _scheduled("median", 10, 4, train=stateless),
    _scheduled("patience", 6, 2),
    _scheduled("scheduled auto", 14, 3, question={"searcher": "auto", "scheduler": "auto"}, rel=MODEL),
    _scheduled("pbt", 8, 0, limits={"trainings": 6}),
    _scheduled("freeze_thaw", 8, 2, rel=MODEL),
)
"""The first five in files of their own; the others show one searcher or scheduler each."""
SLOW = ("cut",)
"""Whose dead worker was on another machine: its lease is looked at for 20 seconds."""
