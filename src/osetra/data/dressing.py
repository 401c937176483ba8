"""Dressing: what stands around the numbers of a column beyond the marks that are known, and words among them.

`$12/mo`, `Rs. 500` or `4 of 5`: what is common to nearly all cells says what the numbers are in. A word that
stands in many cells, such as `pending`, says something of its own; in few it is a slip.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from osetra.data.numbers import MOSTLY, number_of
from osetra.data.table import LONGEST_CELL
from osetra.data.units import CURRENCY, SIGNS, same_unit, unit_key

SAMPLE = 500
"""Levels looked at before all are."""
FEWEST_NUMBERS = 10
"""Different numbers, and for each word so many more, from which on words stand among numbers."""
FOR_A_WORD = 4
MOST_WORDS = 5
REPEATED = 3
"""Cells from which on a word is no slip."""
LEAST = 0.2
"""Share of the cells that are numbers in a column of them."""
_BEFORE = r"[<>≤≥~≈=]*\s*[(+\-−–]?\s*"
_BEHIND = r"\)?[-*†‡]*"
_PARTS = re.compile(
    rf"{_BEFORE}(?P<prefix>[^\d(]{{0,12}}?)\s*[+\-−–(]?\s*"
    r"\d(?:[\d.,'’ \u00a0\u202f]*\d)?(?:[eE][+-]?\d+)?\s*(?P<suffix>\D.{0,29})?"
)
_SUFFIX = re.compile(r"(?:[^\d:]|(?<=[^\W\d_])\^?[23](?!\d))*|(?:/|of|out of|von|sur)\s*\d+", re.IGNORECASE)
"""Without numbers of its own, but for exponents, and ends of scales such as 4 of 5."""


@dataclass(frozen=True, slots=True)
class Dressed:
    """How the cells of a column are written that are numbers but for what is around and among them."""

    decimal: str
    prefix: str = ""
    suffix: str = ""
    unit: str = ""
    words: tuple[str, ...] = ()
    """In lower case, that stand in many cells."""
    shares: tuple[float, ...] = ()
    """Of the cells that each of them stands in."""
    slip: str = ""
    """The first text that is neither number nor such a word."""
    numbers: int = 0
    """How many cells are numbers."""


def undressed(text: str, prefix: str, suffix: str) -> str:
    """Return a text without what stands around the numbers of its column."""
    if not (prefix or suffix) or len(text) > LONGEST_CELL:
        return text
    found = dressing_pattern(prefix, suffix).fullmatch(text)
    return text if found is None else "".join(found.groups())


@lru_cache(maxsize=256)
def dressing_pattern(prefix: str, suffix: str) -> re.Pattern[str]:
    """Return what matches a number with what stands around it, which is in none of its groups."""
    before, behind = (rf"(?:{re.escape(each)})?" if each else "" for each in (prefix, suffix))
    return re.compile(rf"({_BEFORE}){before}\s*(.*?)\s*{behind}({_BEHIND})", re.IGNORECASE)


def dressed(
    levels: Sequence[str],
    counts: Sequence[int],
    decimal: str,
    missing: frozenset[str],
    *,
    fewest: int = FEWEST_NUMBERS,
    loose: bool = False,
) -> Dressed | None:
    """Return how a column's numbers are dressed; None of a column of something else.

    Args:
        levels: the distinct texts.
        counts: how many rows have each.
        decimal: what the rest of the file has before decimals.
        missing: texts, in lower case, that mean missing.
        fewest: different numbers from which on words may stand among them.
        loose: whether a person said that it holds numbers, so that few are enough.
    """
    said = [(level, int(n)) for level, n in zip(levels, counts, strict=True) if level.lower() not in missing]
    if len(said) < 2:
        return None
    some = [level for level, _ in said[:: max(1, len(said) // SAMPLE)]]
    best: tuple[int, str, str, str] = (0, decimal, "", "")
    for prefix, suffix in dict.fromkeys((("", ""), _common(some))):
        for mark in (decimal, "," if decimal == "." else "."):
            read = sum(number_of(undressed(level, prefix, suffix), mark) is not None for level in some)
            best = max(best, (read, mark, prefix, suffix), key=lambda each: each[0])
    _, mark, prefix, suffix = best
    if loose:
        units = Counter(number[1] for level in some if (number := number_of(level, mark)) and number[1])
        commonest = next(iter(units.most_common(1)), ("", 0))[0]
        return Dressed(mark, prefix, suffix, f"{prefix} {suffix}".strip() or commonest)
    return None if best[0] < MOSTLY * (len(some) - MOST_WORDS) else _read(said, mark, prefix, suffix, fewest)


def _read(
    said: Sequence[tuple[str, int]], decimal: str, prefix: str, suffix: str, fewest: int
) -> Dressed | None:
    found = [number_of(undressed(level, prefix, suffix), decimal) for level, _ in said]
    units: Counter[str] = Counter()
    for each, (_, n) in zip(found, said, strict=True):
        units[each[1] if each else ""] += n * bool(each)
    around = f"{prefix} {suffix}".strip()
    usual = units.most_common(1)[0][0]
    if not around and not usual and len(set(map(unit_key, units)) - {""}) > 1:
        return None
    unit = around or usual or next((each for each, _ in units.most_common() if each), "")
    # The few in another unit than nearly all others are slips.
    read = [each is not None and (not each[1] or same_unit(each[1], unit)) for each in found]
    numbers = [level for number, (level, _) in zip(read, said, strict=True) if number]
    others = [pair for number, pair in zip(read, said, strict=True) if not number]
    total = sum(n for _, n in said)
    filled, words = total - sum(n for _, n in others), _words(others)
    if len(numbers) < max(fewest, FOR_A_WORD * len(words)) or filled < LEAST * total:
        words = {}
    if _are_codes(numbers) or filled < MOSTLY * (total - sum(words.values())):
        return None
    slips = [level for level, _ in others if level.lower() not in words]
    shares = tuple(n / total for n in words.values())
    return Dressed(decimal, prefix, suffix, unit, tuple(words), shares, slips[0] if slips else "", filled)


def _words(said: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Return the texts without digits that stand in many cells, and in how many; none of too many texts."""
    counts: Counter[str] = Counter()
    for level, n in said:
        counts[level.lower()] += n
    many = {word: n for word, n in counts.most_common() if n >= REPEATED and not re.search(r"\d", word)}
    return many if len(many) <= MOST_WORDS else {}


def _common(texts: Sequence[str]) -> tuple[str, str]:
    """Return what stands before and behind nearly all numbers of texts, "" for nothing."""
    found = [parts for text in texts if len(text) <= LONGEST_CELL and (parts := _PARTS.fullmatch(text))]
    chosen = []
    for side in ("prefix", "suffix"):
        around = Counter(re.sub(r"[)*†‡]+$", "", (parts[side] or "").strip()).strip() for parts in found)
        text, count = around.most_common(1)[0] if around else ("", 0)
        chosen.append(text if count >= MOSTLY * len(found) else "")
    prefix, suffix = chosen
    # Codes such as A12 or room 12 are no quantities; fractions and thousands marks are none of codes.
    fractions = any(re.search(r"\d[.,'’ ]\d", text) for text in texts)
    plausible = bool(re.search(f"[{SIGNS}%]", prefix) or re.fullmatch(CURRENCY, prefix) or fractions)
    return prefix if plausible else "", suffix if _SUFFIX.fullmatch(suffix) else ""


def _are_codes(levels: Sequence[str]) -> bool:
    """Whether numbers are codes such as 00501."""
    return all(map(str.isdigit, levels)) and any(level[0] == "0" and len(level) > 1 for level in levels)
