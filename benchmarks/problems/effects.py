"""Functions whose hyperparameters' shares are known: total Sobol indices over the uniform measure, as shares of 1.

Settings of osetra were chosen on `TUNED` and on studies without any effect; `ASIDE` was only looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

import osetra as ose
from osetra.core.params import Config

Shares = dict[str, float]
TUNED = ("independent", "conditional", "noisy")
ASIDE = ("interacting", "log-scaled", "twenty")


@dataclass(frozen=True, slots=True)
class Effects:
    """A function, and the noise that is added to it."""

    name: str
    space: ose.Space
    function: Callable[[Config], float]
    noise: float

    def shares(self, base: int = 4096) -> Shares:
        """Return the total effect of every hyperparameter over their sum, by Jansen's estimator.

        Two independent quasi-random samples and a coordinate exchanged between them: no part of osetra's own
        analysis of variance is used.
        """
        from scipy.stats import qmc

        columns = self.space.columns
        d = len(columns)
        both = qmc.Sobol(2 * d, scramble=True, rng=np.random.default_rng(0)).random(base)
        left, right = both[:, :d], both[:, d:]
        here = self._values(left)
        found = {}
        for j, column in enumerate(columns):
            moved = left.copy()
            moved[:, j] = right[:, j]
            found[column.name] = float(np.mean((here - self._values(moved)) ** 2) / 2)
        whole = sum(found.values())
        return {name: effect / whole for name, effect in found.items()}

    def _values(self, points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray:
        return np.array([self.function(config) for config in self.space.decode(points)])


def unit(names: str) -> ose.Space:
    """Return numbers between 0 and 1, one for each letter."""
    return ose.Space({name: ose.Float(0, 1) for name in names})


def _independent(c: Mapping[str, object]) -> float:
    a, b, x, y = (float(c[n]) for n in "abxy")  # type: ignore[arg-type]
    return 3 * (a - 0.35) ** 2 + 0.7 * abs(b - 0.6) + 0.35 * math.cos(4 * x) / 2 + 0.1 * y


def _interacting(c: Mapping[str, object]) -> float:
    """Return the g-function of Sobol with a = (0, 1, 4.5, 9, 99)."""
    a = (0.0, 1.0, 4.5, 9.0, 99.0)
    factors = [(abs(4 * float(c[n]) - 2) + k) / (1 + k) for n, k in zip("abxyz", a, strict=True)]  # type: ignore[arg-type]
    return math.prod(factors)


def _conditional(c: Mapping[str, object]) -> float:
    lr = math.log10(float(c["lr"]))  # type: ignore[arg-type]
    value = 0.35 * (lr + 2.2) ** 2 + 0.05 * float(c["dropout"])  # type: ignore[arg-type]
    if c["optimizer"] == "sgd":
        return value + 0.25 + 1.2 * (float(c["momentum"]) - 0.9) ** 2  # type: ignore[arg-type]
    return value + 0.04 * abs(math.log10(float(c["eps"])) + 8)  # type: ignore[arg-type]


def _log_scaled(c: Mapping[str, object]) -> float:
    lr, wd, units = (math.log10(float(c[n])) for n in ("lr", "wd", "units"))  # type: ignore[arg-type]
    worse = min(0.12 * (lr + 2.5) ** 2, 0.35) if lr < -2.5 else min(0.3 * (lr + 2.5) ** 2, 0.9)
    return 0.08 + worse + 0.04 * (wd + 4 + 0.5 * (lr + 2.5)) ** 2 + 0.12 * (2.7 - units)


def _twenty(c: Mapping[str, object]) -> float:
    """Return a sum of 19 effects of falling size; t has none."""
    names = "abcdefghijklmnopqrs"
    sizes = [2.0, *(0.8**i for i in range(18))]
    return sum(
        w * (float(c[n]) - 0.2 - 0.02 * i) ** 2 for i, (n, w) in enumerate(zip(names, sizes, strict=True))
    )  # type: ignore[arg-type]


PROBLEMS = {
    problem.name: problem
    for problem in (
        Effects("independent", unit("abxyz"), _independent, 0.02),
        Effects("interacting", unit("abxyz"), _interacting, 0.05),
        Effects(
            "conditional",
            ose.Space(
                lr=ose.Float(1e-4, 1, scale="log"),
                optimizer=ose.Choice("sgd", "adam"),
                momentum=ose.Float(0, 0.99, when={"optimizer": "sgd"}),
                eps=ose.Float(1e-10, 1e-4, scale="log", when={"optimizer": "adam"}),
                dropout=ose.Float(0, 0.5),
            ),
            _conditional,
            0.02,
        ),
        Effects("noisy", unit("abxyz"), _independent, 0.25),
        Effects(
            "log-scaled",
            ose.Space(
                lr=ose.Float(1e-5, 1, scale="log"),
                wd=ose.Float(1e-6, 1e-1, scale="log"),
                units=ose.Int(16, 512, scale="log"),
                beta=ose.Float(0.8, 0.999, scale="one_minus_log"),
            ),
            _log_scaled,
            0.01,
        ),
        Effects("twenty", unit("abcdefghijklmnopqrst"), _twenty, 0.03),
    )
}
EXAMPLE = Effects(
    "example",
    unit("abcd"),
    lambda c: 9 * (float(c["a"]) - 0.3) ** 2 + (float(c["b"]) - 0.7) ** 2,  # type: ignore[arg-type]
    0.02,
)
"""Which the permutation test of earlier versions got wrong under a searcher with a model."""
NULL = Effects("null", unit("abcd"), lambda _: 0.0, 1.0)
