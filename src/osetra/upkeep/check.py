"""The offline checker: whether a study on disk is what the protocol promises, and every fault by name.

It reads, and changes nothing; it may look at a study that is being worked on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Claimed, Entry
from osetra.core.history import History
from osetra.core.invariants import Violation, violations
from osetra.core.lineage import checkpoints, here
from osetra.core.ports import Store
from osetra.core.retention import needed
from osetra.errors import NewerSchema
from osetra.stores.sqlite.database import SCHEMA
from osetra.stores.sqlite.errors import explained
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import reading
from osetra.stores.sqlite.schema import foreign


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, and what was found."""

    study: str
    """Its name inside the file; empty for what concerns the file as a whole."""
    facts: int = 0
    points: int = 0
    violations: Sequence[Violation] = field(default_factory=tuple)

    @property
    def sound(self) -> bool:
        """Whether nothing grave was found."""
        return not any(violation.grave for violation in self.violations)


def check_store(store: Store) -> Audit:
    """Check a study through its port; right while others write, too.

    Raises:
        StoreError: it cannot be read.
    """
    before, entries = set(store.expired()), store.read()
    points, _ = store.read_points()
    later = store.read(len(entries))
    # What came after the log was read is none of its points and leases.
    new = {(e.fact.trial, e.fact.attempt) for e in later if isinstance(e.fact, Claimed)}
    expired = before & set(store.expired()) if before else before
    known = [point for point in points if (point.trial, point.attempt) not in new] if new else points
    elsewhere = None if store.depot is None else store.depot.names()
    return _audit(store.study, entries, known, None, expired, store.checkpoints, elsewhere)


def check_file(path: Path, *, beside: Path | None = None) -> list[Audit]:
    """Check a study file: the file itself first, then every study in it.

    Args:
        path: the file.
        beside: the file whose checkpoints are looked at, when it is another one.

    Raises:
        NotAStudy: it is something else.
        NewerSchema: it is from a newer osetra.
        StoreError: it cannot be read at all.
    """
    with reading(path) as file:
        if file.schema > SCHEMA:
            raise NewerSchema(f"{path}: schema {file.schema} is newer than {SCHEMA}; upgrade osetra")
        wrong = foreign(file.connection) or file.integrity()
        whole = Audit("", violations=[Violation(f"{path}: {text}") for text in wrong])
        if wrong:
            return [whole]  # nothing that such a file says about its studies can be relied on
        with explained(path):
            audits = []
            for number, name in file.studies():
                (entries, unread), (points, lost) = file.log(number), file.points(number)
                folder = checkpoints_of(beside or path, name)
                audit = _audit(name, entries, points, file.leases(number), (), folder)
                strange = [Violation(text) for text in (*unread, *lost)]
                audits.append(Audit(name, len(entries), len(points), [*strange, *audit.violations]))
        return [whole, *audits]


def check_checkpoints(
    folder: Path, history: History, sign: float, elsewhere: Collection[str] | None = None
) -> list[Violation]:
    """Return which checkpoints that somebody needs are gone or not what was written.

    Args:
        folder: where they are on this machine.
        history: what says which are needed.
        sign: 1 when the objective is to be small, -1 when large.
        elsewhere: those that a server keeps; then others may be on other machines. None: there are none.
    """
    known = {point.file: point for trial in history.trials.values() for point in trial.checkpoints}
    waiting = {}
    for number in sorted(history.unfinished):
        trial = history.trials[number]
        way = checkpoints(history.trials, here(trial))
        if way and trial.state != "running":
            waiting[way[0].file] = number  # a running one may replace it at this moment
    found = []
    for file in sorted(needed(history, sign) | waiting.keys()):
        point = known[file]
        place = (
            f"trial {point.trial}, attempt {point.attempt}: the checkpoint after step {point.step} ({file})"
        )
        state = _state(folder / Path(file).name, point)
        if state == "gone" and file in waiting and file not in (elsewhere or ()):
            where = "is gone" if elsewhere is None else "is not on this machine"
            what = f"{where}, and trial {waiting[file]} was to go on from it"
            grave = elsewhere is None
            found.append(Violation(f"{place} {what}", point.trial, point.attempt, grave=grave))
        elif state == "damaged":
            text = f"{place} is damaged or another file: its SHA-256 differs from the log's"
            found.append(Violation(text, point.trial, point.attempt))
    return found


def _audit(
    name: str,
    entries: Sequence[Entry],
    points: Sequence[Point],
    leases: Collection[tuple[int, int]] | None,
    expired: Collection[tuple[int, int]],
    folder: Path,
    elsewhere: Collection[str] | None = None,
) -> Audit:
    found = violations(entries, points, leases, expired)
    if not any(violation.grave for violation in found):
        history = History().extend(entries)
        opened = history.opened
        sign = -1.0 if opened is not None and opened.direction == "maximize" else 1.0
        found += check_checkpoints(folder, history, sign, elsewhere)
    return Audit(name, len(entries), len(points), found)


def _state(path: Path, point: Checkpointed) -> str:
    try:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == point.sha256
    except FileNotFoundError:
        return "gone"
    except OSError:
        return "damaged"
    return "whole" if same else "damaged"
