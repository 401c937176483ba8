"""Argparse: what a script's parser says about its options, as a proposal of what to search.

    space = osetra.from_argparse(parser)

Names that stand for rates, decays and sizes get the scales that the field uses for them; ranges lie around
the defaults. What cannot be searched (paths, seeds, numbers of workers, epochs, options without a default) is
left out. It is a proposal: `print(space)` shows it, and `space.spec` is what a study.toml holds.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator

from osetra.core.arguments import expected, is_number
from osetra.core.params import Choice, Float, Int
from osetra.core.space import Space
from osetra.errors import StudyError

NEVER = re.compile(
    "seeds?|epochs?|steps?|iters?|iterations?|workers?|procs?|threads?|device|gpus?|cuda|local|world|port|host|"
    "path|dir|file|data|log|save|output|out|verbose|debug|resume|ckpt|checkpoint|interval|freq|every|version|"
    "dry|test|eval|name|tag"
)
"""Words in the names of what changes no result, or sets how long it takes to get one."""
LOG = re.compile(r"lr|rate|decay|wd|eps|l1|l2|reg|alpha|lambda|gamma|temperature|scale|std", re.IGNORECASE)
SHARE = re.compile(r"drop|prob|fraction|ratio|smooth|mixup|(^|_)p$", re.IGNORECASE)
NEAR_ONE = re.compile(r"beta|momentum|ema|discount", re.IGNORECASE)
AROUND = 30.0
"""A rate is searched from its default over so much to its default times so much."""
OCTAVES = 4
"""A size is searched from a quarter of its default to four times as much."""

Searched = Float | Int | Choice


def from_argparse(parser: argparse.ArgumentParser) -> Space:
    """Return the space that the options of a parser suggest, by their destinations.

    Args:
        parser: as the script builds it, before `parse_args`.

    Raises:
        StudyError: it is no parser, or none of its options can be searched.
    """
    if not isinstance(parser, argparse.ArgumentParser):
        raise expected("parser", parser, "give the argparse.ArgumentParser of the script")
    found = dict(_searched(parser))
    if not found:
        raise StudyError(
            "none of the parser's options can be searched: that needs a default that is a number, choices, "
            "or a flag; write the space yourself: Space(lr=Float(1e-4, 1, scale='log'))"
        )
    return Space(found)


def _searched(parser: argparse.ArgumentParser) -> Iterator[tuple[str, Searched]]:
    for action in parser._actions:
        param = None if not action.option_strings or _is_never(action.dest) else _param(action)
        if param is not None:
            yield action.dest, param


def _is_never(name: str) -> bool:
    return any(NEVER.fullmatch(word) for word in re.split(r"[_\W]+", name.lower()))


def _param(action: argparse.Action) -> Searched | None:
    """Return what is searched of an option; None for one that is left as it is."""
    default = action.default
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return Choice(False, True, default=default) if isinstance(default, bool) else None
    if action.nargs is not None:
        return None
    if action.choices is not None:
        options = [one for one in action.choices if isinstance(one, (str, int, float))]
        if len(options) < 2:
            return None
        return Choice(*options, default=default) if default in options else Choice(*options)
    if not is_number(default) or not math.isfinite(default):
        return None
    return _number(action.dest, default)


def _number(name: str, default: float) -> Searched | None:
    if isinstance(default, int) and default > 0:
        low, high = max(1, default // OCTAVES), max(2, default * OCTAVES)
        return Int(low, high, scale="log" if high >= 8 * low else "linear", default=default)
    if SHARE.search(name) and 0 <= default < 1:
        return Float(0.0, max(0.5, min(0.9, 2 * default)), default=default)
    if NEAR_ONE.search(name) and 0 < default < 1:
        least = 1 - min(0.5, 10 * (1 - default))
        return Float(least, 1 - (1 - default) / 10, scale="one_minus_log", default=default)
    if LOG.search(name) and default > 0:
        return Float(default / AROUND, default * AROUND, scale="log", default=default)
    return Float(default / 2, default * 2, default=default) if default > 0 else None
