"""Finding: one piece of advice with its evidence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, Literal

from osetra.core.clean import one_line
from osetra.core.facts import Verb
from osetra.core.markup import items
from osetra.core.params import Param, Value
from osetra.core.text import format_param, format_value, param_code, parse_param

Level = Literal["info", "advice", "warning"]
MARKS: dict[Level, str] = {"info": "·", "advice": "→", "warning": "!"}
NOTHING = "no advice yet"
_PLACE = ("step", "trial", "until", "text")
"""Arguments of orders that are no hyperparameters."""
WIDEST = 120
"""Columns of a terminal that advice takes at most: longer lines are hard to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What follows a piece of advice at once: an order, a configuration to queue, another total or space."""

    text: str
    """What it does, as a button says it."""
    verb: Verb | Literal["enqueue", "target", "edit"]
    """An order; "enqueue" with a configuration as arguments; "target" with the number of `trials`; "edit"
    with the new ranges as text by name in `params`, and in `was` what trials so far had of new names."""
    trial: int | None = None
    """Whose order it is."""
    args: Mapping[str, Any] = field(default_factory=dict)

    def command(self, study: str = "STUDY") -> str:
        """Return the same as a command for a terminal; `study` is what a person types to name it."""
        match self.verb:
            case "enqueue":
                words = ["enqueue", study, *_pairs(self.args)]
            case "target":
                words = ["resume", study, "--trials", str(self.args["trials"])]
            case "edit":
                was = [word for pair in _pairs(self.args.get("was", {})) for word in ("--was", pair)]
                ranges = [f"{name}={text}" for name, text in self.args["params"].items()]
                words = ["edit", study, *ranges, *was]
            case "note":
                words = ["steer", study, str(self.trial), "note", str(self.args.get("text", ""))]
            case verb:
                step = [str(self.args["step"])] if "step" in self.args else []
                rest = {name: value for name, value in self.args.items() if name != "step"}
                words = ["steer", study, str(self.trial), verb, *step, *_pairs(rest)]
        return shlex.join(["osetra", *words])

    @property
    def call(self) -> str:
        """The same as a call in Python, on a `Study` named study."""
        match self.verb:
            case "enqueue":
                return f"study.enqueue({dict(self.args)!r})"
            case "target":
                return f"study.aim({self.args['trials']})"
            case "edit":
                params = {name: _code(text) for name, text in self.args["params"].items()}
                listed = ", ".join(f"{name!r}: {code}" for name, code in params.items())
                was = f", was={dict(self.args['was'])!r}" if self.args.get("was") else ""
                return f"study.edit({{{listed}}}{was})"
            case verb:
                more = "".join(f", {name}={value!r}" for name, value in self.args.items() if name in _PLACE)
                values = {name: value for name, value in self.args.items() if name not in _PLACE}
                return f"study.order({self.trial}, {verb!r}{f', {values!r}' if values else ''}{more})"


def edit_of(text: str, params: Mapping[str, Param], *, was: Mapping[str, Value] | None = None) -> Move:
    """Return the move to a space with parameters replaced or added by name; `text` says it on a button."""
    lines = {name: format_param(param) for name, param in params.items()}
    return Move(text=text, verb="edit", args={"params": lines, **({"was": dict(was)} if was else {})})


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}={format_value(value)}" for name, value in values.items()]


def _code(text: str) -> str:
    """Return a parameter's text as an expression of Python."""
    return param_code(parse_param("", text, stored=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Plain advice that the data backs."""

    rule: str
    """Name of the rule that fired, for tests and for switching it off."""
    level: Level
    text: str
    """What was seen, in one sentence a person acts on."""
    action: str = ""
    """What to do about it, ready to be typed when there is something to type."""
    move: Move | None = None
    """The same as something that a program can do at once; None where it takes more than that."""

    def __str__(self) -> str:
        lines = _todo(self)
        return "\n  ".join([f"{MARKS[self.level]} {one_line(self.text)}", *map(one_line, lines)])

    def todo(self, typed: str) -> list[str]:
        """Return what to do in lines; `typed` is its move, as the reader would type it.

        Of an edit the action is the new range alone, which stands in what is typed.
        """
        said = [] if typed and self.move is not None and self.move.verb == "edit" else [self.action]
        return [line for line in (*said, typed) if line]


class Findings(list[Finding]):
    """Findings that a person can read as they are printed."""

    def __str__(self) -> str:
        return "\n".join(_folded(finding) for finding in self) or NOTHING

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return items((f"{MARKS[f.level]} {f.text}", " · ".join(_todo(f))) for f in self) if self else NOTHING


def _todo(finding: Finding) -> list[str]:
    return finding.todo("" if finding.move is None else finding.move.call)


def _folded(finding: Finding) -> str:
    """Return a finding with its sentence folded between words; what is to be typed stays on its line."""
    sentence, *action = str(finding).split("\n")
    width = max(40, min(WIDEST, get_terminal_size().columns)) - 1  # a terminal breaks lines within words
    return "\n".join([*wrap(sentence, width, subsequent_indent="  ", break_on_hyphens=False), *action])
