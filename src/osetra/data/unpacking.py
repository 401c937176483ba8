"""Unpacking: the one file in an archive, as far as the memory holds what is in it.

A few kilobytes can hold gigabytes, so an archive is unpacked block by block, and no further than can be read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePath

from osetra.errors import DataError

SHARE = 4
"""Bytes of memory that a byte of a file needs at least until it is a table: itself, its text, its cells."""
BLOCK = 16 << 20
_OPEN: dict[bytes, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x5d\0\0": lzma.LZMAFile,
}
_BESIDE = re.compile(
    r"(read.?me|licen[cs]e|copying|notice|changelog|citation|about|description|codebook|(data.?)?dictionary"
    r"|(dataset.?)?metadata|data.?package|checksums?|(md5|sha\d+)sums?)[^.]*"
    r"(|\.txt|\.json|\.ya?ml|\.xml|\.cff)"
    r"|.*\.(md|rst|pdf|html?|docx?|odt|rtf|names|bib|url|md5|sha\d+|asc|sig)|thumbs\.db|desktop\.ini",
    re.IGNORECASE,
)
"""Names of files that accompany data."""


def is_packed(raw: bytes) -> bool:
    """Whether bytes are one packed file."""
    return any(raw.startswith(magic) for magic in _OPEN)


def check_size(size: int, source: str) -> None:
    """Raise DataError where so many bytes cannot be read in the memory that is free."""
    free = free_memory()
    if size * SHARE > free:
        raise _too_large(f"{size / 1e9:.1f} GB", source, free)


def _too_large(size: str, source: str, free: float) -> DataError:
    return DataError(
        f"{source}: holds {size}, and reading needs at least {SHARE} times that; {free / 1e9:.1f} GB of "
        "memory are free. Give part of its rows or columns, or a machine with more memory"
    )


def unpacked(raw: bytes, source: str) -> bytes:
    """Return what a packed file holds.

    Raises:
        DataError: it is cut off or damaged, or holds more than can be read.
    """
    free, buffer = free_memory(), io.BytesIO(raw)
    opened = next(opened for magic, opened in _OPEN.items() if raw.startswith(magic))
    found = io.BytesIO()
    try:
        with opened(buffer) as packed:
            while block := packed.read(BLOCK):
                found.write(block)
                if found.tell() * SHARE > free:
                    raise _too_large(f"more than {found.tell() / 1e9:.1f} GB", source, free)
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(
            f"{source}: the archive is cut off or damaged ({error}); copy or download it again"
        ) from None
    return found.getvalue()


def names_in(archive: zipfile.ZipFile) -> tuple[list[str], list[str]]:
    """Return the names of the files in an archive that may be data, and of those that accompany them.

    What systems leave in it, hidden files and folders of macOS, is in neither.
    """
    own = [name for name in archive.namelist() if not name.endswith("/") and not _is_hidden(name)]
    beside = [name for name in own if _BESIDE.fullmatch(PurePath(name).name)]
    if len(beside) == len(own):
        return own, []
    return [name for name in own if name not in beside], beside


def member(archive: zipfile.ZipFile, name: str, source: str) -> bytes:
    """Return a file of an archive.

    Raises:
        DataError: it is encrypted, or holds more than can be read.
    """
    found = archive.getinfo(name)
    if found.flag_bits & 1:
        raise DataError(f"{source}: the archive is encrypted; unpack it with its password first")
    check_size(found.file_size, source)
    return archive.read(name)


def _is_hidden(name: str) -> bool:
    return "__MACOSX" in name or any(part.startswith(".") and part != ".." for part in PurePath(name).parts)


def free_memory() -> float:
    """Return the bytes that this process can still take, swap included; infinite where nothing says."""
    found = [float("inf")]
    with suppress(OSError, ValueError):
        said = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(sum(int(said[name].split()[0]) * 1024 for name in ("MemAvailable", "SwapFree")))
    with suppress(OSError, ValueError):  # in a container
        group = Path("/sys/fs/cgroup")
        most, taken = ((group / name).read_text() for name in ("memory.max", "memory.current"))
        found.append(float(int(most) - int(taken)))
    with suppress(AttributeError, OSError, ValueError):
        found.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    return min(found)
