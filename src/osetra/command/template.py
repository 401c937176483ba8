"""Templates: a program's arguments with {placeholders}, filled without any shell.

Values are text and nothing else: quotes, blanks and semicolons in a value arrive as they are. `{{` and
`}}` stand for the braces themselves. Where a conditional hyperparameter is inactive, the word that
names it is left out, together with the `--flag` before it when the word is nothing but the placeholder.

`{nesterov:--nesterov}` is the flag itself where nesterov is true and nothing where it is false, and
`{nesterov:--nesterov|--no-nesterov}` one flag or the other.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from osetra.core.params import Choice, Fixed, Ordinal, Param, Value
from osetra.core.space import Space
from osetra.errors import StudyError, nearest

OWN = ("trial", "attempt", "seed", "config", "report", "checkpoint_dir", "resume_step")
"""What osetra itself tells a program: {seed} as a placeholder, OSETRA_SEED in the environment."""
_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")
_SWITCH = re.compile(r"\{\s*([^{}]+?)\s*:\s*(-[^{}|\s]*)\s*(?:\|\s*([^{}|\s]*)\s*)?\}")


@dataclass(frozen=True, slots=True)
class Word:
    """One argument: pieces of text, and names of placeholders."""

    pieces: tuple[tuple[str, bool], ...]
    """(text, False) or (name, True)."""
    switch: tuple[str, str] | None = None
    """What stands for true and for false of the only placeholder; empty text for nothing."""

    @property
    def names(self) -> list[str]:
        """The placeholders in it."""
        return [text for text, named in self.pieces if named]

    @property
    def flag(self) -> bool:
        """Whether it is an option that takes its value from the next word."""
        text = self.pieces[0][0] if self.pieces else ""
        return not self.names and text.startswith("-") and "=" not in text

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the argument; empty for a flag that is left out."""
        if self.switch is not None:
            return self.switch[values[self.names[0]] != "true"]
        return "".join(values[text] if named else text for text, named in self.pieces)


def parse(argument: str) -> Word:
    """Read one argument.

    Raises:
        StudyError: a brace stands alone.
    """
    switch = _SWITCH.fullmatch(argument)
    if switch is not None:
        return Word(((switch[1], True),), (switch[2], switch[3] or ""))
    pieces: list[tuple[str, bool]] = []
    for piece in _PIECE.findall(argument):
        if piece in ("{", "}"):
            raise StudyError(f"{argument!r}: a lone {piece!r}; write {2 * piece!r} for the brace itself")
        if piece in ("{{", "}}"):
            pieces.append((piece[0], False))
        elif piece.startswith("{"):
            pieces.append((piece[1:-1].strip(), True))
        else:
            pieces.append((piece, False))
    return Word(tuple(pieces))


def fill(argv: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Return the arguments; what names something that has no value here is left out."""
    filled: list[str] = []
    before: Word | None = None
    for word in map(parse, argv):
        if all(name in values for name in word.names):
            filled += [text for text in [word.filled(values)] if text or word.switch is None]
        elif len(word.pieces) == 1 and word.switch is None and before is not None and before.flag:
            filled.pop()
        before = word
    return filled


def check(
    argv: Sequence[str], space: Space, elsewhere: Collection[str] = (), paths: Sequence[str] = ()
) -> list[str]:
    """Return warnings about hyperparameters that no placeholder names.

    Args:
        argv: the program and its arguments.
        space: what is searched.
        elsewhere: hyperparameters that it finds elsewhere.
        paths: where it writes, with placeholders.

    Raises:
        StudyError: an unknown placeholder, two names that the environment cannot tell apart, or a flag for
            what is not true or false.
    """
    taken = {variable(name): f"osetra's own {variable(name)}" for name in OWN}
    for name in space.names:
        if variable(name) in taken:
            raise StudyError(
                f"the hyperparameter {name!r} would be {variable(name)} in the program's environment, like "
                f"{taken[variable(name)]}; rename it in [space]"
            )
        taken[variable(name)] = f"{name!r}"
    words = [parse(argument) for argument in argv]
    named = [*(name for word in words for name in word.names), *elsewhere]
    known = (*space.names, *OWN)
    for name in [*named, *(name for path in paths for name in parse(path).names)]:
        if name not in known:
            raise StudyError(
                f"{{{name}}}: no such hyperparameter; the space has {', '.join(space.names)}, and osetra "
                f"gives {', '.join(OWN)}.{nearest(name, known)} A brace that the program itself needs is "
                "written twice: {{ }}"
            )
    warnings = _check_switches(words, space)
    if "config" in named or not set(named) & set(space.names):
        return warnings
    searched = {name for name, param in space if not isinstance(param, Fixed)}
    return warnings + [
        f"{name} is in no placeholder; the program finds it only as {variable(name)} or in the file "
        "that OSETRA_CONFIG names"
        for name in space.names
        if name in searched and name not in named
    ]


def _check_switches(words: Sequence[Word], space: Space) -> list[str]:
    """Return warnings about flags that get a value, and refuse flags for what is not true or false."""
    warnings = []
    for word, before in zip(words, [None, *words], strict=False):
        for name in word.names:
            truths = name in space.names and all(_is_truth(param) for param in space.branches(name))
            if word.switch is not None and not truths:
                raise StudyError(
                    f"{{{name}:{word.switch[0]}}}: a flag is for choice(true, false), and {name} is not; "
                    f"write {word.switch[0]} {{{name}}}"
                )
            if (
                truths
                and len(word.pieces) == 1
                and word.switch is None
                and before is not None
                and before.flag
            ):
                flag = before.pieces[0][0]
                warnings.append(
                    f"the program gets {flag} true or {flag} false; where it takes a bare {flag}, write "
                    f"{{{name}:{flag}}} for both words"
                )
    return warnings


def _is_truth(param: Param) -> bool:
    match param:
        case Fixed(value=value):
            return isinstance(value, bool)
        case Choice(options=options) | Ordinal(options=options):
            return all(isinstance(option, bool) for option in options)
        case _:
            return False


def command_line(argv: Sequence[str]) -> str:
    """Return a command as a person types it, placeholders without quotes."""
    bare = [re.sub(r"\{[\w.:-]*\}", "x", word) for word in argv]
    plain = [word == shlex.quote(word) for word in bare]
    return " ".join(w if harmless else shlex.quote(w) for w, harmless in zip(argv, plain, strict=True))


def variable(name: str) -> str:
    """Return the environment variable of a hyperparameter: `weight-decay` → OSETRA_WEIGHT_DECAY."""
    return "OSETRA_" + re.sub(r"\W", "_", name).upper()


def text_of(value: Value) -> str:
    """Return a value as an argument: text as it is, the rest as in JSON."""
    return value if isinstance(value, str) else json.dumps(value)
