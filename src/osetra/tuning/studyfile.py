"""study.toml: what a study asks, in a file that can be kept beside the code.

[study]
minimize = "val_loss"
limits = { latency_ms = "<= 20" }
trials = 50
workers = 2

[space]
lr = "log(1e-4, 1)"
optimizer = "choice(sgd, adam)"
momentum = "one_minus_log(0.5, 0.995) if optimizer=sgd"

[data]
delimiter = ";"
na = ["999"]
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from osetra.advice import known_rule
from osetra.core.arguments import is_whole
from osetra.core.bounds import bounds_of
from osetra.core.limits import Limits
from osetra.core.space import Space
from osetra.data.options import DataOptions
from osetra.errors import DataError, StudyError, nearest
from osetra.files import read_regular
from osetra.tuning.followers import kept_names

_LIMITS: dict[str, tuple[type, ...]] = {
    name: tuple(kinds - {type(None)} | {int})
    for name, kind in get_type_hints(Limits).items()
    if (kinds := set(get_args(kind) or (kind,)))
}
_SECTIONS = ("study", "space", "data")
_DATA = {option.name: option.default for option in fields(DataOptions)}
"""Options of reading, and what they are when nothing is said."""
_KINDS: dict[str, tuple[type, ...]] = {
    "store": (str,),
    "minimize": (str, list),
    "maximize": (str, list),
    "limits": (dict,),
    "pick": (str,),
    "target": (str, list),
    "searcher": (str,),
    "scheduler": (str,),
    "seed": (int,),
    "silence": (list,),
    "trackers": (str, list),
    **_LIMITS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """The contents of a study.toml; None where it is silent."""

    store: str | None = None
    """The URL of the store that a new study goes into."""
    minimize: str | None = None
    """Names of metrics, several with commas between them."""
    maximize: str | None = None
    bounds: tuple[str, ...] = ()
    """What reported metrics must keep to, such as latency_ms<=20."""
    pick: str | None = None
    target: str | list[str] | None = None
    """The column of a data file to predict, or several."""
    searcher: str | None = None
    scheduler: str | None = None
    seed: int | None = None
    silence: list[str] | None = None
    """Rules of advice that say nothing."""
    trackers: tuple[str, ...] = ()
    """Programs that keep records of it, such as tensorboard:runs."""
    limits: dict[str, Any] = field(default_factory=dict)
    """Those of `core.limits.Limits` that it sets."""
    space: dict[str, Any] | None = None
    """The lines of [space], in the text form of `Space.parse`."""
    data: dict[str, Any] = field(default_factory=dict)
    """The lines of [data]: options of `osetra.data.options.DataOptions`."""


def read_study_file(path: Path) -> StudyFile:
    """Read a study.toml.

    Raises:
        StudyError: the file is missing, is no TOML, or holds an unknown key or a value of the wrong
            kind; the nearest known key is named.
        SpaceError: [space] makes no sense.
    """
    content = _sections(path)
    study = content.get("study", {})
    _check_kinds(path, study)
    bounds = _objectives(path, study)
    _trackers(path, study)
    lines = content.get("space")
    if lines is not None:
        Space.parse(lines)
    data = _data(path, content.get("data", {}))
    limits = {name: study.pop(name) for name in _LIMITS if name in study}
    try:
        Limits(**limits)
    except StudyError as error:
        raise StudyError(f"{path}: [study] {error}") from None
    return StudyFile(**study, bounds=bounds, limits=limits, space=lines, data=data)


def _check_kinds(path: Path, study: dict[str, Any]) -> None:
    """Refuse keys of [study] that there are not, and values of another kind."""
    for key, value in study.items():
        if key not in _KINDS:
            known = ", ".join(_KINDS)
            raise StudyError(f"{path}: [study] has no key {key!r}; known: {known}.{nearest(key, _KINDS)}")
        if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
            wanted = " or ".join(kind.__name__ for kind in _KINDS[key])
            raise StudyError(f"{path}: [study] {key} = {value!r}: {wanted} expected")
        if key == "seed" and not is_whole(value, least=0):
            raise StudyError(f"{path}: [study] seed = {value}: a whole number of at least 0 expected")
        if isinstance(value, list) and not all(isinstance(each, str) for each in value):
            kinds = {"silence": "rules of advice", "target": "columns", "trackers": "trackers"}
            what = kinds.get(key, "metrics")
            raise StudyError(f"{path}: [study] {key} = {value!r}: names of {what} expected")
    try:
        for rule in study.get("silence", []):
            known_rule(rule)
    except StudyError as error:
        raise StudyError(f"{path}: [study] {error}") from None


def _objectives(path: Path, study: dict[str, Any]) -> tuple[str, ...]:
    """Take the limits out of [study] and return them; several metrics become one text with commas."""
    for key in ("minimize", "maximize"):
        if isinstance(study.get(key), list):
            study[key] = ",".join(study[key])
    try:
        return tuple(map(str, bounds_of(study.pop("limits", None))))
    except StudyError as error:
        raise StudyError(f"{path}: [study] {error}") from None


def _trackers(path: Path, study: dict[str, Any]) -> None:
    """Make the trackers a tuple, as a study keeps them."""
    named = study.pop("trackers", [])
    try:
        study["trackers"] = kept_names([named] if isinstance(named, str) else named)
    except StudyError as error:
        raise StudyError(f"{path}: [study] {error}") from None


def _data(path: Path, lines: dict[str, Any]) -> dict[str, Any]:
    """Return the options of [data], lists as tuples.

    Raises:
        StudyError: one is unknown, or of the wrong kind.
    """
    found: dict[str, Any] = {}
    for key, value in lines.items():
        if key not in _DATA:
            known = ", ".join(_DATA)
            raise StudyError(f"{path}: [data] has no key {key!r}; known: {known}.{nearest(key, _DATA)}")
        usual = _DATA[key]
        if isinstance(usual, tuple):
            found[key] = (
                (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
            )
            fits = isinstance(found[key], tuple) and all(isinstance(each, str) for each in found[key])
        else:
            found[key] = str(value) if key == "header" and type(value) is int else value
            fits = isinstance(found[key], bool if isinstance(usual, bool) else str)
        if not fits:
            wanted = (
                "a list of texts"
                if isinstance(usual, tuple)
                else "true or false"
                if isinstance(usual, bool)
                else "a text"
            )
            raise StudyError(f"{path}: [data] {key} = {value!r}: {wanted} expected")
    try:
        DataOptions(**found)
    except DataError as error:
        raise StudyError(f"{path}: [data] {error}") from None
    return found


def _sections(path: Path) -> dict[str, dict[str, Any]]:
    """Return the sections of a file, those that it has."""
    try:
        content = tomllib.loads(read_regular(path).decode())
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError(f"{path} is no valid TOML: {error}") from None
    for section in content:
        if section not in _SECTIONS:
            known = ", ".join(f"[{name}]" for name in _SECTIONS)
            raise StudyError(
                f"{path}: unknown section [{section}]; known: {known}.{nearest(section, _SECTIONS)}"
            )
        if not isinstance(content[section], dict):
            raise StudyError(f"{path}: {section} is no section; write [{section}] and its lines below it")
    return content
