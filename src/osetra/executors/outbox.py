"""What an attempt has to say while the store's server is away: kept on disk, delivered in order later.

Trainings go on meanwhile. Should the worker die before the server is back, the next one of this machine
who would give the trial up finds the file and delivers it in the dead one's name. Each letter in the file
has its length and its checksum and is forced to the disk; of a file that was torn or damaged, what stands
before the tear is delivered, and the file is set aside, for nothing in it may keep a study from going on.
"""

from __future__ import annotations

import logging
import os
import struct
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import msgspec

from osetra.core.curves import Point
from osetra.core.facts import Ended, Fact, Worker
from osetra.core.ports import Store
from osetra.errors import Conflict, LeaseLost, StoreAway, StoreError, StoreFull
from osetra.files import kind_of, open_private, private_folder, sync_folder

log = logging.getLogger("osetra")

RETRY = 1.0
"""Seconds between looks whether the server is back."""


class Letter(msgspec.Struct, frozen=True, gc=False):
    """One call of append."""

    facts: list[Fact]
    points: list[Point]
    worker: Worker | None = None
    """Who wrote it, so that a file of another study that had this name is not taken for this one's."""


@dataclass(slots=True)
class Outbox:
    """Takes the facts and points of one attempt and gives them to the store as soon as it is there."""

    store: Store
    trial: int
    attempt: int
    worker: Worker | None = None
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
        letter = Letter(list(facts), list(points), self.worker)
        _write(self.file, letter, anew=not self.waiting)
        self.waiting.append(letter)

    def deliver(self) -> None:
        """Give the store what waits.

        Raises:
            StoreAway: it is still away.
            LeaseLost: the attempt was given up meanwhile; nothing of it counts any more.
            StoreFull: the store has no space left.
        """
        delivered = bool(self.waiting)
        while self.waiting:
            try:
                _deliver(self.store, self.waiting[0])
            except (StoreAway, StoreFull, LeaseLost):
                raise
            except StoreError as error:  # one that is refused is in the way of all behind it
                self._refuse(self.waiting[0], error)
            del self.waiting[0]
        if delivered:
            self.discard()

    def _refuse(self, letter: Letter, error: StoreError) -> None:
        """Set a letter aside that the store does not take; what it was to end, ends as failed."""
        place = Path(f"{self.file}.refused")
        _write(place, letter, anew=not place.exists())
        log.warning(
            "trial %d, attempt %d: the store does not take what waited for it (%s); it is kept as %s, and "
            "reports or the result may be missing",
            self.trial,
            self.attempt,
            error,
            place,
        )
        if any(isinstance(fact, Ended) for fact in letter.facts):
            reason = f"what the training reported cannot be stored: {error}"
            with suppress(Conflict):
                self.store.append([Ended(self.trial, self.attempt, "failed", reason=reason)])

    def rest(self) -> None:
        """Leave the server alone for a moment."""
        self.retry = time.monotonic() + RETRY

    def discard(self) -> None:
        """Forget what waits: it is delivered, or void."""
        self.waiting.clear()
        self.file.unlink(missing_ok=True)


def left_behind(store: Store, trial: int, attempt: int, worker: Worker | None = None) -> bool:
    """Deliver what a worker of this machine could not deliver before it died.

    Args:
        store: the study's log.
        trial: its trial.
        attempt: its attempt.
        worker: who claimed that attempt; letters of anybody else are not delivered.

    Returns:
        Whether that ended the attempt.

    Raises:
        StoreAway: the server is away again.
    """
    file = _file(store, trial, attempt)
    letters, trouble = _read(file)
    ended = False
    for letter in letters:
        if _foreign(letter, trial, attempt, worker):
            trouble = "it was written by another worker than the one that had this attempt"
            break
        try:
            _deliver(store, letter)
        except LeaseLost:
            ended = False
            break  # it had been given up: nothing of it counts
        except (StoreAway, StoreFull):
            raise
        except StoreError as error:
            trouble = str(error)
            break
        ended |= any(isinstance(fact, Ended) for fact in letter.facts)
    if trouble:
        _set_aside(file, trouble)
    else:
        with suppress(OSError):
            file.unlink(missing_ok=True)
    return ended


def _foreign(letter: Letter, trial: int, attempt: int, worker: Worker | None) -> bool:
    """Whether a letter does not speak of an attempt, or not for who had it."""
    if any((point.trial, point.attempt) != (trial, attempt) for point in letter.points):
        return True
    return None not in (letter.worker, worker) and letter.worker != worker


def _deliver(store: Store, letter: Letter) -> None:
    try:
        store.append(letter.facts, letter.points)
    except Conflict:
        # Known already: the first try took effect and only its answer was lost, or others knew it too.
        store.append([], letter.points)


def _file(store: Store, trial: int, attempt: int) -> Path:
    return store.checkpoints / f"outbox-{trial}-{attempt}"


def _set_aside(file: Path, trouble: str) -> None:
    """Give a file that cannot be read on another name, so that it is in nobody's way, and say so once."""
    place = next(place for n in count() if not (place := Path(f"{file}.unreadable{n or ''}")).exists())
    try:
        file.rename(place)
    except OSError as error:
        if file not in _named:
            _named.add(file)
            log.warning("%s cannot be read (%s) nor set aside (%s); delete it", file, trouble, error.strerror)
        return
    log.warning(
        "%s, what a worker that died had left, is damaged (%s); what stood before that was delivered, and "
        "the rest is kept as %s: reports or a result of that attempt may be missing",
        file,
        trouble,
        place.name,
    )


def _write(file: Path, letter: Letter, *, anew: bool) -> None:
    """Add a letter to a file, whole and on the disk, or not at all.

    Raises:
        StoreFull: there is no room for it.
    """
    body = msgspec.msgpack.encode(letter)
    data = _MAGIC + _head.pack(len(body), zlib.crc32(body)) + body
    try:
        private_folder(file.parent)
        with open_private(file) as opened:
            # What stands there before the first letter is not ours: of another study that had this name.
            before = 0 if anew else opened.seek(0, os.SEEK_END)
            os.ftruncate(opened.fileno(), before)
            try:
                _write_all(opened.fileno(), data)
            except OSError:
                os.ftruncate(opened.fileno(), before)
                raise
        if anew:
            sync_folder(file.parent)
    except OSError as error:
        raise StoreFull(f"{file}: cannot be written ({error.strerror}); free some space") from error


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)


def _read(file: Path) -> tuple[list[Letter], str]:
    """Return the letters in a file up to where it is damaged, and what is wrong there; empty for nothing."""
    if kind := kind_of(file):
        return [], f"it is {kind}"
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], error.strerror or str(error)
    letters, at = list[Letter](), 0
    while at < len(data):
        letter, after = _letter(data, at)
        if letter is None:
            return letters, f"from byte {at} of {len(data)} on"
        letters.append(letter)
        at = after
    return letters, ""


def _letter(data: bytes, at: int) -> tuple[Letter | None, int]:
    """Return the letter that begins at a byte, and where it ends; None for no whole one."""
    checked = data.startswith(_MAGIC, at)
    head = _head if checked else _old_head  # of versions before the checksum
    start = at + (len(_MAGIC) if checked else 0)
    if len(data) - start < head.size:
        return None, at
    size, *checksum = head.unpack_from(data, start)
    body = data[start + head.size : start + head.size + size]
    if len(body) < size or (checksum and zlib.crc32(body) != checksum[0]):
        return None, at
    try:
        return msgspec.msgpack.decode(body, type=Letter), start + head.size + size
    except (msgspec.DecodeError, RecursionError):
        return None, at


_MAGIC = b"OSL2"
_head = struct.Struct("<II")
_old_head = struct.Struct("<I")
_named: set[Path] = set()
"""Files that were complained of."""
