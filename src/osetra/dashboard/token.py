"""Token: what opens the page, kept for its owner alone, so that a restarted server is still theirs."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path

FILE = "dashboard-token"
AGE = 30 * 86400.0
"""Seconds after which a new one is made."""
LETTERS = 43
"""Of 32 random bytes in base64."""


def token() -> str:
    """Return this user's token; one that cannot be kept safely is good for this server only."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "osetra"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _private(folder.lstat(), stat.S_ISDIR):
            return secrets.token_urlsafe(32)
        return _kept(folder / FILE) or _made(folder / FILE)
    except (OSError, RuntimeError):  # no home
        return secrets.token_urlsafe(32)


def _kept(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        text = file.read(200).decode("ascii", "replace").strip()
    young = time.time() - status.st_mtime < AGE
    return text if len(text) == LETTERS and young and _private(status, stat.S_ISREG) else ""


def _made(path: Path) -> str:
    made = secrets.token_urlsafe(32)
    part = path.with_name(f"{FILE}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made)
    part.replace(path)
    return made


def _private(status: os.stat_result, kind: Callable[[int], bool]) -> bool:
    """Whether it is of that kind, ours, and nobody else may write or read it."""
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    others = status.st_mode & (0o077 if stat.S_ISREG(status.st_mode) else 0o022)
    return bool(kind(status.st_mode) and mine and not others)
