"""Filled files: copies of a program's own configuration files, with the values of a trial in their places.

    lr: {lr}                   a placeholder becomes the value, as YAML, JSON and TOML write it
    "lr": "{lr}"               the same, with its quotes, so that the file can be read before
    name: run-{optimizer}      inside of a text it becomes text
    optimizer:                 a hyperparameter called optimizer.lr for which there is no placeholder
      lr: 0.1                  is set where its dotted name leads

Other kinds of files, such as .ini, take placeholders, and get the values as text. What has no value in a
trial, since its condition does not hold, becomes null; in TOML and other kinds its line is left out. The
program's own file is never written.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from osetra.command import trees
from osetra.command.template import OWN
from osetra.core.space import Space
from osetra.errors import StudyError, nearest
from osetra.files import read_regular

Kind = Literal["json", "yaml", "toml", ""]
KINDS: dict[str, Kind] = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
LARGEST = 1 << 24
"""Bytes; no configuration is larger."""
_PLACEHOLDER = re.compile(r"\{\s*([^\W\d][\w.-]*)\s*\}")
_BEFORE, _AFTER = re.compile(r"([:=,\[]|^\s*-)\s*$"), re.compile(r"\s*($|[,\]}#])")


@dataclass(frozen=True, slots=True)
class FilledFile:
    """A configuration file of a program, as it is on disk."""

    name: str
    """How the command names it."""
    text: str
    kind: Kind

    @classmethod
    def read(cls, name: str, folder: str) -> FilledFile:
        """Read a file.

        Args:
            name: its path.
            folder: where relative paths begin.

        Raises:
            StudyError: it cannot be read, or is no text.
        """
        path = Path(folder, name)
        try:
            data = read_regular(path)
            text = data.decode()
        except OSError as error:
            raise StudyError(f"--fill {name}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise StudyError(f"--fill {name} is no text in UTF-8, so no values can be put into it") from None
        if len(data) > LARGEST:
            raise StudyError(f"--fill {name} has {len(data) / 1e6:.0f} MB; a configuration file is expected")
        return cls(name, text, KINDS.get(path.suffix.lower(), ""))

    def placeholders(self) -> set[str]:
        """Return the names in braces; a file may have others than those of hyperparameters."""
        return set(_PLACEHOLDER.findall(self.text))

    def takes(self, names: Iterable[str], values: Mapping[str, Any], own: Iterable[str]) -> set[str]:
        """Return which hyperparameters have a place in the file.

        Args:
            names: all hyperparameters.
            values: those of a trial, and what osetra itself tells programs.
            own: the names of the latter.

        Raises:
            StudyError: the file cannot be read as what its name says it is, or none of them has a place.
        """
        named = self.placeholders()
        found = {name for name in names if name in named}
        rest = [name for name in names if name not in named]
        inactive = [name for name in names if name not in values]
        tree = self._tree(self._with_text(values, inactive), bool(rest)) if self.kind else None
        found |= {name for name in rest if trees.place(tree, name) is not None}
        if not found and not named.intersection(own):
            keys = trees.dotted(tree)
            hints = "".join(nearest(name, keys) for name in names)
            has = f"its keys are {', '.join(keys[:30])}" if keys else "it has no {placeholder}"
            raise StudyError(
                f"--fill {self.name}: none of {', '.join(names)} has a place in it; {has}.{hints} Name "
                "hyperparameters after its keys, with dots (optimizer.lr), or write {lr} in place of a value"
            )
        return found

    def filled(self, values: Mapping[str, Any], names: Iterable[str]) -> str:
        """Return the text with values.

        Args:
            values: those of a trial, and what osetra itself tells programs.
            names: all hyperparameters, of which some may have no value.

        Raises:
            StudyError: what comes out cannot be read.
        """
        named, inactive = self.placeholders(), [name for name in names if name not in values]
        text = self._with_text(values, inactive)
        rest = [name for name in names if name not in named]
        tree = self._tree(text, bool(rest)) if self.kind else None
        changed = False
        for name in rest:
            found = trees.place(tree, name)
            if found is not None:
                changed = True
                trees.put(found, values.get(name), leave_out=name not in values and self.kind == "toml")
        return trees.written(tree, self.kind) if changed and self.kind else text

    def _with_text(self, values: Mapping[str, Any], inactive: Iterable[str] = ()) -> str:
        """Return the text with values for placeholders."""
        nothing = {name: None for name in inactive}
        lines = (self._line(line, {**nothing, **values}, nothing) for line in self.text.splitlines(True))
        return "".join(line for line in lines if line is not None)

    def _line(self, line: str, values: Mapping[str, Any], nothing: Mapping[str, None]) -> str | None:
        found = [match for match in _PLACEHOLDER.finditer(line) if match[1] in values]
        if self.kind not in ("json", "yaml") and any(match[1] in nothing for match in found):
            return None
        for match in reversed(found):
            start, end, value = *match.span(), values[match[1]]
            around = line[start - 1 : start] + line[end : end + 1]
            quoted = self.kind != "" and around in ("''", '""')
            if quoted:
                start, end = start - 1, end + 1
            before, after = line[:start], line[end:].rstrip("\r\n")
            inside = not quoted and before.count('"') % 2 == 1
            if self.kind and not inside and (quoted or (_BEFORE.search(before) and _AFTER.match(after))):
                word = trees.literal(value, self.kind)
            else:
                word = "" if value is None else trees.plain(value)
                word = trees.quoted(word)[1:-1] if inside and self.kind else word
            line = line[:start] + word + line[end:]
        return line

    def _tree(self, text: str, wanted: bool) -> Any:
        """Return what the text says; None of YAML that nobody needs and nothing here can read."""
        try:
            if self.kind == "json":
                return json.loads(text)
            if self.kind == "toml":
                return tomllib.loads(text)
            return _yaml(self.name, text) if wanted else None
        except (ValueError, RecursionError) as error:
            kind = self.kind.upper()
            raise StudyError(f"--fill {self.name}, with values in it, is no valid {kind}: {error}") from None


def _yaml(name: str, text: str) -> Any:
    """Read YAML by PyYAML, which nothing else needs."""
    try:
        import yaml
    except ImportError:
        raise StudyError(
            f"--fill {name}: values without a placeholder are found by reading YAML, which needs PyYAML; "
            "run: pip install pyyaml; or write {lr} in place of the value"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def check_files(argv: Sequence[str], files: Sequence[str], folder: str, space: Space) -> set[str]:
    """Return which hyperparameters have a place in a program's configuration files.

    Raises:
        StudyError: a file cannot be read, has no place for any, or is not among the arguments.
    """
    taken: set[str] = set()
    default = {name: space.meanings.get(name, {}).get(str(v), v) for name, v in space.default.items()}
    for name in files:
        if not any(_names(word, name) for word in argv):
            raise StudyError(
                f"--fill {name}: no argument of the program names it, so the copy with the values would not "
                f"be read; write: -- {argv[0]} … --config {name}"
            )
        file = FilledFile.read(name, folder)
        values = {**dict.fromkeys(OWN, 0), **default}
        taken |= file.takes(space.names, values, OWN)
        file.filled(values, space.names)
    return taken


def with_files(
    argv: Sequence[str],
    files: Sequence[str],
    folder: str,
    values: Mapping[str, Any],
    names: Sequence[str],
    scratch: Path,
) -> list[str]:
    """Write the files with values and return the arguments with their copies in place of them.

    Args:
        argv: the program and its arguments.
        files: those arguments that are configuration files.
        folder: where relative paths begin.
        values: those of a trial, and what osetra itself tells programs.
        names: all hyperparameters.
        scratch: where the copies go, each in a folder of its own.

    Raises:
        StudyError: a file is gone, or cannot be read with these values.
    """
    words = [*argv]
    for number, name in enumerate(files, start=1):
        text = FilledFile.read(name, folder).filled(values, [*dict.fromkeys((*names, *values))])
        copy = scratch / f"fill-{number}" / Path(name).name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        words = [f"{word[: -len(name)]}{copy}" if _names(word, name) else word for word in words]
    return words


def _names(word: str, file: str) -> bool:
    """Whether an argument is a file, or an option with it: --config=FILE."""
    return word == file or word.endswith(f"={file}")
