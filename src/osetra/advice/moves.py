"""Moves to another space: what a finding suggests, so that a program can do it at once."""

from __future__ import annotations

from osetra.advice.wording import short
from osetra.core.clean import name_text
from osetra.core.finding import Move, edit_of
from osetra.core.params import Fixed, Float, Int, Param
from osetra.core.space import Space
from osetra.core.text import format_param


def edit_move(space: Space, name: str, param: Param, word: str = "change") -> Move | None:
    """Return the move that replaces the parameter of a name; `word` says what that is, such as "widen".

    None where the name has several branches, of which no program can tell which is meant, or where
    nothing would change.
    """
    old = space.branches(name)
    if len(old) != 1 or old[0] == param:
        return None
    return edit_of(f"{word} {name_text(name)} {_where(param, old[0])}", {name: param})


def _where(param: Param, old: Param) -> str:
    if isinstance(param, Fixed):
        return f"at {short(param.value)}"
    if isinstance(param, (Float, Int)):
        scale = "" if param.scale == getattr(old, "scale", "") else f", {param.scale}"
        return f"to {short(param.low)} … {short(param.high)}{scale}"
    return f"to {format_param(param)}"
