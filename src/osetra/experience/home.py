"""Home: the folder in which a user's records are kept, one file each.

`OSETRA_EXPERIENCE` names another folder, or with `off` none at all: then nothing is kept, and nothing used.
A record is there whole or not at all; of two programs that write the same one at once, one wins.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from osetra.errors import StudyError, nearest
from osetra.experience.records import FEWEST, SUFFIX, StudyRecord, encode, read_record
from osetra.files import open_private, private_folder

VARIABLE = "OSETRA_EXPERIENCE"
OFF = "off"
MOST = 1000
"""Records that a home holds; the oldest file goes when there are more."""


def home() -> Path | None:
    """Return the folder of this user's records, which need not exist; None where there is to be none.

    Raises:
        StudyError: the variable names the home of nobody.
    """
    named = os.environ.get(VARIABLE, "")
    if named.strip().lower() == OFF:
        return None
    if named:
        try:
            return Path(named).expanduser()
        except RuntimeError:
            raise StudyError(
                f"{VARIABLE}={named:.200}: there is no such user; name a folder, or write {VARIABLE}={OFF}"
            ) from None
    data = os.environ.get("XDG_DATA_HOME", "")
    with suppress(RuntimeError):  # a user without a home
        base = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
        return base / "osetra" / "experience"
    return None


def kept() -> tuple[list[StudyRecord], list[str]]:
    """Return the records of the home, the latest study first, and a sentence for each file that is none."""
    records: list[StudyRecord] = []
    wrong: list[str] = []
    try:
        files = _files()
    except StudyError as error:
        return [], [str(error)]
    for file in files:
        try:
            records.append(read_record(file))
        except StudyError as error:
            wrong.append(str(error))
    return sorted(records, key=lambda record: (-record.opened, record.name)), wrong


def keep(record: StudyRecord) -> Path | None:
    """Write a record to the home, in place of an earlier one of the same study; None where nothing is kept.

    A study of which too few trials have a value is not kept.

    Raises:
        StudyError: the folder cannot be written.
    """
    folder = home()
    if folder is None or record.finished < FEWEST:
        return None
    path = folder / f"{record.name}{SUFFIX}"
    try:
        private_folder(folder)
        write(record, path)
        for old in _files()[MOST:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StudyError(
            f"{folder}: experience cannot be kept there: {error.strerror or error}; name another folder in "
            f"{VARIABLE}, or write {VARIABLE}={OFF}"
        ) from None
    return path


def write(record: StudyRecord, path: Path) -> None:
    """Write a record to a file, which is whole or what it was before.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open_private(beside, anew=True) as file:
            file.write(encode(record))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def forget(wanted: Sequence[str]) -> list[str]:
    """Delete records by their names, or by the names of their studies; return the names of those that went.

    Raises:
        StudyError: a name is none of a record, and nothing is deleted then; or a file cannot be deleted.
    """
    studies = {record.name: record.study for record in kept()[0]}
    files = {file.name.removesuffix(SUFFIX): file for file in _files()}  # damaged ones too
    chosen: list[str] = []
    for name in wanted:
        found = [one for one in files if name in (one, studies.get(one))]
        if not found:
            known = [*files, *studies.values()]
            raise StudyError(
                f"{name}: no experience of that name; osetra experience list shows all.{nearest(name, known)}"
            )
        chosen += found
    for name in dict.fromkeys(chosen):
        try:
            files[name].unlink(missing_ok=True)
        except OSError as error:
            raise StudyError(
                f"{files[name]}: cannot be deleted: {error.strerror or error}; delete it by hand"
            ) from None
    return list(dict.fromkeys(chosen))


def names() -> list[str]:
    """Return the names of all records, damaged files included."""
    return [file.name.removesuffix(SUFFIX) for file in _files()]


def _files() -> list[Path]:
    """Return the files of the home, the latest written first."""
    folder = home()
    try:
        if folder is None or not folder.is_dir():
            return []
        found = [file for file in folder.iterdir() if _is_record(file.name)]
        return sorted(found, key=lambda file: (-file.lstat().st_mtime, file.name))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudyError(
            f"{folder!s:.200}: experience cannot be read there: {reason}; name another folder in "
            f"{VARIABLE}, or write {VARIABLE}={OFF}"
        ) from None


def _is_record(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")
