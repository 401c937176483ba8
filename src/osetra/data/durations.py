"""Durations as people and programs write them: with clocks, with units in words, as laps, as ISO 8601.

A year has 365.25 days and a month a twelfth of that, so that all of them are hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

UNITS = {
    "years": 8766.0, "months": 730.5, "weeks": 168.0, "days": 24.0, "hours": 1.0, "minutes": 1 / 60,
    "seconds": 1 / 3600, "milliseconds": 1 / 3.6e6,
}  # fmt: skip
"""Hours of each."""
_WORDS = {
    "years": r"years?|yrs?\.?|jahre?n?|ans?|ann[ée]es?|a[ñn]os?|ann[oi]|лет|года?",
    "months": r"months?|mos?\.?|mths?|monate?n?|mois|mes(?:es|i|e)?|месяц(?:а|ев)?",
    "weeks": r"weeks?|wks?\.?|wochen?|semaines?|semanas?|settiman[ae]|недел[ьяи]",
    "days": r"days?|tage?n?|jours?|d[íi]as?|giorn[oi]|дн(?:я|ей)|день",
    "hours": r"hours?|hrs?\.?|stunden?|std\.?|heures?|horas?|or[ae]|час(?:а|ов)?",
    "minutes": r"minutes?|mins?\.?|minuten|minutos?|minut[oi]|мин(?:ут[аы]?)?\.?",
    "seconds": r"seconds?|secs?\.?|sekunden?|sek\.?|secondes?|segundos?|second[oi]|сек(?:унд[аы]?)?\.?",
    "milliseconds": r"milliseconds?|millis|ms",
}
_LETTERS = {"years": "y", "weeks": "w", "days": "d", "hours": "h", "minutes": "m", "seconds": "s"}
"""In lower case only: capitals behind numbers are codes more often."""
_COUNT = r"\d+(?:[.,]\d+)?"
_BETWEEN = r"\s*(?:,|and|und|et|y|e|&|и)?\s*"
_MINUS = r"(?P<minus>[-−])?"


def _unit(name: str, letter: str) -> str:
    short = f"|{letter}" if letter else ""
    return rf"(?:(?P<{name}>{_COUNT})\s?(?:(?i:{_WORDS[name]}){short})(?![^\W\d_]){_BETWEEN})?"


def _in_words(letters: dict[str, str]) -> str:
    return _MINUS + "".join(_unit(name, letters.get(name, "")) for name in UNITS)


_CLOCK = r"(?P<hours>\d+):(?P<minutes>\d{2})(?::(?P<seconds>\d{2}(?:[.,]\d+)?))?"
DURATIONS = tuple(
    map(
        re.compile,
        (
            rf"{_MINUS}(?:(?P<days>\d+)(?: ?(?:(?i:{_WORDS['days']})|d),? ?|\.(?=\d\d:\d\d:)))?"
            rf"(?P<plus>\+)?(?:{_CLOCK})?",
            rf"{_MINUS}P(?:(?P<years>{_COUNT})Y)?(?:(?P<months>{_COUNT})M)?(?:(?P<weeks>{_COUNT})W)?"
            rf"(?:(?P<days>{_COUNT})D)?(?:T(?:(?P<hours>{_COUNT})H)?(?:(?P<minutes>{_COUNT})M)?"
            rf"(?:(?P<seconds>{_COUNT})S)?)?",
            rf"{_MINUS}(?P<years>{_COUNT}) ?y,? ?(?P<months>{_COUNT}) ?m",
            _in_words(_LETTERS),
            rf"{_MINUS}(?P<hours>\d+) ?h ?(?P<minutes>\d\d)",
            rf"{_MINUS}(?P<minutes>\d+)[:'′’](?P<seconds>\d\d[.,]\d+)",
        ),
    )
)
LAPS = (
    re.compile(rf"{_MINUS}(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d{{1,2}}(?:[.,]\d+)?)"),
    *DURATIONS,
)
"""Where seconds stand last: 59:12 is 59 minutes, and 58.7 seconds have no minute before them."""
_SHORT = re.compile(r"\d+:\d\d([.,]\d+)?")
_LONG = re.compile(r"\d+:\d\d:\d\d([.,]\d+)?")


def hours_of(text: str, *, lap: bool = False) -> float | None:
    """Return a duration in hours; None when it is none."""
    for pattern in LAPS if lap else DURATIONS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        given = {name: float(count.replace(",", ".")) for name in UNITS if (count := parts.get(name))}
        if not given:
            continue
        signs = {name: -1.0 if parts["minus"] else 1.0 for name in given}
        if parts.get("plus"):  # -1 days +23:59:59 is one second before nothing
            signs |= {name: 1.0 for name in given if name != "days"}
        return sum(signs[name] * UNITS[name] * value for name, value in given.items())
    return None


def unit_for(hours: NDArray[np.float64]) -> str:
    """Return the unit in which durations, hours (n,), are short numbers: seconds, minutes, hours or days."""
    usual = float(np.nanmedian(np.abs(hours))) if np.any(np.isfinite(hours)) else 1.0
    units = ("days", "hours", "minutes")
    least = {"days": 2.0}  # 30 hours are said as that, and 30 days are
    return next((unit for unit in units if usual >= least.get(unit, 1.0) * UNITS[unit]), "seconds")


def are_laps(texts: Sequence[str]) -> bool:
    """Whether seconds stand last in texts with colons: fractions behind minutes, or h:mm:ss beside mm:ss."""
    clocks = sum(":" in text for text in texts)
    short = [found for text in texts if (found := _SHORT.fullmatch(text))]
    fractions = any(found[1] for found in short)
    mixed = bool(short) and any(map(_LONG.fullmatch, texts))
    return 2 * clocks >= len(texts) and (fractions or mixed)
