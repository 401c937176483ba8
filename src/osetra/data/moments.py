"""Moments: dates, times of day and durations as people write them, and what a network learns of them.

A date gives its year, the place in the year and in the week on a circle, the hour on a circle where
there are hours, and the days elapsed since 1970. A time of day is a place on a circle too.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np

from osetra.data.durations import are_laps, hours_of
from osetra.data.month_names import month_of
from osetra.data.table import LONGEST_CELL, Floats

Order: TypeAlias = Literal[
    "ymd", "mdy", "dmy", "named", "ym", "quarter", "week", "clock", "duration", "lap", "compact", "epoch"
]
ORDERS: tuple[Order, ...] = ("ymd", "mdy", "dmy", "named", "ym", "quarter", "week", "clock", "duration")
PARTS = ("year", "season sin", "season cos", "weekday sin", "weekday cos", "hour sin", "hour cos", "elapsed")
"""Of a date; season is the place in the year."""
CLOCK_PARTS = ("hour sin", "hour cos", "hours")
"""Of a time of day."""
LENGTHS: tuple[Order, ...] = ("duration", "lap")
"""How long something took; a lap ends with its seconds, a duration of 59:12 with its minutes."""
UNAMBIGUOUS: tuple[Order, ...] = ("ymd", "named", "ym", "quarter", "week", "compact")
"""Ways to write a date that mean the same in any order of day and month."""
EPOCH = datetime.datetime(1970, 1, 1)
TICKS = ((1e11, 86_400.0), (1e14, 86_400e3), (1e17, 86_400e6), (np.inf, 86_400e9))
"""Below which a count since 1970 is of seconds, milli-, micro-, nanoseconds, and how many are a day."""

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"|(?P<hour12>\d{1,2})\s*(?P<half12>[AaPp]\.?[Mm]\.?)"
)
_DOTTED = (
    r"(?P<hour>\d{1,2})\.(?P<minute>\d{2})(?:\.(?P<second>\d{2}(?:[.,]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
)
_ZONE = (
    r"(?:\s*(?:Z|Uhr|[A-Z]{3,5}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?))?(?:\s*\([A-Z]{2,5}\))?"
    r"(?:\s*\[?[A-Z]\w+/[\w/+-]+\]?)?"
)
_AT = r"(?:[T\s]|,\s)\s*(?:(?:at|um|à|a las|kl\.?|-)\s+)?"
_TIME = rf"(?:{_AT}(?:{_CLOCK}){_ZONE})?"
_DOTTED_TIME = rf"\s+(?:{_DOTTED}){_ZONE}"
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_YEAR = r"(?P<year>\d{4})"
_DIGITS = r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
_CLOCK_DIGITS = r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2}(?:[.,]\d+)?)?"
PATTERNS: dict[Order, tuple[re.Pattern[str], ...]] = {
    "ymd": (
        re.compile(rf"{_YEAR}([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_TIME}"),
        re.compile(rf"{_DIGITS}[T_ -]{_CLOCK_DIGITS}{_ZONE}"),
        re.compile(rf"{_DIGITS}[T_ -](?:{_CLOCK}){_ZONE}"),
        re.compile(
            rf"{_YEAR}\s?[年년]\s?(?P<month>\d{{1,2}})\s?[月월]\s?(?P<day>\d{{1,2}})\s?[日일]?{_TIME}"
        ),
    ),
    "mdy": (re.compile(rf"(?P<month>\d{{1,2}})([-/.])(?P<day>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){_TIME}"),),
    "dmy": (re.compile(rf"(?P<day>\d{{1,2}})([-/.])(?P<month>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){_TIME}"),),
    "named": (
        re.compile(rf"{_WEEKDAY}{_NAME}\s+{_DAY},?\s+{_YEAR}{_TIME}"),
        re.compile(
            rf"{_WEEKDAY}{_DAY}[\s/-]+(?:de\s+)?{_NAME}[\s,/-]+(?:del?\s+)?(?P<year>\d{{4}}|\d{{2}})(?:\s?г\.?)?"
            rf"{_TIME}"
        ),
        # SAS, then Oracle.
        re.compile(rf"(?P<day>\d{{1,2}}){_NAME}(?P<year>\d{{4}}|\d{{2}})(?:[:\s](?:{_CLOCK}))?"),
        re.compile(rf"{_DAY}[\s-]{_NAME}[\s-](?P<year>\d{{4}}|\d{{2}}){_DOTTED_TIME}"),
        re.compile(rf"{_YEAR}[\s-]+{_NAME}[\s-]+{_DAY}{_TIME}"),
        re.compile(rf"{_NAME}[\s-]+(?:de\s+)?{_YEAR}"),
        re.compile(rf"{_NAME}-(?P<year>\d{{2}})"),
        # C's ctime, then the logs of web servers.
        re.compile(
            rf"{_WEEKDAY}{_NAME}\s+{_DAY}\s+(?:{_CLOCK})\s+(?:[A-Z]{{3,4}}\s+|[+-]\d{{4}}\s+)?{_YEAR}"
        ),
        re.compile(rf"\[?{_DAY}/{_NAME}/{_YEAR}:(?:{_CLOCK})(?:\s+[+-]\d{{4}})?\]?"),
    ),
    "ym": (
        re.compile(r"(?P<year>\d{4})(?:[-/]|[ -]?M)(?P<month>\d{2})"),
        re.compile(r"(?P<month>\d{1,2})/(?P<year>(?:19|20)\d{2})"),
    ),
    "quarter": (
        re.compile(r"(?P<year>\d{4})[\s/-]?(?:[QqT]|кв\.?\s?)(?P<quarter>[1-4])"),
        re.compile(r"[QqT](?P<quarter>[1-4])(?:[\s/-]+|\s?')?(?P<year>\d{4}|\d{2})"),
        re.compile(r"(?P<quarter>[1-4])\.?\s?(?:[QqT]|[Qq]uartal|quarter)[\s/'-]*(?P<year>\d{4}|\d{2})"),
    ),
    "week": (
        re.compile(rf"{_YEAR}[\s-]?(?:W|KW\s?)(?P<week>\d{{1,2}})(?:-?(?P<weekday>[1-7]))?"),
        re.compile(rf"(?:W|KW|[Ww]eek)\s?(?P<week>\d{{1,2}})[\s/,-]+{_YEAR}"),
    ),
    "compact": (re.compile(rf"{_DIGITS}(?:{_CLOCK_DIGITS})?"),),
    "clock": (re.compile(_CLOCK),),
}


_TICKS = re.compile(r"-?\d{1,19}(?:\.\d+)?")


def order_of(
    levels: Sequence[str], *, declared: str = "", day_first: bool = False
) -> tuple[Order, bool] | None:
    """Return in which order nearly all texts are moments, and whether month and day could be swapped.

    Args:
        levels: distinct texts; a part of many is enough.
        declared: the order that a person named, or "".
        day_first: which to take where both fit, unless points stand between (then the day is first).
    """
    step = max(1, len(levels) // 500)
    sample = levels[::step]
    orders: tuple[Order, ...] = (declared,) if declared else ORDERS  # type: ignore[assignment]
    fits = [
        order
        for order in orders
        if sum(moment_of(text, order) is not None for text in sample) > 0.9 * len(sample)
    ]
    if not declared and are_laps(sample) and not any(order in fits for order in ORDERS[:-1]):
        read = sum(moment_of(text, "lap") is not None for text in sample)
        fits = ["lap"] if read > 0.9 * len(sample) else fits
    if not fits:
        fits = [order for order in orders if _fits_mixed(sample, order)]
    if not fits:
        return None
    if "mdy" in fits and "dmy" in fits:
        european = day_first or all("." in text for text in sample)
        return ("dmy" if european else "mdy"), not all("." in text for text in sample)
    if fits[0] == "clock" and "duration" in fits and not any(_half(text) for text in sample):
        return (
            ("clock", False) if all(int(text.split(":")[0]) < 24 for text in sample) else ("duration", False)
        )
    return fits[0], False


def _fits_mixed(sample: Sequence[str], order: Order) -> bool:
    """Whether nearly all texts are dates, some in an order and the rest in a way that cannot be mistaken."""
    own = sum(moment_of(text, order) is not None for text in sample)
    return 2 * own >= len(sample) and all(read_moment(text, order) is not None for text in sample)


def read_moment(text: str, order: Order) -> float | None:
    """Return what `moment_of` does; a date that cannot be mistaken is one in any order of dates."""
    found = moment_of(text, order)
    if found is not None or order in ("clock", *LENGTHS):
        return found
    read = (moment_of(text, other) for other in UNAMBIGUOUS if other != order)
    return next((each for each in read if each is not None), None)


def moment_of(text: str, order: Order) -> float | None:
    """Return days since 1970, for a time of day and a duration its hours; None when it is none."""
    if len(text) > LONGEST_CELL:
        return None
    if order in LENGTHS:
        return hours_of(text, lap=order == "lap")
    if order == "epoch":
        return float(epoch_days(np.float64(text))) if _TICKS.fullmatch(text) else None
    for pattern in PATTERNS[order]:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        hours = _hours(parts)
        if order == "clock" or hours is None:
            return hours
        day = _day_of(parts)
        if day is not None:
            return (day - EPOCH).days + hours / 24
    return None


def _day_of(parts: Mapping[str, str | None]) -> datetime.datetime | None:
    """Return the day that the parts of a date name; of a month, a quarter or a week the first."""
    year, week, quarter = int(parts["year"] or 0), parts.get("week"), parts.get("quarter")
    year += (2000 if year < 70 else 1900) if len(parts["year"] or "") == 2 else 0
    month = 3 * int(quarter) - 2 if quarter else parts.get("month") or month_of(parts.get("name") or "")
    try:
        if week:
            return datetime.datetime.fromisocalendar(year, int(week), int(parts.get("weekday") or 1))
        return None if month is None else datetime.datetime(year, int(month), int(parts.get("day") or 1))
    except ValueError:
        return None


def epoch_days(counts: Floats | np.float64) -> Floats:
    """Return counts of seconds since 1970, or of finer ticks as their size says, in days."""
    size = np.abs(counts)
    return counts / np.select([size < most for most, _ in TICKS], [ticks for _, ticks in TICKS], np.nan)


def date_parts(days: Floats) -> dict[str, Floats]:
    """Return what is learnt of moments, days since 1970 (n,): each of PARTS, NaN where missing."""
    known = np.isfinite(days)
    filled = np.where(known, days, 0.0)
    dates = np.floor(filled).astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    into = (dates - years.astype("datetime64[D]")).astype(np.float64) / 365.25
    # 1970-01-01 was a Thursday; Monday is 0.
    week, hour = (np.floor(filled) + 3) % 7 / 7, (filled % 1.0)
    values = {
        "year": years.astype(np.int64) + 1970.0,
        "season sin": np.sin(2 * np.pi * into), "season cos": np.cos(2 * np.pi * into),
        "weekday sin": np.sin(2 * np.pi * week), "weekday cos": np.cos(2 * np.pi * week),
        "hour sin": np.sin(2 * np.pi * hour), "hour cos": np.cos(2 * np.pi * hour),
        "elapsed": filled,
    }  # fmt: skip
    return {name: np.where(known, each, np.nan) for name, each in values.items()}


def clock_parts(hours: Floats) -> dict[str, Floats]:
    """Return what is learnt of times of day, hours (n,): each of CLOCK_PARTS."""
    angle = 2 * np.pi * hours / 24
    return {"hour sin": np.sin(angle), "hour cos": np.cos(angle), "hours": hours}


def _hours(parts: dict[str, str | None]) -> float | None:
    hour, half = parts.get("hour") or parts.get("hour12"), parts.get("half") or parts.get("half12")
    if hour is None:
        return 0.0
    value = int(hour)
    if half:
        if not 1 <= value <= 12:
            return None
        value = value % 12 + (12 if half[0] in "Pp" else 0)
    minute, second = int(parts.get("minute") or 0), float((parts.get("second") or "0").replace(",", "."))
    if value > 24 or minute > 59 or second >= 61:
        return None
    return value + minute / 60 + second / 3600


def _half(text: str) -> bool:
    return text[-1:] in "mM." and any(letter in text.lower() for letter in "ap")
