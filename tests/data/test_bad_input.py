"""What cannot be used is named, with what was expected and how to mend it."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from osetra.data.files import read_bytes
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError

ROWS = "".join(f"{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(60))


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.mark.parametrize("name", ["data.csv.gz", "data.csv.bz2", "data.csv.xz", "data.zip"])
def test_a_cut_off_archive_is_refused(write, name):
    import bz2
    import lzma

    raw = ("a,y\n" + ROWS).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.csv", raw)
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    whole = packed.getvalue() if name == "data.zip" else pack[name.split(".")[-1]](raw)
    with pytest.raises(DataError, match="the archive is cut off or damaged"):
        load(write(whole[: len(whole) // 2], name))


def test_an_encrypted_archive_is_refused(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data.csv", "a,y\n" + ROWS)
    raw = bytearray(packed.getvalue())
    raw[6] |= 1  # the flag of an encrypted member, beside its data and in the directory
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match="the archive is encrypted; unpack it with its password first"):
        load(write(bytes(raw), "data.zip"))


def test_an_archive_of_several_files_is_refused(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "a,y\n" + ROWS)
        archive.writestr("b.csv", "a,y\n" + ROWS)
    with pytest.raises(DataError, match=r"holds 2 files \(a.csv, b.csv\); unpack it and give the one"):
        load(write(packed.getvalue(), "data.zip"))


@pytest.mark.parametrize(
    ("magic", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"\x80\x04\x95\x10", "a pickle, which could run code"),
        (b"\x93NUMPY\x01", "a single array"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "one picture"),
    ],
)
def test_foreign_files_are_named(write, magic, what):
    with pytest.raises(DataError, match=f"this is {what}"):
        read_bytes(write(magic + b"rest", "data.bin"))


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.xlsx", "t.npz"])
def test_a_file_cut_in_the_middle_is_refused_in_our_words(tmp_path, name):
    import openpyxl
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    table = pyarrow.table({"a": np.arange(500.0), "y": ["u", "v"] * 250})
    path = tmp_path / name
    if name == "t.parquet":
        pyarrow.parquet.write_table(table, path)
    elif name == "t.feather":
        pyarrow.feather.write_feather(table, path)
    elif name == "t.xlsx":
        book = openpyxl.Workbook()
        for i in range(500):
            book.active.append([i, "u"])
        book.save(path)
    else:
        np.savez(path, x=np.zeros((500, 3)), y=np.arange(500))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=name):
        load(path)


BAD = [
    ("d,x\n2020-01-31,1\n2021-02-01,2\n", "d", {}, "predict a number made of them"),
    ("x,t\n" + "".join(f"{i},story number {i} {chr(97 + i % 26)}\n" for i in range(60)), "t", {},
     "60 different classes in 60 rows"),
    ("a,y\n" + ROWS, "y", {"drop": ("b",)}, "'b': no such column"),
    ("a,y\n" + ROWS, "y", {"group": "yy"}, "Did you mean 'y'?"),
    ("a,y\n" + ROWS, "y", {"na": ("aa=9",)}, "'aa': no such column"),
    ("a,b,y\n" + ROWS.replace(",", ",word,"), "y", {"date": ("b",)}, "'word' is not readable as a date"),
    ("a,y\n" + ROWS, "y", {"date": ("a=xyz",)}, "give one of ymd, mdy, dmy"),
    ("a,w,y\n" + ROWS.replace(",", ",-1,"), "y", {"weight": "w"}, "a weight is a number from 0 up"),
    ("a,p,y\n" + ROWS.replace(",", ",some,"), "y", {"split": "p"}, "'some' is no part of a split"),
    ("a,p,y\n" + ROWS.replace(",", ",train,"), "y", {"split": "p"}, "needs rows for train and rows for test"),
    ("a,g,y\n" + ROWS.replace(",", ",one,"), "y", {"group": "g"}, "1 groups; three parts need"),
    ("a,g,y\n" + ROWS.replace(",", ",one,"), "y", {"time": "g"}, "neither dates nor numbers"),
    ('{"a": 1}\n{"a": \n', "a", {}, "line 2: not readable as JSON"),
    ("[\n1, 2]\n", "a", {}, "each line is to hold one JSON object"),
    ("@relation r\n@attribute a numeric\n@data\n", "a", {}, "no rows after @data"),
    ("y,y\n1,2\n", "y", {}, "two columns are called 'y'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "target", "said", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_data_that_cannot_be_used_says_why(write, text, target, said, message):
    with pytest.raises(DataError) as error:
        load(write(text), target=target, reading=DataOptions(**said))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"delimiter": "ab"}, "give one character, or one of comma"),
        ({"decimal": ";"}, "give '.' or ','"),
        ({"header": "maybe"}, "give yes, no, or the number of the line"),
    ],
)
def test_options_that_make_no_sense_are_refused(said, message):
    with pytest.raises(DataError, match=message):
        DataOptions(**said)


def test_100_000_columns_are_refused_at_once(write):
    names = ",".join(f"c{i}" for i in range(100_000))
    row = ",".join(["1"] * 100_000)
    path = write(f"{names}\n{row}\n{row}\n{row}\n")
    with pytest.raises(DataError, match="100000 columns; at most 50000 are read"):
        load(path, target="c0")


@pytest.mark.parametrize(("classes", "each"), [(100_000, 1), (6000, 4)])
def test_more_classes_than_can_be_learnt_are_refused_however_many_rows_each_has(tmp_path, classes, each):
    path = tmp_path / "data.csv"
    path.write_text("a,y\n" + "".join(f"{i % 9},c{i // each}\n" for i in range(classes * each)))
    with pytest.raises(DataError, match=f"{classes} different classes in {classes * each} rows"):
        load(path)


def test_an_unreadable_weight_names_the_row(write):
    with pytest.raises(DataError, match="w: row 2 holds 'heavy'"):
        load(write("a,w,y\n1,2,x\n2,heavy,z\n3,4,x\n"), reading=DataOptions(weight="w", drop=("w",)))
