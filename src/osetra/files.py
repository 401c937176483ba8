"""Files and folders that only their owner may read, and files that are none.

What a training prints and keeps may hold data of people, so logs and checkpoints are private: 0600 in
folders of 0700. A folder with the set-group-id bit that its group may write is shared on purpose, and what
is made in it is open to the group.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path

_SHARED = stat.S_ISGID | stat.S_IWGRP
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def private_folder(folder: Path) -> Path:
    """Make a folder, with the ones above it that are missing, for this user alone; return it.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.is_dir():
        if folder.parent != folder:
            private_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o770 if _is_shared(folder.parent) else 0o700)
        if not folder.is_dir():
            raise NotADirectoryError(20, "Not a directory", str(folder))
    return folder


def scratch_folder(name: str) -> Path:
    """Return a folder of this user's own in the system's folder for temporary files.

    Everybody may write there, so a folder of that name counts only when it is a real one, this user's and
    closed to others; else a fresh one is made.
    """
    folder = Path(tempfile.gettempdir()) / name
    with suppress(OSError):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
        mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        if stat.S_ISDIR(status.st_mode) and mine and not status.st_mode & 0o077:
            return folder
    return Path(tempfile.mkdtemp(prefix=f"{name}-"))


def create_private(path: Path, *, anew: bool = True, append: bool = False) -> BufferedRandom:
    """Open a file for writing that only its owner may read; one that is a link is no such file.

    Args:
        path: the file.
        anew: whether what is there goes first.
        append: whether everything is written behind what is there.

    Raises:
        OSError: it cannot be written, or something else has its name.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place is refused and not waited for
    flags |= os.O_APPEND if append else 0
    handle = os.open(path, flags, 0o660 if _is_shared(path.parent) else 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(22, f"{kind_of(path)} and no file", str(path))
        if anew and not append:
            os.ftruncate(handle, 0)
        return os.fdopen(handle, "a+b" if append else "r+b")
    except BaseException:
        os.close(handle)
        raise


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def kind_of(path: Path) -> str:
    """Return what stands in the place of a file: "a named pipe", "a device"; empty for a file or nothing.

    Reading one may wait for ever, so it is asked before anything is opened.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "")


def _is_shared(folder: Path) -> bool:
    try:
        return folder.stat().st_mode & _SHARED == _SHARED
    except OSError:
        return False
