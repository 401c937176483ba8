"""Files and folders that only their owner may read, and files that are none.

What waits in an outbox may hold data of people, so it is private: 0600 in folders of 0700. A folder with
the set-group-id bit that its group may write is shared on purpose, and what is made in it is open to the
group.
"""

from __future__ import annotations

import os
import stat
import sys
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


def open_private(path: Path) -> BufferedRandom:
    """Open a file that only its owner may read, to write behind what is there; a link is no such file.

    Raises:
        OSError: it cannot be written, or something else has its name.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place is refused and not waited for
    handle = os.open(path, flags, 0o660 if _is_shared(path.parent) else 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(22, f"{kind_of(path)} and no file", str(path))
        return os.fdopen(handle, "a+b")
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
