"""Declared: the ways in which people write down a space, brought to names with their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from osetra.core.grammar import FORMS
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param, Value
from osetra.core.text import choice_of_list, parse_param
from osetra.core.values import as_option, as_value, deeper, excerpt, sequence
from osetra.errors import SpaceError

Branches: TypeAlias = "Param | Value | Sequence[Param | Value | tuple[Any, ...]]"

_KINDS = (Float, Int, Choice, Ordinal, Fixed)
_OF_RANGES = {
    *("low", "high", "min", "max", "lower", "upper", "log", "scale", "step", "default", "type", "kind"),
    *("values", "options", "choices", "distribution", "value", "q", "prior"),
}
"""What other tuners call the parts of a parameter."""
_FORM = re.compile(rf"\s*({'|'.join(FORMS)})\s*\(.*\)", re.DOTALL)
_DEEPEST = 20
_ENDS = {"low", "high", "min", "max", "lower", "upper", "values", "options", "choices"}


def params_by_name(given: Mapping[str, Any]) -> dict[str, Branches]:
    """Return parameters by name; mappings of parameters give names with a dot.

    Raises:
        SpaceError: a name or a mapping that makes no sense.
    """
    found: dict[str, Branches] = {}
    for name, value in given.items():
        _check_name(name)
        inner = {name: value}
        _check_depth(name, value)
        if isinstance(value, Mapping):
            if not _holds_params(value):
                raise SpaceError(
                    f"{name}: {excerpt(value)}: options with names are written Choice({{…}}), dotted names "
                    f'{{"{name}.lr": Float(1e-4, 1, log=True)}}'
                )
            inner = {f"{name}.{key}": part for key, part in params_by_name(value).items()}
        _add(found, inner)
    return found


def params_from_lines(lines: Mapping[str, Any], *, stored: bool = False) -> dict[str, Branches]:
    """Return parameters by name from lines of text, numbers, lists and tables.

    Raises:
        SpaceError: a line that cannot be read, naming it.
    """
    if not isinstance(lines, Mapping):
        raise SpaceError(f"{excerpt(lines)}: a space is read from names with their lines")
    found: dict[str, Branches] = {}
    for name, line in lines.items():
        _check_name(name)
        _check_depth(name, line)
        if isinstance(line, Mapping):
            _check_table(name, line)
            _add(
                found, {f"{name}.{key}": part for key, part in params_from_lines(line, stored=stored).items()}
            )
        else:
            _add(found, {name: _line(name, line, stored=stored)})
    return found


def branches_of(name: str, branches: Branches) -> list[Param]:
    """Return the parameters behind a name: one, or one per branch.

    Raises:
        SpaceError: what stands there is no parameter and no value.
    """
    if name == "seed":
        raise SpaceError(
            "seed: a seed is not a hyperparameter; searching over it rewards luck. Leave it out: "
            "the best settings are re-run with fresh seeds at the end"
        )
    items = None if isinstance(branches, str) else sequence(branches)
    for item in [branches] if items is None else items:
        if isinstance(item, str) and (form := _FORM.match(item)):
            raise SpaceError(
                f"{name}: {excerpt(item)} is a text that looks like a range or options; in Python write "
                f"{form[1].capitalize()}(…), or read lines of text: Space.parse({{'{name}': …}}); if the "
                f"text is meant: Fixed({excerpt(item)})"
            )
    try:
        if items is None:
            return [branches if isinstance(branches, _KINDS) else Fixed(branches)]
        if not items:
            raise SpaceError("an empty list holds nothing to choose from; leave the name out")
        if any(isinstance(item, _KINDS) for item in items):
            return [item if isinstance(item, _KINDS) else Fixed(item) for item in items]
        return [choice_of_list(tuple(as_option(item) for item in items))]
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None


def _line(name: str, line: object, *, stored: bool) -> Branches:
    """Return what one line says: a form as text, a value, a list of options, or a list of branches."""
    if isinstance(line, str):
        return parse_param(name, line, stored=stored)
    if isinstance(line, list) and any(isinstance(item, str) for item in line):
        params = [
            parse_param(name, t, stored=stored) if isinstance(t, str) else _fixed(name, t) for t in line
        ]
        if stored or not all(isinstance(p, Fixed) and not p.when for p in params):
            return params
        return [p.meaning for p in params if isinstance(p, Fixed)]
    return line  # type: ignore[return-value]  # anything else than values is refused by the space


def _fixed(name: str, value: object) -> Fixed:
    try:
        return Fixed(value)
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None


def _add(found: dict[str, Branches], more: Mapping[str, Branches]) -> None:
    for name, param in more.items():
        if name in found:
            raise SpaceError(f"{name}: declared twice")
        found[name] = param


def _holds_params(value: Mapping[Any, Any]) -> bool:
    items = [i for v in value.values() for i in (v if isinstance(v, (list, tuple)) else [v])]
    return any(isinstance(i, _KINDS) or (isinstance(i, Mapping) and _holds_params(i)) for i in items)


def _check_table(name: str, table: Mapping[str, Any]) -> None:
    """Refuse a parameter that is spelt as a table, as other tuners do."""
    if table and table.keys() & _ENDS and table.keys() <= _OF_RANGES:
        raise SpaceError(
            f'{name}: {excerpt(dict(table))}: a range is written as text, such as {name} = "log(1e-4, 1)" or '
            f'"int(16, 512)", options as "choice(sgd, adam)"'
        )


def _check_depth(name: str, value: object) -> None:
    if deeper(value, _DEEPEST):
        raise SpaceError(f"{name}: {excerpt(value)}: it holds itself, or is more than {_DEEPEST} levels deep")


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise SpaceError(f"{excerpt(name)}: a hyperparameter's name is text")
    if not name or any(c in name for c in "=|, \t\n\"'[]"):
        raise SpaceError(f"{name!r}: a name holds no spaces, quotes, brackets, '=', '|' or ','")
    as_value(name)
