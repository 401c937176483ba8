"""Folders: files of one kind by class, or by part of a split and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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


def files_under(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return the files of some kinds anywhere under a folder, sorted, without hidden ones."""
    wanted = tuple(suffixes)
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in wanted and not any(part[0] == "." for part in _place(file, folder))
    )


def class_folders(folder: Path, suffixes: Sequence[str]) -> dict[str, list[Path]]:
    """Return the files under each sub-folder with at least one, sorted by name."""
    return _by_folder(folder, files_under(folder, suffixes))


def unread_beside(folder: Path, files: int, what: str) -> tuple[Finding, ...]:
    """Return a warning on files under a folder that are of the kind, but in a format that is not read."""
    way = {"pictures": _PICTURE, "sounds": _SOUND}.get(what, "")
    others = files_under(folder, (suffix for suffix, mend in _UNREAD.items() if mend == way))
    if not others:
        return ()
    example = others[0].relative_to(folder)
    text = (
        f"{len(others)} of {len(others) + files} {what} are left out, in formats that are not read, such as "
        f"{example}"
    )
    return (Finding(rule="files-unread", level="warning", text=text, action=way),)


def _place(file: Path, folder: Path) -> tuple[str, ...]:
    """Return the folders and the name of a file; Windows' archives, unpacked elsewhere, name both in one."""
    return tuple(part for part in str(file.relative_to(folder)).replace("\\", "/").split("/") if part)


def _by_folder(folder: Path, files: Sequence[Path], depth: int = 0) -> dict[str, list[Path]]:
    """Return files by the folder that they are in at a depth; those that lie above it are left out."""
    found: dict[str, list[Path]] = {}
    for file in files:
        place = _place(file, folder)
        if len(place) > depth + 1:
            found.setdefault(place[depth], []).append(file)
    return dict(sorted(found.items()))


def _unwrapped(folder: Path, files: Sequence[Path]) -> tuple[int, str]:
    """Return how deep the folders of classes are where others are around all of them, and those as a path."""
    depth, around = 0, []
    while len(here := _by_folder(folder, files, depth)) == 1 and sum(map(len, here.values())) == len(files):
        around += list(here)
        depth += 1
    return (depth, "/".join(around)) if len(here) > 1 else (0, "")


def read_folders(folder: Path, suffixes: Sequence[str], what: str) -> ClassFolders:
    """Return the files of a folder that holds one sub-folder per class, or train, val and test with those.

    Raises:
        DataError: no sub-folder with such files.
    """
    every = files_under(folder, suffixes)
    depth, around = _unwrapped(folder, every)
    by_class = _by_folder(folder, every, depth)
    given = {
        name: _by_folder(folder, files, depth + 1)
        for name, files in by_class.items()
        if name.lower() in PARTS
    }
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
    notes = unread_beside(folder, len(files), what)
    if around:
        notes += (note("wrapped", f"the {what} by class are those within {around}"),)
    if not split:
        return ClassFolders(files, classes, None, notes)
    counts = ", ".join(f"{name} {sum(map(len, found.values()))}" for name, found in given.items())
    said = note("split", f"the split is that of the folders: {counts}")
    return ClassFolders(files, classes, _settled(parts), (*notes, said))


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
