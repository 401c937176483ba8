"""Files and folders that only their owner may read, and files that are none.

Checkpoints, logs and what waits in an outbox may hold data of people, so they are private: 0600 in folders of
0700. A folder with the set-group-id bit that its group may write is shared on purpose, and what is made in it
is open to the group.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
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


def open_private(path: Path, *, anew: bool = False) -> BufferedRandom:
    """Open a file that only its owner may read, to write behind what is there; a link is no such file.

    With `anew` what was there goes, and writing is where the file stands.

    Raises:
        OSError: it cannot be written, or something else has its name.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= 0 if anew else os.O_APPEND
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place is refused and not waited for
    if kind := kind_of(path):
        raise OSError(22, f"{kind} and no file", str(path))
    mode = 0o660 if _is_shared(path.parent) else 0o600
    # Opened by name, so that the file says what it is called.
    file = open(path, "r+b" if anew else "a+b", opener=lambda name, _: os.open(name, flags, mode))  # noqa: SIM115
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(22, f"{kind_of(path)} and no file", str(path))
        if anew:
            file.truncate(0)
    except BaseException:
        file.close()
        raise
    return file


def read_regular(path: Path) -> bytes:
    """Return the contents of a file; what is none is refused and never waited for.

    Raises:
        OSError: there is none, it cannot be read, or something else has its name.
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    if kind := kind_of(path):  # opening a device may already do something
        raise OSError(22, f"{kind} and no file", str(path))
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(22, "no file", str(path))
        return file.read()


def real_path(path: str | Path) -> Path:
    """Return an absolute path without symbolic links; those that lead to each other are left as they are."""
    return Path(os.path.realpath(path))


@cache
def temporary_folder() -> Path:
    """Return a folder for temporary files that nobody else can have prepared: the same one where possible."""
    own = Path(tempfile.gettempdir()) / f"osetra-{os.getuid() if hasattr(os, 'getuid') else 0}"
    with suppress(OSError):
        with suppress(FileExistsError):
            own.mkdir(mode=0o700)
        found = own.lstat()
        if stat.S_ISDIR(found.st_mode) and _is_own(found):
            own.chmod(0o700)
            return own
    return Path(tempfile.mkdtemp(prefix="osetra-"))


def _is_own(found: os.stat_result) -> bool:
    """Whether a folder is this user's, and nobody else could put anything into it."""
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


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
