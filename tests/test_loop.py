"""The loop: programs that plan for one study at once, and repeats that leave the queue alone."""

import numpy as np
import pytest

import osetra as ose
from osetra.core.ports import Budget
from osetra.loop import Planner
from osetra.policies.paired import Paired
from osetra.schedulers.full import Full
from osetra.searchers.sobol import Sobol
from osetra.stores import open_store

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
