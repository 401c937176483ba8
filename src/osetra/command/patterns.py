"""Patterns: metrics of a program that prints them in words of its own.

    val_loss=([0-9.e+-]+)                       behind its name: "epoch 3 val_loss=0.5" or "val_loss: 0.5"
    val_loss=validation loss is ([0-9.e+-]+)    behind other words
    step=epoch ([0-9]+)                         which step it is; else they count up

A line reports where the pattern of the study's metric is found in it; those of other metrics are looked for
in the same line. The last match counts, since progress bars write over themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from osetra.errors import StudyError

EXAMPLE = "--metric 'val_loss=([0-9.e+-]+)'"
_NAME = re.compile(r"[^\W\d][\w./-]*")


@lru_cache(maxsize=64)
def compiled(pattern: str) -> tuple[str, re.Pattern[str]]:
    """Return the metric and the expression of a pattern.

    Raises:
        StudyError: it names no metric, is no regular expression, or has not exactly one group.
    """
    name, equals, words = pattern.partition("=")
    name = name.strip()
    if not equals or not _NAME.fullmatch(name):
        raise StudyError(f"--metric {pattern!r} does not begin with the name of a metric; write {EXAMPLE}")
    behind_its_name = words.startswith("(")
    try:
        found = re.compile(rf"{re.escape(name)}\s*[=:]\s*{words}" if behind_its_name else words)
    except re.error as error:
        raise StudyError(f"--metric {pattern!r} is no regular expression: {error}; write {EXAMPLE}") from None
    if found.groups != 1:
        count = (
            "no group"
            if found.groups == 0
            else f"{found.groups} groups, of which one would do ((?:…) is none)"
        )
        raise StudyError(
            f"--metric {pattern!r} has {count}: parentheses say where the number stands; write {EXAMPLE}"
        )
    return name, found


def way_to_report(metric: str, patterns: Sequence[str], printed: str) -> str:
    """Return what a program that reported no metric is to print, or which pattern nothing fits.

    Args:
        metric: the study's.
        patterns: of all metrics.
        printed: the end of what the program printed.
    """
    mine = [pattern for pattern in patterns if compiled(pattern)[0] == metric]
    if not mine:
        return f'print lines such as {{"{metric}": 0.5}}'
    last = printed.rpartition("\n")[2].strip()[:80]
    what = f"; the last line that it printed is {last!r}" if last else ", and it printed nothing"
    return f"no line fits --metric {mine[0]!r}{what}"


def read_patterns(line: str, patterns: Sequence[str]) -> dict[str, float]:
    """Return the numbers that patterns find in a line, by metric; what is no number is not found."""
    numbers: dict[str, float] = {}
    for pattern in patterns:
        name, expression = compiled(pattern)
        matches = list(expression.finditer(line))
        if matches and matches[-1][1] is not None:
            try:
                numbers[name] = float(matches[-1][1])
            except ValueError:
                continue
    return numbers
