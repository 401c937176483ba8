"""Searchers: where to look next, one file each, found by name and loaded when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osetra.core.registry import Registry

if TYPE_CHECKING:
    from osetra.core.ports import Searcher

__all__ = ["SEARCHERS", "by_name"]

SEARCHERS: Registry[Searcher] = Registry(
    "searcher",
    __name__,
    {
        "auto": (
            "auto:AutoSearcher",
            "the recommended one: chooses by what it sees, and says what and why",
        ),
        "bayes": (
            "bayes:Bayes",
            "a Gaussian process: the fewest trials; milliseconds per suggestion",
        ),
        "tpe": (
            "tpe:Tpe",
            "tree-structured Parzen estimator: any space, thousands of trials",
        ),
        "cmaes": ("cmaes:Cmaes", "CMA-ES: continuous spaces and hundreds of cheap trials"),
        "evolution": (
            "evolution:Evolution",
            "a population that evolves: any space, many cheap trials",
        ),
        "manual": ("manual:Manual", "only what people enqueue"),
        "grid": (
            "grid:Grid",
            "every combination of a few values, once; for one or two hyperparameters",
        ),
        "random": ("random:Random", "independent uniform points; the yardstick"),
        "sobol": (
            "sobol:Sobol",
            "quasi-random points without gaps; best with many parallel workers",
        ),
        "zoom": (
            "zoom:Zoom",
            "coarse to fine: rounds in a box that follows the best quarter",
        ),
    },
)

by_name = SEARCHERS.build
"""Return the searcher of a name with its default settings."""
