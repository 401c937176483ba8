"""Ranges in place of values: the arguments of a script that is not changed, as what is searched.

--lr~'log(1e-5, 1e-1)'        --lr {lr}, over lr = "log(1e-5, 1e-1)"
-b~'int(8, 64)'               -b {b}
optimizer.lr~'log(1e-5, 1)'   optimizer.lr={optimizer.lr}, as Hydra takes it; so +x~ and ++x~
--amp~flag                    --amp or nothing: {amp:--amp}, over choice(false, true)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from osetra.core.text import parse_param
from osetra.errors import StudyError

_RANGE = re.compile(r"(--?|\+\+?)?([^\W\d][\w.-]*)~(.*)", re.DOTALL)
FLAG = "flag"


def is_range(word: str) -> bool:
    """Whether a word is an argument with a range."""
    return _RANGE.fullmatch(word) is not None


def with_placeholders(words: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return a command with placeholders for its ranges, and the lines of the space.

    Raises:
        StudyError: a name occurs twice, or has no range behind it.
        TextError: a range cannot be read.
    """
    command: list[str] = []
    lines: dict[str, str] = {}
    for word in words:
        found = _RANGE.fullmatch(word)
        if found is None:
            command.append(word)
            continue
        sign, name, text = found[1] or "", found[2], found[3].strip()
        dashes = sign if sign.startswith("-") else ""
        own = name.replace("-", "_") if dashes else name
        if own in lines:
            raise StudyError(f"{word}: {own} has a range before; give each hyperparameter one")
        if not text:
            raise StudyError(f"{word} has no range; write {dashes}{name}~'log(1e-5, 1e-1)'")
        if text == FLAG and dashes:
            lines[own] = "choice(false, true)"
            command.append(f"{{{own}:{dashes}{name}}}")
            continue
        parse_param(own, text)
        lines[own] = text
        command += [f"{dashes}{name}", f"{{{own}}}"] if dashes else [f"{sign}{name}={{{own}}}"]
    return tuple(command), lines
