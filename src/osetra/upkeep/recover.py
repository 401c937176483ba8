"""Recovery: everything readable of a damaged study file, in a new file that is sound.

The damaged file is only read, and not by SQLite. A fact proves itself, since its JSON says under which
key it stands; what a flipped bit changed inside a number cannot be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Entry, Opened, ended, key
from osetra.core.history import History
from osetra.errors import StoreError
from osetra.stores.sqlite import SqliteStore
from osetra.stores.sqlite.errors import explained
from osetra.stores.sqlite.pages import StoredRow, carve
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import entry_of, point_of
from osetra.stores.validation import open_attempts
from osetra.upkeep.backup import copy_checkpoints, new_file, published, sign_of
from osetra.upkeep.check import check_checkpoints
from osetra.upkeep.repair import RepairedLog, repair

_KINDS = {"opened", "suggested", "claimed", "checkpointed", "ordered", "seen", "obeyed", "ended", "noted"}
"""How keys of facts begin, which tells their index from that of the metrics."""


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


@dataclass(slots=True)
class _Rows:
    """Everything that could be read, sorted by what it is."""

    studies: dict[int, str] = field(default_factory=dict)
    metrics: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    facts: dict[int, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))
    keys: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Keys that an index or a row names."""
    points: dict[int, tuple[object, ...]] = field(default_factory=dict)
    numbers: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Numbers of the points that an index or a row names, by study."""


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
    with explained(path):
        rows = _sorted(carve(path))
    found: list[RecoveredStudy] = []
    repairs: dict[str, RepairedLog] = {}
    for study in sorted({*rows.facts, *rows.studies}):
        name = rows.studies.get(study, f"recovered-{study}")
        name = f"{name}-{study}" if name in repairs else name
        entries = list(rows.facts[study].values())
        if not any(isinstance(entry.fact, Opened) for entry in entries):
            text = "its opening is lost, which says what was searched; nothing else means anything without it"
            found.append(RecoveredStudy(name, 0, 0, sorted(rows.keys[study]), len(rows.numbers[study]), text))
            continue
        result = repairs[name] = repair(entries, _points(rows, study))
        lost = (rows.keys[study] - {key(entry.fact) for entry in entries}) | set(result.dropped)
        missing = len(rows.numbers[study]) - len(result.points)
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
    found = check_checkpoints(target, history, sign_of(history))
    return "; ".join(violation.text for violation in found)


def _ends(entries: list[Entry]) -> list[Entry]:
    """Return the ends of what was running, whose workers know nothing of the new file."""
    last, reason = entries[-1], "the study's file was damaged"
    running = open_attempts(entry.fact for entry in entries)
    return [
        Entry(last.version + n, last.time, ended(*place, "lost", reason=reason))
        for n, place in enumerate(running, start=1)
    ]


def _sorted(found: Iterable[StoredRow]) -> _Rows:
    rows = _Rows()
    for item in found:
        match item.row:
            case (int(study), int(version), float() | int() as time, str(), str()) if item.number is None:
                entry = entry_of((version, float(time), *item.row[3:]))
                if isinstance(entry, Entry):
                    rows.facts[study].setdefault(version, entry)
                    rows.keys[study].add(str(item.row[3]))
            case (int(study), str(name), int()) if item.number is None and name.partition("/")[0] in _KINDS:
                rows.keys[study].add(name)
            case (None, str(name)) if item.number is not None:
                rows.studies[item.number] = name
            case (None, int(study), str(name)) if item.number is not None:
                rows.metrics[study][item.number] = name
            case (None, int(study), *_) if item.number is not None and len(item.row) == 9:
                rows.points[item.number] = item.row
                rows.numbers[study].add(item.number)
            case (int(study), int(), int(), int(), int(), int(), int(number)) if item.number is None:
                rows.numbers[study].add(number)
    return rows


def _points(rows: _Rows, study: int) -> list[Point]:
    names = rows.metrics[study]
    points = []
    for number in sorted(rows.points):
        _, owner, trial, attempt, instance, metric, step, value, kind = rows.points[number]
        if owner != study:
            continue
        if isinstance(metric, int) and metric not in names:
            names[metric] = f"metric-{metric}"  # its name is lost
        amount = float(value) if isinstance(value, int) else value
        point = point_of((trial, attempt, instance, step, metric, amount, kind), names)
        if isinstance(point, Point):
            points.append(point)
    return points


def _write(to: Path, studies: Mapping[str, RepairedLog]) -> None:
    with published(to) as part:
        for name, repairs in studies.items():
            with closing(SqliteStore(part, name)) as store:
                store.restore(repairs.entries, repairs.points)
