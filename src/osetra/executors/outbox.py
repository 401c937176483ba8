"""What an attempt has to say while the store's server is away: kept on disk, delivered in order later.

Trainings go on meanwhile. Should the worker die before the server is back, the next one of this machine
who would give the trial up finds the file and delivers it in the dead one's name.
"""

from __future__ import annotations

import logging
import os
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from osetra.core.curves import Point
from osetra.core.facts import Ended, Fact
from osetra.core.ports import Store
from osetra.errors import Conflict, LeaseLost, StoreAway

log = logging.getLogger("osetra")

RETRY = 1.0
"""Seconds between looks whether the server is back."""


class Letter(msgspec.Struct, frozen=True, gc=False):
    """One call of append."""

    facts: list[Fact]
    points: list[Point]


@dataclass(slots=True)
class Outbox:
    """Takes the facts and points of one attempt and gives them to the store as soon as it is there."""

    store: Store
    trial: int
    attempt: int
    waiting: list[Letter] = field(default_factory=list)
    """What the store has not taken yet, oldest first; all of it is on disk as well."""
    retry: float = 0.0
    """When to look for the server again, by time.monotonic."""

    @property
    def file(self) -> Path:
        """Where letters wait."""
        return _file(self.store, self.trial, self.attempt)

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = ()) -> None:
        """Write facts and points, now or later.

        Raises:
            Conflict: a fact's key is established already; only while the store is there.
            LeaseLost: the attempt is over.
            StoreFull: the store has no space left.
        """
        if not self.waiting:
            try:
                self.store.append(facts, points)
            except StoreAway as away:
                log.warning("%s; trial %d goes on, its reports wait in %s", away, self.trial, self.file)
                self.rest()
            else:
                return
        letter = Letter(list(facts), list(points))
        _write(self.file, letter)
        self.waiting.append(letter)

    def deliver(self) -> None:
        """Give the store what waits.

        Raises:
            StoreAway: it is still away.
            LeaseLost: the attempt was given up meanwhile; nothing of it counts any more.
        """
        delivered = bool(self.waiting)
        while self.waiting:
            _deliver(self.store, self.waiting[0])
            del self.waiting[0]
        if delivered:
            self.discard()

    def rest(self) -> None:
        """Leave the server alone for a moment."""
        self.retry = time.monotonic() + RETRY

    def discard(self) -> None:
        """Forget what waits: it is delivered, or void."""
        self.waiting.clear()
        self.file.unlink(missing_ok=True)


def left_behind(store: Store, trial: int, attempt: int) -> bool:
    """Deliver what a worker of this machine could not deliver before it died.

    Returns:
        Whether that ended the attempt.

    Raises:
        StoreAway: the server is away again.
    """
    file = _file(store, trial, attempt)
    letters = _read(file)
    try:
        for letter in letters:
            _deliver(store, letter)
    except LeaseLost:
        letters = []
    file.unlink(missing_ok=True)
    return any(isinstance(fact, Ended) for letter in letters for fact in letter.facts)


def _deliver(store: Store, letter: Letter) -> None:
    try:
        store.append(letter.facts, letter.points)
    except Conflict:
        # Known already: the first try took effect and only its answer was lost, or others knew it too.
        store.append([], letter.points)


def _file(store: Store, trial: int, attempt: int) -> Path:
    return store.checkpoints / f"outbox-{trial}-{attempt}"


def _write(file: Path, letter: Letter) -> None:
    body = msgspec.msgpack.encode(letter)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, _head.pack(len(body)) + body)
    finally:
        os.close(handle)


def _read(file: Path) -> list[Letter]:
    """Return the letters in a file; a last one that was not written whole was confirmed to nobody."""
    try:
        data = file.read_bytes()
    except OSError:
        return []
    letters, at = [], 0
    while len(data) - at >= _head.size:
        (size,) = _head.unpack_from(data, at)
        body = data[at + _head.size : at + _head.size + size]
        if len(body) < size:
            break
        letters.append(msgspec.msgpack.decode(body, type=Letter))
        at += _head.size + size
    return letters


_head = struct.Struct("<I")
