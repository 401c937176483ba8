"""Messages between a study, its supervisors and their trainings: msgpack in packets on pipes.

A packet is written by one call that the kernel does whole or not at all. So neither threads that speak at
once, nor an exception that a training's signal handler raises in the middle of a message, nor the bytes
of a stranger who writes to the same pipe, make the messages after it unreadable.
"""

from __future__ import annotations

import logging
import os
import select
import struct
from collections import deque
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import Literal, TypeAlias

import msgspec

from osetra.core.claim import Claim
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered
from osetra.stores.address import mask

log = logging.getLogger("osetra")

Place: TypeAlias = tuple[int, int]
"""A trial and an attempt at it."""


class MainScript(msgspec.Struct, frozen=True):
    """The main module of the program that a training function comes from."""

    name: str = ""
    """As `python -m` was told; empty for a file."""
    file: bytes = b""
    """As the system spells it; empty where there is none, as in a notebook."""
    arguments: list[bytes] = []


class Setup(msgspec.Struct, frozen=True, tag="setup"):
    """To a supervisor or a training process: what to work on, once, first of all."""

    url: str
    study: str
    metric: str
    direction: Literal["minimize", "maximize"]
    pick: Literal["best", "last"]
    function: bytes
    path: list[str]
    slot: int
    threads: int
    report_timeout: float | None
    repeats_only: bool
    log: str
    checkpoints: str
    """The folder for checkpoints."""
    quota: float
    every: float
    gpu: str = ""
    """The device of this slot, as CUDA_VISIBLE_DEVICES names it; empty: what the program was given."""
    shared: bool = False
    """Whether other slots train on the same device."""
    grace: float = 10.0
    """Seconds that a training gets to reach its next report after a request to stop."""
    script: MainScript = MainScript()
    needs: list[str] = []
    """Metrics beside the objective that a training must have reported when it ends."""

    def __repr__(self) -> str:
        return f"<Setup of slot {self.slot}: {self.study!r} at {mask(self.url)}>"


class Train(msgspec.Struct, frozen=True, tag="train"):
    """To a training process: run this trial."""

    claim: Claim


class Orders(msgspec.Struct, frozen=True, tag="orders"):
    """To a training process: obey these at the next report."""

    orders: list[Ordered]


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Hand the trial back at the next report; with `kill`, end it now."""

    kill: bool = False


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """From a training process: the function is loaded; from a supervisor: its child."""

    pid: int
    started: float
    """Start time of that process, which tells a reused pid apart."""


class Points(msgspec.Struct, frozen=True, tag="reports"):
    """From a training process: points of an attempt as (instance, step, metric, value)."""

    place: Place
    points: list[tuple[int, int, str, float]]


class Record(msgspec.Struct, frozen=True, tag="record"):
    """From a training process: a fact about an attempt for the log."""

    place: Place
    fact: Checkpointed | Obeyed | Noted


class Done(msgspec.Struct, frozen=True, tag="done"):
    """From a training process: the attempt ended."""

    place: Place
    ending: Ending
    spoilt: bool = False
    """Whether the next training needs another process: this one cannot get back something that it lost."""


Message: TypeAlias = Setup | Train | Orders | Stop | Ready | Points | Record | Done

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode

_MAGIC = b"\xc1ose"
"""What a packet begins with; no text and no msgpack holds its first byte."""
_head = struct.Struct("<4sIIIH")
"""That, the number of the message, of the packet in it and of its packets, and the bytes that follow."""
_pack = _head.pack
_ROOM = getattr(select, "PIPE_BUF", 512) - _head.size
_PARTIAL = 16
"""Unfinished messages that are kept: the rest of an older one will never come."""
_TROUBLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# A training may put something else into the modules that it shares with us.
_read, _write, _getpid = os.read, os.write, os.getpid


@dataclass(slots=True)
class Channel:
    """Two pipe ends. `closed` turns true when the other side is gone.

    It is that of the process that made it: a copy in another one, after a fork, sends nothing.
    """

    reader: int
    writer: int
    closed: bool = False
    owner: int = field(default_factory=os.getpid)
    _data: bytearray = field(default_factory=bytearray)
    _came: deque[bytes] = field(default_factory=deque)
    """What was read and not taken apart yet."""
    _partial: dict[int, dict[int, bytes]] = field(default_factory=dict)
    """The packets so far of messages that are not complete."""
    _serial: count[int] = field(default_factory=count)

    def send(self, message: Message) -> None:
        """Write a message; a vanished reader marks the channel closed."""
        if _getpid() != self.owner:
            return
        body, serial = _encode(message), next(self._serial) & 0xFFFFFFFF
        try:
            if len(body) <= _ROOM:
                _write(self.writer, _pack(_MAGIC, serial, 0, 1, len(body)) + body)
            else:
                # One call, so that nothing of ours is interrupted between two packets.
                deque(map(_write, repeat(self.writer), _packets(serial, body)), maxlen=0)
        except OSError:
            self.closed = True

    def receive(self, timeout: float | None = 0.0) -> list[Message]:
        """Return the messages that arrive within `timeout` seconds (None: wait for one)."""
        messages = self._complete() if self._came else []
        while not messages and not self.closed:
            ready, _, _ = select.select([self.reader], [], [], timeout)
            if not ready:
                return []
            # Read and kept in one call: whatever is raised meanwhile, nothing is lost between the two.
            self._came.extend(map(_read, (self.reader,), (1 << 16,)))
            self.closed = not self._came[-1]
            messages = self._complete()
        return messages

    def close(self) -> None:
        """Close both ends."""
        for end in {self.reader, self.writer}:
            os.close(end)
        self.closed = True

    def _complete(self) -> list[Message]:
        while self._came:
            self._data += self._came[0]
            del self._came[0]
        packets, end = _taken_apart(self._data)
        messages = [message for packet in packets for message in self._taken(*packet)]
        del self._data[:end]
        return messages

    def _taken(self, serial: int, part: int, parts: int, body: bytes) -> list[Message]:
        """Take a packet; return the message that it completes, if it does."""
        if parts > 1:
            so_far = self._partial.setdefault(serial, {})
            so_far[part] = body
            if len(so_far) < parts:
                while len(self._partial) > _PARTIAL:
                    del self._partial[next(iter(self._partial))]
                return []
            body = b"".join(so_far[number] for number in range(parts))
            del self._partial[serial]
        try:
            return [_decode(body)]
        except _TROUBLE as error:
            log.warning("a message cannot be read and is left out: %s", error)
            return []


def _packets(serial: int, body: bytes) -> list[bytes]:
    """Return the packets of a long message."""
    pieces = [body[at : at + _ROOM] for at in range(0, len(body), _ROOM)]
    return [
        _pack(_MAGIC, serial, number, len(pieces), len(piece)) + piece for number, piece in enumerate(pieces)
    ]


def _taken_apart(data: bytearray) -> tuple[list[tuple[int, int, int, bytes]], int]:
    """Return the whole packets in some bytes, and where the first one begins that is not whole.

    A packet is the message's number, its own, of how many, and its bytes. What is between is passed over.
    """
    packets: list[tuple[int, int, int, bytes]] = []
    at = data.find(_MAGIC)
    while at >= 0:
        if len(data) - at < _head.size:
            return packets, at
        _, serial, part, parts, size = _head.unpack_from(data, at)
        end = at + _head.size + size
        if size > _ROOM or part >= parts:
            at = data.find(_MAGIC, at + 1)  # no packet
            continue
        if len(data) < end:
            return packets, at
        packets.append((serial, part, parts, bytes(data[at + _head.size : end])))
        at = end if data.startswith(_MAGIC, end) else data.find(_MAGIC, end)
    last = data.rfind(_MAGIC[:1], max(0, len(data) - len(_MAGIC) + 1))  # perhaps the beginning of the next
    return packets, len(data) if last < 0 else last
