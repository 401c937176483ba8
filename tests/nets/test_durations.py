"""Durations as targets: numbers in a unit that is said; and arrays in the parts of a split, judged by one."""

import datetime

import numpy as np
import pytest

from osetra.data.durations import unit_for
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError
from osetra.nets.assessment import assess
from osetra.nets.predict import predict
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.readme import readme
from osetra.nets.task import Data, NetworkTask, rehearse

RNG = np.random.default_rng(0)
A = RNG.uniform(1, 100, 60)
SECONDS = (A * 60 + RNG.uniform(0, 30, 60)).astype(int)
WRITTEN = {
    "words": lambda s: f"{s // 3600}h {s % 3600 // 60}m {s % 60}s",
    "clock": lambda s: f"{s // 3600}:{s % 3600 // 60:02d}:{s % 60:02d}",
    "iso": lambda s: f"PT{s // 60}M{s % 60}S",
    "minutes": lambda s: f"{s / 60:.6f} min",
    "plain": lambda s: f"{s / 60:.6f}",
}


def table(write):
    return "a,took\n" + "".join(f"{a:.4f},{write(s)}\n" for a, s in zip(A, SECONDS.tolist(), strict=True))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("took")
    for name, write in WRITTEN.items():
        (folder / f"{name}.csv").write_text(table(write))
    np.savez(folder / "arrays.npz", a=A.round(4), took=SECONDS.astype("timedelta64[s]"))
    return folder


@pytest.fixture(scope="module")
def model(files):
    task = NetworkTask(data=Data(where=str(files / "words.csv"), target="took"), epochs=2)
    return rehearse(task, {"units": 8, "layers": 1, "lr": 0.05}, seed=0)


@pytest.mark.parametrize("name", ["words.csv", "iso.csv", "arrays.npz"])
def test_durations_are_predicted_in_a_unit_that_is_said(files, name):
    data = load(files / name, target="took")
    assert (data.task, data.target_units) == ("regression", ("minutes",))
    assert data.target == pytest.approx(SECONDS / 60)
    assert "'took' holds durations: they are predicted as numbers, in minutes" in [n.text for n in data.notes]


def test_what_could_be_a_time_of_day_is_a_duration_where_a_person_says_so(files):
    with pytest.raises(DataError, match="how long something took, --date took=duration says so"):
        load(files / "clock.csv", target="took")
    data = load(files / "clock.csv", target="took", reading=DataOptions(date=("took=duration",)))
    assert data.target == pytest.approx(SECONDS / 60)


def test_parquet_and_frames_hold_durations_alike(tmp_path):
    pyarrow, pandas = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    parquet = pytest.importorskip("pyarrow.parquet")

    from osetra.data.frames import table_of

    spans = [None if i == 3 else datetime.timedelta(seconds=s) for i, s in enumerate(SECONDS.tolist())]
    y = np.arange(60) % 2
    parquet.write_table(pyarrow.table({"a": A, "took": spans, "y": y}), str(tmp_path / "t.parquet"))
    data = load(tmp_path / "t.parquet", target="took")
    assert data.target == pytest.approx(np.delete(SECONDS, 3) / 60)
    column = {c.name: c for c in load(tmp_path / "t.parquet", target="y").columns}["took"]
    assert np.isnan(column.values[3])
    assert np.delete(column.values, 3) == pytest.approx(np.delete(SECONDS, 3) / 3600)
    frame = table_of(pandas.DataFrame({"took": pandas.to_timedelta(SECONDS, unit="s")}))
    assert frame["took"].dtype == "timedelta64[us]"


def test_a_model_is_judged_on_durations_written_in_any_way(model, files):
    first = assess(model, str(files / "words.csv"))
    assert "took is in minutes" in first.notes
    assert "Units: took is in minutes." in readme(model)
    for name in (*[f"{name}.csv" for name in WRITTEN], "arrays.npz"):
        assert assess(model, str(files / name)).scores["rmse"].value == pytest.approx(
            first.scores["rmse"].value
        )
    assert from_json(to_json(model.preparation)).target_units == ("minutes",)
    assert np.abs(np.array(predict(model, str(files / "clock.csv")).values)).max() < 200


def test_numbers_in_another_unit_are_not_judged(tmp_path):
    (tmp_path / "kg.csv").write_text(table(lambda s: f"{s} kg"))
    (tmp_path / "lb.csv").write_text(table(lambda s: f"{s} lb"))
    task = NetworkTask(data=Data(where=str(tmp_path / "kg.csv"), target="took"), epochs=1)
    model = rehearse(task, {"units": 8, "layers": 1}, seed=0)
    assert assess(model, str(tmp_path / "kg.csv")).rows == 60
    with pytest.raises(DataError, match="holds numbers in lb, and the model answers in kg; convert them"):
        assess(model, str(tmp_path / "lb.csv"))


@pytest.mark.parametrize(
    ("hours", "unit"), [(1e-5, "seconds"), (0.2, "minutes"), (30, "hours"), (100, "days"), (np.nan, "hours")]
)
def test_the_unit_is_the_one_in_which_durations_are_short(hours, unit):
    assert unit_for(np.full(3, hours)) == unit


@pytest.mark.parametrize(("last", "part"), [("test", "test"), ("val", "validation")])
def test_of_arrays_in_parts_the_sealed_one_is_scored(tmp_path, last, part):
    x = RNG.normal(size=(60, 3))
    y = (x[:, 0] > 0).astype(int)
    file = tmp_path / "t.npz"
    np.savez(file, **{"x_train": x[:40], "y_train": y[:40], f"x_{last}": x[40:], f"y_{last}": y[40:]})
    model = rehearse(NetworkTask(data=Data(where=str(file)), epochs=2), {"units": 8, "layers": 1}, seed=0)
    found = assess(model, str(file))
    assert found.rows == 20
    assert any(f"the 20 rows of the {part} part are scored; the 40 others" in note for note in found.notes)
    np.savez(tmp_path / "alone.npz", x=x[40:], y=y[40:])
    assert found.scores == assess(model, str(tmp_path / "alone.npz")).scores
    assert len(predict(model, str(file))) == 60
