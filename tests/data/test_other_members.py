"""Kinds of files by members made here: dialects of programs, JSON of every orientation, foreign content."""

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest

from osetra.data.arrays import as_table
from osetra.data.delimited import parse_text
from osetra.data.files import read_bytes
from osetra.data.loading import load
from osetra.data.numbers import number_of
from osetra.data.options import DataOptions
from osetra.data.records import parse_records
from osetra.errors import DataError

N = 60
RNG = np.random.default_rng(4)
A = RNG.normal(size=N).round(3)
Y = np.where(A + RNG.normal(0, 0.5, N) > 0, "yes", "no")
KINDS = np.array(["red, big", "green", "blue"])[np.arange(N) % 3]
ROWS = [(f"{a}", kind, y) for a, kind, y in zip(A, KINDS, Y, strict=True)]


def lines(cut, *, names=("a", "kind", "y"), below=()) -> str:
    return "\n".join([cut(names), *below, *map(cut, ROWS)]) + "\n"


def quoted(row) -> str:
    return ", ".join(f'"{cell}"' if "," in cell else cell for cell in row)


def barred(row) -> str:
    return f"| {' | '.join(row)} |"


DIALECTS = {
    "a space before quotes": lines(quoted),
    "markdown": lines(barred, below=["|:---|---|---:|"]),
    "psql": lines(" | ".join, below=["-------+----------+-----"]),
    "control characters": lines("\x01".join),
    "unit separators": lines("\x1f".join),
    "double colons": lines("::".join),
    "names again": lines("\t".join, below=[]) + lines("\t".join).split("\n")[0] + "\n",
}


@pytest.mark.parametrize("text", DIALECTS.values(), ids=DIALECTS)
def test_dialects_of_programs_are_read(text):
    table = parse_text(text, "t.txt")
    assert table.names[-3:] == ("a", "kind", "y") or table.names == ("a", "kind", "y")
    assert table["a"].numbers().tolist() == A.tolist()
    assert [*table["kind"]] == [*KINDS] and [*table["y"]] == [*Y]


def test_a_line_of_names_within_the_rows_moves_no_row_number():
    rows = "".join(f"{i},{'no' if i % 2 else 'yes'}\n" for i in range(20))
    table = parse_text("a,y\n7,no\na,y\n" + rows, "t.csv")
    assert table["a"].numbers().tolist() == [7, *range(20)] and table.row(1) == 3
    assert "the line of names stands again in the file and is left out: row 2" in table.notes[0].text


RECORDS = [{"a": float(a), "kind": str(kind), "y": str(y)} for a, kind, y in zip(A, KINDS, Y, strict=True)]
COLUMNS = {name: [record[name] for record in RECORDS] for name in RECORDS[0]}
ORIENTATIONS = {
    "columns": {name: dict(enumerate(values)) for name, values in COLUMNS.items()},
    "index": dict(enumerate(RECORDS)),
    "named rows": {f"row {i}": record for i, record in enumerate(RECORDS)},
    "split": {"columns": list(COLUMNS), "index": [*range(N)], "data": [[*r.values()] for r in RECORDS]},
    "list": COLUMNS,
    "rows": [list(COLUMNS), *([*record.values()] for record in RECORDS)],
    "inside": {"meta": {"n": N}, "data": RECORDS},
    "features": {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": None, "properties": record} for record in RECORDS],
    },
}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("whole", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_json_of_any_orientation_is_a_table(whole, indent):
    table = parse_records(json.dumps(whole, indent=indent).encode(), "t.json")
    assert table.names == ("a", "kind", "y")
    assert table["a"].tolist() == A.tolist() and [*table["y"]] == [*Y]


def test_lists_of_equally_many_numbers_are_columns():
    table = parse_records(b'{"v": [1, 2], "t": ["x"]}\n{"v": null, "t": ["x", "z"]}\n', "t.jsonl")
    assert table.names == ("v.0", "v.1", "t") and [*table["t"]] == ["x", "x;z"]
    assert np.isnan(table["v.1"][1])


def test_structures_and_streams_of_arrow_are_read(tmp_path):
    import pyarrow

    place = [{"at": {"lat": float(i), "lon": -float(i)}, "v": [1.0, float(i)]} for i in range(N)]
    whole = pyarrow.table({"place": place, "y": list(Y)})
    with (
        pyarrow.OSFile(str(tmp_path / "t.arrow"), "wb") as file,
        pyarrow.ipc.new_stream(file, whole.schema) as to,
    ):
        to.write_table(whole)
    data = load(tmp_path / "t.arrow", target="y")
    assert [column.name for column in data.columns] == ["place.at.lat", "place.at.lon", "place.v.1"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a": [1, 2, 3], "y": ["u", "v"]}', "columns of different lengths: a 3, y 2"),
        (b"[]", "the file holds no records"),
        (b'{"a": 1}\n{"a": 2\n', "line 2: not readable as JSON"),
        (b'["a", 1]\n["b"]\n', "row 2 has 1 cells and the first has 2"),
    ],
)
def test_json_that_is_no_table_is_refused(raw, said):
    with pytest.raises(DataError, match=said):
        parse_records(raw, "t.json")


def archive(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as into:
        into.writestr("[Content_Types].xml", "x")
        into.writestr(name, "x")
    return packed.getvalue()


def tar(mode: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as into:
        into.addfile(tarfile.TarInfo("a.csv"))
    return packed.getvalue()


FOREIGN = [
    (b"\n<!DOCTYPE html>\n<html>", "a page of the web"),
    (b"<?xml version='1.0'?><a/>", "a page of the web"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a pointer of Git LFS"),
    (b"\x28\xb5\x2f\xfd\x04\x00", "a Zstandard archive"),
    (tar("w"), "a tar archive"),
    (tar("w:gz"), "a tar archive"),
    (archive("xl/workbook.bin"), "a binary Excel workbook"),
    (archive("content.xml"), "an OpenDocument file"),
    (archive("word/document.xml"), "a Word document"),
    (b"PK\x05\x06" + bytes(18), "an empty archive"),
    (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "an Excel workbook with a password"),
]


@pytest.mark.parametrize(("raw", "what"), FOREIGN, ids=[what for _, what in FOREIGN])
def test_files_that_only_look_like_data_are_named(tmp_path, raw, what):
    (tmp_path / "data.csv").write_bytes(raw)
    with pytest.raises(DataError, match=f"this is {what}"):
        read_bytes(tmp_path / "data.csv")


def test_arff_rows_have_a_cell_for_each_attribute(tmp_path):
    head = "@relation r\n@attribute a numeric\n@attribute y {no,yes}\n@data\n"
    for row, said in (
        ("1,2,yes", "row 1 has 3 cells and 2 attributes"),
        ("1,yes,{2}", "weights of rows are not"),
    ):
        (tmp_path / "t.arff").write_text(head + f"{row}\n" * 5)
        with pytest.raises(DataError, match=said):
            load(tmp_path / "t.arff")


@pytest.mark.parametrize(
    "column", [np.ones(3) + 1j, np.zeros(3, dtype=[("p", "f8"), ("q", "i4")]), np.zeros(3, dtype="V4")]
)
def test_arrays_of_no_plain_values_are_refused(column):
    with pytest.raises(DataError, match=r"t.npz: v holds .*save plain numbers or text"):
        as_table({"v": column}, "t.npz")


def test_a_target_array_of_one_value_is_refused(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.ones((3, 2)), y=np.float64(1))
    with pytest.raises(DataError, match="y is a single value"):
        load(tmp_path / "t.npz")


def test_a_picture_cut_off_anywhere_is_left_out_with_a_count(tmp_path):
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(RNG.integers(0, 255, (9, 9, 3), dtype=np.uint8)).save(packed, "png")
    whole = packed.getvalue()
    for kind in "ab":
        (tmp_path / kind).mkdir()
        for i in range(4):
            (tmp_path / kind / f"{i}.png").write_bytes(whole)
    cuts = range(0, len(whole) - 20, 25)
    for cut in cuts:
        (tmp_path / "a" / f"cut{cut}.png").write_bytes(whole[:cut])
    data = load(tmp_path)
    assert len(data) == 8 and f"{len(cuts)} of {8 + len(cuts)} pictures cannot be read" in data.notes[0].text


MARKED = {
    "$({:,.2f})": -1, "€ ({:.2f})": -1, "({:.2f})": -1, "{:.2f}-": -1, "{:.2f}***": 1, "{:,.2f}[1]": 1,
    "{:.2f}†": 1,
    "{:.2f} million": 1e6, "${:.2f} billion": 1e9, "{:.2f} thousand": 1e3, "₹{:.2f} crore": 1e7,
    "{:.2f}-*": -1,
}  # fmt: skip


@pytest.mark.parametrize(("written", "times"), MARKED.items(), ids=MARKED)
def test_numbers_as_books_and_reports_write_them(written, times):
    for value in np.abs(A * 1000).round(2).tolist():
        found = number_of(written.format(value))
        assert found is not None and found[0] == pytest.approx(value * times)


def csv(tmp_path, cells):
    path = tmp_path / "t.csv"
    rows = (f"{cell},{a},{y}\n" for cell, a, y in zip(cells, A, Y, strict=True))
    path.write_text("v,a,y\n" + "".join(rows))
    return path


def test_whole_numbers_that_are_all_dates_are_dates_unless_told(tmp_path):
    days = np.datetime64("2023-11-20") + np.arange(N)
    path = csv(tmp_path, [str(day).replace("-", "") for day in days])
    data = load(path)
    found = {column.name: column.values for column in data.columns}
    assert np.diff(found["v elapsed"]).tolist() == [1.0] * (N - 1)
    assert "numbers such as 20240531; --number v says otherwise" in data.notes[0].text
    told = load(path, reading=DataOptions(number=("v",)))
    assert told.columns[0].name == "v"
    assert load(csv(tmp_path, range(20_231_100, 20_231_100 + N))).columns[0].name == "v"


def test_numbers_in_several_units_are_no_identifier(tmp_path):
    data = load(csv(tmp_path, [f"{i + 1} {'kg' if i % 2 else 'lb'}" for i in range(N)]))
    assert "'v' left out: it holds numbers in several units (kg, lb)" in data.notes[0].text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/1.mp3", r"1 files such as a/1.mp3 are not read: save them as .wav or .flac"),
        ("a/1.heic", "save them as .png or .jpg"),
        ("train.csv", "the folder holds tables: give one of them, such as .*train.csv"),
        ("cat.1.jpg", "the folder holds 1 files such as cat.1.jpg"),
        ("a", "the folder holds no files"),
    ],
)
def test_a_folder_of_something_else_is_named(tmp_path, name, said):
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"x") if "." in name else place.mkdir()
    with pytest.raises(DataError, match=said):
        load(tmp_path)
