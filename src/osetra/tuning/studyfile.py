"""study.toml: what a study asks, in a file that can be kept beside the code.

[study]
minimize = "val_loss"
trials = 50
workers = 2

[space]
lr = "log(1e-4, 1)"
optimizer = "choice(sgd, adam)"
momentum = "one_minus_log(0.5, 0.995) if optimizer=sgd"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_type_hints

from osetra.core.limits import Limits
from osetra.core.space import Space
from osetra.errors import StudyError, nearest
from osetra.files import read_regular

_LIMITS: dict[str, tuple[type, ...]] = {
    name: (int, float) if float in get_args(kind) else (int,) for name, kind in get_type_hints(Limits).items()
}
_KINDS: dict[str, tuple[type, ...]] = {
    "store": (str,),
    "minimize": (str,),
    "maximize": (str,),
    "pick": (str,),
    "target": (str, list),
    "searcher": (str,),
    "scheduler": (str,),
    "seed": (int,),
    **_LIMITS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """The contents of a study.toml; None where it is silent."""

    store: str | None = None
    """The URL of the store that a new study goes into."""
    minimize: str | None = None
    maximize: str | None = None
    pick: str | None = None
    target: str | list[str] | None = None
    """The column of a data file to predict, or several."""
    searcher: str | None = None
    scheduler: str | None = None
    seed: int | None = None
    limits: dict[str, Any] = field(default_factory=dict)
    """Those of `core.limits.Limits` that it sets."""
    space: dict[str, Any] | None = None
    """The lines of [space], in the text form of `Space.parse`."""


def read_study_file(path: Path) -> StudyFile:
    """Read a study.toml.

    Raises:
        StudyError: the file is missing, is no TOML, or holds an unknown key or a value of the wrong
            kind; the nearest known key is named.
        SpaceError: [space] makes no sense.
    """
    content = _sections(path)
    study = content.get("study", {})
    for key, value in study.items():
        if key not in _KINDS:
            known = ", ".join(_KINDS)
            raise StudyError(f"{path}: [study] has no key {key!r}; known: {known}.{nearest(key, _KINDS)}")
        if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
            wanted = " or ".join(kind.__name__ for kind in _KINDS[key])
            raise StudyError(f"{path}: [study] {key} = {value!r}: {wanted} expected")
        if isinstance(value, list) and not all(isinstance(each, str) for each in value):
            raise StudyError(f"{path}: [study] {key} = {value!r}: names of columns expected")
    lines = content.get("space")
    if lines is not None:
        Space.parse(lines)
    limits = {name: study.pop(name) for name in _LIMITS if name in study}
    try:
        Limits(**limits)
    except StudyError as error:
        raise StudyError(f"{path}: [study] {error}") from None
    return StudyFile(**study, limits=limits, space=lines)


def _sections(path: Path) -> dict[str, dict[str, Any]]:
    """Return the two sections of a file, those that it has."""
    try:
        content = tomllib.loads(read_regular(path).decode())
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError(f"{path} is no valid TOML: {error}") from None
    for section in content:
        if section not in ("study", "space"):
            hint = nearest(section, ("study", "space"))
            raise StudyError(f"{path}: unknown section [{section}]; known: [study], [space].{hint}")
        if not isinstance(content[section], dict):
            raise StudyError(f"{path}: {section} is no section; write [{section}] and its lines below it")
    return content
