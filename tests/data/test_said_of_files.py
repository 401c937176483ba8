"""What files say of themselves: separators in the first line, declared values, formulas without values."""

import itertools

import openpyxl
import pytest

from osetra.data.delimited import parse_text
from osetra.data.formats import read_table
from osetra.data.loading import load
from osetra.errors import DataError


def text_of(table):
    return " ".join(f"{note.text} {note.action}" for note in table.notes)


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
@pytest.mark.parametrize("titles", [[], ["Export of today"], ["Export of today", ""], ["", "One", "Two"]])
def test_the_line_that_names_the_separator_is_no_title(mark, titles):
    rows = [mark.join(("a", "b", "y")), *[mark.join(("1", f"{i}", "u")) for i in range(10)]]
    table = parse_text("\n".join([f"sep={mark}", *titles, *rows]) + "\n", "t.csv")
    count = sum(map(bool, titles))
    assert table.names == ("a", "b", "y") and len(table) == 10
    assert ("title line" in text_of(table)) == bool(count)
    assert f"{count} title line" in text_of(table) or not count


def book(path, formula):
    work = openpyxl.Workbook()
    work.active.append(["a", "b", "y"])
    for row in range(20):
        work.active.append([row, formula(row), "yn"[row % 2]])
    work.create_sheet("notes").append(["=1+1"])
    work.save(path)


def test_formulas_without_their_values_are_named(tmp_path):
    book(tmp_path / "t.xlsx", lambda row: f"=A{row + 2}*2")
    said = "20 cells of sheet 'Sheet' hold formulas without their values, such as B2 '=A2[*]2'; open the"
    with pytest.raises(DataError, match=said):
        load(tmp_path / "t.xlsx", target="y")
    book(tmp_path / "plain.xlsx", lambda row: row * 2)  # of a formula in another sheet nothing is lost
    assert read_table(tmp_path / "plain.xlsx")["b"].numbers().tolist() == [row * 2 for row in range(20)]


@pytest.mark.parametrize(("quote", "spaces"), [*itertools.product(["", "'", '"'], ["", " "])])
def test_values_that_arff_does_not_declare_are_said(tmp_path, quote, spaces):
    kinds = [f"{quote}{kind}{quote}" for kind in (("big red", "green") if quote else ("red", "green"))]
    declared = f",{spaces}".join(kinds)
    rows = [f"{i},{kinds[i % 2]},{'yn'[i % 2]}" for i in range(20)]
    head = f"@relation r\n@attribute a numeric\n@attribute kind {{{declared}}}\n@attribute y {{y,n}}\n@data\n"
    (tmp_path / "t.arff").write_text(head + "\n".join(rows))
    assert read_table(tmp_path / "t.arff").notes == ()
    rows[4] = rows[9] = f"9,{quote}gren{quote},y"
    rows[11] = "11,?,y"
    (tmp_path / "t.arff").write_text(head + "\n".join(rows))
    assert "that their attribute declares: 'kind' 2, first row 5 'gren'" in text_of(
        read_table(tmp_path / "t.arff")
    )
