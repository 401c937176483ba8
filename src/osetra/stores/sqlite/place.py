"""Whether a file can hold a study where it is: an existing, writable folder of this machine.

SQLite's write-ahead log needs memory that all processes share and locks that hold, and network file
systems give neither (sqlite.org/wal.html, "all processes must be on the same host computer").
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import quote

from osetra.errors import StoreError
from osetra.files import kind_of, real_path

MOUNTS = Path("/proc/mounts")
LINKS = 40
"""Symbolic links that lead to each other, at most; the kernel follows no more."""
NETWORK = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs"}
    | {"lustre", "gpfs", "beegfs", "ceph", "glusterfs", "panfs", "wekafs"}
)
"""Types of mounts whose files other machines may write."""
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.overlayfs", "fuse.bindfs", "fuse.mergerfs"})
"""FUSE mounts over local disks; every other `fuse.*` (sshfs, glusterfs, s3fs …) counts as remote."""


def followed(path: Path) -> Path:
    """Return the absolute path of the file that a path leads to, which need not be there yet.

    What SQLite and we keep beside a file bears its name, so two names of one file would each get a log and a
    lock of their own. Folders are left as they are written: what lies beside a file is found through any.

    Raises:
        StoreError: its symbolic links lead nowhere but to each other.
    """
    found = path.absolute()
    for _ in range(LINKS):
        if not found.is_symlink():
            return found
        found = found.parent / found.readlink()
    raise StoreError(f"{path}: this symbolic link leads back to itself; remove it, or name the file itself")


def other_names(path: Path) -> str:
    """Return what is to be said of a file with a second name, a hard link; empty when it has none."""
    try:
        names = path.stat().st_nlink
    except OSError:
        return ""
    if names < 2:
        return ""
    return (
        f"{path}: this file has {names} names (hard links), and programs that use different ones would each "
        f"keep a log of their own and damage it; remove the others (find . -samefile {path} lists them), use "
        f"symbolic links instead, or give the study a file of its own: cp {path} COPY.db"
    )


def check_place(path: Path, mounts: Path = MOUNTS) -> None:
    """Make sure that a study can live at an absolute path.

    Raises:
        StoreError: the folder is missing, something is read-only, or the disk is another machine's.
    """
    folder = path.parent
    if not folder.is_dir():
        raise StoreError(f"{path}: the folder {folder} does not exist; create it: mkdir -p {folder}")
    check_kind(path)
    if path.exists() and not path.is_file():
        raise StoreError(f"{path}: a study is a file, and this is a folder; use {path / 'study.db'}")
    for place in (path, folder):
        if place.exists() and not os.access(place, os.W_OK):
            raise StoreError(read_only(place))
    if not path.exists():
        _check_folder(folder)
    if remote := network_mount(path, mounts):
        kind, point = remote
        raise StoreError(
            f"{path}: {point} is a network file system ({kind}), on which SQLite loses data; "
            f"keep the study on a local disk, for example {Path(tempfile.gettempdir()) / path.name}, "
            "and copy the file when the study is done"
        )


def check_kind(path: Path) -> None:
    """Make sure that neither a study's file nor what SQLite keeps beside it is a pipe, a device or a socket.

    Raises:
        StoreError: one is; opening it might wait for ever.
    """
    for place in (path, *(Path(f"{path}{end}") for end in ("-wal", "-shm", "-journal", "-lock"))):
        if kind := kind_of(place):
            raise StoreError(f"{place} is {kind}, and a study is a file; use another name")


def _check_folder(folder: Path) -> None:
    """Make sure that a folder takes files at all; a full disk does, once there is space again.

    Raises:
        StoreError: it does not, as those of /proc.
    """
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EINTR):
            return
        raise StoreError(
            f"{folder}: no file can be made in this folder ({error.strerror or error}); use another one"
        ) from None


def checkpoints_of(path: Path, study: str) -> Path:
    """Return the folder for a study's checkpoints: beside the file, with one inside it per study."""
    return path.with_suffix(".checkpoints") / f"study-{quote(study, safe='')}"


def read_only(place: Path) -> str:
    """Return the message for a place that cannot be written."""
    return (
        f"{place} cannot be written by this user, and a study needs its file and folder writable; "
        f"allow it (chmod u+w {place}) or copy the study to a folder of your own"
    )


def network_mount(path: Path, mounts: Path = MOUNTS) -> tuple[str, str] | None:
    """Return type and mount point of the network file system that a path is on; None when local."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved = real_path(path)
    covering = ("", "")
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = _unescape(fields[1])
        # Of two mounts on one point the later one is on top.
        if resolved.is_relative_to(point) and len(point) >= len(covering[1]):
            covering = (fields[2], point)
    kind = covering[0]
    remote = kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
    return covering if remote else None


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
