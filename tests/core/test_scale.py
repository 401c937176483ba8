"""A study of many trials: what happens once per fact does not depend on how many there are."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Entry, Opened, Suggested, ended
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.params import Choice, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.trials import BLOCK
from osetra.policies import by_names
from osetra.searchers import by_name
from osetra.searchers.cmaes import EPOCH
from osetra.stores.sqlite.store import SqliteStore
from osetra.study.loop import Driver
from osetra.study.planner import Planner
from osetra.testing.histories import WORKER

SPACE = Space(lr=Float(1e-4, 1, scale="log"), units=Int(16, 512), kind=Choice("a", "b"))
PROBLEM = Problem(SPACE, Objective(metric="loss"))
POINTS = 5


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with 20,000 finished trials, and 100,000 points."""
    return _written(tmp_path_factory.mktemp("scale") / "big.db", 20_000)


def _written(file: Path, trials: int) -> Path:
    store = SqliteStore(file)
    store.append([Opened(SPACE.spec, "loss", "minimize", "best", 0)])
    configs = SPACE.decode(np.random.default_rng(0).random((trials, len(SPACE.columns))))
    for start in range(0, trials, 1000):
        numbers = range(start + 1, min(start + 1000, trials) + 1)
        facts = [f for n in numbers for f in (Suggested(n, configs[n - 1], n), Claimed(n, 1, WORKER))]
        points = [Point(n, 1, 0, step, "loss", n / step) for n in numbers for step in range(1, POINTS + 1)]
        store.append([*facts, *(ended(n, 1, "finished", 1.0 + n % 1999) for n in numbers)], points)
    store.close()
    return file


def _calls(action: Callable[[], object]) -> int:
    """Return how many Python functions were called and generators resumed."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.slow
def test_a_fact_touches_one_block_of_a_long_history(big: Path) -> None:
    store = SqliteStore(big)
    history = History().extend(store.read())
    store.close()
    news = [Entry(history.version + 1, 0.0, Claimed(77, 2, WORKER))]
    longer = history.extend(news)
    others = [p for p, block in history.trials._blocks.items() if longer.trials._blocks[p] is not block]
    assert others == [77 // BLOCK]
    assert _calls(lambda: history.extend(news)) < 50


@pytest.mark.slow
def test_a_turn_of_the_loop_asks_one_block_and_not_every_trial(big: Path) -> None:
    store = SqliteStore(big)
    planner = Planner(store, PROBLEM, by_names(by_name("random"), "full"), 0, History())
    number = planner.history.next_trial
    store.append([Suggested(n, planner.history.trials[1].config, n) for n in (number, number + 1)])
    driver = Driver(planner, Limits(trials=number + 1), 1, False, None)

    def once() -> None:
        assert driver.fill_queue()
        driver.reaped = 0.0
        driver.reap()
        driver.look()

    once()
    store.append([Claimed(number, 1, WORKER)], [Point(number, 1, 0, 1, "loss", 1.0)])
    calls = _calls(once)
    store.append([ended(number, 1, "finished", 1.0), ended(number + 1, 1, "lost")])
    store.close()
    assert calls < len(planner.history.trials) // 4


@pytest.mark.slow
def test_new_points_are_found_by_their_place_and_not_by_a_walk_through_all(big: Path) -> None:
    from osetra.stores.sqlite.database import SQL

    store = SqliteStore(big)
    arguments = (100_000, 100_010, 1)
    plan = store._database.query(
        lambda c: c.execute("EXPLAIN QUERY PLAN " + SQL["points"], arguments).fetchall(), []
    )
    store.close()
    assert [row[3] for row in plan] == ["SEARCH point USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random", "sobol", "tpe", "bayes", "cmaes", "auto"])
def test_every_searcher_goes_on_after_many_trials_and_says_the_same_twice(name: str, big: Path) -> None:
    store = SqliteStore(big)
    history = History().extend(store.read(), *store.read_points())
    store.close()
    assert len(history.trials) > 4 * EPOCH
    found = [by_name(name).suggest(PROBLEM, history, 2, np.random.default_rng(1)) for _ in range(2)]
    assert found[0] == found[1]
    assert len(found[0]) == 2
    for suggestion in found[0]:
        assert SPACE.complete(suggestion.config) == suggestion.config
