"""Searchers: where to look next, one file each, found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from osetra.core.ports import Searcher
from osetra.errors import StudyError, nearest
from osetra.searchers.grid import Grid
from osetra.searchers.manual import Manual
from osetra.searchers.random import Random
from osetra.searchers.sobol import Sobol
from osetra.searchers.zoom import Zoom

__all__ = ["DESCRIPTIONS", "Grid", "Manual", "Random", "Sobol", "Zoom", "by_name"]

_TABLE: dict[str, tuple[Callable[[], Searcher], str]] = {
    "auto": (Zoom, "the recommended one: quasi-random first, then zoom"),
    "manual": (Manual, "only what people enqueue"),
    "grid": (Grid, "every combination of a few values, once; for one or two hyperparameters"),
    "random": (Random, "independent uniform points; the yardstick"),
    "sobol": (Sobol, "quasi-random points without gaps; best with many parallel workers"),
    "zoom": (Zoom, "coarse to fine: rounds in a box that follows the best quarter"),
}

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
    return _TABLE[name][0]()
