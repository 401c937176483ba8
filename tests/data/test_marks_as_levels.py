"""NA and its like: codes beside other codes, levels where a person says so, else missing, and said."""

import numpy as np
import pytest

from osetra.data.dataset import CategoryColumn
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.schema import columns_of

COUNTRIES = ("DE", "FR", "NA", "ZA", "BW")
GRADES = ("good", "NA", "None", "bad")


def file_of(folder, levels, n=100):
    rows = [f"{levels[i % len(levels)]},{i % 7},{i % 2}" for i in range(n)]
    path = folder / "t.csv"
    path.write_text("\n".join(["place,x,y", *rows]) + "\n")
    return path


def place(data) -> CategoryColumn:
    (column,) = [column for column in data.columns if column.name == "place"]
    assert isinstance(column, CategoryColumn)
    return column


def notes(data) -> str:
    return "\n".join(f"{note.text} | {note.action}" for note in data.notes)


def test_namibia_is_a_country(tmp_path):
    data = load(file_of(tmp_path, COUNTRIES))
    column = place(data)
    assert column.levels == tuple(sorted(COUNTRIES))
    assert np.all(column.codes >= 0)
    assert "'NA' is a code beside the others of two letters: place | --na place=NA says" in notes(data)
    (recipe,) = [recipe for recipe in data.schema if recipe.name == "place"]
    assert recipe.keep == ("na",)


def test_it_is_missing_where_a_person_says_so(tmp_path):
    column = place(load(file_of(tmp_path, COUNTRIES), reading=DataOptions(na=("place=NA",))))
    assert "NA" not in column.levels
    assert np.mean(column.codes < 0) == 0.2


@pytest.mark.parametrize("levels", [("Ex", "Gd", "NA", "TA", "Fa"), ("DE", "FR", "NA"), GRADES])
def test_beside_other_texts_it_is_missing_and_that_is_said(tmp_path, levels):
    data = load(file_of(tmp_path, levels, 120))
    assert "NA" not in place(data).levels
    assert "'NA'" in notes(data)
    assert "taken as missing in place | --keep-na COLUMN says" in notes(data)


@pytest.mark.parametrize("said", [{"keep_na": ("place",)}, {"na": ("",)}, {"na": ("place=",)}])
def test_all_marks_are_levels_where_a_person_says_so(tmp_path, said):
    data = load(file_of(tmp_path, GRADES), reading=DataOptions(**said))
    assert place(data).levels == tuple(sorted(GRADES))
    assert "taken as missing" not in notes(data)
    (recipe,) = [recipe for recipe in data.schema if recipe.name == "place"]
    later = load(file_of(tmp_path, ("good", "n/a", "bad")), reading=DataOptions(**said))
    (again,) = columns_of(recipe, _texts(("n/a", "good", "")))
    assert list(again.codes) == [1, 0, -1]
    assert "n/a" in place(later).levels


def test_numbers_stay_numbers_where_nothing_else_is_missing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "x,z,y\n" + "".join(f"{'NA' if i % 9 == 0 else i % 13},{i % 5},{i % 2}\n" for i in range(90))
    )
    for said in (DataOptions(), DataOptions(na=("",))):
        data = load(path, reading=said)
        (column,) = [column for column in data.columns if column.name == "x"]
        assert np.isnan(column.values).sum() == 10
        assert "taken as missing" not in notes(data)


def test_na_is_a_class_beside_others_of_two_letters(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,z,y\n" + "".join(f"{i % 13},{i % 5},{COUNTRIES[i % 5]}\n" for i in range(200)))
    assert load(path).classes == tuple(sorted(COUNTRIES))


def _texts(cells):
    from osetra.data.table import Texts

    return Texts(list(cells))
