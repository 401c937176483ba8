"""Models used on files as people have them: what a tuning read, predictions and judgements read as well."""

import numpy as np
import pytest

from osetra.data.dataset import NumberColumn
from osetra.errors import DataError
from osetra.nets.assessment import assess
from osetra.nets.examination import inputs_summary, residual_sizes
from osetra.nets.predict import half_width, predict
from osetra.nets.shift import warnings_of
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"units": 8, "layers": 1, "lr": 0.05}


def euros(value):
    """A number as a German file has it: 697.479,28 €."""
    return f"{value:,.2f} €".replace(",", " ").replace(".", ",").replace(" ", ".", value >= 1000)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    rng = np.random.default_rng(0)
    lines = ["Zimmer;Preis;Miete"]
    for row in range(120):
        rooms = int(rng.integers(1, 8))
        price, rent = 60_000 * rooms + 1000 * rng.normal(), 300 * rooms + 10 * rng.normal()
        lines.append(f"{rooms};{'k.A.' if row == 7 else euros(price)};{euros(rent)}")
    file = tmp_path_factory.mktemp("houses") / "haus.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


@pytest.mark.parametrize("target", ["Preis", "Preis,Miete"])
def test_a_model_is_judged_on_the_file_that_it_was_made_of(houses, target):
    task = NetworkTask(data=Data(where=str(houses), target=target), epochs=3)
    found = assess(rehearse(task, CONFIG, seed=0), str(houses))
    assert found.rows >= 119
    assert np.isfinite(found.scores["rmse"].value)


@pytest.mark.parametrize("levels", [2, 3, 6, 7, 12, 40, 10_000])
def test_rows_like_those_of_training_raise_no_alarm_however_few_values_a_column_has(houses, levels):
    rng = np.random.default_rng(levels)
    drawn = rng.integers(0, levels, 2000).astype(float)

    class Rows:
        columns = (NumberColumn("level", drawn),)

    known = inputs_summary(Rows, np.arange(2000))
    for part in (drawn, drawn[:100], rng.integers(0, levels, 300).astype(float)):
        assert warnings_of(known, (NumberColumn("level", part),)) == ()
    moved = np.minimum(drawn, levels // 2 - 1)
    if levels > 2:
        assert "other rows than in training" in warnings_of(known, (NumberColumn("level", moved),))[0]


def test_no_interval_lies_around_a_quantile(houses):
    task = NetworkTask(data=Data(where=str(houses), target="Preis"), epochs=3, metric="val_quantile_0.9")
    model = rehearse(task, CONFIG, seed=0)
    with pytest.raises(DataError, match="no middle that an interval could lie around"):
        half_width(model, 0.9)


def test_an_error_that_never_happened_may_still_happen(tmp_path):
    file = tmp_path / "easy.csv"
    rows = [f"{i % 2},{'b' if i % 2 else 'a'}" for i in range(160)]
    file.write_text("\n".join(["x,y", *rows]) + "\n")
    model = rehearse(NetworkTask(data=Data(where=str(file), target="y"), epochs=8), CONFIG, seed=0)
    error = assess(model, str(file)).scores["error"]
    assert error.value == 0 and error.low == 0 and 0.01 < error.high < 0.04


def test_sizes_of_residuals_rise():
    assert residual_sizes(np.zeros(3), np.array([3.0, -1.0, 2.0])) == [1.0, 2.0, 3.0]


def test_the_truth_that_is_kept_beside_the_answer_has_a_name_of_its_own(houses):
    task = NetworkTask(data=Data(where=str(houses), target="Preis"), epochs=2)
    found = predict(rehearse(task, CONFIG, seed=0), str(houses), keep=["Preis", "Zimmer"])
    assert found.header == ("row", "Preis (given)", "Zimmer", "Preis")
