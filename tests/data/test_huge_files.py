"""What would take all memory is refused before it does: bombs, and lines that would be millions of cells."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile

import pytest

from osetra.data import unpacking
from osetra.data.delimited import parse_bytes
from osetra.data.files import read_bytes
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.records import parse_records
from osetra.errors import DataError

MEGABYTE = 1 << 20


def zipped(raw: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.csv", raw)
    return packed.getvalue()


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": zipped}


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_unpacked_no_further_than_it_can_be_read(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(unpacking, "free_memory", lambda: 8.0 * MEGABYTE)
    monkeypatch.setattr(unpacking, "BLOCK", MEGABYTE)
    (tmp_path / "bomb.csv").write_bytes(PACK[kind](b"1" * (32 * MEGABYTE)))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"bomb.csv: holds .* GB, and reading needs at least 4 times that"):
        read_bytes(tmp_path / "bomb.csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE  # a window of xz is 8
    monkeypatch.undo()
    (tmp_path / "small.csv").write_bytes(PACK[kind](b"a,y\n" + b"1,2\n" * 50))
    assert read_bytes(tmp_path / "small.csv").raw.startswith(b"a,y\n1,2\n")


def test_a_file_that_the_memory_does_not_hold_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "free_memory", lambda: 4000.0)
    (tmp_path / "large.csv").write_bytes(b"1" * 1001)
    with pytest.raises(DataError, match=r"large.csv: holds 0.0 GB, and reading needs .* of memory are free"):
        load(tmp_path / "large.csv")


def test_free_memory_is_said_in_bytes():
    assert unpacking.free_memory() > 16 * MEGABYTE


LINES = {
    "digits": b"1,2,3,4,",
    "quoted": b'"1","2",',
    "semicolons": b"1;2;",
    "tabs": b"a\tb\t",
    "words": b"word ",
    "empty cells": b",",
}


@pytest.mark.parametrize("piece", LINES.values(), ids=LINES)
@pytest.mark.parametrize("before", [b"", b"a,b,y\n1,2,3\n4,5,6\n"], ids=["first", "later"])
def test_a_line_of_millions_of_cells_is_refused_before_it_is_cut(piece, before):
    before = before.replace(b",", piece[-1:])
    raw = before + piece * (60_000 // piece.count(piece[-1:])) + b"\n"
    with pytest.raises(DataError, match=r"t.csv: .* columns; at most 50000 are read"):
        parse_bytes(raw, "t.csv", DataOptions())


@pytest.mark.parametrize("ends", ["\n", ""])
def test_delimiters_within_a_cell_are_no_columns(ends):
    long = f"a,b {ends}" * 60_000
    table = parse_bytes(f'y,text\na,"{long}"\nb,"short, ""or"" not"\n'.encode(), "t.csv", DataOptions())
    assert list(table["text"]) == [long.strip(), 'short, "or" not']


def test_a_list_of_more_values_than_columns_is_refused():
    with pytest.raises(DataError, match="'a' holds a list of 5000 values; at most 4096 are read as columns"):
        parse_records(b'{"a": [' + b"1," * 4999 + b'1], "y": 1}\n{"a": [1], "y": 2}\n', "t.jsonl")
