"""Where the names of columns stand: behind a mark of comments, below titles that look like rows."""

import pytest

from osetra.data.delimited import parse_text
from osetra.data.options import DataOptions

ROWS = [f"{i % 7}.5{{0}}{(i * 3) % 11}{{0}}{'ab'[i % 2]}" for i in range(30)]
MARKS = [",", ";", "\t"]


def written(mark, *above):
    return "\n".join([*above, *(row.format(mark) for row in ROWS)]) + "\n"


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("begin", ["# ", "#", "% ", "// ", "## "])
@pytest.mark.parametrize(
    "before", [(), ("made by a machine",), ("by a machine, on monday, at noon", "units")]
)
def test_names_behind_a_mark_of_comments_are_the_header(mark, begin, before):
    names = mark.join(("v", "tx", "y"))
    table = parse_text(written(mark, *(begin + line for line in (*before, names))), "t.csv")
    assert table.names == ("v", "tx", "y") and len(table) == 30
    assert "no line of names" not in " ".join(note.text for note in table.notes)


@pytest.mark.parametrize("comment", ["# a, b, c", "# who, when, why", "# 1,2,3", "# two, fields"])
def test_a_comment_above_names_is_none(comment):
    assert parse_text(written(",", comment, "v,tx,y"), "t.csv").names == ("v", "tx", "y")


def test_a_line_of_names_can_be_pointed_at_behind_its_mark():
    text = written(",", "# v,tx,y", "# another, line, here")
    assert parse_text(text, "t.csv", reading=DataOptions(header="1")).names == ("v", "tx", "y")
    assert parse_text(text, "t.csv", reading=DataOptions(header="no")).names == ("x1", "x2", "x3")


def test_texts_below_names_of_their_own_keep_them():
    rows = "".join(f"{('bob', 'ann', 'joe')[i % 3]},{('red', 'blue')[i % 2]}\n" for i in range(12))
    assert parse_text("# by me, today\nname,colour\n" + rows, "t.csv").names == ("name", "colour")
    assert parse_text("# name,colour\n" + rows, "t.csv").names == ("name", "colour")


TITLES = [
    ("Sales report, May 2024",), ("Report", "May, June"), ("Sales, May, June", ""),
    ("Sales, of, all, shops",),
    ("Sales", "", "All shops, all months", ""),
]  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("titles", TITLES, ids=map(str, range(len(TITLES))))
def test_titles_that_hold_delimiters_are_titles(mark, titles):
    titles = [title.replace(",", mark) for title in titles]
    table = parse_text(written(mark, *titles, mark.join(("v", "tx", "y"))), "t.csv")
    count = sum(map(bool, titles))
    assert table.names == ("v", "tx", "y") and len(table) == 30
    assert f"{count} title line" in table.notes[0].text


def test_names_of_rows_without_a_name_are_no_reason_for_titles():
    rows = "".join(f"r{i},{i},{i % 3}.5\n" for i in range(20))
    assert parse_text("a,b\n" + rows, "t.csv").names == ("", "a", "b")
