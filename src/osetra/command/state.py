"""State: the files that a program leaves as its checkpoint, and how they are laid out again.

Names that begin with a dot or end with `.tmp` or `.part` are work in progress and do not count: a file
is written under such a name and renamed when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from osetra.errors import CheckpointError

UNFINISHED = (".tmp", ".part")
_TRIES = 5


def files(folder: Path) -> dict[str, os.stat_result]:
    """Return the whole files below a folder, by their relative names; links are left out."""
    found: dict[str, os.stat_result] = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _unfinished(name)]
        for name in names:
            path = Path(parent, name)
            try:
                status = path.lstat()
            except OSError:
                continue
            if path.is_file() and not path.is_symlink() and not _unfinished(name):
                found[path.relative_to(folder).as_posix()] = status
    return found


def gather(folder: Path) -> dict[str, bytes]:
    """Return the contents of the whole files; taken anew when a program changed them meanwhile.

    Raises:
        CheckpointError: they change faster than they can be read.
    """
    for _ in range(_TRIES):
        before = files(folder)
        try:
            contents = {name: (folder / name).read_bytes() for name in before}
        except OSError:
            continue
        if _marks(before) == _marks(files(folder)):
            return contents
    raise CheckpointError(f"{folder}: the files change while they are read; write elsewhere, then rename")


def lay_out(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of a checkpoint.

    Raises:
        CheckpointError: a name leads out of the folder: no checkpoint of a command.
    """
    for name, data in contents.items():
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or not place.parts or "\0" in name:
            raise CheckpointError(f"{name!r}: a checkpoint's file must lie in its own folder")
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith(UNFINISHED)


def _marks(found: Mapping[str, os.stat_result]) -> dict[str, tuple[int, int, int]]:
    return {name: (s.st_ino, s.st_size, s.st_mtime_ns) for name, s in found.items()}
