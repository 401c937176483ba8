"""What every store refuses or makes uniform at its edge, so that all of them behave alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from osetra.core.curves import Point
from osetra.errors import StoreError

LARGEST = 2**63 - 1


def check_points(points: Sequence[Point]) -> list[Point]:
    """Return points with plain numbers.

    Raises:
        OverflowError: a number beyond 64 bits.
        UnicodeEncodeError: a metric's name is not valid text.
    """
    plain = [Point(int(t), int(a), int(i), int(s), m, float(v)) for t, a, i, s, m, v in points]
    for name in {point.metric for point in plain}:
        name.encode()
    if any(max(point[:4]) > LARGEST or min(point[:4]) < -LARGEST for point in plain):
        raise OverflowError
    return plain


@contextmanager
def unwritable(url: str) -> Iterator[None]:
    """Turn what Python says about impossible numbers and texts into a StoreError."""
    try:
        yield
    except OverflowError:
        raise StoreError(f"{url}: a whole number beyond 64 bits cannot be stored; shorten it") from None
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{url}: {error.object!r:.80} is not valid text ({error.reason}); remove the stray surrogate"
        ) from None
