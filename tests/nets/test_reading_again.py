"""A model reads later files as it read the first one, whatever marks and dialect they have."""

import json
from dataclasses import replace

import numpy as np
import pandas
import pytest

from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError, StudyError
from osetra.nets import model as models
from osetra.nets.predict import predict
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.rows import read_rows
from osetra.nets.task import Data, NetworkTask, rehearse

N = 90
RNG = np.random.default_rng(0)
PRICES = 1000 + 200 * RNG.normal(size=N).round(3)
DAYS = np.datetime64("2024-01-01") + RNG.integers(0, 300, N)
NOTES = [f"{word} thing {i}" for i, word in enumerate(np.array(["good", "poor", "odd"])[np.arange(N) % 3])]
Y = np.where(PRICES + 100 * RNG.normal(size=N) > 1000, "yes", "no")


def write(path, *, european: bool = False):
    """Write the table: with dollars and commas, or as people do where 1.000,5 is a number."""
    lines = ["price;day;note;rate;y" if european else "price,day,note,rate,y"]
    for i, (price, day, words, label) in enumerate(zip(PRICES, DAYS, NOTES, Y, strict=True)):
        when = f"{day.astype(object):%d.%m.%Y}"
        if european:
            amount = f"{price:,.3f}".translate(str.maketrans(",.", ".,"))
            lines.append(f"{amount} $;{when};{words};{i % 7},5%;{label}")
        else:
            lines.append(f'"${price:,.3f}",{when},{words},{i % 7}.5%,{label}')
    path.write_text("\n".join([*lines, ""]))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    file = write(tmp_path_factory.mktemp("data") / "first.csv")
    task = NetworkTask(data=Data(where=str(file)), epochs=2)
    return rehearse(task, {"units": 16}, 0), file


def test_the_first_file_gives_what_was_learnt_from(trained):
    model, file = trained
    again = load(file).columns
    assert [c.name for c in again] == [how.name for how in model.preparation.columns]


def test_another_dialect_gives_the_same_answers(trained, tmp_path):
    model, file = trained
    first = predict(model, file).probabilities
    european = predict(model, write(tmp_path / "later.csv", european=True)).probabilities
    assert european == pytest.approx(first, abs=1e-6)


def test_a_frame_of_plain_values_gives_the_same_answers(trained):
    model, file = trained
    rates = np.arange(N) % 7 + 0.5
    frame = pandas.DataFrame(
        {"price": PRICES, "day": DAYS.astype("datetime64[s]"), "note": NOTES, "rate": rates}
    )
    assert predict(model, frame).probabilities == pytest.approx(predict(model, file).probabilities, abs=1e-6)


def test_a_saved_model_reads_as_before(trained, tmp_path):
    model, file = trained
    again = models.load(models.save(model, tmp_path / "model"))
    assert again.preparation == model.preparation
    assert predict(again, file).values == predict(model, file).values


def test_models_of_earlier_versions_read_plain_columns(trained, tmp_path):
    state = json.loads(json.dumps(to_json(trained[0].preparation)))
    for late in ("schema", "dialect", "log"):
        del state[late]
    older = from_json(state)
    assert older.schema == ()
    names = [how.name for how in older.columns]
    frame = pandas.DataFrame({name: np.arange(5.0) for name in names})
    assert len(predict(replace(trained[0], preparation=older), frame)) == 5


def test_a_cell_that_is_no_number_is_named_with_its_row(trained, tmp_path):
    model, file = trained
    later = tmp_path / "later.csv"
    later.write_text(file.read_text().replace(",3.5%", ",much", 1))
    assert any("'rate' row 4 'much'" in text for text in predict(model, later).warnings)
    with pytest.raises(DataError, match="rate: row 4 holds 'much', which is not a finite number"):
        predict(model, later, strict=True)


def test_what_a_person_said_of_the_first_file_holds_for_later_ones(tmp_path):
    rows = "".join(f"{i % 5} {i % 3} {'yes' if i % 5 > 1 else 'no'}\n" for i in range(60))
    file = tmp_path / "first.txt"
    file.write_text(rows)
    said = DataOptions(delimiter="space", header="no", drop=("x1",))
    task = NetworkTask(data=Data(where=str(file), target="x3", reading=said), epochs=1)
    model = rehearse(task, {"units": 4}, 0)
    assert model.preparation.dialect == ("space", "", "no", "")
    assert len(predict(model, file)) == 60


def test_the_logarithm_of_a_target_is_learnt_and_answers_are_in_its_unit(tmp_path):
    x = RNG.normal(size=300)
    file = tmp_path / "heavy.csv"
    file.write_text("x,y\n" + "".join(f"{a:.4f},{np.exp(2 * a + 8):.4f}\n" for a in x))
    task = NetworkTask(data=Data(where=str(file), reading=DataOptions(log_target=True)), epochs=30)
    model = rehearse(task, {"units": 64}, 0)
    answers = np.array(predict(model, file).values)
    assert np.median(np.abs(np.log(answers) - (2 * x + 8))) < 0.3
    assert task.baseline().scores["loss"] < 0.02


def test_rows_weigh_as_much_as_was_said(tmp_path):
    """Where two of three rows say yes, weights make the third one decide."""
    file = tmp_path / "weighed.csv"
    rows = [f"{i % 3},{'no' if i % 3 == 0 or (i % 3 == 1 and i % 9 == 1) else 'yes'}" for i in range(300)]
    rows = [f"{row},{50 if row == '1,no' else 1}" for row in rows]
    file.write_text("\n".join(["x,y,w", *rows, ""]))
    shares = {}
    for weight in (None, "w"):
        reading = DataOptions(weight=weight, drop=() if weight else ("w",))
        task = NetworkTask(data=Data(where=str(file), reading=reading), epochs=20)
        model = rehearse(task, {"units": 16}, 0)
        shares[weight] = float(predict(model, file).probabilities[1, 1])
    assert shares[None] > 0.55
    assert shares["w"] < 0.45


def test_rare_levels_share_embeddings_and_unseen_ones_get_one_of_them():
    from osetra.data.dataset import CategoryColumn
    from osetra.nets.prepare import BUCKETS, MOST_LEVELS, _fit_column, _recoded

    levels = tuple(f"N{i:05d}" for i in range(3000))
    codes = np.concatenate([np.arange(3000), np.arange(1000)]).astype(np.int64)
    how = _fit_column(CategoryColumn("tail", codes, levels), np.arange(4000), "standard")
    assert (len(how.levels), how.buckets) == (MOST_LEVELS, BUCKETS)
    assert set(how.levels) == set(levels[:1000])
    seen = _recoded(how, CategoryColumn("tail", np.arange(3001), (*levels, "new")))
    assert seen[:1000].tolist() == list(range(1, 1001))
    assert seen[1000:].min() > 1000
    assert seen.max() <= MOST_LEVELS + BUCKETS
    again = _recoded(how, CategoryColumn("tail", np.arange(3001), (*levels, "new")))
    assert np.array_equal(seen, again)


def test_a_sparse_baseline_is_the_dense_one(monkeypatch):
    from nets.tables_for_tests import flowers, line
    from osetra.data.dataset import CategoryColumn
    from osetra.data.split import split
    from osetra.nets import baseline as baselines

    for base in (flowers(200), line(300)):
        codes = (np.arange(len(base)) * 7 % 30).astype(np.int64)
        many = CategoryColumn("many", codes, tuple(map(str, range(30))))
        data = replace(base, columns=(*base.columns, many))
        parts = split(data)
        dense = baselines.baseline(data, parts)
        monkeypatch.setattr(baselines, "SPARSE_FROM", 1)
        sparse = baselines.baseline(data, parts)
        monkeypatch.undo()
        assert sparse.scores["loss"] == pytest.approx(dense.scores["loss"], rel=1e-2)


def test_a_weight_of_two_is_the_row_twice():
    from osetra.nets.baseline import _solve_linear, _solve_softmax

    x = RNG.normal(size=(60, 3))
    shares = np.where(np.arange(60) < 20, 2.0, 1.0) / 80
    twice = np.concatenate([x[:20], x])
    y = RNG.normal(size=60)
    weighed = _solve_linear(x, y, 0.1, shares)
    repeated = _solve_linear(twice, np.concatenate([y[:20], y]), 0.1)
    assert weighed[0] == pytest.approx(repeated[0])
    codes = (x[:, 0] + y > 0).astype(np.int64)
    start = np.zeros((3, 2)), np.zeros(1)
    weighed = _solve_softmax(x, codes, 0.1, *start, shares)
    repeated = _solve_softmax(twice, np.concatenate([codes[:20], codes]), 0.1, *start)
    assert weighed[0] == pytest.approx(repeated[0], abs=1e-3)


@pytest.mark.parametrize("strict", ["yes", 1, None, np.array([1.0, 2.0]), np.array([True, False])], ids=repr)
def test_strict_is_true_or_false(strict, tmp_path):
    """It is asked before anything is read."""
    with pytest.raises(StudyError, match=r"strict=.*: True or False is needed"):
        read_rows(None, tmp_path / "nothing.csv", strict=strict)
