"""Publishing: a new study file gets its name once it is whole, and nothing is ever overwritten."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osetra.errors import StoreError


def new_file(path: Path) -> Path:
    """Return where a copy may be made; a folder stands for no file.

    Raises:
        StoreError: something is there already, or there is no such folder.
    """
    for there in (path, path.with_suffix(".checkpoints")):
        if there.exists() or there.is_symlink():
            raise StoreError(f"{there} exists and is not overwritten; name another file, or move it away")
    if not path.parent.is_dir():
        raise StoreError(
            f"{path}: the folder {path.parent} does not exist; create it: mkdir -p {path.parent}"
        )
    return path


@contextmanager
def publish(to: Path) -> Iterator[Path]:
    """Give a file to write to, which gets its name once it is whole; else it goes, and its checkpoints."""
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        yield part
        _publish(part, to)
    except BaseException:
        shutil.rmtree(to.with_suffix(".checkpoints"), ignore_errors=True)
        raise
    finally:
        for rest in (part, *part.parent.glob(f"{part.name}-*")):
            rest.unlink(missing_ok=True)


def _publish(part: Path, to: Path) -> None:
    """Give the copy its name, unless somebody took the name meanwhile."""
    try:
        os.link(part, to)
    except FileExistsError:
        raise StoreError(f"{to} exists and is not overwritten; name another file") from None
    except OSError:
        part.rename(to)  # a file system without links
