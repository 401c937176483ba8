"""Recovery: everything readable of a damaged study file, in a new file that is sound.

The damaged file is only read, and not by SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from osetra.core.facts import Entry, Opened, ended, key
from osetra.core.history import History
from osetra.errors import StoreError
from osetra.stores.sqlite import SqliteStore
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.publish import new_file, publish
from osetra.stores.sqlite.salvage import salvage
from osetra.stores.validation import open_attempts
from osetra.upkeep.check import check_checkpoints
from osetra.upkeep.copy import copy_checkpoints
from osetra.upkeep.repair import RepairedLog, repair


@dataclass(frozen=True, slots=True)
class RecoveredStudy:
    """What became of one study."""

    study: str
    facts: int
    points: int
    lost: list[str]
    """Keys of facts that were lost, or mean nothing without lost ones."""
    points_lost: int
    text: str = ""
    """What else is to be known of it."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A new file, and what is in it and what is not."""

    file: Path
    studies: list[RecoveredStudy]


def recover(path: Path, to: Path | None = None) -> Recovery:
    """Save what is readable of a damaged file into a new one.

    Args:
        path: the damaged file, with its write-ahead log beside it if that is left.
        to: the new file; FILE-recovered.db beside the damaged one unless given.

    Raises:
        StoreError: nothing is readable, or the new file exists already or cannot be written.
    """
    to = new_file(to or path.with_name(f"{path.stem}-recovered.db"))
    if not path.is_file():
        raise StoreError(f"{path}: no such file; name the damaged study file")
    found: list[RecoveredStudy] = []
    repairs: dict[str, RepairedLog] = {}
    for remains in salvage(path):
        name = f"{remains.study}-{remains.number}" if remains.study in repairs else remains.study
        if not any(isinstance(entry.fact, Opened) for entry in remains.entries):
            text = "its opening is lost, which says what was searched; nothing else means anything without it"
            found.append(RecoveredStudy(name, 0, 0, sorted(remains.keys), remains.named_points, text))
            continue
        result = repairs[name] = repair(remains.entries, remains.points)
        lost = (remains.keys - {key(entry.fact) for entry in remains.entries}) | set(result.dropped)
        missing = remains.named_points - len(result.points)
        saved = len(result.entries)
        result.entries.extend(_ends(result.entries))
        history = History().extend(result.entries)
        gone = _copied(checkpoints_of(path, name), checkpoints_of(to, name), history)
        found.append(RecoveredStudy(name, saved, len(result.points), sorted(lost), missing, gone))
    if not repairs:
        why = f"{found[0].text}" if found else "nothing of a study is readable in it"
        raise StoreError(f"{path}: {why}; use a backup (osetra db backup)")
    _write(to, repairs)
    return Recovery(to, found)


def _copied(source: Path, target: Path, history: History) -> str:
    """Copy the checkpoints that are needed, and return a sentence about those that are not there."""
    copy_checkpoints(source, target, history)
    found = check_checkpoints(target, history, history.sign)
    return "; ".join(violation.text for violation in found)


def _ends(entries: list[Entry]) -> list[Entry]:
    """Return the ends of what was running, whose workers know nothing of the new file."""
    last, reason = entries[-1], "the study's file was damaged"
    running = open_attempts(entry.fact for entry in entries)
    return [
        Entry(last.version + n, last.time, ended(*place, "lost", reason=reason))
        for n, place in enumerate(running, start=1)
    ]


def _write(to: Path, studies: Mapping[str, RepairedLog]) -> None:
    with publish(to) as part:
        for name, repairs in studies.items():
            with closing(SqliteStore(part, name)) as store:
                store.restore(repairs.entries, repairs.points)
