"""Numbers, durations and configurations as people read them: four digits, no noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from osetra.core.clean import name_text, one_line
from osetra.core.params import Fixed, Value
from osetra.core.space import Space

_LONGEST = 60
"""Characters of a value on a line with others."""


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with `digits` significant digits; `-` for none, `nan` and `inf` by name."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4 or exponent >= 6:
        mantissa, _, power = f"{value:.{digits - 2}e}".partition("e")
        return f"{_tidy(mantissa)}e{int(power)}"
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def percent(share: float) -> str:
    """Return a share as a percentage with two or three digits."""
    return f"{100 * share:.1f} %" if share < 0.995 else f"{100 * share:.0f} %"


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and sample standard deviation; no deviation of a single value."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5


def mean_text(values: Sequence[float]) -> str:
    """Return `0.0412 ± 0.0011`: mean and standard deviation; the value alone when there is one."""
    mean, deviation = mean_and_deviation(values)
    return number(mean) if deviation is None else f"{number(mean)} ± {number(deviation, 2)}"


def setting(value: Value, digits: int = 4) -> str:
    """Return a hyperparameter's value, short: floats with `digits` digits and no trailing zeros.

    Close to 1 two digits of what is missing are kept: a momentum of 0.9995 averages ten times more steps
    than one of 0.995, and neither is 1.
    """
    if isinstance(value, float):
        return _tidy(_below_one(value, digits) or number(value, digits))
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return one_line(str(value))


def duration(seconds: float | None) -> str:
    """Return a span of time: `8 ms`, `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def searched_names(space: Space) -> list[str]:
    """Return the names that are searched, in declaration order."""
    return list(dict.fromkeys(name for name, param in space if not isinstance(param, Fixed)))


def settings(config: Mapping[str, Value], names: Sequence[str], width: int | None = None) -> str:
    """Return `lr=0.012 units=64`, cut after the last pair that fits into `width` columns."""
    pairs = [f"{name_text(name)}={_cut(setting(config[name]))}" for name in names if name in config]
    if width is None or len(" ".join(pairs)) <= width:
        return " ".join(pairs)
    kept: list[str] = []
    for pair in pairs:
        if len(" ".join([*kept, pair])) + 2 > width:
            break
        kept.append(pair)
    return " ".join([*kept, "…"])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _below_one(value: float, digits: int) -> str:
    """Return a number whose distance to 1 needs more places than its own digits have; else nothing."""
    missing = 1.0 - abs(value)
    if not 1e-12 < missing < 0.1:
        return ""
    places = 1 - math.floor(math.log10(missing))
    return f"{value:.{places}f}" if places > digits else ""


def _tidy(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
