"""What a finding suggests, as a command and as a call: both do what its data says."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from click.testing import CliRunner

import osetra as ose
from osetra import Choice, Float, Int, Ordinal
from osetra.cli import main
from osetra.core.finding import Move, edit_of

SPACE = ose.Space(lr=Float(1e-4, 1, log=True), opt=Choice("sgd", "a b", "it's", "true"), units=Int(8, 64))
EDITS = [
    edit_of("widen lr", {"lr": Float(1e-4, 10, log=True)}),
    edit_of("add dropout", {"dropout": Float(0, 0.5)}, was={"dropout": 0.0}),
    edit_of("steps", {"lr": Float(1, 9, step=1.0), "units": Int(8, 512, step=8, log=False)}),
    edit_of("under", {"momentum": Float(0.5, 0.99, scale="one_minus_log", default=0.9, when={"opt": "a b"})}),
    edit_of("fix opt", {"opt": ose.Fixed("it's")}),
    edit_of("fix opt", {"opt": ose.Fixed("true")}),
    edit_of("fewer", {"opt": Choice("a b", "true"), "units": Ordinal(8, 16, 32)}),
    edit_of("add", {"words": Choice("1", "x=y", "if", "$(id)", "a;b")}, was={"words": "1"}),
]
QUEUED = [
    Move(text="q", verb="enqueue", args={"lr": 0.5, "opt": option}) for option in ("a b", "it's", "true")
]
ORDERS = [
    Move(text="o", verb="note", trial=1, args={"text": "rm -rf $HOME; it's <b>"}),
    Move(text="o", verb="branch", trial=1, args={"step": 0, "lr": 0.25}),
    Move(text="o", verb="branch", trial=1, args={"opt": "it's"}),
]


def left_by(study: ose.Study) -> Any:
    """What a move has left: the space, the configurations, and what was ordered."""
    history = study.history
    orders = [(o.verb, dict(o.args)) for t in history.trials.values() for o in t.orders]
    return study.problem.space, [dict(t.config) for t in history.trials.values()], orders


@pytest.fixture
def studies(tmp_path: Any) -> list[ose.Study]:
    made = [
        ose.Study(tmp_path / f"{i} s.db", SPACE, minimize="loss", searcher="random", seed=1) for i in range(2)
    ]
    for study in made:
        run = study.ask()
        run.report(loss=1.0)
        study.tell(run, 1.0)
    return made


@pytest.mark.parametrize("move", [*EDITS, *QUEUED, *ORDERS], ids=lambda m: f"{m.verb}-{m.text}")
def test_a_move_as_a_command_and_as_a_call_do_the_same(
    studies: list[ose.Study], tmp_path: Any, move: Move
) -> None:
    typed, called = studies
    before = left_by(typed)
    words = shlex.split(move.command(str(tmp_path / "0 s.db")))
    result = CliRunner().invoke(main, words[1:] + (["--no-wait"] if words[1] == "steer" else []))
    assert result.exit_code == 0, result.output
    eval(move.call, {**vars(ose), "study": called})
    assert left_by(typed) == left_by(called) != before


def test_a_larger_total_as_a_command_names_the_study_and_the_total() -> None:
    move = Move(text="more", verb="target", args={"trials": 60})
    assert move.command("digits") == "osetra resume digits --trials 60"
    assert move.call == "study.aim(60)"
