"""Events: scalars in the files that TensorBoard reads, without TensorBoard or TensorFlow.

A file is a row of records (TFRecord): length (8 bytes, little-endian), its checksum (4), the data, its
checksum (4), which are CRC-32C, rotated by 15 bits and shifted. Each record is a message Event of
protocol buffers with wall_time = 1, step = 2 and summary = 5, in which value = 1 holds tag = 1, and
simple_value = 2 or, as of newer writers, tensor = 8 with dtype = 1, float_val = 5 and tensor_content = 4.

Source: tensorflow/core/lib/io/record_writer.h; tensorboard/compat/proto/{event,summary,tensor}.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_HEADER, _FOOTER = 12, 4
_LARGEST_SCALAR = 1 << 12
"""Bytes; a record beyond holds pictures, graphs or texts, and no number."""
_DTYPES = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}
"""float32, float64, int32, int64."""


class Scalar(NamedTuple):
    """A number that a training wrote."""

    step: int
    tag: str
    value: float


class TornRecord(ValueError):
    """The bytes are no record: the file is damaged, or something else."""


def read_events(data: bytes) -> tuple[list[Scalar], int]:
    """Return the scalars in whole records, and how many bytes they take; the rest may still be written.

    Raises:
        TornRecord: a checksum is wrong, or what it holds is no event.
    """
    found: list[Scalar] = []
    at = 0
    while len(data) - at >= _HEADER:
        (length,) = struct.unpack_from("<Q", data, at)
        (check,) = struct.unpack_from("<I", data, at + 8)
        if masked_crc(data[at : at + 8]) != check:
            raise TornRecord(f"the length at byte {at} has a wrong checksum")
        end = at + _HEADER + length
        if end + _FOOTER > len(data):
            break
        if length <= _LARGEST_SCALAR:
            record = data[at + _HEADER : end]
            if masked_crc(record) != struct.unpack_from("<I", data, end)[0]:
                raise TornRecord(f"the record at byte {at} has a wrong checksum")
            try:
                found += _event(record)
            except (IndexError, struct.error, UnicodeDecodeError) as error:
                raise TornRecord(f"the record at byte {at} is no event ({error})") from None
        at = end + _FOOTER
    return found, at


def _event(record: bytes) -> Iterator[Scalar]:
    step, summaries = 0, []
    for number, value in _fields(record):
        if number == 2 and isinstance(value, int):
            step = value - (1 << 64) if value >> 63 else value
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == 1 and isinstance(value, bytes):
                yield from _value(step, value)


def _value(step: int, message: bytes) -> Iterator[Scalar]:
    tag, number = "", None
    for field, value in _fields(message):
        if field == 1 and isinstance(value, bytes):
            tag = value.decode()
        elif field == 2 and isinstance(value, float):
            number = value
        elif field == 8 and isinstance(value, bytes):
            number = _tensor(value)
    if tag and number is not None:
        yield Scalar(step, tag, number)


def _tensor(message: bytes) -> float | None:
    """Return the number of a tensor of one; None of others."""
    kind, content, numbers = "", b"", []
    for field, value in _fields(message):
        if field == 1 and isinstance(value, int):
            kind = _DTYPES.get(value, "")
        elif field == 4 and isinstance(value, bytes):
            content = value
        elif field == 5 and isinstance(value, bytes):
            numbers += [one for (one,) in struct.iter_unpack("<f", value)]
        elif field == 5 and isinstance(value, float):
            numbers.append(value)
    if kind and len(content) == struct.calcsize(kind):
        numbers = [float(struct.unpack(kind, content)[0])]
    return numbers[0] if len(numbers) == 1 else None


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Yield the fields of a message of protocol buffers: varints, floats, doubles and bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                value, at = _varint(message, at)
                yield key >> 3, value
            case 1:
                yield key >> 3, struct.unpack_from("<d", message, at)[0]
                at += 8
            case 2:
                size, at = _varint(message, at)
                if at + size > len(message):
                    raise IndexError("a field ends behind its message")
                yield key >> 3, message[at : at + size]
                at += size
            case 5:
                yield key >> 3, struct.unpack_from("<f", message, at)[0]
                at += 4
            case kind:
                raise IndexError(f"a field of kind {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise IndexError("a number of more than ten bytes")


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_TABLE = _crc_table()


def masked_crc(data: bytes) -> int:
    """Return the checksum of a record's part: CRC-32C (Castagnoli), rotated and shifted."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
