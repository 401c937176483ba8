"""Places: where studies live on disk, and what people call them.

A study lives in osetra-runs/NAME/study.db, beside its model and its pictures. People name it by NAME,
by that folder, or by a .db file anywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osetra.errors import StudyError, nearest

if TYPE_CHECKING:
    import click

    from osetra.study import Study

RUNS = Path("osetra-runs")
FILE = "study.db"


@dataclass(frozen=True, slots=True)
class Place:
    """A study on disk."""

    name: str
    file: Path

    @property
    def folder(self) -> Path:
        """Where pictures and the model go."""
        return self.file.parent

    def open(self, searcher: str | None = None, scheduler: str | None = None) -> Study:
        """Open the study, which must exist; what is left out is as it was created with."""
        from osetra.study import Study

        return Study(str(self.file), searcher=searcher, scheduler=scheduler)


def known(root: Path = RUNS) -> list[str]:
    """Return the names of the studies under a folder, the latest first."""
    files = sorted(root.glob(f"*/{FILE}"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [file.parent.name for file in files]


def find(text: str, root: Path = RUNS) -> Place:
    """Return the place of an existing study.

    Raises:
        StudyError: there is none; the text lists the known ones and the nearest.
    """
    path = Path(text)
    if path.is_file():
        return Place(path.parent.resolve().name if path.name == FILE else path.stem, path)
    for folder in (root / text, path):
        if (folder / FILE).is_file():
            return Place(folder.resolve().name, folder / FILE)
    names = known(root)
    if not names:
        raise StudyError(f"{text}: no such study, and none under ./{root}; start one: osetra tune digits")
    shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    raise StudyError(f"{text}: no such study; known under ./{root}: {shown}.{nearest(text, names)}")


def create(name: str, out: Path | None = None, root: Path = RUNS) -> Place:
    """Return the place of a new or existing study, its folder made and proven writable.

    Raises:
        StudyError: the folder cannot be written.
    """
    folder = out if out is not None else root / name
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(
            f"{folder}: cannot write there ({reason}); choose another folder with --out"
        ) from None
    return Place(folder.resolve().name, folder / FILE)


def name_for(source: str) -> str:
    """Return a folder name for a data file, a data set or a script: `data/Iris set.csv` → `Iris-set`."""
    stem = Path(source).stem if os.sep in source or "." in source else source
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "study"


def complete_study(_: click.Context, __: click.Parameter, incomplete: str) -> Sequence[str]:
    """Offer the known studies to the shell."""
    return [name for name in known() if name.startswith(incomplete)]
