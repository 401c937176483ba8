"""Descriptors: whether the files of a connection are still its own.

A training in this very process may close descriptors by number, and SQLite's are among them. What SQLite
writes then goes nowhere, or into another file that has the number since. So we know the numbers, look
before each use, and leave the connection alone for good when one of them is gone: even closing it is unsafe.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

Files: TypeAlias = dict[int, tuple[int, int]]
"""Descriptors with the number of the file behind them and its device, as `os.stat` returns them in [1:3]."""

_fstat = os.fstat


def descriptors() -> set[int]:
    """Return what is open in this process."""
    with suppress(OSError):
        return {int(number) for number in os.listdir("/dev/fd")}  # noqa: PTH208 - numbers, not paths
    return set()


def opened(before: set[int], paths: Iterable[Path]) -> Files:
    """Return the descriptors of some files that were opened since."""
    wanted = {path.stat()[1:3] for path in paths if path.exists()}
    found: Files = {}
    for number in descriptors() - before:
        with suppress(OSError):
            found[number] = _fstat(number)[1:3]
    return {number: identity for number, identity in found.items() if identity in wanted}


def are_gone(files: Files) -> bool:
    """Whether a descriptor was closed, or is another file's."""
    try:
        for number, identity in files.items():  # without names that a training may have replaced
            if _fstat(number)[1:3] != identity:
                return True
    except OSError:
        return True
    return False


def abandon(connection: sqlite3.Connection) -> None:
    """Keep a connection from ever being closed, even at the end of the program."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def lost(path: Path) -> str:
    """Say what has happened, and what to do."""
    return (
        f"{path}: its descriptors were closed or replaced by other code in this program, such as a training "
        "that closes all descriptors it can think of; nothing more is written, and what is in the file is "
        "sound. Start the program again with trainings in processes of their own: workers=2, or "
        "executor=osetra.Processes(1)"
    )
