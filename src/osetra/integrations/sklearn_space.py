"""scikit-learn's ways to write down what is searched, as a space: lists, and distributions of SciPy.

    [1, 3, 10]                  ordered numbers
    ["l1", "l2"], [None, pca]   options; what is no text or number goes by a name and comes back as it is
    loguniform(1e-4, 1)         Float on a log scale
    uniform(0, 5)               Float; SciPy's second number is the width
    randint(1, 10)              Int(1, 9), as SciPy leaves the upper end out
    any other distribution      Float between its 0.5 % and 99.5 % quantiles

Parameters of osetra, Float(1e-4, 1, scale="log"), stand beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from osetra.core.arguments import given, is_number, plain
from osetra.core.params import Choice, Float, Int, Ordinal
from osetra.core.space import Space
from osetra.errors import SpaceError

TAIL = 0.005
"""What of a distribution without ends is left out on each side."""


@dataclass(frozen=True, slots=True)
class NamedOptions:
    """A space, and what its options stand for."""

    space: Space
    options: Mapping[str, Mapping[str, Any]]
    """Objects by hyperparameter and name."""

    def outward(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a configuration as an estimator takes it."""
        return {name: self.options.get(name, {}).get(value, value) for name, value in config.items()}


def space_of(declared: object) -> NamedOptions:
    """Return the space that somebody declared.

    Args:
        declared: a Space, or a mapping of names to any of the forms above.

    Raises:
        SpaceError: it is nothing of the kind; the text names the hyperparameter.
    """
    if isinstance(declared, Space):
        return NamedOptions(declared, {})
    if not isinstance(declared, Mapping):
        several = isinstance(declared, (list, tuple)) and all(isinstance(one, Mapping) for one in declared)
        hint = "; several dicts are one space with conditions: Float(0, 1, when={'kernel': 'rbf'})"
        hint = hint if several else ""
        raise SpaceError(
            f"space={given(declared)}: give a Space, or a dict such as {{'alpha': loguniform(1e-4, 1)}}{hint}"
        )
    lines: dict[str, Any] = {}
    options: dict[str, dict[str, Any]] = {}
    for name, form in declared.items():
        lines[name] = _distribution(name, form) if _is_frozen(form) else form
        if isinstance(form, (list, tuple, np.ndarray)):
            lines[name], named = _listed(name, list(form))
            options |= {name: named} if named else {}
    return NamedOptions(Space(lines), options)


def _is_frozen(form: object) -> bool:
    return hasattr(form, "ppf") and hasattr(form, "dist")


def _distribution(name: str, frozen: Any) -> Float | Int:
    kind = str(getattr(frozen.dist, "name", type(frozen.dist).__name__))
    low, high = (float(end) for end in frozen.support())
    if hasattr(frozen.dist, "pmf"):
        if not math.isfinite(low) or not math.isfinite(high):
            low, high = float(frozen.ppf(TAIL)), float(frozen.ppf(1 - TAIL))
        return Int(int(low), int(high))
    if kind in ("loguniform", "reciprocal"):
        return Float(low, high, scale="log")
    low = low if math.isfinite(low) else float(frozen.ppf(TAIL))
    high = high if math.isfinite(high) else float(frozen.ppf(1 - TAIL))
    if not low < high:
        raise SpaceError(f"{name}: scipy's {kind} from {low:g} to {high:g} has no width; give a number")
    return Float(low, high)


def _listed(name: str, values: Sequence[object]) -> tuple[Any, dict[str, Any]]:
    """Return the parameter of a list, and what stands for objects in it."""
    values = [plain(value) for value in values]
    if not values:
        raise SpaceError(f"{name}=[]: an empty list leaves nothing to try; give at least one value")
    if len(values) > 1 and all(is_number(value) and math.isfinite(value) for value in values):
        return Ordinal(*sorted(set(values))), {}  # type: ignore[type-var]  # numbers
    if all(isinstance(value, str) for value in values):
        return Choice(*dict.fromkeys(values)), {}
    named = dict(zip(_names(values), values, strict=True))
    return Choice(*named), named


def _names(values: Iterable[object]) -> list[str]:
    """Return a name for each object: what it looks like, numbered where two look alike."""
    names: list[str] = []
    for value in values:
        text = value if isinstance(value, str) else " ".join(repr(value).split())[:40]
        again = sum(1 for name in names if name == text or name.startswith(f"{text} #"))
        names.append(f"{text} #{again + 1}" if again else text)
    return names
