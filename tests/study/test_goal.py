"""A goal: the search is over once a finished trial has it, and not before."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import osetra as ose
from osetra.core.goal import Goal, goal_text
from osetra.core.problem import Objective
from osetra.errors import StudyError

LOSS = Objective(metric="loss")


def train(run):
    for step in run.steps(3):
        run.report(loss=run.config["x"] + 1 / step, accuracy=1 - run.config["x"])


def new_study(**more):
    more = {"minimize": "loss"} if "maximize" not in more else more
    return ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), searcher="random", scheduler="full", **more)


@pytest.mark.parametrize("until", ["loss<0.5", "loss <= .5", 0.5, "0.5", "accuracy>0.9", {"loss": 1}])
def test_it_ends_with_the_first_that_reaches_it(until):
    study = new_study()
    if isinstance(until, dict):
        with pytest.raises(StudyError, match=r'until="val_loss<0.05"'):
            study.run(train, until=until)
        return
    study.run(train, until=until, trials=200, progress=False)
    goal = Goal.of(until, LOSS)
    *before, last = study.trials
    of = (lambda t: t.value) if goal.metric == "loss" else (lambda t: 1 - t.config["x"])
    assert goal.is_met(of(last))
    assert not any(goal.is_met(of(trial)) for trial in before)
    (note,) = study.history.noted("goal")
    assert f"trial {last.number}" in note.text
    begun = len(study.trials)
    study.run(train, until=until, trials=200, progress=False)
    assert len(study.trials) == begun
    assert len(study.history.noted("goal")) == 1
    study.run(train, trials=begun + 2, progress=False)
    assert len(study.trials) == begun + 2


def test_it_ends_where_nothing_is_left_to_gain():
    chance = np.random.default_rng(0)

    def noisy(run):
        return 9 * (run.config["a"] - 0.3) ** 2 + 0.05 * chance.standard_normal()

    space = ose.Space(a=ose.Float(0, 1), b=ose.Float(0, 1))
    study = ose.Study("memory:", space, minimize="loss")
    study.run(noisy, until="noise", trials=120, progress=False)
    (note,) = study.history.noted("goal")
    assert "nothing is left to gain" in note.text
    assert 20 <= len(study.trials) < 120
    assert 9 * (study.best.config["a"] - 0.3) ** 2 < 0.1
    assert "remaining" in {finding.rule for finding in study.advice}


def test_what_runs_goes_back_to_the_queue(tmp_path):
    study = ose.Study(
        str(tmp_path / "two.db"), ose.Space(x=ose.Int(0, 1)),
        minimize="loss", searcher="grid", scheduler="full",
    )  # fmt: skip
    study.run(slow_where_one, until="loss<0.5", workers=2, progress=False)
    states = {trial.config["x"]: trial.state for trial in study.trials}
    assert states == {0: "finished", 1: "queued"}


def slow_where_one(run):
    import time

    for _ in run.steps(1 if run.config["x"] == 0 else 10_000):
        time.sleep(0.3 if run.config["x"] == 0 else 0.05)
        run.report(loss=run.config["x"])


@given(
    st.sampled_from(["<", "<=", ">", ">="]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " "]),
)
def test_the_text_means_what_it_says(sign, bound, blank):
    text = f"acc{blank}{sign}{blank}{bound!r}"
    goal = Goal.of(text, LOSS)
    assert (goal.metric, goal.sign, goal.bound) == ("acc", sign, bound)
    assert Goal.of(goal_text(text), LOSS) == goal
    assert Goal.of(goal_text(bound), LOSS) == Goal("loss", "<=", bound)


@pytest.mark.parametrize(
    "until",
    [
        "",
        "loss",
        "loss<",
        "<0.5",
        "loss<nan",
        "loss<x",
        "loss==1",
        "loss<1<2",
        "loss>0.5",
        math.nan,
        math.inf,
        10**400,
        True,
        [1],
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_trained(until):
    study = new_study()
    with pytest.raises(StudyError, match="until"):
        study.run(train, until=until, progress=False)
    assert len(study.trials) == 0


def test_on_the_command_line(tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\nminimize = "loss"\nuntil = "loss<0.4"\nsearcher = "random"\n[space]\nx = "float(0, 1)"\n'
    )
    program = "import os; print('loss=' + os.environ['OSETRA_X'])"
    words = [
        str(Path(sys.executable).parent / "osetra"),
        "run",
        "study.toml",
        "--",
        sys.executable,
        "-c",
        program,
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "loss<0.4 is reached" in done.stderr + done.stdout
    wrong = subprocess.run(
        [*words[:3], "--until", "loss>0.4", *words[3:]],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert 'until="loss<0.4"' in " ".join(wrong.stderr.split())
