"""Attributes: what JSON holds is remembered of a trial, by whom and where ever, and comes back as it was."""

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import osetra as ose
import osetra.compat.optuna as optuna
from osetra.cli import main
from osetra.core.attributes import MOST, attributes_of
from osetra.errors import StudyError
from osetra.upkeep.check import check as audits

SPACE = ose.Space(x=ose.Float(0, 1))
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS | FLOATS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner),
    max_leaves=6,
)
ATTRS = st.dictionaries(st.text("abcdefg .", min_size=1, max_size=5), VALUES, min_size=1, max_size=3)


def new_study(url="memory:"):
    return ose.Study(url, SPACE, minimize="loss", searcher="random", scheduler="full")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_is_remembered_comes_back_in_every_order_of_inside_and_outside(tmp_path, kind):
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), ATTRS), min_size=1, max_size=4))
    def check(said):
        place = "memory:" if kind == "memory" else tmp_path / f"{next(numbers)}.db"
        study, meant = new_study(place), {}
        run = study.ask()
        for inside, attrs in said:
            (run.remember if inside else lambda given: study.remember(1, given))(attrs)
            meant.update(attrs)
        assert study.tell(run, 0.5).attrs == meant == study.trials[0].attrs
        if kind == "sqlite":
            study.close()
            assert new_study(place).trials[0].attrs == meant

    numbers = iter(range(10**6))
    check()


@pytest.mark.parametrize("workers", [1, 2])
def test_trainings_remember_in_this_process_and_in_others(tmp_path, workers):
    def train(run):
        run.remember(commit="abc", trial=run.trial)
        run.remember({"commit": "def", "sizes": (3, np.int64(4))})
        return run.config["x"]

    study = new_study(tmp_path / "s.db")
    study.run(train, trials=3, workers=workers, progress=False)
    assert [t.attrs for t in study.trials] == [
        {"commit": "def", "trial": n, "sizes": [3, 4]} for n in (1, 2, 3)
    ]


NO_JSON = [
    *(math.nan, math.inf, {1, 2}, Path("x"), date(2020, 1, 1), b"x", 2**64, 1j, np.zeros(3), object()),
    *("\ud800", "\0", {1: 2}, len),
]


@pytest.mark.parametrize("value", NO_JSON)
@pytest.mark.parametrize("within", [lambda v: v, lambda v: [1, v], lambda v: {"deep": {"er": v}}])
def test_what_json_has_not_is_refused_with_its_place(value, within):
    with pytest.raises(StudyError, match="settings"):
        attributes_of(None, {"settings": within(value)})


def test_odd_calls_are_refused():
    circle: list[object] = []
    circle.append(circle)
    study = new_study()
    run = study.ask()
    for call in (run.remember, lambda *a, **k: study.remember(1, *a, **k)):
        for wrong in (
            {},
            {"": 1},
            {"x" * 101: 1},
            {3: 1},
            "text",
            [("a", 1)],
            {"a": "x" * 70_000},
            {"a": circle},
        ):
            with pytest.raises(StudyError, match=r"remember|a="):
                call(wrong)
        with pytest.raises(StudyError, match="given twice"):
            call({"a": 1}, a=2)
    with pytest.raises(StudyError, match="the study has no such trial"):
        study.remember(7, a=1)
    with pytest.raises(StudyError, match=r"study\.remember"):
        study.trials[0].attrs["a"] = 1
    run._remembered = MOST
    with pytest.raises(StudyError, match="report numbers of every step"):
        run.remember(a=1)
    assert study.tell(run, 1.0).attrs == {}


def test_they_are_seen_where_trials_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = new_study("s.db")
    study.run(lambda run: run.config["x"], trials=2, progress=False)
    assert study.remember(1, commit="abc", parts=[1, {"a": None}]).attrs["commit"] == "abc"
    first, second = study.records()
    assert (first["attrs.commit"], second["attrs.commit"]) == ("abc", None)
    assert study.trials[0].user_attrs == study.trials[0].attrs
    shown = CliRunner().invoke(main, ["show", "s.db", "1"]).output
    assert "commit" in shown and "abc" in shown and '[1, {"a": null}]' in shown
    document = json.loads(CliRunner().invoke(main, ["show", "s.db", "1", "--json"]).output)
    assert document["attrs"] == {"commit": "abc", "parts": [1, {"a": None}]}
    table = CliRunner().invoke(main, ["export", "s.db"]).output.splitlines()
    assert "attrs.commit" in table[0] and "abc" in table[1]


def test_optunas_user_attributes_are_the_same(tmp_path):
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/o.db")

    def objective(trial):
        trial.set_system_attr("apart", 1)
        trial.set_user_attr("commit", "abc")
        trial.set_user_attr("both", (1, 2))
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=2)
    ours = study._engine.study
    assert [t.attrs for t in ours.trials] == [{"commit": "abc", "both": [1, 2]}] * 2
    ours.remember(1, commit="def")
    assert study.trials[0].user_attrs == {"commit": "def", "both": [1, 2]}
    assert study.trials[0].system_attrs == {"apart": 1}


def test_a_log_that_remembers_is_sound(tmp_path):
    study = new_study(tmp_path / "s.db")
    study.run(lambda run: run.remember(seed=run.trial) or 1.0, trials=2, progress=False)
    study.remember(2, commit="abc")
    study.edit(x=ose.Float(0, 2))
    study.remember(1, commit="abc")
    assert all(audit.sound for audit in audits(str(tmp_path / "s.db"), ()))
