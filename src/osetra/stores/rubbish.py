"""Rubbish: the files beside a storage that nobody needs any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osetra.core.history import History
from osetra.core.retention import needed

FRESH = 3600.0
"""Seconds during which what nobody knows of is left alone: somebody may be about to tell."""
SPARE = "a checkpoint that nobody needs"


@dataclass(frozen=True, slots=True)
class Rubbish:
    """A file that nobody needs."""

    path: Path
    size: int
    """Bytes."""
    what: str


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What was deleted, or would be."""

    rubbish: list[Rubbish]
    compacted: int
    """Bytes by which the study file shrank; 0 when something runs, or for a database."""
    running: list[str]
    """Attempts that were being worked on, so that the file itself was left alone."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(one.size for one in self.rubbish) + self.compacted


def unneeded(folder: Path, history: History) -> Iterator[Rubbish]:
    """Yield the checkpoints in a study's folder that nobody needs, and old leftovers."""
    keep = needed(history, history.sign)
    known = {point.file for trial in history.trials.values() for point in trial.checkpoints}
    for file in sorted(folder.iterdir()):
        if file.name in keep or not file.is_file() or file.suffix not in (".npz", ".part"):
            continue
        with suppress(FileNotFoundError):  # a running study tidies up, too
            size, part = file.stat().st_size, file.suffix == ".part"
            if file.name in known:
                yield Rubbish(file, size, SPARE)
            elif is_old(file):
                yield Rubbish(
                    file, size, "left over from a write" if part else "a checkpoint of no known trial"
                )


def is_old(file: Path) -> bool:
    """Whether a file has been left alone for so long that nobody is about to tell of it."""
    return time.time() - file.lstat().st_mtime > FRESH
