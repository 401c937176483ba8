"""Trials of other tuners become trials of a study; what cannot be read is said in a sentence."""

from __future__ import annotations

import csv
import json
import math
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main
from osetra.compat.optuna import load_study
from osetra.errors import DataError, OsetraError
from osetra.importers import keras_tuner, mlflow, ray, table, wandb
from osetra.importers import optuna as from_optuna
from osetra.importers.writing import write
from osetra.stores.address import Address
from osetra.upkeep.check import check


def imported(*words: str) -> str:
    result = CliRunner().invoke(main, ["import", *words])
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: str) -> str:
    result = CliRunner().invoke(main, ["import", *words])
    assert result.exit_code not in (0, None) and not isinstance(result.exception, AssertionError)
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def sound(path: Path) -> bool:
    return all(audit.sound for audit in check(str(path), ()))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database that Optuna wrote: conditions, pruning, failures, two objectives, one that still runs."""
    monkeypatch.chdir(tmp_path)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = "sqlite:///x.db"
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(storage=url, study_name="one", direction="maximize", sampler=sampler)

    def objective(trial: optuna.Trial) -> float:
        lr = trial.suggest_float("lr", 1e-5, 1, log=True)
        trial.set_user_attr("tag", [trial.number])
        if trial.suggest_categorical("opt", ["sgd", None]) == "sgd":
            trial.suggest_float("seed", 0, 0.9, step=0.3)
        for step in range(3):
            trial.report(lr * step, step)
        if trial.number == 2:
            raise optuna.TrialPruned
        if trial.number == 3:
            raise ZeroDivisionError
        return math.inf if trial.number == 4 else lr * trial.suggest_int("a b", 1, 3)

    study.optimize(objective, n_trials=8, catch=(ZeroDivisionError,))
    study.ask()
    two = optuna.create_study(
        storage=url, study_name="two", directions=["maximize", "minimize"], sampler=sampler
    )
    two.optimize(lambda t: (t.suggest_float("x", 0, 1), t.params["x"] ** 2), n_trials=3)
    return tmp_path / "x.db"


def test_a_study_of_optuna(database: Path) -> None:
    out = imported("optuna://sqlite:///x.db", "--study", "one", "--to", "y.db#one")
    assert "8 trials" in out and "trial 8 is RUNNING" in out
    assert sound(database.with_name("y.db"))
    before = optuna.load_study(study_name="one", storage="sqlite:///x.db").trials[:8]
    study = load_study(study_name="one", storage="y.db")
    for was, now in zip(before, study.trials, strict=True):
        assert (was.state.name, was.params, was.user_attrs) == (now.state.name, now.params, now.user_attrs)
        assert was.values == now.values and was.intermediate_values == now.intermediate_values
        assert (was.datetime_start, was.datetime_complete) == (now.datetime_start, now.datetime_complete)
        drawn = {name: asdict(kind) for name, kind in now.distributions.items()}
        assert {name: kind._asdict() for name, kind in was.distributions.items()} == drawn
    spec = study.osetra.problem.space.spec
    assert spec["lr"] == "log(1e-05, 1.0)" and spec["%73eed"].endswith("if opt=sgd")
    trial = study.ask()
    trial.suggest_float("lr", 1e-5, 1, log=True)
    study.tell(trial, 0.5)


def test_several_objectives_of_optuna(database: Path) -> None:
    imported("optuna://sqlite:///x.db", "--study", "two", "--to", "z.db")
    study = load_study(study_name=None, storage="z.db")
    before = optuna.load_study(study_name="two", storage="sqlite:///x.db")
    assert [t.values for t in study.trials] == [t.values for t in before.trials]
    assert [way.name for way in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert len(study.osetra.front) == 3


def test_databases_that_cannot_be_read(database: Path) -> None:
    assert "one, two" in refused("optuna://sqlite:///x.db")
    assert "Did you mean" in refused("optuna://sqlite:///x.db", "--study", "ones")
    assert "no such file" in refused("optuna://sqlite:///nowhere.db")
    for address in ("optuna://mysql://me:secret@host/db", "mysql://me:secret@host/db"):
        assert "secret" not in refused(address)
    assert "copy it" in refused("optuna://mysql://host/db")
    Path("text.db").write_text("no database " * 99)
    assert "text.db cannot be read" in refused("optuna://text.db")
    sqlite3.connect("empty.db").close()
    Path("empty.db").touch()
    assert "no tables" in refused("optuna://empty.db")
    whole = database.read_bytes()
    Path("cut.db").write_bytes(whole[: len(whole) // 3])
    assert "cut.db" in refused("optuna://cut.db", "--study", "one")
    with sqlite3.connect("x.db") as old:
        old.execute("UPDATE trial_params SET distribution_json='{}'")
    assert "is no distribution" in refused("optuna://x.db", "--study", "one")
    with sqlite3.connect("x.db") as old:
        old.execute("UPDATE version_info SET schema_version=99")
    assert "version 99" in refused("optuna://x.db", "--study", "one")
    assert not list(Path().glob("*-imported.db"))


def test_a_file_of_optuna_is_recognised(database: Path) -> None:
    import osetra.compat.optuna as compat

    with pytest.raises(compat.exceptions.StorageInternalError, match="osetra import optuna"):
        compat.create_study(storage="sqlite:///x.db")


ROWS = [
    {"lr": 0.1, "layers": 2, "opt": "sgd", "loss": 0.5},
    {"lr": 0.0001, "layers": 3, "opt": "adam", "loss": 0.3},
]


def _csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_plain_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _csv(Path("t.csv"), [*ROWS, {**ROWS[0], "loss": ""}])
    imported("csv:t.csv", "--metric", "loss")
    study = ose.Study("t-imported.db")
    assert study.best.config == {"lr": 0.0001, "layers": 3, "opt": "adam"} and study.best.value == 0.3
    assert study.problem.space.spec == {
        "lr": "log(0.0001, 0.1)",
        "layers": "int(2, 3)",
        "opt": "choice(sgd, adam)",
    }
    assert [t.state for t in study.trials] == ["finished", "finished", "failed"]
    study.run(lambda run: run.config["lr"], trials=5, progress=False)
    assert sound(tmp_path / "t-imported.db")
    assert "already" in refused("csv:t.csv", "--metric", "loss")
    ranges = ("--param", "lr=log(1e-6, 1)", "--param", "layers=int(1, 9)", "--param", "opt=choice(sgd, adam)")
    imported("csv:t.csv", "--metric", "loss", "--to", "given.db", *ranges)
    assert ose.Study("given.db").problem.space.spec["layers"] == "int(1, 9)"


def test_wandb_and_mlflow(tmp_path: Path) -> None:
    named = [
        {"Name": "a", "State": s, "Created": "2024-01-02T03:04:05.000Z", "Runtime": 60}
        for s in ("finished", "crashed", "running")
    ]
    rows = [{**head, **ROWS[0]} for head in named]
    taken = wandb.read(_csv(tmp_path / "w.csv", rows), "loss", "minimize", ["lr", "opt"])
    one, two = taken.trials
    assert (one.past.value, one.past.state, two.past.state) == (0.5, "finished", "failed")
    assert one.past.ended == (one.past.started or 0) + 60 and len(taken.left_out) == 1
    marked = [
        {
            "run_id": "r",
            "status": "FINISHED",
            "start_time": "2024-01-02 03:04:05+00:00",
            "end_time": "",
            "metrics.loss": 0.4,
            "params.lr": "0.1",
            "params.flag": "True",
        }
    ]
    taken = mlflow.read(_csv(tmp_path / "m.csv", marked), None)
    assert taken.trials[0].past.config == {"lr": 0.1, "flag": True} and taken.trials[0].past.value == 0.4
    page = [
        {"Start Time": "2024-01-02 03:04:05", "Run ID": "r", "Status": "FINISHED", "lr": 0.1, "loss": 0.2}
    ]
    taken = mlflow.read(_csv(tmp_path / "p.csv", page), "loss", "minimize", ["lr"])
    assert taken.trials[0].past.value == 0.2
    assert write(taken, Address(str(tmp_path / "p.db"))) == 1


def _ray(folder: Path) -> Path:
    for number, lr in enumerate((0.1, 0.01), start=1):
        place = folder / f"train_{number}"
        place.mkdir(parents=True)
        (place / "params.json").write_text(json.dumps({"lr": lr, "net": {"units": 8 * number}}))
        lines = [
            {
                "loss": lr / step,
                "training_iteration": step,
                "timestamp": 1000 * number + step,
                "time_this_iter_s": 1.0,
                "done": step == 3,
                "trial_id": "x",
                "config": {},
            }
            for step in (1, 2, 3)
        ]
        (place / "result.json").write_text("\n".join(map(json.dumps, lines)))
    (folder / "train_2" / "error.txt").write_text("boom")
    return folder


def test_ray_results(tmp_path: Path) -> None:
    taken = ray.read(_ray(tmp_path / "results"), "loss")
    write(taken, Address(str(tmp_path / "r.db")))
    study = ose.Study(tmp_path / "r.db")
    first, second = study.trials
    assert first.config == {"lr": 0.1, "net.units": 8} and first.value == 0.1 / 3
    assert second.state == "failed" and study.history.step(second, "loss") == 3
    assert (first.attempts[0].started, first.seconds) == (1000.0, 3.0)
    assert sound(tmp_path / "r.db")


def _keras(folder: Path) -> Path:
    space = [
        {
            "class_name": "Int",
            "config": {"name": "units", "min_value": 8, "max_value": 64, "step": 8, "sampling": "linear"},
        },
        {"class_name": "Choice", "config": {"name": "act", "values": ["relu", "tanh"]}},
        {
            "class_name": "Float",
            "config": {"name": "lr", "min_value": 1e-4, "max_value": 0.1, "step": None, "sampling": "log"},
        },
        {"class_name": "Boolean", "config": {"name": "drop"}},
    ]
    for number, status in enumerate(("COMPLETED", "FAILED", "RUNNING")):
        place = folder / f"trial_{number}"
        place.mkdir(parents=True)
        values = {"units": 16, "act": "relu", "lr": 0.01, "drop": True}
        observed = {"val_accuracy": {"direction": "max", "observations": [{"value": [0.7, 0.9], "step": 4}]}}
        one = {
            "trial_id": str(number),
            "hyperparameters": {"space": space, "values": values},
            "metrics": {"metrics": observed},
            "score": 0.8,
            "best_step": 4,
            "status": status,
            "message": None,
        }
        (place / "trial.json").write_text(json.dumps(one))
    return folder


def test_keras_tuner(tmp_path: Path) -> None:
    taken = keras_tuner.read(_keras(tmp_path / "kt"))
    assert len(taken.left_out) == 1
    write(taken, Address(str(tmp_path / "k.db")))
    study = ose.Study(tmp_path / "k.db")
    assert study.problem.objective.direction == "maximize" and study.best.value == 0.8
    assert study.problem.space.spec["units"] == "int(8, 64, step=8)"
    assert [t.state for t in study.trials] == ["finished", "failed"]
    assert sound(tmp_path / "k.db")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    plain = _csv(tmp_path / "t.csv", ROWS)
    empty = tmp_path / "empty.csv"
    empty.write_text("lr,loss\n")
    damaged = _ray(tmp_path / "ray")
    (damaged / "train_1" / "params.json").write_text("{")
    broken = _keras(tmp_path / "kt")
    (broken / "trial_0" / "trial.json").write_text(
        '{"hyperparameters": {}, "metrics": {"metrics": {"m": {}}}}'
    )
    cases: list[tuple[Any, str]] = [
        (lambda: table.read(plain, None), "--metric"),
        (lambda: table.read(plain, "los"), "no column 'los'.*loss"),
        (lambda: table.read(plain, "loss", params=["lrr"]), "no column 'lrr'"),
        (lambda: table.read(empty, "loss"), "no rows"),
        (lambda: table.read(tmp_path / "no.csv", "loss"), "cannot be read"),
        (lambda: wandb.read(plain, "loss"), "'State'"),
        (lambda: mlflow.read(plain, "loss"), "'Status'"),
        (lambda: ray.read(tmp_path / "nothing", "loss"), "params.json"),
        (lambda: ray.read(damaged, "loss"), "params.json is damaged"),
        (lambda: ray.read(_ray(tmp_path / "whole"), "lss"), "reported were loss"),
        (lambda: keras_tuner.read(tmp_path), "trial.json"),
        (lambda: keras_tuner.read(broken, "val_accuracy"), "damaged"),
        (lambda: keras_tuner.read(_keras(tmp_path / "kt2"), "acc"), "val_accuracy"),
        (lambda: write(from_optuna.Taken("x", (), ()), Address("n.db")), "holds no trial"),
        (
            lambda: write(table.read(plain, "loss"), Address("n.db"), ose.Space(a=ose.Float(0, 1))),
            "space given",
        ),
    ]
    for call, words in cases:
        with pytest.raises(DataError, match=words) as caught:
            call()
        assert isinstance(caught.value, OsetraError)
    assert "KIND:PLACE" in refused("somewhere")
    assert "NAME=RANGE" in refused(f"csv:{plain}", "--metric", "loss", "--param", "lr")
