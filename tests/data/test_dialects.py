"""Random tables written in random dialects are read back, by the standard reader and by Arrow alike."""

import csv
import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from osetra.data import delimited
from osetra.data.delimited import parse_bytes, parse_text
from osetra.data.formats import read_table
from osetra.data.numbers import number_of
from osetra.data.options import DataOptions
from osetra.data.schema import Number, to_numbers
from osetra.data.table import Texts
from osetra.errors import DataError

WORD = st.text("abcdefghijklmnopqrstuvwxyzäöé", min_size=1, max_size=8)
LABELS = st.sampled_from(["red", "green", "blue", "no, thank you", 'say "yes"', "a; b", "two\nlines", "-"])
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")


@st.composite
def dialects(draw):
    """A table, and how it is written."""
    rows = draw(st.integers(6, 30))
    numbers = draw(st.lists(st.floats(-1e4, 1e4).map(lambda v: round(v, 3)), min_size=rows, max_size=rows))
    labels = draw(st.lists(LABELS, min_size=rows, max_size=rows))
    others = draw(st.lists(st.integers(0, 9999), min_size=rows, max_size=rows))
    names = draw(st.lists(WORD, min_size=4, max_size=4, unique=True))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    decimal = draw(st.sampled_from([".", ","]))
    return {
        "names": names, "numbers": numbers, "labels": labels, "others": others,
        "delimiter": delimiter, "decimal": decimal,
        "newline": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "encoding": draw(st.sampled_from(ENCODINGS)),
        "header": draw(st.booleans()),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "comment": draw(st.booleans()),
        "trailing": draw(st.booleans()),
    }  # fmt: skip


def written(table) -> bytes:
    """Write a table as its dialect says."""
    out = io.StringIO()
    if table["comment"]:
        out.write("# made by a machine" + table["newline"])
    writer = csv.writer(
        out, delimiter=table["delimiter"], lineterminator=table["newline"], quoting=table["quoting"]
    )
    end = [""] if table["trailing"] else []
    if table["header"]:
        writer.writerow([*table["names"], *end])
    for number, label, other in zip(table["numbers"], table["labels"], table["others"], strict=True):
        text = f"{number:.4f}".replace(".", table["decimal"])
        writer.writerow([text, label, other, f"{number + other:.1f}".replace(".", table["decimal"]), *end])
    # Who ends lines so wrote his umlauts on an old Mac.
    old_mac = table["newline"] == "\r" and table["encoding"] == "cp1252"
    return out.getvalue().encode("mac-roman" if old_mac else table["encoding"])


@settings(max_examples=300, deadline=None)
@given(dialects())
def test_a_table_in_any_dialect_is_read_back(table):
    # Where commas are both decimals and delimiters, only quotes tell them apart: that is another dialect.
    assume(table["delimiter"] != "," or table["decimal"] == "." or table["quoting"] == csv.QUOTE_ALL)
    assume(table["newline"] != "\r" or not any("\n" in label for label in table["labels"]))
    read = parse_bytes(written(table), "t.csv", DataOptions())
    names = tuple(table["names"]) if table["header"] else ("x1", "x2", "x3", "x4")
    assert read.names == names
    recipe = Number(names[0], read.decimal)
    assert to_numbers(recipe, read[names[0]]).tolist() == pytest.approx(table["numbers"])
    assert to_numbers(Number(names[2]), read[names[2]]).tolist() == table["others"]
    assert list(read[names[1]]) == table["labels"]


@settings(max_examples=100, deadline=None)
@given(dialects())
def test_what_is_said_is_obeyed(table):
    said = DataOptions(
        delimiter=table["delimiter"], decimal=table["decimal"], header="yes" if table["header"] else "no"
    )
    assume(table["newline"] != "\r" or not any("\n" in label for label in table["labels"]))
    read = parse_bytes(written(table), "t.csv", said)
    assert (read.names[0] == table["names"][0]) == table["header"]
    assert read.decimal == table["decimal"]
    assert list(read[read.names[1]]) == table["labels"]


@settings(max_examples=60, deadline=None)
@given(dialects())
def test_arrow_reads_what_the_standard_reader_reads(table):
    text = written({**table, "encoding": "utf-8"}).decode()
    assume(table["newline"] != "\r")
    with pytest.MonkeyPatch.context() as patch:
        plain = parse_text(text, "t.csv")
        patch.setattr(delimited, "LARGE", 0)
        fast = parse_text(text, "t.csv")
    assert fast.names == plain.names
    for mine, theirs in zip(fast.cells, plain.cells, strict=True):
        assert list(mine) == list(theirs)
        numbers, others = mine.numbers(), theirs.numbers()
        assert (numbers is None) == (others is None)
        assert numbers is None or np.array_equal(numbers, others, equal_nan=True)


@given(st.floats(-1e9, 1e9).map(lambda v: round(v, 2)), st.sampled_from([".", ","]), st.booleans())
def test_a_number_with_thousands_marks_is_read_as_it_was_meant(value, decimal, currency):
    text = f"{value:,.2f}"
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    text = f"{text} €" if currency else text
    assert number_of(text, decimal)[:2] == (pytest.approx(value), "€" if currency else "")


@pytest.mark.parametrize(
    ("text", "names", "note"),
    [
        ("sep=;\na;b;y\n1;2;x\n3;4;z\n", ("a", "b", "y"), "semicolons"),
        ("Report of May\n\na,b,y\n1,2,x\n3,4,z\n5,6,x\n", ("a", "b", "y"), "title line"),
        ("a b y\n1  2 x\n 3 4  z\n", ("a", "b", "y"), "spaces"),
        ("% lab\na\tb\ty\n1\t2\tx\n", ("a", "b", "y"), "comments"),
        ("'a','b','y'\n'1,5','2','x'\n'2,5','3','z'\n", ("a", "b", "y"), "decimals"),
        ("y\nyes\nno\nyes\n", ("y",), ""),
        ('a,b,y\n1,"say \\"x, y\\"",x\n2,plain,z\n', ("a", "b", "y"), ""),
    ],
)
def test_dialects_that_people_have(text, names, note):
    read = parse_text(text, "t.csv")
    assert read.names == names
    assert note in " ".join(each.text for each in read.notes)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("y\n1\n\n3\n", ["1", None, "3"]),
        ("y\n\n1\n  \n\n3\n4\n5\n6\n\n\n", [None, "1", None, None, "3", "4", "5", "6"]),
        ("\n\ny\nred\n\nblue\n\n", ["red", None, "blue"]),
        ("y\n\n1\n\n2\n\n3\n", ["1", "2", "3"]),
        ("y\n1\n2\n\n\n\n", ["1", "2"]),
        ('y\n1\n""\n3\n', ["1", None, "3"]),
        ("y,z\n1,2\n\n3,4\n", ["1", "3"]),
    ],
)
def test_an_empty_line_is_a_missing_value_between_the_rows_of_one_column_alone(text, cells, monkeypatch):
    for large in (delimited.LARGE, 0):
        monkeypatch.setattr(delimited, "LARGE", large)
        read = parse_text(text, "t.csv")
        assert list(read["y"]) == cells
        said = [note for note in read.notes if note.rule == "gaps"]
        assert bool(said) == (None in cells and '""' not in text)


def test_rows_that_are_too_short_are_filled_and_counted():
    rows = "".join(f"{i},{i * 2},x\n" for i in range(30))
    read = parse_text("a,b,y\n" + rows + "7,8\n", "t.csv")
    assert read["y"][30] is None
    assert read.notes[0].text == "1 row has too few cells: the rest of it is missing"


def test_rows_that_are_mostly_too_short_say_which_options_help():
    with pytest.raises(DataError, match="say what separates the cells with --delimiter"):
        parse_text("a,b,c\n1,2\n3,4\n5,6,7\n8,9\n", "t.csv")


def test_a_cell_of_a_megabyte_is_read():
    long = "word " * 250_000
    read = parse_text(f'y,text\na,"{long}"\nb,short\n', "t.csv")
    assert len(read["text"][0]) == len(long.strip())


def test_columns_without_a_name_and_without_content_are_none():
    read = parse_text(",a,,y,\n0,1,5,x,\n1,2,6,z,\n", "t.csv")
    assert read.names == ("", "a", "column 3", "y")


def test_texts_know_their_levels_and_who_has_which():
    texts = Texts(["b", " a", None, "'b'", ""])
    assert texts.levels == ("a", "b")
    assert texts.codes.tolist() == [1, 0, -1, 1, -1]
    assert texts.take(np.array([3, 2])).codes.tolist() == [0, -1]


def test_a_quote_that_nobody_closed_is_said(tmp_path):
    lines = [f"{i},{i % 7}.5,{'a' if i % 2 else 'b'}" for i in range(200)]
    lines[100] = '100,"2.5,a'
    (tmp_path / "quote.csv").write_text("\n".join(["id,x,y", *lines]) + "\n")
    notes = read_table(tmp_path / "quote.csv").notes
    (said,) = (one for one in notes if one.rule == "open-quote")
    assert said.level == "warning" and "row 101 is never closed: the 99 lines" in said.text


def test_who_has_too_many_cells_hears_what_separates_them(tmp_path):
    lines = [f"{i};{i % 7};{'a' if i % 2 else 'b'}" for i in range(50)]
    lines[20] += ";1;2"
    (tmp_path / "many.csv").write_text("\n".join(["id;x;y", *lines]) + "\n")
    with pytest.raises(DataError, match=r"row 21 has 5 cells .* it was read as: semicolons between cells"):
        read_table(tmp_path / "many.csv")
