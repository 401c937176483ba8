"""Visualization is refused, with the call of osetra that draws the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from osetra.compat.optuna.exceptions import refuse

_INSTEAD = {
    "plot_optimization_history": "history()",
    "plot_intermediate_values": "curves()",
    "plot_parallel_coordinate": "parallel()",
    "plot_slice": "slice()",
    "plot_contour": "contour()",
    "plot_param_importances": "importance()",
    "plot_pareto_front": "front()",
    "plot_timeline": "timeline()",
    "plot_hypervolume_history": "front()",
    "plot_rank": "slice()",
    "plot_edf": "history()",
    "plot_terminator_improvement": "history()",
}


def _refusing(name: str) -> Callable[..., NoReturn]:
    def plot(*_: object, **__: object) -> NoReturn:
        raise refuse(
            f"visualization.{name}",
            f"write study.osetra.plot.{_INSTEAD[name]}, or look at all of it: osetra dashboard FILE",
        )

    plot.__name__ = name
    return plot


def is_available() -> bool:
    """Return False: figures are drawn by `study.osetra.plot`."""
    return False


def __getattr__(name: str) -> Any:
    if name in _INSTEAD:
        return _refusing(name)
    if name == "matplotlib":
        import sys

        return sys.modules[__name__]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
