"""Texts: a folder with one sub-folder of text files per class, or of train, val and test with those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from osetra.core.finding import Finding
from osetra.data.encoding import decoded
from osetra.data.folders import class_folders, read_folders
from osetra.data.images import PICTURES
from osetra.data.roles import FROM_TEST_FILE
from osetra.data.table import Table, Texts
from osetra.data.words import LONGEST_TEXT
from osetra.errors import DataError
from osetra.files import read_regular

TEXTS = (".txt", ".text")
TEXT, CLASS = "text", "class"
"""Names of the columns that a folder of texts becomes."""
_PARTS = {-1: "train", 0: "train", 1: "validation", 2: "test"}


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Text files that could be read."""

    texts: tuple[str, ...]
    kept: tuple[int, ...]
    """Which of the files they are, from 0."""
    notes: tuple[Finding, ...]


def holds_texts(folder: Path) -> bool:
    """Whether a folder's sub-folders hold text files and no pictures."""
    return bool(class_folders(folder, TEXTS)) and not class_folders(folder, PICTURES)


def read_text_folders(folder: Path) -> Table:
    """Return the texts of a folder and their classes as a table, with the part of a given split.

    Raises:
        DataError: no file can be read as text.
    """
    found = read_folders(folder, TEXTS, "texts")
    read = read_texts(found.files)
    names, cells = [TEXT, CLASS], [Texts(read.texts), Texts([found.classes[i] for i in read.kept])]
    if found.parts is not None:
        names.append(FROM_TEST_FILE)
        cells.append(Texts([_PARTS[found.parts[i]] for i in read.kept]))
    return Table(str(folder), tuple(names), tuple(cells), (*found.notes, *read.notes))


def read_texts(files: Sequence[Path]) -> TextFiles:
    """Return the texts of files; those that hold none are left out with a count.

    Raises:
        DataError: none of them can be read as text.
    """
    texts: list[str] = []
    kept: list[int] = []
    empty: list[str] = []
    broken: list[str] = []
    for i, file in enumerate(files):
        try:
            text = decoded(read_regular(file), str(file))[0][:LONGEST_TEXT].strip()
        except (DataError, OSError):
            broken.append(file.name)
            continue
        if not text:
            empty.append(file.name)
            continue
        texts.append(text)
        kept.append(i)
    if not texts:
        raise DataError(
            f"{files[0].parent}: none of {len(files)} files can be read as text; save them as UTF-8"
        )
    what = (("texts-broken", broken, "are no text"), ("texts-empty", empty, "are empty"))
    notes = tuple(
        Finding(
            rule=rule, level="warning", text=f"{len(names)} of {len(files)} files {why}: {_left_out(names)}"
        )
        for rule, names, why in what
        if names
    )
    return TextFiles(tuple(texts), tuple(kept), notes)


def _left_out(names: Sequence[str]) -> str:
    return f"left out are {', '.join(names[:3])}" + (" …" if len(names) > 3 else "")
