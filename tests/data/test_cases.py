"""Files of every kind that people have: the kinds that went wrong once, each with another member."""

import gzip
import json
import zipfile

import numpy as np
import pytest

from osetra.data.dataset import CategoryColumn, NumberColumn
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError

N = 120
RNG = np.random.default_rng(1)
A, B = RNG.normal(size=N).round(4), RNG.normal(size=N).round(4)
Y = np.where(A + RNG.normal(0, 0.7, N) > 0, "yes", "no")


@pytest.fixture
def write(tmp_path):
    def write_file(text: str, name: str = "data.csv", encoding: str = "utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write_file


def table(name: str, cells, delimiter: str = ",") -> str:
    """Return a table with a column of the given cells beside a number and the answer."""
    rows = [delimiter.join([str(cell), str(b), y]) for cell, b, y in zip(cells, B, Y, strict=True)]
    return "\n".join([delimiter.join([name, "b", "y"]), *rows, ""])


def quoted(texts) -> list[str]:
    return [f'"{text}"' for text in texts]


MARKED = [
    ("rate", [f"{a:.1f} %" for a in A], A.round(1), "rate (%)"),
    ("price", quoted(f"€{1000 + a:,.2f}" for a in A), (1000 + A).round(2), "price (€, thousands marks)"),
    ("price", [f"{100 + a:.2f} USD" for a in A], (100 + A).round(2), "price (USD)"),
    ("loss", [f"({a + 9:.2f})" for a in A], -(A + 9).round(2), ""),
    ("mass", [f"{a + 9:.1f}mg" for a in A], (A + 9).round(1), "mass (mg)"),
    ("people", [f"{int(1e6 + 1e5 * a):_}".replace("_", " ") for a in A], np.trunc(1e6 + 1e5 * A), "marks"),
    ("people", [f"{int(1e6 + 1e5 * a):_}".replace("_", "'") for a in A], np.trunc(1e6 + 1e5 * A), "marks"),
    ("years", ["< 1 year" if i % 9 == 0 else f"{i % 9 + 1} years" for i in range(N)],
     np.array([1 if i % 9 == 0 else i % 9 + 1 for i in range(N)]), "bounds such as <1 read as the bound"),
    ("worth", [f"{a + 9:.1f}M" for a in A], (A + 9).round(1) * 1e6, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cells", "values", "said"), MARKED, ids=[str(i) for i in range(len(MARKED))]
)
def test_numbers_with_marks_are_numbers_and_said_to_be(write, name, cells, values, said):
    data = load(write(table(name, cells)))
    (column,) = [column for column in data.columns if column.name == name]
    assert isinstance(column, NumberColumn)
    assert column.values == pytest.approx(values)
    assert said in " ".join(note.text for note in data.notes)


def test_european_numbers_are_read_by_their_own_marks(write):
    cells = [f"{1000 + 100 * a:,.2f}".translate(str.maketrans(",.", ".,")) for a in A]
    column = load(write(table("umsatz", cells, ";"))).columns[0]
    assert column.values == pytest.approx((1000 + 100 * A).round(2))


@pytest.mark.parametrize("mark", ["-", "--", "unknown", "?", "n.a.", "Not available"])
def test_marks_of_missing_numbers_are_missing(write, mark):
    column = load(write(table("a", [mark if i % 5 == 0 else a for i, a in enumerate(A)]))).columns[0]
    assert isinstance(column, NumberColumn)
    assert np.flatnonzero(np.isnan(column.values)).tolist() == list(range(0, N, 5))


def test_a_number_that_means_missing_is_declared(write):
    path = write(table("age", [999 if i % 10 == 0 else i % 50 for i in range(N)]))
    assert np.nanmax(load(path).columns[0].values) == 999
    said = load(path, reading=DataOptions(na=("age=999",))).columns[0]
    assert np.nanmax(said.values) == 49
    assert np.isnan(said.values).sum() == N // 10


def test_units_of_several_kinds_are_a_category_and_no_number(write):
    cells = [f"{i % 7} kg" if i % 2 else f"{i % 7} g" for i in range(N)]
    assert isinstance(load(write(table("mass", cells))).columns[0], CategoryColumn)


def test_what_is_no_number_is_missing_where_a_person_says_number(write):
    path = write(table("a", ["broken" if i % 3 == 0 else a for i, a in enumerate(A)]))
    column = load(path, reading=DataOptions(number=("a",))).columns[0]
    assert np.isnan(column.values).sum() == 40


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        ([f"{1 + i % 28:02d}.{1 + i % 12:02d}.2023" for i in range(N)], "season sin"),
        ([f"{1 + i % 12}/{1 + i % 28}/{20 + i % 4} 0{i % 9}:30" for i in range(N)], "hour cos"),
        ([f"{1 + i % 28} March {2000 + i % 20}" for i in range(N)], "year"),
        ([f"2024-02-{1 + i % 28:02d}T{i % 24:02d}:00:00Z" for i in range(N)], "hour sin"),
        ([f"{i % 24:02d}:{i % 60:02d}" for i in range(N)], "hour sin"),
        (quoted(f"{i % 3} days, {i % 24}:00:00" for i in range(N)), ""),
        ([f"{2000 + i % 50}0131" for i in range(N)], None),
    ],
)
def test_dates_and_times_are_taken_apart(write, texts, parts):
    reading = DataOptions(date=("when",)) if parts is None else DataOptions()
    names = [column.name for column in load(write(table("when", texts)), reading=reading).columns]
    wanted = "when year" if parts is None else f"when {parts}".strip()
    assert wanted in names


def test_the_order_of_day_and_month_is_said_and_can_be_said_otherwise(write):
    path = write(table("when", [f"{1 + i % 12}/{1 + i % 9}/2024" for i in range(N)]))
    assert "month/day/year; --date when=dmy says otherwise" in " ".join(n.text for n in load(path).notes)
    first, other = load(path), load(path, reading=DataOptions(date=("when=dmy",)))
    assert first.fingerprint != other.fingerprint


def test_labels_keep_all_their_digits(write):
    path = write(table("a", A).replace("yes", "12345678").replace("no", "12345679"))
    assert load(path).classes == ("12345678", "12345679")


def test_codes_with_zeros_in_front_are_categories(write):
    column = load(write(table("zip", [f"{i % 30 + 500:05d}" for i in range(N)]))).columns[0]
    assert column.levels[0] == "00500"


def test_none_is_a_class_of_a_target_and_can_be_declared_missing(write):
    path = write(table("a", A).replace("no\n", "none\n"))
    assert load(path).classes == ("none", "yes")
    with pytest.raises(DataError, match="every row is 'yes'"):
        load(path, reading=DataOptions(na=("none",)))


def test_rows_without_a_target_are_left_out_and_counted(write):
    text = table("a", A).replace("yes", "", 3)
    data = load(write(text))
    assert len(data) == N - 3
    assert "3 of 120 rows have no 'y' and are left out" in data.notes[0].text


@pytest.mark.parametrize("last", ["Total,3.5,\n", "sum,,yes\n"])
def test_a_row_of_sums_is_left_out(write, last):
    data = load(write(table("a", A) + last))
    assert len(data) == N
    assert "row 121 looks like a sum of the others" in " ".join(note.text for note in data.notes)


def test_labels_that_differ_in_case_are_said_and_merged_when_told(write):
    path = write(table("a", A).replace("yes", "YES", 20))
    assert "classes that differ in case only: 'YES', 'yes'" in " ".join(n.text for n in load(path).notes)
    assert load(path, reading=DataOptions(ignore_case=True)).classes == ("no", "yes")


def rules(data) -> set[str]:
    return {note.rule for note in data.notes}


def test_a_copy_of_the_target_is_a_warning(write):
    assert "leak" in rules(load(write(table("copy", np.where(Y == "yes", "A", "B")))))
    assert "leak" not in rules(load(write(table("a", A))))


def test_a_near_copy_of_a_number_is_a_warning(write):
    rows = "".join(f"{a},{a * 2 + 1e-4 * b},{b}\n" for a, b in zip(A, B, strict=True))
    assert "leak" in rules(load(write("y,copy,b\n" + rows)))


def test_groups_that_fall_on_both_sides_are_a_warning_until_kept_together(write):
    path = write(table("user_id", [f"u{i % 12}" for i in range(N)]))
    assert "groups" in rules(load(path))
    assert "groups" not in rules(load(path, reading=DataOptions(group="user_id")))


def test_a_row_counter_of_sorted_rows_is_left_out_and_said(write):
    order = np.argsort(Y, kind="stable")
    rows = "".join(f"{i + 7},{A[k]},{Y[k]}\n" for i, k in enumerate(order))
    data = load(write("CustomerID,a,y\n" + rows))
    assert [column.name for column in data.columns] == ["a"]
    assert {"sorted", "column-left-out"} <= rules(data)


def test_copies_of_rows_are_said(write):
    text = table("a", A)
    assert "duplicates" in rules(load(write(text + "\n".join(text.splitlines()[1:40]) + "\n")))
    assert "duplicates" not in rules(load(write(text)))


def test_words_of_free_text_are_learnt_from(write):
    texts = [f"I {'loved' if y == 'yes' else 'hated'} the thing called {i}" for i, y in enumerate(Y)]
    (column,) = load(write(table("review", texts))).texts
    assert column.name == "review" and list(np.array(column.levels)[column.codes]) == texts


def test_several_labels_in_a_cell_are_said(write):
    labels = np.array(["red|big", "red", "big|old", "red|old", "old"])[np.arange(N) % 5]
    text = "a,tags\n" + "".join(f"{a},{label}\n" for a, label in zip(A, labels, strict=True))
    assert "several-labels" in rules(load(write(text), target="tags"))


def test_a_heavy_tail_names_the_option_that_mends_it(write):
    text = "a,y\n" + "".join(f"{a},{np.exp(4 * b):.8f}\n" for a, b in zip(A, B, strict=True))
    (found,) = [note for note in load(write(text)).notes if note.rule == "heavy-tail"]
    assert "--log-target" in found.action
    assert load(write(text), reading=DataOptions(log_target=True)).log_target


def test_a_logarithm_needs_numbers_above_0(write):
    with pytest.raises(DataError, match="--log-target needs numbers above 0, and row 3 holds none"):
        load(write("a,y\n1,2.5\n2,3.5\n3,0\n4,1\n"), reading=DataOptions(log_target=True))


@pytest.mark.parametrize(
    "name", ["data.csv.GZ", "data.csv.bz2", "data.csv.xz", "data.zip", "data.TSV", "data.txt"]
)
def test_packed_files_and_suffixes_in_any_case_are_read(tmp_path, name):
    import bz2
    import lzma

    raw = table("a", A, "\t" if "TSV" in name else ",").encode()
    pack = {"GZ": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    path = tmp_path / name
    if name.endswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.csv", raw)
    else:
        path.write_bytes(pack.get(name.split(".")[-1], bytes)(raw))
    assert load(path).columns[0].values == pytest.approx(A)


def test_records_of_json_lines_and_lists_are_read(write):
    records = [{"a": float(a), "in": {"b": float(b)}, "y": str(y)} for a, b, y in zip(A, B, Y, strict=True)]
    lines = load(write("\n".join(map(json.dumps, records)), "t.jsonl"))
    listed = load(write(json.dumps(records, indent=1), "t.json"))
    assert [column.name for column in lines.columns] == ["a", "in.b"]
    assert lines.fingerprint == listed.fingerprint


def test_arff_declares_its_categories(write):
    rows = "".join(f"{a},{i % 3},'{y} !'\n" for i, (a, y) in enumerate(zip(A, Y, strict=True)))
    head = (
        "% old\n@RELATION r\n@attribute 'a b' numeric\n@attribute c {0,1,2}\n@attribute y {yes,no}\n@DATA\n"
    )
    data = load(write(head + rows, "t.arff"))
    assert [type(column) for column in data.columns] == [NumberColumn, CategoryColumn]
    assert data.columns[0].name == "a b"
    assert data.classes == ("no !", "yes !")


def test_excel_is_read_below_a_title(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Report"])
    sheet.append([None, "a", "when", "y"])
    import datetime

    for i, (a, y) in enumerate(zip(A, Y, strict=True)):
        sheet.append([None, float(a), datetime.datetime(2024, 1 + i % 12, 3), str(y)])
    book.save(tmp_path / "t.xlsx")
    data = load(tmp_path / "t.xlsx")
    assert data.columns[0].values.tolist() == A.tolist()
    assert "when season sin" in [column.name for column in data.columns]


def test_parquet_types_are_kept(tmp_path):
    import pyarrow
    import pyarrow.parquet

    when = np.datetime64("2024-01-01T05", "us") + np.arange(N) * np.timedelta64(7, "h")
    pyarrow.parquet.write_table(
        pyarrow.table({
            "big": pyarrow.array([2**60 + i % 3 for i in range(N)]),
            "when": pyarrow.array(when),
            "level": pyarrow.array(np.where(A > 1, "hi", "lo")).dictionary_encode(),
            "yes": pyarrow.array(B > 0),
            "money": pyarrow.array([round(float(b), 2) for b in B]).cast(pyarrow.decimal128(12, 2)),
            "y": pyarrow.array(Y),
        }),
        tmp_path / "t.parquet",
    )  # fmt: skip
    data = load(tmp_path / "t.parquet", reading=DataOptions(category=("big",)))
    kinds = {column.name: column for column in data.columns}
    assert kinds["big"].levels == (str(2**60), str(2**60 + 1), str(2**60 + 2))
    assert kinds["yes"].levels == ("False", "True")
    assert kinds["money"].values == pytest.approx(B.round(2))
    assert {"when hour sin", "level"} <= set(kinds)


def test_targets_of_arrays_may_be_columns_or_one_hot(tmp_path):
    y = np.arange(N) % 3
    x = RNG.normal(size=(N, 4))
    np.savez(tmp_path / "column.npz", x=x, y=y[:, None])
    np.savez(tmp_path / "hot.npz", X=x, y=np.eye(3)[y])
    assert load(tmp_path / "column.npz").target.tolist() == y.tolist()
    assert load(tmp_path / "hot.npz").target.tolist() == y.tolist()
    np.savez(tmp_path / "two.npz", x=x, y=RNG.normal(size=(N, 2)))
    assert load(tmp_path / "two.npz").multi.names == ("y0", "y1")


def test_sequences_are_told_from_pictures(tmp_path):
    y = np.arange(20) % 2
    np.savez(tmp_path / "steps.npz", x=RNG.normal(size=(20, 30, 3)), y=y)
    np.savez(tmp_path / "pictures.npz", x=RNG.random((20, 12, 9)), y=y)
    np.savez(tmp_path / "said.npz", sequences=RNG.random((20, 12, 9)), y=y)
    steps = load(tmp_path / "steps.npz")
    assert (steps.kind, steps.images) == ("sequences", None)
    assert "x is read as 20 sequences of 30 steps of 3 channels" in steps.notes[0].text
    assert load(tmp_path / "pictures.npz").images.shape == (20, 1, 12, 9)
    assert load(tmp_path / "said.npz").sequences.values.shape == (20, 9, 12)
