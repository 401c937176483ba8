"""Files: the bytes of a file, unpacked, and what kind of data they are by their content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Literal, TypeAlias

from osetra.errors import DataError
from osetra.files import read_regular

Kind: TypeAlias = Literal["text", "parquet", "feather", "xlsx", "json", "arff", "npz"]
SUFFIXES = (
    ".csv", ".tsv", ".txt", ".parquet", ".feather", ".xlsx", ".jsonl", ".json", ".arff", ".npz",
    "text also as .gz, .bz2, .xz or .zip",
)  # fmt: skip
_UNPACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\0": lzma.decompress,
}
_MAGIC: dict[bytes, Kind] = {b"PAR1": "parquet", b"ARROW1": "feather", b"FEA1": "feather"}
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
    b"fLaC": "one sound; give the folder with a sub-folder of sounds for each class",
}


def read_bytes(path: Path) -> tuple[Kind, bytes]:
    """Return a file's kind and content, unpacked where it was packed.

    Raises:
        DataError: no such file, a damaged, encrypted or foreign one; the text says what to do.
    """
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _kind_of(path, path.name, raw, packed=False)


def _kind_of(path: Path, name: str, raw: bytes, *, packed: bool) -> tuple[Kind, bytes]:
    for magic, unpack in _UNPACK.items():
        if raw.startswith(magic) and not packed:
            inner = PurePath(name).stem
            return _kind_of(path, inner, _unpacked(path, unpack, raw), packed=True)
    if raw.startswith(b"PK\x03\x04"):
        return _from_zip(path, raw, packed=packed)
    for magic, what in _FOREIGN.items():
        if raw.startswith(magic):
            raise DataError(f"{path}: this is {what}")
    if name.lower().endswith((".py", ".ipynb")):
        raise DataError(
            f"{path}: this is a program and no data; to tune its function: osetra tune {path}:train"
        )
    return _by_content(path, name.lower(), raw), raw


def _by_content(path: Path, name: str, raw: bytes) -> Kind:
    for magic, kind in _MAGIC.items():
        if raw.startswith(magic):
            return kind
    start = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if name.endswith(".arff") or b"@relation" in start.lower():
        return "arff"
    if start.startswith((b"{", b"[{", b"[\n", b"[ ", b"[\r")):
        return "json"
    for suffix in (".parquet", ".feather", ".xlsx", ".npz"):
        if name.endswith(suffix):
            raise DataError(f"{path}: not a readable {suffix} file: its content is something else or damaged")
    return "text"


def _unpacked(path: Path, unpack: Callable[[bytes], bytes], raw: bytes) -> bytes:
    try:
        return unpack(raw)
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(
            f"{path}: the archive is cut off or damaged ({error}); copy or download it again"
        ) from None


def _from_zip(path: Path, raw: bytes, *, packed: bool) -> tuple[Kind, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if "xl/workbook.xml" in names:
            return "xlsx", raw
        if names and all(name.endswith(".npy") for name in names):
            return "npz", raw
        names = [name for name in names if not PurePath(name).name.startswith(".") and "__MACOSX" not in name]
        if len(names) != 1 or packed:
            shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
            raise DataError(
                f"{path}: the archive holds {len(names)} files ({shown}); unpack it and give the one with "
                "the data, or the folder of pictures"
            )
        if archive.infolist()[0].flag_bits & 1 or archive.getinfo(names[0]).flag_bits & 1:
            raise DataError(f"{path}: the archive is encrypted; unpack it with its password first")
        return _kind_of(path, names[0], archive.read(names[0]), packed=True)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, OSError) as error:
        raise DataError(
            f"{path}: the archive is cut off or damaged ({error}); copy or download it again"
        ) from None
