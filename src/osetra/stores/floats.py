"""How a double is kept in a database: a column for the value, and a small number for its kind.

SQLite turns NaN into NULL and -0.0 into 0.0, PostgreSQL ranks NaN above everything. With a kind beside
it every double but a NaN's payload comes back bit by bit from any database.
"""

from __future__ import annotations

import math

SPECIAL = (0.0, math.inf, -math.inf, math.nan, -0.0)
"""What a column of doubles does not keep, by its kind; kind 0 is what it keeps."""


def pack(value: float) -> tuple[float | None, int]:
    """Return a value, or None for a special one, and its kind."""
    if math.isfinite(value) and (value or math.copysign(1.0, value) > 0):
        return value, 0
    if math.isnan(value):
        return None, 3
    return None, 4 if value == 0 else 1 if value > 0 else 2
