"""Options that are tuples: the log holds a name, the training gets the tuple, everywhere."""

import json

import pytest

import osetra as ose
from osetra.command import CommandTraining
from osetra.errors import SpaceError
from osetra.executors.processes import Processes

SPACE = ose.Space(
    kernel=ose.Choice((3, 3), (5, 5)),
    size=ose.Choice(small=(16, (8, None)), large=64, default="large"),
    fixed=ose.Fixed((1, 2)),
    plain=ose.Choice("(3, 3)", "(9, 9)"),
)
MEANT = {
    "kernel": [(3, 3), (5, 5)],
    "size": [(16, (8, None)), 64],
    "fixed": [(1, 2)],
    "plain": ["(3, 3)", "(9, 9)"],
}


def train(run: ose.Run) -> float:
    for name, options in MEANT.items():
        assert run.config[name] in options, (name, run.config[name])
        assert run.live(name) == run.config[name]
    return float(run.config["kernel"][0])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_training_gets_the_tuple(tmp_path, workers):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")
    study.run(train, trials=6, executor=None if workers == 1 else Processes(2))
    assert [trial.reason for trial in study.trials if trial.reason] == []
    assert {trial.config["kernel"] for trial in study.trials} <= {"(3, 3)", "(5, 5)"}
    assert study.best.value == 3
    study.close()
    again = ose.Study(tmp_path / "s.db", SPACE, minimize="loss")
    assert again.problem.space == SPACE


def test_people_may_name_the_tuple_or_its_name(tmp_path):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss")
    trial = study.enqueue(kernel=[5, 5], size="small")
    assert trial.config == {"kernel": "(5, 5)", "size": "small", "fixed": "(1, 2)", "plain": "(3, 3)"}
    run = study.ask()
    assert run.config == {"kernel": (5, 5), "size": (16, (8, None)), "fixed": (1, 2), "plain": "(3, 3)"}
    assert study.tell(run, 1.0).config == trial.config
    with pytest.raises(SpaceError, match=r"kernel: \(7, 7\) is not one of \(3, 3\), \(5, 5\)"):
        study.enqueue(kernel=(7, 7))


def test_a_program_gets_the_name_and_in_its_file_the_tuple(tmp_path):
    program = tmp_path / "p.sh"
    program.write_text(
        '#!/bin/sh\ncp "$2" "$3"\nprintf "%s %s\\n" "$1" "$OSETRA_SIZE" > "$3.txt"\necho loss=1\n'
    )
    program.chmod(0o755)
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss")
    study.run(CommandTraining((str(program), "{kernel}", "{config}", str(tmp_path / "out"))), trials=1)
    assert [trial.reason for trial in study.trials] == [""]
    assert json.loads((tmp_path / "out").read_text()) == {
        "kernel": [3, 3], "size": 64, "fixed": [1, 2], "plain": "(3, 3)"
    }  # fmt: skip
    assert (tmp_path / "out.txt").read_text() == "(3, 3) large\n"
