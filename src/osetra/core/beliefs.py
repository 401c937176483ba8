"""Beliefs: where a person thinks that the best values lie, before anything was tried.

    Float(1e-4, 1, scale="log", prior=Normal(1e-2, decades=0.5))     most likely 0.01, within a factor of 3
    Float(0, 1, prior=Normal(0.9, sd=0.05))                          on a linear scale in its own units
    Choice("sgd", "adam", weights=(1, 3))                            adam three times as likely

A belief says where to look first and never where not to look: `osetra.searchers.beliefs` uses it, and leaves
it when what was seen contradicts it. A range that was given no default has the mean as its default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from osetra.core.construction import arguments_checked
from osetra.core.scales import width
from osetra.core.values import excerpt, number, sequence
from osetra.errors import SpaceError

LARGEST = 1e6
"""How much likelier one option may be than another."""
NARROWEST = 1e-3
"""Least deviation of a belief, as a share of the range: a narrower one says no more than a default does."""


@arguments_checked(SpaceError)
@dataclass(frozen=True, slots=True, init=False)
class Normal:
    """A normal distribution round a mean: `Normal(0.01, decades=0.5)` or `Normal(0.9, sd=0.05)`.

    `sd` is the standard deviation in the units of the range, for a linear scale. On the others it is said in
    `decades`, factors of ten: of the value ("log"), of its distance to 1 ("one_minus_log"), or of x/(1-x)
    ("logit"). What would lie outside the range is cut off.
    """

    mean: float
    sd: float | None
    decades: float | None

    def __init__(self, mean: float, *, sd: float | None = None, decades: float | None = None) -> None:
        object.__setattr__(self, "mean", _taken("mean", mean))
        if (sd is None) == (decades is None):
            raise SpaceError(
                f"Normal({excerpt(mean)}): one width is needed: decades=0.5 on a log scale, sd=0.1 on a "
                "linear one"
            )
        for name, value in (("sd", sd), ("decades", decades)):
            found = None if value is None else _taken(name, value)
            if found is not None and found <= 0:
                raise SpaceError(
                    f"Normal: {name}={excerpt(value)}: a width is above 0; for one value use Fixed"
                )
            object.__setattr__(self, name, found)

    def __str__(self) -> str:
        """Return the readable form, as it stands in a space."""
        name, spread = ("sd", self.sd) if self.decades is None else ("decades", self.decades)
        return f"normal({_short(self.mean)}, {name}={_short(spread or 0.0)})"

    def __repr__(self) -> str:
        """Return the expression of Python."""
        return f"N{str(self)[1:]}"

    def deviation(self, low: float, high: float, scale: str) -> float:
        """Return the deviation as a share of a range on its scale."""
        wide = self.sd if self.decades is None else self.decades * math.log(10)
        return max((wide or 0.0) / width(low, high, scale), NARROWEST)


def prior_of(prior: object, low: float, high: float, scale: str) -> Normal | None:
    """Return the belief about a range.

    Raises:
        SpaceError: it is no belief, of another scale, or its mean lies outside the range.
    """
    if prior is None:
        return None
    if not isinstance(prior, Normal):
        raise SpaceError(f"prior={excerpt(prior)}: a belief is needed: {_example(low, high, scale)}")
    if (prior.sd is None) is (scale == "linear"):
        wrong, right = ("decades", "sd, in its own units") if scale == "linear" else ("sd", "decades")
        raise SpaceError(
            f"prior={prior!r}: on the scale {scale} a width is said in {right}, and not in {wrong}; such as "
            f"{_example(low, high, scale)}"
        )
    if not low <= prior.mean <= high:
        raise SpaceError(
            f"prior={prior!r}: its mean lies outside the range {low:g} … {high:g}; widen it, or choose "
            "a mean within"
        )
    return prior


def within(prior: Normal | None, low: float, high: float, scale: str) -> Normal | None:
    """Return a belief about a range whose ends or scale have changed; None where it means nothing there."""
    try:
        return prior_of(prior, low, high, scale)
    except SpaceError:
        return None


def weights_of(weights: object, options: tuple[Any, ...]) -> tuple[float, ...] | None:
    """Return how likely each option is thought to be the best, in proportion.

    Raises:
        SpaceError: they are no numbers above 0, or not one for each option.
    """
    if weights is None:
        return None
    listed = sequence(weights) or ()
    if len(listed) != len(options):
        raise SpaceError(
            f"weights={excerpt(weights)}: {len(listed)} weights for {len(options)} options; one for each is "
            f"needed, in order: {', '.join(map(str, options))}"
        )
    found = tuple(_taken("weights", one) for one in listed)
    if min(found) <= 0:
        raise SpaceError(
            f"weights={excerpt(weights)}: each weight is above 0; leave out an option that is not to be tried"
        )
    if max(found) / min(found) > LARGEST:
        raise SpaceError(
            f"weights={excerpt(weights)}: one is more than a million times another; use 1 and 100"
        )
    return found


def weights_text(weights: tuple[float, ...]) -> str:
    """Return weights as they are read back: (1, 3)."""
    return f"({', '.join(map(_short, weights))})"


def _short(value: float) -> str:
    """Return a number as it would be typed, exactly."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)


def _taken(name: str, value: object) -> float:
    try:
        return number(value)
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None


def _example(low: float, high: float, scale: str) -> str:
    middle = f"{low:g}" if scale != "linear" else f"{(low + high) / 2:g}"
    return f"Normal({middle}, {'decades=0.5' if scale != 'linear' else f'sd={(high - low) / 10:g}'})"
