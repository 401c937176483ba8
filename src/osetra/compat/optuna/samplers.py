"""Samplers, by Optuna's names, and the searchers of osetra that stand behind them.

    (none given)                   auto        chooses by what it sees, several objectives included
    TPESampler                     tpe
    RandomSampler                  random
    GPSampler                      bayes
    CmaEsSampler                   cmaes
    QMCSampler                     sobol
    NSGAIISampler, NSGAIIISampler  evolution
    GridSampler                    every combination of the values given, once
    BruteForceSampler              grid        every combination of the space as it is known, once

Of their settings the seed and `constraints_func` are used; others are named once in the log, and left to the
searcher.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from osetra.compat.optuna.exceptions import refuse
from osetra.compat.optuna.records import FrozenTrial

log = logging.getLogger("osetra.compat.optuna")


class BaseSampler:
    """What chooses configurations: the name of a searcher, and a seed."""

    searcher = ""

    def __init__(
        self,
        *,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        **settings: Any,
    ) -> None:
        if constraints_func is not None and not callable(constraints_func):
            raise TypeError(f"constraints_func={constraints_func!r}: a function of a trial is needed")
        self.seed, self.constraints_func = seed, constraints_func
        if settings:
            named = ", ".join(sorted(settings))
            log.info("%s: %s left to the searcher %r", type(self).__name__, named, self.searcher)

    def reseed_rng(self) -> None:
        """Do nothing: draws depend on the study's seed and the trial's number only."""


class TPESampler(BaseSampler):
    """The tree-structured Parzen estimator."""

    searcher = "tpe"


class RandomSampler(BaseSampler):
    """Independent uniform points."""

    searcher = "random"

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)


class GPSampler(BaseSampler):
    """A Gaussian process."""

    searcher = "bayes"


class CmaEsSampler(BaseSampler):
    """CMA-ES."""

    searcher = "cmaes"


class QMCSampler(BaseSampler):
    """Quasi-random points."""

    searcher = "sobol"


class NSGAIISampler(BaseSampler):
    """A population that evolves."""

    searcher = "evolution"


class NSGAIIISampler(NSGAIISampler):
    """A population that evolves."""


class BruteForceSampler(BaseSampler):
    """Every combination, once."""

    searcher = "grid"


class GridSampler(BaseSampler):
    """Every combination of some values, once, and then the study stops.

    Args:
        search_space: values by name.
        seed: as everywhere.
    """

    searcher = "manual"

    def __init__(self, search_space: Mapping[str, Sequence[Any]], seed: int | None = None) -> None:
        super().__init__(seed=seed)
        if not isinstance(search_space, Mapping) or not all(search_space.values()):
            raise ValueError(f"GridSampler({search_space!r}): lists of values by name are needed")
        self.configs = [
            dict(zip(search_space, values, strict=True)) for values in product(*search_space.values())
        ]

    def is_exhausted(self, study: Any) -> bool:
        """Whether a study has tried all of them."""
        return not study._engine.untried()


OWN = (
    *("sample_relative", "sample_independent", "infer_relative_search_space"),
    *("before_trial", "after_trial"),
)
"""What somebody's own sampler does, also one that inherits from one of these: nobody would call it."""


def check_sampler(sampler: object) -> BaseSampler | None:
    """Return a sampler that can be used.

    Raises:
        NotOffered: it is one of somebody's own.
    """
    own = [name for name in OWN if hasattr(sampler, name)]
    if sampler is None or (isinstance(sampler, BaseSampler) and sampler.searcher and not own):
        return sampler
    does = f" with {own[0]} of its own" if own else ""
    raise refuse(
        f"place for the sampler {type(sampler).__name__}{does}",
        "write a searcher (osetra.core.ports.Searcher) and give it to osetra.Study(searcher=…)",
    )


def __getattr__(name: str) -> Any:
    if name in ("PartialFixedSampler", "BoTorchSampler") or name.endswith("Sampler"):
        known = "TPESampler, GPSampler, RandomSampler, CmaEsSampler, QMCSampler, NSGAIISampler, GridSampler"
        hint = ": fix values by Study.fix of osetra, or by suggest_categorical with one choice"
        raise refuse(f"samplers.{name}", f"there are {known}" + (hint if "Fixed" in name else ""))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
