"""Numbers as people write them: with thousands marks, percent, currency, units, parentheses, bounds.

`number_of` reads one text; `number_format` looks at a whole column and settles what its marks mean.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from osetra.data.table import LONGEST_CELL, MISSING_MARKS, Codes
from osetra.data.units import CURRENCY, MEASURES, singular, unit_key

WORDS_FOR_MISSING = frozenset(
    {
        "-", "--", "---", "–", "—", "*", "**", "x", "~", "unknown", "unk", "missing", "none", "nil", "n.a.",
        "n.d.", "nd", "not available", "not applicable", "k.a.", "keine angabe", "#ref!", "tbd", "tba",
    }
)  # fmt: skip
"""Also missing where everything else in the column is a number or a date."""
SAMPLE = 100
"""Levels looked at before all are."""
MOSTLY = 0.9
"""Share of number cells from which a text cell counts as a mistake in a number column."""

_SPACE = "[ \u00a0\u202f]?"
_DIGITS = {
    ".": r"(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})*,\d{3}|\d{1,3}(?:['’ \u00a0\u202f]\d{3})+|\d+)"
    r"(?:\.\d*)?|\.\d+",
    ",": r"(?:[1-9]\d{0,2}(?:\.\d{3})+|\d{1,3}(?:['’ \u00a0\u202f]\d{3})+|\d+)(?:,\d*)?|,\d+",
}
PATTERNS = {
    mark: re.compile(
        rf"(?P<bound>[<>≤≥~≈]=?)?{_SPACE}(?:(?P<outside>{CURRENCY}){_SPACE}(?=\())?(?P<open>\()?(?P<sign>[+\-−–])?{_SPACE}(?P<before>{CURRENCY}|%)?{_SPACE}"
        rf"(?P<minus>[-−])?(?P<digits>{digits})(?P<exponent>[eE][+-]?\d+)?(?P<more>\+)?{_SPACE}"
        rf"(?P<times>(?:[KkMB]|bn|mn|Mio\.?|Mrd\.?|thousand|[mb]illion|lakh|crore)(?![\w/]))?{_SPACE}"
        rf"(?P<after>{CURRENCY}|%|‰|[^\W\d_][^\d\s()<>$€£%;,|]{{0,9}}(?:(?<=[mtndhy])[23])?|°[CF]?|['\"″′])?(?P<plus>\+)?(?P<close>\))?(?P<behind>-)?(?:\*{{1,3}}|†|‡|\[\w{{1,3}}\])?"
    )
    for mark, digits in _DIGITS.items()
}
TIMES = {"k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9, "mn": 1e6, "mio": 1e6, "mrd": 1e9,
         "thousand": 1e3, "million": 1e6, "billion": 1e9, "lakh": 1e5, "crore": 1e7}  # fmt: skip
_ORDINALS = frozenset({"st", "nd", "rd", "th"})


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the numbers of a column are written."""

    decimal: str = "."
    unit: str = ""
    """What stands beside them: %, a currency or a unit; only said."""
    marks: tuple[str, ...] = ()
    """Texts, in lower case, that mean missing in this column."""
    thousands: bool = False
    times: tuple[str, ...] = ()
    """Words for multiples that stand behind numbers, such as k."""
    bounds: int = 0
    """How many cells are bounds such as <0.1, read as the bound."""


def number_of(text: str, decimal: str = ".") -> tuple[float, str, str] | None:
    """Return a text's number, its unit and its multiplier; None when it is no number."""
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        return float(text), "", ""  # refused later, with its row
    found = PATTERNS[decimal].fullmatch(text) if len(text) <= LONGEST_CELL else None
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    digits = re.sub(r"[.'’ \u00a0\u202f]" if decimal == "," else r"[,'’ \u00a0\u202f]", "", found["digits"])
    value = float(digits.replace(",", ".") + (found["exponent"] or ""))
    negative = (found["sign"] in ("-", "−", "–")) != bool(found["minus"] or found["behind"]) or bool(
        found["open"]
    )
    times = (found["times"] or "").rstrip(".").lower()
    after = found["after"] or ""
    if found["before"] and after and (after != "%" or found["before"] == "%"):
        return None
    unit = found["outside"] or found["before"] or after
    unit = "" if unit.lower() in _ORDINALS else unit
    return (-value if negative else value) * TIMES.get(times, 1.0), unit, times


def number_format(
    levels: Sequence[str], counts: Codes, *, decimal: str = ".", declared: frozenset[str] = frozenset()
) -> NumberFormat | None:
    """Return how a column's numbers are written; None when they are no numbers of one kind.

    Args:
        levels: the distinct texts.
        counts: how many rows have each.
        decimal: what the rest of the file has before decimals, for numbers that could be read in two ways.
        declared: texts, in lower case, declared as missing.
    """
    always = MISSING_MARKS | declared
    said = [
        (level, int(count))
        for level, count in zip(levels, counts, strict=True)
        if level.lower() not in always
    ]
    if not said:
        return None
    marks = frozenset(level.lower() for level, _ in said if level.lower() in WORDS_FOR_MISSING)
    values = [(level, count) for level, count in said if level.lower() not in marks]
    if not values:
        return None
    for mark in (decimal, "," if decimal == "." else "."):
        if any(number_of(level, mark) is None for level, _ in values[:: max(1, len(values) // SAMPLE)]):
            continue
        read = [(number_of(level, mark), level, count) for level, count in values]
        if any(number is None for number, _, _ in read):
            continue
        units = Counter(number[1] for number, _, _ in read if number)
        named = [unit for unit, _ in units.most_common() if unit]
        if len(set(map(unit_key, named))) > 1 or not _are_quantities(values):
            return None
        between = rf"\d[{'.' if mark == ',' else ','}'’ \u00a0\u202f]\d{{3}}(\D|$)"
        thousands = any(re.search(between, level) for level, _ in values) and not all(
            re.fullmatch(r"[+-]?\d*\.?\d*([eE][+-]?\d+)?", level) for level, _ in values
        )
        bounds = sum(count for number, level, count in read if level[0] in "<>≤≥~≈" or "+" in level[1:])
        times = tuple(sorted({number[2] for number, _, _ in read if number and number[2]}))
        return NumberFormat(
            mark,
            singular(named[0]) if named else "",
            tuple(sorted(marks | declared)),
            thousands,
            times,
            bounds,
        )
    return None


def units_of(levels: Sequence[str], decimal: str = ".") -> list[str]:
    """Return the units beside numbers, where nearly all texts are numbers in two known units or more."""
    read = [found for level in levels if (found := number_of(level, decimal))]
    if not read or len(read) < MOSTLY * len(levels):
        return []
    units = {unit_key(unit): singular(unit) for _, unit, _ in read if unit}
    known = [unit for key, unit in units.items() if key in MEASURES or re.fullmatch(CURRENCY, unit)]
    return sorted(known) if len(known) > 1 and len(known) == len(units) else []


def _are_quantities(values: Sequence[tuple[str, int]]) -> bool:
    """Return False for codes such as 00501: equally long digits, some with zeros in front."""
    digits = all(level.isdigit() for level, _ in values)
    widths = {len(level) for level, _ in values}
    return not (
        digits and len(widths) == 1 and min(widths) >= 3 and any(x.startswith("0") for x, _ in values)
    )
