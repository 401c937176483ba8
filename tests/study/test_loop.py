"""The loop: programs that plan for one study at once, and repeats that leave the queue alone."""

import os
import re
import signal

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import Noted
from osetra.core.limits import PER_TRAINING, Limits
from osetra.core.ports import Budget
from osetra.policies.paired import Paired
from osetra.schedulers.full import Full
from osetra.searchers.sobol import Sobol
from osetra.stores import open_store
from osetra.study.planner import Planner
from osetra.study.signals import GracefulStop
from osetra.testing.histories import Log

SPACE = ose.Space(x=ose.Float(0, 1), y=ose.Float(0, 1))


class Interrupted:
    """Sobol, but another program plans a trial while it thinks."""

    name = "sobol"
    lookahead = 2

    def __init__(self):
        self.other = None

    def suggest(self, problem, history, count, rng):
        found = Sobol().suggest(problem, history, count, rng)
        if self.other is not None:
            other, self.other = self.other, None
            other.plan(1, Budget())
        return found


def test_programs_that_plan_at_once_never_suggest_the_same(tmp_path):
    url = tmp_path / "s.db"
    study = ose.Study(url, SPACE, minimize="loss", searcher="sobol")
    other = Planner(open_store(str(url)), study.problem, Paired(Sobol(), Full()), study.seed, study.history)
    searcher = Interrupted()
    mine = Planner(open_store(str(url)), study.problem, Paired(searcher, Full()), study.seed, study.history)
    for _ in range(5):
        searcher.other = other
        assert mine.plan(2, Budget())
    configs = [tuple(trial.config.items()) for trial in study.trials]
    assert len(configs) == len(set(configs)) == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_confirming_leaves_the_queue_alone(tmp_path, workers):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")

    def train(run):
        return float(np.sum(list(run.config.values())))

    study.run(train, trials=4)
    waiting = [study.enqueue(x=0.1 * k).number for k in range(1, 4)]
    study.confirm(train, top=2, seeds=2, workers=workers)
    assert [study.history.trials[n].state for n in waiting] == ["queued"] * 3
    assert len([trial for trial in study.trials if trial.repeats is not None]) == 4
    assert not study.history.running


def test_the_budget_follows_trials_cost_and_time():
    log = Log(ose.Problem(SPACE, ose.Objective(metric="loss")))
    problem = log.problem

    def budget(**limits):
        return Limits(**limits).budget(problem, log.history, 0.0)

    assert budget(trials=4) == Budget(steps=None, progress=0.0, open=True)
    log.run(None, 0.5)
    assert budget(trials=4).progress == 0.25  # nobody knows how long a training is: counted by trials
    log.write(Noted("steps", "10", "", {"steps": 10}))
    for _ in range(2):
        log.report(log.start(), "loss", [0.5] * 10)
    assert budget(trials=6).progress == pytest.approx(2 * PER_TRAINING / 6)
    assert budget(trainings=4).progress == 0.5 and budget(trainings=4).open
    assert budget(trainings=2) == Budget(steps=10, progress=1.0, open=False)
    assert not budget(trials=3).open and budget(trials=3).progress == 1.0
    late = Limits(minutes=1.0).budget(problem, log.history, 45.0)
    assert late.progress == 0.75


def test_a_policy_is_asked_until_nothing_is_left_and_every_stop_says_why(tmp_path):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")

    def train(run):
        state = run.restore() or {"sum": 0.0}
        total = state["sum"]
        for step in run.steps(16):
            total += 1.0 / step
            run.report(loss=float(run.config["x"]) + 1.0 / total)
            run.checkpoint(lambda: {"sum": total})

    study.run(train, trials=20)
    states = [trial.state for trial in study.trials]
    assert len(states) == 20 and set(states) == {"finished", "stopped"}
    assert 3 <= states.count("finished") < 15
    for trial in study.trials:
        steps, _ = study.history.curve(trial, "loss")
        assert steps.tolist() == list(range(1, len(steps) + 1))
        if trial.state == "stopped":
            assert re.search(r"stopped at step \d+: loss [\d.]+, cut [\d.]+, rank \d+ of \d+", trial.reason)
        else:
            assert len(steps) == 16
    spent = study.history.curves.count("loss") / 16
    assert spent < 14
    again = len(study.history.curves)
    study.run(train, trials=20)
    assert len(study.history.curves) == again


@pytest.mark.parametrize("scheduler", ["auto", "full"])
def test_a_budget_in_trainings_is_kept_but_for_what_ends_the_search(tmp_path, scheduler):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random", scheduler=scheduler)

    def train(run):
        run.restore()
        for step in run.steps(16):
            run.report(loss=float(run.config["x"]) + 1.0 / step)
            run.checkpoint({})

    study.run(train, trainings=6, steps=16)
    spent = study.history.curves.count("loss") / 16
    assert 6 <= spent <= 7.5 if scheduler == "auto" else spent == 6
    assert any(trial.state == "finished" for trial in study.trials)


def test_a_program_under_nohup_outlives_its_terminal():
    previous = {
        number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM)
    }

    def own(number, frame):
        """Mean something else."""

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, own)
    try:
        with GracefulStop() as stop:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGUSR1) is own
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.requested == signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) == previous[signal.SIGTERM]
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
