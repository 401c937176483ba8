"""Messages between a study, its supervisors and their trainings: length-prefixed msgpack on pipes."""

from __future__ import annotations

import os
import select
import struct
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec

from osetra.core.claim import Claim
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered
from osetra.stores.address import mask


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


class Reports(msgspec.Struct, frozen=True, tag="reports"):
    """From a training process: points as (instance, step, metric, value)."""

    points: list[tuple[int, int, str, float]]


class Record(msgspec.Struct, frozen=True, tag="record"):
    """From a training process: a fact for the log."""

    fact: Checkpointed | Obeyed | Noted


class Done(msgspec.Struct, frozen=True, tag="done"):
    """From a training process: the trial ended."""

    ending: Ending


Message: TypeAlias = Setup | Train | Orders | Stop | Ready | Reports | Record | Done

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode
_head = struct.Struct("<I")


@dataclass(slots=True)
class Channel:
    """Two pipe ends. `closed` turns true when the other side is gone."""

    reader: int
    writer: int
    closed: bool = False
    _data: bytearray = field(default_factory=bytearray)

    def send(self, message: Message) -> None:
        """Write a message; a vanished reader marks the channel closed."""
        body = _encode(message)
        data = memoryview(_head.pack(len(body)) + body)
        try:
            while data:
                data = data[os.write(self.writer, data) :]
        except BrokenPipeError:
            self.closed = True

    def receive(self, timeout: float | None = 0.0) -> list[Message]:
        """Return the messages that arrive within `timeout` seconds (None: wait for one)."""
        messages = self._complete()
        while not messages and not self.closed:
            ready, _, _ = select.select([self.reader], [], [], timeout)
            if not ready:
                return []
            data = os.read(self.reader, 1 << 16)
            self.closed = not data
            self._data += data
            messages = self._complete()
        return messages

    def close(self) -> None:
        """Close both ends."""
        for end in {self.reader, self.writer}:
            os.close(end)
        self.closed = True

    def _complete(self) -> list[Message]:
        messages, at = [], 0
        while len(self._data) - at >= _head.size:
            (size,) = _head.unpack_from(self._data, at)
            if len(self._data) - at - _head.size < size:
                break
            at += _head.size
            messages.append(_decode(bytes(self._data[at : at + size])))
            at += size
        del self._data[:at]
        return messages
