"""What every store refuses or makes uniform at its edge, so that all of them behave alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

import msgspec

from osetra.core.curves import Point
from osetra.core.facts import (
    CHECKED,
    SEVERAL,
    Claimed,
    Ended,
    Entry,
    Fact,
    Opened,
    decode,
    encode,
    has_checksum,
    key,
)
from osetra.errors import Conflict, NewerSchema, StoreError

Row = tuple[object, ...]

LARGEST = 2**63 - 1
MEND = "look with osetra db check, and save what is readable with osetra db recover"
UNCHECKED = "its checksum is gone, which every fact of this study was written with"
LONGEST = 1000
"""Bytes of a key or of a name; more does not fit into a database's index."""


def check_facts(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """Return the key and the JSON of each fact.

    Raises:
        Conflict: two of them establish the same.
        StoreError: a key that no database can hold.
        OverflowError: a number beyond 64 bits.
        UnicodeEncodeError: a text is not valid.
    """
    rows: dict[str, str] = {}
    for fact in facts:
        name = key(fact)
        check_name(name)
        if name in rows:
            raise Conflict(name)
        rows[name] = encode(fact).decode()
    return list(rows.items())


def check_name(name: str) -> None:
    """Make sure that every database can hold a key, the name of a metric or that of a study.

    Raises:
        StoreError: it is too long or holds the character NUL.
    """
    if "\0" in name:
        what = "holds the character NUL"
    elif any("\ud800" <= char <= "\udfff" for char in name):
        what = "holds half of a character, a stray surrogate"
    elif len(name.encode()) > LONGEST:
        what = f"is longer than {LONGEST} bytes"
    else:
        return
    raise StoreError(f"the name {name[:60]!r} {what}; shorten or clean it")


def check_study(name: str) -> None:
    """Make sure that every store can hold a study of a name, and a folder its checkpoints.

    Raises:
        StoreError: it is blank, too long, or holds what no database can hold.
    """
    check_name(name)
    if not name.strip():
        raise StoreError(f"the name {name!r} is blank; a study's name has a letter or more")
    if len(folder := f"study-{quote(name, safe='')}") > 255:
        raise StoreError(
            f"the name {name[:60]!r} needs {len(folder)} bytes as the folder of its checkpoints, and file "
            "systems allow 255; shorten it"
        )


def occupied(store: object) -> StoreError:
    """Return the error for a log that is to be restored where another one stands."""
    return StoreError(f"{store} has facts already, and a whole log is only written where there are none")


def open_attempts(facts: Iterable[Fact]) -> list[tuple[int, int]]:
    """Return (trial, attempt) of those that are claimed and not ended."""
    facts = list(facts)
    over = {(fact.trial, fact.attempt) for fact in facts if isinstance(fact, Ended)}
    claims = [(fact.trial, fact.attempt) for fact in facts if isinstance(fact, Claimed)]
    return [place for place in claims if place not in over]


def entries_of(url: str, rows: Iterable[tuple[int, float, str]]) -> list[Entry]:
    """Return the facts in rows of (version, time, JSON).

    Raises:
        NewerSchema: a fact of a kind that this version does not know.
        StoreError: what stands there is no JSON, or nested as no fact is.
    """
    version, checked = 0, False
    entries = []
    try:
        for version, time, body in rows:
            fact = decode(body)
            if isinstance(fact, Opened):
                checked = fact.format >= CHECKED
                check_format(url, fact)
            if checked and not has_checksum(body):
                raise msgspec.DecodeError(UNCHECKED)
            entries.append(Entry(version, time, fact))
    except msgspec.ValidationError as error:
        raise NewerSchema(
            f"{url}: version {version} cannot be read ({error}); if a newer osetra wrote it, upgrade this "
            f"one, else it is damaged: {MEND}"
        ) from None
    except (msgspec.DecodeError, RecursionError, TypeError) as error:
        raise StoreError(f"{url} is damaged: version {version} is no fact ({error}); {MEND}") from None
    return entries


def check_format(url: str, opened: Opened) -> None:
    """Make sure that this version knows the facts of a study.

    Raises:
        NewerSchema: it does not.
    """
    if opened.format > SEVERAL:
        raise NewerSchema(
            f"{url}: its facts are of format {opened.format}, and this osetra reads up to {SEVERAL}; upgrade "
            "it: pip install --upgrade osetra"
        )


def entry_of(row: Row) -> Entry | str:
    """Return the fact in a row (version, time, key, body), or a sentence why it is none."""
    version, time, name, body = row
    if not isinstance(version, int) or not isinstance(time, float) or not isinstance(body, str):
        return f"version {version!r:.40} is no row that osetra wrote"
    try:
        entry = Entry(version, time, decode(body))
    except (ValueError, RecursionError) as error:
        return f"version {version} ({name!r:.80}) cannot be read: {error}"
    if key(entry.fact) != name:
        return f"version {version} stands under the key {name!r:.80} and establishes {key(entry.fact)!r:.80}"
    return entry


def sort_rows(rows: Iterable[Row]) -> tuple[list[Entry], list[str]]:
    """Return the facts in rows (version, time, key, body), and a sentence for each that is none."""
    entries, wrong, checked = [], [], False
    for row in rows:
        entry = entry_of(row)
        if isinstance(entry, str):
            wrong.append(entry)
            continue
        if isinstance(entry.fact, Opened):
            checked = entry.fact.format >= CHECKED
        if checked and not has_checksum(str(row[3])):
            wrong.append(f"version {entry.version} ({key(entry.fact)!r:.80}) cannot be read: {UNCHECKED}")
        else:
            entries.append(entry)
    return entries, wrong


def check_points(points: Sequence[Point]) -> list[Point]:
    """Return points with plain numbers.

    Raises:
        OverflowError: a number beyond 64 bits.
        UnicodeEncodeError: a metric's name is not valid text.
        StoreError: a metric's name is too long or holds a NUL.
    """
    plain = [Point(int(t), int(a), int(i), int(s), m, float(v)) for t, a, i, s, m, v in points]
    for name in {point.metric for point in plain}:
        check_name(name)
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
