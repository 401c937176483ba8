"""Rows that come after training: slips, other dates, other units, other dialects."""

import re
from dataclasses import replace

import numpy as np
import pytest

from osetra.data.dataset import NumberColumn
from osetra.data.options import DataOptions
from osetra.errors import DataError
from osetra.nets.assessment import assess
from osetra.nets.examination import inputs_summary
from osetra.nets.predict import predict
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.shift import warnings_of
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"units": 8, "layers": 1, "lr": 0.05}


def sales(dates):
    rng = np.random.default_rng(0)
    rows = []
    for i in range(120):
        day, share = np.datetime64("2023-01-01") + int(rng.integers(0, 360)), rng.uniform(2, 60)
        year, month, of_month = str(day).split("-")
        written = dates.format(d=of_month, m=month, y=year)
        kind = "ab"[i % 2]
        rows.append(f"{written},{share:.1f} %,{kind},{share + int(month) + rng.normal(0, 0.1):.2f}")
    return "\n".join(["day,share,kind,y", *rows]) + "\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("sales") / "sales.csv"
    file.write_text(sales("{d}/{m}/{y}"))
    task = NetworkTask(data=Data(where=str(file), target="y"), epochs=4)
    found = rehearse(task, CONFIG, seed=0)
    return replace(found, card=replace(found.card, inputs=inputs_summary(task.dataset, np.arange(120))))


def write(folder, text, name="later.csv", encoding="utf-8"):
    (folder / name).write_text(text, encoding)
    return str(folder / name)


def test_a_slip_is_missing_and_said_in_one_line_or_refused_when_strict(model, tmp_path):
    good = "14/03/2023,12 %,a\n15/03/2023,13 %,b\n"
    file = write(tmp_path, f"day,share,kind\n{good}16/03/2023,lots,a\n99/99/2023,15 %,b\n")
    found = predict(model, file, keep=["share"])
    assert len(found) == 4
    assert np.isfinite(found.values).all()
    assert found.kept["share"][2] == "lots"
    (said,) = (text for text in found.warnings if "cannot be read" in text)
    assert said.startswith("2 cells cannot be read as what was learnt and are taken as missing: ")
    assert "'share' row 3 'lots'" in said
    assert "'day' row 4 '99/99/2023'" in said
    empty = write(tmp_path, f"day,share,kind\n{good}16/03/2023,,a\n,15 %,b\n", "empty.csv")
    assert predict(model, empty).values == found.values
    with pytest.raises(DataError, match="row 4 holds '99/99/2023', which is not a date; correct that cell"):
        predict(model, file, strict=True)
    predict(model, empty, strict=True)


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize(("cell", "said"), [("", "are missing where none were"), ("lots", "")])
def test_a_cell_is_counted_once_in_all_that_is_said(model, tmp_path, column, cell, said):
    rows = [line.split(",")[:3] for line in sales("{d}/{m}/{y}").splitlines()[:40]]
    for row in rows[1:8]:
        row[column] = cell
    found = predict(model, write(tmp_path, "\n".join(map(",".join, rows)) + "\n"))
    counts = [text for text in found.warnings if re.search(r"\b7\b|and 6 more", text)]
    assert len(counts) == 1 and said in counts[0]


def test_judging_says_the_same_as_answering(model, tmp_path):
    file = write(tmp_path, "day,share,kind,y\n14/03/2023,12 %,a,15\n15/03/2023,x,b,16\n16/03/2023,7 %,b,9\n")
    found = assess(model, file)
    assert found.rows == 3
    assert any("'share' row 2 'x'" in note for note in found.notes)
    with pytest.raises(DataError, match="share: row 2 holds 'x'"):
        assess(model, file, strict=True)


@pytest.mark.parametrize("dates", ["{y}-{m}-{d}", "{y}{m}{d}", "{y}-{m}-{d}T00:00"])
def test_dates_that_cannot_be_mistaken_give_the_same_answers(model, tmp_path, dates):
    learnt = predict(model, write(tmp_path, sales("{d}/{m}/{y}"), "learnt.csv"))
    other = predict(model, write(tmp_path, sales(dates)))
    assert other.values == learnt.values
    assert other.warnings == learnt.warnings


def test_a_person_says_that_days_and_months_are_the_other_way_round(model, tmp_path):
    learnt = predict(model, write(tmp_path, sales("{d}/{m}/{y}"), "learnt.csv"))
    other = write(tmp_path, sales("{m}/{d}/{y}"))
    assert predict(model, other, reading=DataOptions(date=("day=mdy",))).values == learnt.values
    assert predict(model, other).values != learnt.values
    with pytest.raises(DataError, match="--date dya: the model learnt no such column of dates"):
        predict(model, other, reading=DataOptions(date=("dya=mdy",)))


def test_missing_marks_delimiter_and_encoding_may_be_others_later(model, tmp_path):
    text = "day|share|kind\n14/03/2023|12 %|a\n15/03/2023|999|ä\n"
    file = write(tmp_path, text, encoding="utf-16-le")
    reading = DataOptions(delimiter="|", encoding="utf-16-le", na=("share=999",))
    plain = write(tmp_path, "day,share,kind\n14/03/2023,12 %,a\n15/03/2023,,ä\n", "plain.csv")
    assert predict(model, file, reading=reading).values == predict(model, plain).values
    with pytest.raises(DataError, match="cannot be read as ascii"):
        predict(model, plain, reading=DataOptions(encoding="ascii"))


def test_a_row_without_a_value_has_its_answer_where_there_is_one_column(tmp_path):
    rows = "\n".join(f"{i % 17},{'yes' if i % 17 > 8 else 'no'}" for i in range(90))
    task = NetworkTask(data=Data(where=write(tmp_path, f"x,y\n{rows}\n"), target="y"), epochs=2)
    found = predict(rehearse(task, CONFIG, seed=0), write(tmp_path, "x\n3\n\n5\n16\n\n", "one.csv"))
    assert len(found) == 4
    assert found.warnings[0] == (
        "an empty line between rows is a row without a value, as the file has one column"
    )


def test_what_was_said_for_training_holds_for_later_files(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"{x:.2f}~{'-1' if i % 9 == 0 else x:.5}~{2 * x:.2f}" for i, x in enumerate(rng.uniform(1, 9, 80))
    ]
    text = "title one\nx~z~y ä\n" + "\n".join(rows) + "\n"
    file = write(tmp_path, text, "t.txt", "mac-roman")
    said = DataOptions(delimiter="~", header="2", encoding="mac-roman", na=("z=-1",))
    task = NetworkTask(data=Data(where=file, target="y ä", reading=said), epochs=2)
    learnt = rehearse(task, CONFIG, seed=0).preparation
    assert learnt.dialect == ("~", "", "2", "mac-roman")
    assert from_json(to_json(learnt)) == learnt
    assert from_json({**to_json(learnt), "dialect": ["~", "", "2"]}).dialect == ("~", "", "2", "")
    model = rehearse(task, CONFIG, seed=0)
    found = predict(model, file)
    assert len(found) == 80
    assert found.target == "y ä"
    assert not found.warnings


class Rows:
    def __init__(self, values):
        self.columns = (NumberColumn("share", values),)


@pytest.mark.parametrize(("factor", "words"), [(100.0, "larger"), (0.01, "smaller")])
@pytest.mark.parametrize("n", [3, 40, 2000])
def test_a_column_in_another_unit_is_named_with_the_factor(factor, words, n):
    rng = np.random.default_rng(n)
    learnt = rng.lognormal(0, 0.6, 3000)
    known = inputs_summary(Rows(learnt), np.arange(3000))
    later = rng.lognormal(0, 0.6, n)
    assert not any("times" in text for text in warnings_of(known, (NumberColumn("share", later),)))
    (said,) = warnings_of(known, (NumberColumn("share", later * factor),))
    assert said.startswith(f"share: about 100 times {words} than in training")


@pytest.mark.parametrize("values", [[0.3, -0.2, 0.4], [np.nan, np.nan], [0.0, 0.0], [30.0, 0.3, 0.4, 25.0]])
def test_a_column_that_may_well_be_in_the_unit_learnt_is_not_suspected(values):
    known = inputs_summary(Rows(np.linspace(-60, 60, 3000)), np.arange(3000))
    said = warnings_of(known, (NumberColumn("share", np.array(values)),))
    assert not any("times smaller" in text for text in said)


def test_shares_given_where_per_cent_was_learnt_are_said(model, tmp_path):
    lines = sales("{d}/{m}/{y}").splitlines()
    cells = [line.split(",") for line in lines[1:]]
    rows = [f"{day},{float(share[:-2]) / 100:.3f},{kind}" for day, share, kind, _ in cells]
    said = predict(model, write(tmp_path, "\n".join(["day,share,kind", *rows]) + "\n")).warnings
    assert any("share: about 100 times smaller than in training" in text for text in said)
