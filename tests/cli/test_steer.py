"""Orders on the command line, given while another program runs the study; replay and export of what came."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import osetra as ose
from cli.test_terminal import PROGRAM, piped
from osetra.cli import main
from osetra.core.history import History


def call(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.stdout, result.stderr


def read(*words: str) -> dict[str, Any]:
    code, out, err = call(*words, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


def trial(here: Path, number: int = 1) -> ose.Trial:
    return ose.Study(str(here / "osetra-runs" / "nursed" / "study.db")).trials[number - 1]


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


@pytest.fixture
def nursed(here: Path) -> Iterator[Path]:
    """A study that another program trains, with its first report made."""
    yield from _started(here, "train")


@pytest.fixture
def bare(here: Path) -> Iterator[Path]:
    """The same with a training that keeps no checkpoints."""
    yield from _started(here, "keeping_nothing")


def _started(here: Path, function: str) -> Iterator[Path]:
    words = [
        "tune",
        f"nursed.py:{function}",
        "--minimize",
        "val_loss",
        "--trials",
        "1",
        "--scheduler",
        "full",
    ]
    with (here / "tune.log").open("wb") as log:
        child = subprocess.Popen([*PROGRAM, *words], cwd=here, stdout=log, stderr=log)
    file = here / "osetra-runs" / "nursed" / "study.db"
    until(lambda: file.exists() and file.stat().st_size > 0)
    time.sleep(0.3)
    study = ose.Study(str(file))
    until(lambda: bool(study.trials) and study.history.step(study.trials[0], "val_loss") > 2)
    study.close()
    yield here
    child.terminate()
    child.wait(20)


@pytest.mark.slow
def test_an_order_is_obeyed_by_the_program_that_trains(nursed: Path) -> None:
    code, out, err = call("steer", "nursed", "1", "set", "lr=3e-2", "--actor", "ada")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "set lr=0.03 for trial 1, by ada"
    assert [line.split()[0] for line in lines[1:]] == ["requested", "seen", "obeyed"]
    assert "lr=0.03 after step" in lines[-1]
    assert "acts at the next report, in about" in err
    assert trial(nursed).orders[0].values == {"lr": 0.03}


@pytest.mark.slow
def test_without_waiting_the_order_stands_and_is_obeyed(nursed: Path) -> None:
    assert call("steer", "nursed", "1", "scale", "lr=0.5", "--no-wait")[0] == 0
    until(lambda: not trial(nursed).orders[0].pending)


@pytest.mark.slow
def test_the_orders_of_a_trial_are_listed_with_what_became_of_them(nursed: Path) -> None:
    call("steer", "nursed", "1", "set", "lr=0.05", "--why", "too fast")
    call("steer", "nursed", "1", "note", "odd", "spike")
    shown = call("steer", "nursed", "1")[1]
    assert "set lr=0.05" in shown
    assert "note odd spike" in shown
    told = read("steer", "nursed", "1")["orders"]
    assert [(o["order"], o["status"]) for o in told] == [("set", "done"), ("note", "done")]
    assert told[0]["why"] == "too fast"
    assert told[0]["requested"] <= told[0]["seen"] <= told[0]["obeyed"]


@pytest.mark.slow
def test_a_refused_order_says_what_can_be_done(bare: Path) -> None:
    (bare / "x").touch()
    code, _, err = call("steer", "nursed", "1", "set", "units=9")
    assert code == 1
    sentence = "units cannot be changed while this training runs (lr can); try it as a branch"
    assert sentence in err.replace("\n", " ")


@pytest.mark.slow
def test_a_rollback_without_checkpoints_is_refused(bare: Path) -> None:
    code, _, err = call("steer", "nursed", "1", "rollback")
    assert code == 1
    assert "has no checkpoint yet" in err


@pytest.mark.slow
def test_two_people_at_once_get_one_order_each(nursed: Path) -> None:
    words = [*PROGRAM, "steer", "nursed", "1", "scale", "lr=0.9"]
    both = [subprocess.Popen(words, cwd=nursed, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate(timeout=30)[1] for process in both]
    given = len(trial(nursed).orders)
    refused = sum("was faster and ordered scale" in error for error in errors)
    assert given + refused == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("fly",), 2, "no such order"),
        (("st",), 2, "Did you mean 'set'"),
        (("set",), 1, "give at least one value"),
        (("set", "lr"), 2, "write name=value"),
        (("set", "lr=-1"), 1, "lr: -1 is outside 0.0001 … 1"),
        (("set", "moo=1"), 1, "has no hyperparameter 'moo'"),
        (("scale", "lr=0"), 1, "a factor above 0 is needed"),
        (("pause", "lr=1"), 1, "pause takes no values"),
        (("rollback", "soon"), 2, "write rollback STEP"),
        (("rollback", "99"), 1, "too late and is moot"),
        (("branch",), 1, "nothing changes"),
        (("branch", "units=4096"), 1, "units"),
        (("extend",), 1, "too late"),
        (("note",), 1, "nothing to note"),
        (("resume",), 1, "too late and is moot"),
    ],
)
def test_orders_that_make_no_sense(digits: Path, words: tuple[str, ...], code: int, said: str) -> None:
    # The trial has ended; checks of the order itself come first where they can.
    if words[0] in ("set", "scale", "pause") and "moot" not in said:
        study = ose.Study(str(digits / "study.db"))
        study.enqueue({"lr": 0.5, "units": 20})
        study.close()
        number = "3"
    else:
        number = "1"
    got, _, err = call("steer", "digits", number, *words)
    assert said in " ".join(err.split()), err
    assert got == code


@pytest.mark.usefixtures("digits")
def test_a_trial_that_does_not_exist() -> None:
    for words in (("steer", "digits", "9"), ("steer", "digits", "9", "stop"), ("replay", "digits", "9")):
        code, _, err = call(*words)
        assert (code, "has 1 … 2" in " ".join(err.split())) == (1, True)


@pytest.fixture
def steered(here: Path) -> ose.Study:
    """A study of the command line with a training whose learning rate was changed after its first step."""
    return _steered(here, "swiftly")


def _steered(here: Path, function: str, rollback: bool = False) -> ose.Study:
    module = importlib.import_module("nursed")
    request = {"source": f"{here / 'nursed.py'}:{function}", "minimize": "val_loss"}
    folder = here / "osetra-runs" / "nursed"
    folder.mkdir(parents=True)
    study = ose.Study(
        str(folder / "study.db"),
        module.space,
        minimize="val_loss",
        scheduler="full",
        task={"request": request},
    )
    study.enqueue()
    study.order(1, "set", lr=0.05)

    def watch(history: History) -> None:
        if rollback and len(history.trials[1].orders) == 1 and history.trials[1].checkpoints:
            study.order(1, "rollback", lr=0.2)

    executor = ose.Processes(1) if rollback else None
    often = ose.Checkpoints(every=0.0)
    return study.run(getattr(module, function), trials=1, executor=executor, checkpoints=often, watch=watch)


@pytest.mark.slow
def test_a_steered_training_replays_bitwise_equal(here: Path, steered: ose.Study) -> None:
    assert steered.trials[0].steered
    done = piped(here, "replay", "nursed", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("bitwise equal: 60 of 60 reports")
    again = json.loads(piped(here, "replay", "nursed", "1", "--json").stdout)
    assert (again["same"], again["equal"], again["reports"]) == (True, 60, 60)
    assert "✎ steered" in call("show", "nursed", "1")[1]
    assert "replay  of trial 1: bitwise equal" in call("status", "nursed")[1]


@pytest.mark.slow
def test_a_checkpoint_that_leaves_something_out_is_told(here: Path) -> None:
    study = _steered(here, "forgetful", rollback=True)
    assert study.trials[0].orders[-1].verb == "rollback"
    done = piped(here, "replay", "nursed", "1")
    assert done.returncode == 0, done.stderr
    assert re.match(r"not bitwise equal: \d+ of 20 reports are; from step \d+ on val_loss", done.stdout)


@pytest.mark.usefixtures("steered")
def test_an_export_of_a_steered_trial_is_a_plain_configuration() -> None:
    plain = json.loads(call("export", "nursed", "1")[1])
    assert plain["steered"]
    assert plain["config"]["units"] == 16
    (change,) = plain["changes"]
    assert change == {"after": 1, "values": {"lr": 0.05}}
    rows = [json.loads(line) for line in call("export", "nursed", "--format", "jsonl")[1].splitlines()]
    assert rows[0]["pieces"][1] == change
    assert "pieces" in call("export", "nursed")[1].splitlines()[0]


@pytest.mark.usefixtures("digits")
def test_a_plain_study_exports_as_ever() -> None:
    assert "steered" not in call("export", "digits")[1]


def test_a_study_of_another_program_cannot_be_replayed_here(digits: Path) -> None:
    code, _, err = call("replay", "digits", "1")
    assert code == 1
    assert "was not started by `osetra tune`" in err
    assert digits.exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("verb", [("tune", "hello.py:descend"), ("resume", "x")])
def test_a_scheduler_that_does_not_exist_is_named_with_the_nearest(verb: tuple[str, ...]) -> None:
    code, _, err = call(*verb, "--scheduler", "hyperbond")
    assert code == 2
    assert "Did you mean 'hyperband'?" in err


@pytest.mark.slow
def test_a_study_can_be_limited_by_its_cost(here: Path) -> None:
    done = piped(
        here, "tune", "nursed.py:swiftly", "--minimize", "val_loss", "--trainings", "3", "--scheduler", "full"
    )
    assert done.returncode == 0, done.stderr
    assert "scheduler full" in done.stderr
    study = ose.Study(str(here / "osetra-runs" / "nursed" / "study.db"))
    assert len(study.trials) in (3, 4)


@pytest.mark.parametrize(
    "name", ["why", "actor", "by", "verb", "trial", "values", "self", "text", "step", "until"]
)
def test_a_hyperparameter_may_have_the_name_of_an_argument(here: Path, name: str) -> None:
    study = ose.Study("named.db", ose.Space({name: ose.Float(0, 1)}), minimize="loss")
    run = study.ask()
    result = CliRunner().invoke(
        main, ["steer", "named.db", str(run.trial), "set", f"{name}=0.3", "--no-wait"]
    )
    assert result.exit_code == 0, result.output
    assert study.history.trials[run.trial].orders[0].args == {name: 0.3}
