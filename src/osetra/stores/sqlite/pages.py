"""Rows out of a damaged SQLite file, page by page, without SQLite.

SQLite finds a row through the pages above it, so that one damaged page hides everything below. But
each page that holds rows can be read by itself (sqlite.org/fileformat2.html), from the file and from
its write-ahead log alike. Facts and points are never changed and never deleted, so an old copy of a row
is as good as the newest, and in which order pages are read does not matter.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from osetra.files import read_regular

Value = None | int | float | str | bytes
Row = tuple[Value, ...]

_MAGIC = b"SQLite format 3\0"
_SIZES = tuple(2**power for power in range(9, 17))
_INNER_INDEX, _LEAF_INDEX, _LEAF_TABLE = 2, 10, 13
_WAL_HEADER, _FRAME_HEADER = 32, 24
LARGEST = 64 * 2**20
"""Bytes of the largest row that is believed."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row with its number; rows of indexes and of tables without row numbers have none."""

    number: int | None
    row: Row


def carve(path: Path) -> Iterator[StoredRow]:
    """Yield every row that a whole page of a file, or of its write-ahead log, holds; some twice.

    Raises:
        OSError: the file cannot be read.
    """
    data = read_regular(path)
    log = Path(f"{path}-wal")
    frames = log.read_bytes() if log.is_file() else b""
    stated = int.from_bytes(data[16:18], "big") if data[:16] == _MAGIC else 0
    for size in (65536 if stated == 1 else stated, int.from_bytes(frames[8:12], "big")):
        if size in _SIZES:
            return _found(data, frames, size)
    # No header tells the size of a page: it is the one by which most rows make sense.
    size = max(_SIZES, key=lambda size: sum(1 for _ in _found(data, b"", size)))
    return _found(data, frames, size)


def _found(data: bytes, frames: bytes, size: int) -> Iterator[StoredRow]:
    pages = {number: data[at : at + size] for number, at in enumerate(range(0, len(data), size), 1)}
    newest = dict(pages)
    for number, page in _logged(frames, size):
        newest[number] = page
        yield from _rows(page, number, newest)
    for number, page in pages.items():
        yield from _rows(page, number, newest)


def _logged(frames: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield the pages of a write-ahead log up to its last commit."""
    salts, whole = frames[16:24], []
    committed = 0
    for at in range(_WAL_HEADER, len(frames) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        number, commit = struct.unpack(">II", frames[at : at + 8])
        if frames[at + 8 : at + 16] != salts:
            break  # left over from before the log was emptied
        whole.append((number, frames[at + _FRAME_HEADER : at + _FRAME_HEADER + size]))
        if commit:
            committed = len(whole)
    yield from whole[:committed]


def _rows(page: bytes, number: int, pages: Mapping[int, bytes]) -> Iterator[StoredRow]:
    """Yield the rows of a page; nothing for pages of other kinds, and no row that makes no sense."""
    start = 100 if number == 1 else 0
    if len(page) < start + 12 or page[start] not in (_INNER_INDEX, _LEAF_INDEX, _LEAF_TABLE):
        return
    kind = page[start]
    count = struct.unpack(">H", page[start + 3 : start + 5])[0]
    first = start + (12 if kind == _INNER_INDEX else 8)
    if first + 2 * count > len(page):
        return
    for at in struct.unpack(f">{count}H", page[first : first + 2 * count]):
        try:
            yield _cell(page, at, kind, pages)
        except (IndexError, ValueError, struct.error):
            continue


def _cell(page: bytes, at: int, kind: int, pages: Mapping[int, bytes]) -> StoredRow:
    if kind == _INNER_INDEX:
        at += 4
    size, at = _varint(page, at)
    row_number = None
    if kind == _LEAF_TABLE:
        row_number, at = _varint(page, at)
    if not 0 < size <= LARGEST:
        raise ValueError(size)
    return StoredRow(row_number, _record(_payload(page, at, size, kind, pages)))


def _payload(page: bytes, at: int, size: int, kind: int, pages: Mapping[int, bytes]) -> bytes:
    """Return a row's bytes, with what did not fit into its page."""
    usable = len(page)
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    if size <= most:
        if at + size > usable:
            raise ValueError(size)
        return page[at : at + size]
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size - least) % (usable - 4)
    local = local if local <= most else least
    parts, missing = [page[at : at + local]], size - local
    following = struct.unpack(">I", page[at + local : at + local + 4])[0]
    while missing > 0:
        more = pages.get(following)
        if more is None or len(more) < 5:
            raise ValueError(following)
        parts.append(more[4 : 4 + missing])
        missing -= len(parts[-1])
        following = struct.unpack(">I", more[:4])[0]
    return b"".join(parts)


def _record(data: bytes) -> Row:
    end, at = _varint(data, 0)
    if end > len(data):
        raise ValueError(end)
    kinds = []
    while at < end:
        kind, at = _varint(data, at)
        kinds.append(kind)
    row: list[Value] = []
    at = end
    for kind in kinds:
        value, at = _value(data, at, kind)
        row.append(value)
    if at != len(data):
        raise ValueError(at)
    return tuple(row)


def _value(data: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind], at
    if kind == 7:
        return float(struct.unpack(">d", data[at : at + 8])[0]), at + 8
    if kind < 7:
        size = {5: 6, 6: 8}.get(kind, kind)
        if at + size > len(data):
            raise ValueError(at)
        return int.from_bytes(data[at : at + size], "big", signed=True), at + size
    size = (kind - 12) // 2
    if kind < 12 or at + size > len(data):
        raise ValueError(kind)
    part = data[at : at + size]
    return (part.decode() if kind % 2 else part), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        byte = data[at + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    value = value << 8 | data[at + 8]
    return value - 2**64 if value >= 2**63 else value, at + 9
