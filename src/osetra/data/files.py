"""Files: the bytes of a file, unpacked, and what kind of data they are by their content."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal, TypeAlias

from osetra.core.finding import Finding
from osetra.data.table import note
from osetra.data.unpacking import check_size, is_packed, member, names_in, unpacked
from osetra.errors import DataError
from osetra.files import read_regular

Kind: TypeAlias = Literal["text", "parquet", "feather", "xlsx", "json", "arff", "npz"]
_JSON = (".json", ".jsonl", ".ndjson", ".geojson")
SUFFIXES = (
    ".csv", ".tsv", ".txt", ".parquet", ".feather", ".xlsx", ".jsonl", ".json", ".arff", ".npz",
    "text also as .gz, .bz2, .xz or .zip",
)  # fmt: skip
_MAGIC: dict[bytes, Kind] = {
    b"PAR1": "parquet",
    b"ARROW1": "feather",
    b"FEA1": "feather",
    b"\xff\xff\xff\xff": "feather",
}
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as .xlsx or .csv",
    b"SQLite format 3": "an SQLite database; export the table as .csv",
    b"\x89HDF": "an HDF5 file; save its arrays with numpy.savez, or its table as .csv",
    b"%PDF": "a PDF; export its table as .csv",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x80\x04\x95": "a pickle, which could run code when loaded; save it as .csv or .parquet",
    b"\x93NUMPY": "a single array (.npy); save inputs and target as numpy.savez(path, x=..., y=...)",
    b"\x89PNG": "one picture; give the folder with a sub-folder of pictures for each class",
    b"\xff\xd8\xff": "one picture; give the folder with a sub-folder of pictures for each class",
    b"RIFF": "one sound or a film; give the folder with a sub-folder of sounds for each class",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive; unpack it first",
    b"\x04\x22\x4d\x18": "an LZ4 archive; unpack it first",
    b"PK\x05\x06": "an empty archive; pack it again, with the data",
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself; get it with git lfs pull",
    b"fLaC": "one sound; give the folder with a sub-folder of sounds for each class",
}


_PAGE = re.compile(rb"\s*(<!doctype html|<html|<\?xml)", re.IGNORECASE)
_TAR = (257, b"ustar")
"""Where archives of tar say so."""
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
"""What the directory of a workbook with a password names."""
_OFFICE = {
    "xl/workbook.bin": "a binary Excel workbook (.xlsb); save it as .xlsx or .csv",
    "word/document.xml": "a Word document; save its table as .csv",
    "ppt/presentation.xml": "a presentation; save its table as .csv",
    "content.xml": "an OpenDocument file (.ods); save it as .xlsx or .csv",
}


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The bytes of a file, unpacked, and what kind of data they are."""

    kind: Kind
    raw: bytes
    notes: tuple[Finding, ...] = ()
    """What was left out of an archive."""


def read_bytes(path: Path) -> Content:
    """Return a file's kind and content, unpacked where it was packed.

    Raises:
        DataError: no such file, a damaged, encrypted or foreign one, or more than the memory holds; the text
            says what to do.
    """
    try:
        check_size(path.stat().st_size, str(path))
        raw = read_regular(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _content(path, path.name, raw, packed=False)


def _content(path: Path, name: str, raw: bytes, *, packed: bool) -> Content:
    if is_packed(raw) and not packed:
        return _content(path, PurePath(name).stem, unpacked(raw, str(path)), packed=True)
    if raw.startswith(b"PK\x03\x04"):
        return _from_zip(path, raw, packed=packed)
    if what := _foreign(raw):
        raise DataError(f"{path}: this is {what}")
    if name.lower().endswith((".py", ".ipynb")):
        raise DataError(
            f"{path}: this is a program and no data; to tune its function: osetra tune {path}:train"
        )
    return Content(_by_content(path, name.lower(), raw), raw)


def _foreign(raw: bytes) -> str:
    """Return what a file is that holds no data as osetra reads it, and what to do; "" for others."""
    if _PASSWORD in raw[:1_000_000] and raw.startswith(b"\xd0\xcf\x11\xe0"):
        return "an Excel workbook with a password; save it without one"
    if raw[_TAR[0] :].startswith(_TAR[1]):
        return "a tar archive; unpack it and give the file with the data"
    if _PAGE.match(raw[:512].removeprefix(b"\xef\xbb\xbf")):
        return "a page of the web (HTML or XML) and no table; download the data, or save it as .csv"
    if is_packed(raw):
        return "an archive within an archive; unpack it first"
    return next((what for magic, what in _FOREIGN.items() if raw.startswith(magic)), "")


def _by_content(path: Path, name: str, raw: bytes) -> Kind:
    for magic, kind in _MAGIC.items():
        if raw.startswith(magic):
            return kind
    start = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if name.endswith(".arff") or b"@relation" in start.lower():
        return "arff"
    if start.startswith((b"{", b"[{", b"[[", b"[\n", b"[ ", b"[\r")) or name.endswith(_JSON):
        return "json"
    for suffix in (".parquet", ".feather", ".xlsx", ".npz"):
        if name.endswith(suffix):
            raise DataError(f"{path}: not a readable {suffix} file: its content is something else or damaged")
    return "text"


def _from_zip(path: Path, raw: bytes, *, packed: bool) -> Content:
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        everything = [name for name in archive.namelist() if not name.endswith("/")]
        arrays = bool(everything) and all(name.endswith(".npy") for name in everything)
        if arrays or "xl/workbook.xml" in everything:
            check_size(sum(each.file_size for each in archive.infolist()), str(path))
            return Content("npz" if arrays else "xlsx", raw)
        if what := next((_OFFICE[name] for name in everything if name in _OFFICE), ""):
            raise DataError(f"{path}: this is {what}")
        names, beside = names_in(archive)
        if len(names) != 1 or packed:
            shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
            raise DataError(
                f"{path}: the archive holds {len(names)} files ({shown}); unpack it and give the one with "
                "the data, or the folder of pictures"
            )
        found = _content(path, names[0], member(archive, names[0], str(path)), packed=True)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, OSError) as error:
        raise DataError(
            f"{path}: the archive is cut off or damaged ({error}); copy or download it again"
        ) from None
    if not beside:
        return found
    shown = ", ".join(beside[:5]) + (f" and {len(beside) - 5} more" if len(beside) > 5 else "")
    said = note("archive", f"of the archive {names[0]} is read; {shown} left out")
    return replace(found, notes=(*found.notes, said))
