"""Searchers: where to look next, one file each, found by name and loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from osetra.core.ports import Searcher
from osetra.errors import StudyError, nearest

__all__ = ["DESCRIPTIONS", "by_name"]

_TABLE: dict[str, tuple[str, str]] = {
    "auto": ("auto.Auto", "the recommended one: chooses by what it sees, and says what and why"),
    "bayes": ("bayes.Bayes", "a Gaussian process: the fewest trials; milliseconds per suggestion"),
    "tpe": ("tpe.Tpe", "tree-structured Parzen estimator: any space, thousands of trials"),
    "cmaes": ("cmaes.Cmaes", "CMA-ES: continuous spaces and hundreds of cheap trials"),
    "evolution": ("evolution.Evolution", "a population that evolves: any space, many cheap trials"),
    "manual": ("manual.Manual", "only what people enqueue"),
    "grid": ("grid.Grid", "every combination of a few values, once; for one or two hyperparameters"),
    "random": ("random.Random", "independent uniform points; the yardstick"),
    "sobol": ("sobol.Sobol", "quasi-random points without gaps; best with many parallel workers"),
    "zoom": ("zoom.Zoom", "coarse to fine: rounds in a box that follows the best quarter"),
}
"""Module and class of every searcher, and what it does. Imported on demand: some need SciPy."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType({name: text for name, (_, text) in _TABLE.items()})
"""What every searcher does, in one line, by name."""


def by_name(name: str) -> Searcher:
    """Return the searcher of a name with its default settings.

    Raises:
        StudyError: no searcher has that name; the nearest one is suggested.
    """
    if name not in _TABLE:
        raise StudyError(
            f"{name!r}: no such searcher; known: {', '.join(_TABLE)}.{nearest(str(name), _TABLE)}"
        )
    module, _, kind = _TABLE[name][0].partition(".")
    create = cast(Callable[[], Searcher], getattr(import_module(f"osetra.searchers.{module}"), kind))
    return create()
