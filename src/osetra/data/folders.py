"""Folders: files of one kind by class, or by part of a split and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Codes
from osetra.data.table import note
from osetra.errors import DataError

MOST_COUNTED = 10_000
"""Files of a folder that are looked at, to say what it holds."""
_TABLES = (".csv", ".tsv", ".parquet", ".feather", ".xlsx", ".jsonl", ".json", ".arff", ".npz")
_SOUND = "save them as .wav or .flac"
_PICTURE = "save them as .png or .jpg"
_UNREAD = {
    **dict.fromkeys((".mp3", ".ogg", ".m4a", ".aac", ".opus", ".wma", ".aif", ".aiff"), _SOUND),
    **dict.fromkeys((".heic", ".heif", ".svg", ".avif", ".raw", ".cr2", ".nef", ".dng"), _PICTURE),
}
PARTS = {
    "train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "dev": 1, "test": 2, "testing": 2,
}  # fmt: skip
"""Names of folders that are the parts of a split and no classes."""


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """The files under a folder, each with its class and its part of a given split."""

    files: tuple[Path, ...]
    classes: tuple[str, ...]
    """Of each file."""
    parts: tuple[int, ...] | None
    """Of each file, as the split wants it; None without a given one."""
    notes: tuple[Finding, ...] = ()

    def labels(self, kept: Codes) -> tuple[CategoryColumn, Codes | None]:
        """Return the classes of the files that could be read, and their parts."""
        names = [self.classes[i] for i in kept.tolist()]
        known = tuple(sorted(set(names)))
        column = CategoryColumn("class", np.array([known.index(n) for n in names], dtype=np.int64), known)
        return column, None if self.parts is None else np.array(self.parts, dtype=np.int64)[kept]


def class_folders(folder: Path, suffixes: Sequence[str]) -> dict[str, list[Path]]:
    """Return the files under each sub-folder with at least one, sorted by name."""
    found = {
        child.name: sorted(p for p in child.rglob("*") if p.suffix.lower() in suffixes and p.name[0] != ".")
        for child in sorted(folder.iterdir())
        if child.is_dir() and not child.name.startswith(".")
    }
    return {name: files for name, files in found.items() if files}


def read_folders(folder: Path, suffixes: Sequence[str], what: str) -> ClassFolders:
    """Return the files of a folder that holds one sub-folder per class, or train, val and test with those.

    Raises:
        DataError: no sub-folder with such files.
    """
    by_class = class_folders(folder, suffixes)
    given = {name: class_folders(folder / name, suffixes) for name in by_class if name.lower() in PARTS}
    split = len(given) > 1 and len(given) == len(by_class) and any(len(found) > 1 for found in given.values())
    if not split and not by_class:
        raise DataError(
            f"{folder}: no {what} in sub-folders; put the {what} of each class into a folder "
            f"with the name of the class ({', '.join(suffixes[:4])} …){_instead(folder)}"
        )
    members = [
        (file, name, PARTS.get(part.lower(), -1))
        for part, found in (given if split else {"": by_class}).items()
        for name, files in found.items()
        for file in files
    ]
    files, classes, parts = zip(*members, strict=True)
    if not split:
        return ClassFolders(files, classes, None)
    counts = ", ".join(f"{name} {sum(map(len, found.values()))}" for name, found in given.items())
    said = note("split", f"the split is that of the folders: {counts}")
    return ClassFolders(files, classes, _settled(parts), (said,))


def _instead(folder: Path) -> str:
    """Return what a folder holds instead, and what to do with it."""
    files = [file for file in islice(folder.rglob("*"), MOST_COUNTED) if file.is_file()]
    kinds = Counter(file.suffix.lower() for file in files if file.suffix)
    if not kinds:
        return "; the folder holds no files" if not files else ""
    suffix, count = kinds.most_common(1)[0]
    example = next(file for file in files if file.suffix.lower() == suffix)
    where = example.relative_to(folder)
    if suffix in _TABLES:
        return f"; the folder holds tables: give one of them, such as {example}"
    if suffix in _UNREAD:
        return f"; its {count} files such as {where} are not read: {_UNREAD[suffix]}"
    return f"; the folder holds {count} files such as {where}"


def _settled(parts: Sequence[int]) -> tuple[int, ...]:
    if 1 not in parts:
        parts = [-1 if part == 0 else part for part in parts]
    if 2 not in parts:
        # Nothing is to be sealed by the folders: what they call validation is.
        parts = [2 if part == 1 else -1 for part in parts]
    return tuple(parts)
