"""The front door in Python: data in, a tuned model out, and every mistake named."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import osetra as ose
from osetra.cli.commands.tune import command
from osetra.tuning.observer import Observer

SMALL: dict[str, Any] = {"trials": 2, "epochs": 2, "confirm": 1, "tune": "lr", "progress": False}


def clinic(rows: int = 120) -> pd.DataFrame:
    """A frame with numbers, categories, missing cells and a date that nobody can learn from."""
    rng = np.random.default_rng(0)
    age, colour = rng.uniform(20, 80, rows), rng.choice(["red", "green", "blue"], rows)
    weight = np.where(rng.random(rows) < 0.2, np.nan, rng.uniform(50, 100, rows))
    sick = age + np.where(colour == "red", 20, 0) + rng.normal(0, 5, rows) > 55
    return pd.DataFrame(
        {"age": age, "colour": colour, "weight": weight, "outcome": np.where(sick, "yes", "no")}
    )


class Listener(Observer):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_data(self, name: str, rows: list[tuple[str, str]]) -> None:
        self.calls.append("data")
        assert dict(rows)["task"].startswith("predict outcome")

    def on_study(self, study: ose.Study, rows: list[tuple[str, str]]) -> None:
        self.calls.append("study")
        assert [label for label, _ in rows] == ["baseline", "search"]

    def on_history(self, history: ose.History) -> None:
        if "history" not in self.calls:
            self.calls.append("history")

    def on_search_end(self, study: ose.Study) -> None:
        self.calls.append("end")

    def on_result(self, result: Any) -> None:
        self.calls.append("result")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder to work in, for all tests of this file."""
    folder, before = tmp_path_factory.mktemp("front-door"), Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="module")
def tuned(place: Path, listener: Listener) -> Any:
    """The result of tuning a frame."""
    return ose.tune(clinic(), target="outcome", **SMALL, observer=listener)


@pytest.fixture
def frame(place: Path, tuned: Any) -> pd.DataFrame:
    return clinic()


def test_a_frame_becomes_a_result_with_everything_in_it(tuned: Any, place: Path) -> None:
    assert tuned.best.number in tuned.study.history.trials
    assert tuned.test.metric == "error"
    assert 0 <= tuned.test.low <= tuned.test.value <= tuned.test.high <= 1
    assert tuned.test.rows == tuned.final.judgement.rows > 0
    assert tuned.test.verdict in str(tuned)
    assert tuned.test.value == pytest.approx(np.mean([scores["error"] for scores in tuned.final.tests]))
    assert repr(tuned).startswith("<TuneResult of 'outcome': trial ")
    assert (place / "osetra-runs" / "outcome" / "model" / "card.json").is_file()


def test_an_observer_hears_of_each_part_in_its_order(tuned: Any, listener: Listener) -> None:
    assert listener.calls == ["data", "study", "history", "end", "result"]


def test_a_notebook_shows_the_result_and_no_markup_of_the_data(tuned: Any) -> None:
    shown = tuned._repr_html_()
    assert escape(tuned.test.verdict) in shown and "<script" not in shown


def test_the_model_predicts_frames_mappings_and_files_alike(tuned: Any, frame: pd.DataFrame) -> None:
    frame.to_csv("clinic.csv", index=False)
    answers = tuned.model.predict(frame)
    assert set(answers) <= {"yes", "no"} and len(answers) == len(frame)
    assert (answers == tuned.model.predict("clinic.csv")).all()
    assert (answers == tuned.model.predict(frame.drop(columns="outcome"))).all()
    columns = {name: frame[name].tolist() for name in frame.columns}
    assert (answers == tuned.model.predict(columns)).all()
    shares = tuned.model.predict_proba(frame)
    assert shares.shape == (len(frame), 2)
    assert np.allclose(shares.sum(axis=1), 1)
    assert (np.array(tuned.model.classes)[shares.argmax(axis=1)] == answers).all()


def test_a_saved_model_is_loaded_and_answers_the_same(tuned: Any, frame: pd.DataFrame) -> None:
    folder = tuned.model.save("elsewhere")
    again = ose.load_model(folder)
    assert (again.predict_proba(frame) == tuned.model.predict_proba(frame)).all()
    assert again.card.config == tuned.best.config
    with pytest.raises(ose.OsetraError, match="no such folder"):
        ose.load_model("nowhere")


def test_the_same_call_goes_on_and_other_data_is_refused(tuned: Any, frame: pd.DataFrame) -> None:
    again = ose.tune(frame, target="outcome", **SMALL)
    assert again.study.history.version == tuned.study.history.version
    assert again.test == tuned.test
    with pytest.raises(ose.OsetraError, match="was begun with other data"):
        ose.tune(frame.iloc[:100], target="outcome", **SMALL)
    assert ose.tune(frame, target="outcome", **SMALL).test == tuned.test


def test_the_command_line_finds_the_study_and_goes_on(tuned: Any, frame: pd.DataFrame) -> None:
    words = ["resume", "outcome", "--trials", "3", "--json"]
    program = [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')"]
    done = subprocess.run([*program, *words], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert '"done": 3' in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["arrays", "pair", "pictures", "numbers", "polars"])
def test_whatever_holds_rows_is_taken(kind: str, place: Path) -> None:
    small, rng = SMALL | {"confirm": 0}, np.random.default_rng(1)
    x = rng.normal(size=(90, 4))
    y = np.where(x[:, 0] + x[:, 1] > 0, "plus", "minus")
    frame = pd.DataFrame(x, columns=["a", "b", "file", "c/d"])
    if kind == "arrays":
        result = ose.tune(x, y, name=kind, **small)
        assert set(result.model.predict(x)) <= {"plus", "minus"}
    elif kind == "pair":
        result = ose.tune((x, y), name=kind, **small)
    elif kind == "pictures":
        pictures = (rng.random((90, 8, 8)) * 255).astype(np.uint8)
        result = ose.tune(pictures, y, name=kind, **small)
        assert len(result.model.predict(pictures)) == 90
    elif kind == "numbers":
        result = ose.tune(frame, pd.Series(2 * x[:, 0], name="price"), name=kind, **small)
        assert result.test.metric == "rmse"
        assert result.model.predict(frame).dtype.kind == "f"
        with pytest.raises(ose.OsetraError, match="predicts a number"):
            result.model.predict_proba(frame)
    else:
        polars = pytest.importorskip("polars")
        table = polars.from_pandas(frame.assign(y=y)) if kind == "polars" else frame
        result = ose.tune(table, "y", name=kind, **small)
        assert set(result.model.predict(table)) <= {"plus", "minus"}
    assert result.test.rows > 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"target": "churn"}, "'churn': no such column"),
        ({"trials": 3, "trainings": 2.0}, "trials=3 and trainings=2: both say how much is trained"),
        ({"trails": 3}, r"tune\(\) has no option 'trails'.* Did you mean 'trials'\?"),
        ({"task": "ranking"}, "task='ranking': give one of binary, multiclass, regression"),
        ({"folds": 0}, "folds=0: a whole number of at least 1 is needed"),
        ({"epochs": True}, "epochs=True: a whole number of at least 1 is needed"),
        ({"trials": 0}, "trials=0: a whole number of at least 1 is needed"),
        ({"minutes": -1}, "minutes=-1: the minutes must be above 0"),
        ({"searcher": "sobl"}, "sobl"),
        ({"tune": "learning"}, "learning"),
        ({"set": {"lr": "log(1, 0.1)"}}, "lr"),
    ],
)
def test_a_mistake_is_named(
    options: dict[str, Any], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ose.OsetraError, match=text):
        ose.tune(clinic(60), **{"target": "outcome", **options})
    assert not list(tmp_path.glob("osetra-runs/*/study.db"))


@pytest.mark.parametrize(
    ("data", "target", "text"),
    [
        (np.zeros(5), None, r"shape \(5,\): a path"),
        (np.zeros((5, 2)), None, r"write osetra.tune\(X, y\)"),
        (np.zeros((5, 2)), "y", r"write osetra.tune\(X, y\)"),
        (object(), None, "object of shape"),
        (pd.DataFrame(), "y", "no columns or no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "a", "two columns have this name"),
        ("train.py:train", None, "this is a script"),
        ("nowhere.csv", "y", "no such file"),
        ("digits", 3, "it is the name of a column"),
    ],
)
def test_data_that_cannot_be_taken_is_named(
    data: object, target: object, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ose.OsetraError, match=text):
        ose.tune(data, target, trials=2)


def test_every_option_of_the_command_line_has_its_name_in_python() -> None:
    typed = {parameter.name for parameter in command.params}
    named = set(inspect.signature(ose.tune).parameters)
    for_functions, as_minutes = {"maximize", "pick", "limit"}, {"price", "money"}
    assert typed - {"source", "dry_run", "as_json", "dashboard"} - for_functions - as_minutes <= named
    callables = {"observer", "on_trial_end", "stop_when"}
    assert named - typed == {"data", "progress", "unknown"} | callables


def test_importing_osetra_loads_neither_torch_nor_rich_nor_the_front_door() -> None:
    probe = (
        "import sys, osetra; bad = {'torch', 'rich', 'click', 'scipy', 'osetra.tuning'} & set(sys.modules); "
        "assert not bad, bad; assert 'tune' in dir(osetra)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_a_refused_call_leaves_nothing_behind_and_names_no_file_that_nobody_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = clinic(60)[["outcome"]]
    with pytest.raises(ose.OsetraError) as refused:
        ose.tune(frame, target="outcome", name="only", trials=1)
    assert "data.npz" not in str(refused.value)
    assert not list(tmp_path.glob("osetra-runs/*"))


@pytest.mark.parametrize("name", ["a/b", "../up", "", 3, "n" * 500, "x\0y"])
def test_a_name_that_leads_elsewhere_is_refused(
    name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ose.OsetraError, match="is no name"):
        ose.tune(clinic(60), target="outcome", name=name, trials=1)
    assert not list(tmp_path.iterdir())


def test_numbered_columns_are_named_by_their_number() -> None:
    from osetra.tuning.inputs import arrays_of

    frame = pd.DataFrame(np.zeros((4, 3)))
    assert arrays_of(frame, 2)[1] == "2"
    assert arrays_of(frame, np.int64(0))[1] == "0"
