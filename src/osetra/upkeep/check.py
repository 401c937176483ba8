"""The offline checker: whether a study on disk is what the protocol promises, and every fault by name.

It reads, and changes nothing; it may look at a study that is being worked on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from osetra.core.facts import Checkpointed
from osetra.core.history import History
from osetra.core.invariants import Violation, violations
from osetra.core.lineage import checkpoints, here
from osetra.core.ports import Store
from osetra.core.retention import needed
from osetra.files import kind_of
from osetra.stores import Storage, storage_of
from osetra.stores.storage import Inspection, inspection_of


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


def check(url: str | Path, names: Sequence[str] = ()) -> list[Audit]:
    """Check the studies in a file or a database: a file itself first, then every study in it.

    Args:
        url: the file, or the URL of the database.
        names: the studies in it that are looked at; all of them when left out.

    Raises:
        NotAStudy: it is something else.
        NewerSchema: it is from a newer osetra.
        StoreError: it cannot be read at all.
    """
    return check_storage(storage_of(str(url)), names)


def check_storage(storage: Storage, names: Sequence[str] = ()) -> list[Audit]:
    """Check the studies in a storage."""
    return [_audit(inspection) for inspection in storage.inspect(names)]


def check_store(store: Store) -> Audit:
    """Check a study through its port; right while others write, too.

    Raises:
        StoreError: it cannot be read.
    """
    return _audit(inspection_of(store))


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


def _audit(inspection: Inspection) -> Audit:
    found = [Violation(text) for text in inspection.faults]
    if inspection.study is None:
        return Audit("", violations=found)
    wrong = violations(inspection.entries, inspection.points, inspection.leases, inspection.expired)
    if not any(violation.grave for violation in wrong):
        history = History().extend(inspection.entries)
        wrong += check_checkpoints(inspection.checkpoints, history, history.sign, inspection.elsewhere)
    return Audit(inspection.study, len(inspection.entries), len(inspection.points), [*found, *wrong])


def _state(path: Path, point: Checkpointed) -> str:
    if kind_of(path):
        return "damaged"
    try:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == point.sha256
    except FileNotFoundError:
        return "gone"
    except OSError:
        return "damaged"
    return "whole" if same else "damaged"
