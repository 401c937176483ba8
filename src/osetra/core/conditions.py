"""Conditions: when a parameter exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

from osetra.core.values import Option, Value, as_option, as_value, excerpt, option_name, sequence
from osetra.errors import SpaceError

When: TypeAlias = Mapping[str, "Option | Sequence[Option]"]
Condition: TypeAlias = tuple[str, tuple[Value, ...]]
Conditions: TypeAlias = "When | tuple[Condition, ...] | None"


def conditions(when: object) -> tuple[Condition, ...]:
    """Return conditions in their settled form: parents, each with the values that it must have.

    Raises:
        SpaceError: they are none.
    """
    pairs = when.items() if isinstance(when, Mapping) else sequence(() if when is None else when)
    if pairs is None:
        _refuse(when)
    found = tuple(_condition(pair) for pair in pairs)
    if not isinstance(when, tuple):  # as people write them; a log may hold any that was written before
        check_consistent(found)
    return found


def check_consistent(when: Sequence[Condition]) -> None:
    """Make sure that conditions do not contradict each other.

    Raises:
        SpaceError: a hyperparameter would have to be two values at once.
    """
    possible: dict[str, set[Value]] = {}
    for parent, allowed in when:
        both = possible.setdefault(parent, set(allowed))
        both &= set(allowed)
        if not both:
            wanted = " and ".join("|".join(map(str, values)) for name, values in when if name == parent)
            raise SpaceError(
                f"its conditions contradict each other: {parent} would have to be {wanted} at once; where it "
                f"may be either, write if {parent}=a|b, or when={{{parent!r}: [a, b]}}"
            )


def _condition(pair: object) -> Condition:
    found = sequence(pair)
    if found is None or len(found) != 2 or not isinstance(found[0], str):
        _refuse(pair)
    parent, allowed = str(found[0]), found[1]
    values = sequence(allowed)
    try:
        return parent, (as_value(allowed),) if values is None else tuple(
            option_name(as_option(v)) for v in values
        )
    except SpaceError as error:
        raise SpaceError(f"when: {parent}: {error}") from None


def _refuse(when: object) -> NoReturn:
    raise SpaceError(
        f"when={excerpt(when)}: a condition names a hyperparameter and what it must be, such as "
        'when={"optimizer": "sgd"} or when={"optimizer": ["sgd", "adam"]}'
    )
