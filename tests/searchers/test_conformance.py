"""Every searcher through the conformance kit."""

import numpy as np
import pytest

from osetra.core.finite import size
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.searchers import SEARCHERS, by_name
from osetra.testing.searchers import CASES, SPACES, SearcherCase, check_searcher, searched

NAMES = list(SEARCHERS)
FREE = [name for name in NAMES if name != "manual"]


# "auto" asks "bayes" for all but its guards: a third of the cases has all spaces and all endings.
@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{case}")
        for name in NAMES
        for case in (CASES[::3] if name == "auto" else CASES)
    ],
)
def test_a_searcher_passes_the_kit(name: str, case: SearcherCase) -> None:
    check_searcher(by_name(name), case)


@pytest.mark.parametrize("space", ["categorical", "small tree", "single point"])
@pytest.mark.parametrize("name", FREE)
def test_a_finite_space_is_tried_completely_and_then_exhausted(name: str, space: str) -> None:
    problem = Problem(SPACES[space], Objective(metric="loss"))
    log = searched(by_name(name), problem, 50, lambda i, y: y)
    assert log.trials == size(problem.space)


@pytest.mark.parametrize("space", ["floats", "ints", "categorical", "conditional", "branches"])
@pytest.mark.parametrize("name", FREE)
def test_the_order_of_declaration_changes_nothing(name: str, space: str) -> None:
    given = SPACES[space]
    turned = Space({n: list(given.branches(n)) for n in reversed(given.names)})
    one, two = (
        searched(by_name(name), Problem(s, Objective(metric="loss")), 25, lambda i, y: y).history
        for s in (given, turned)
    )
    assert [t.config for t in one.trials.values()] == [t.config for t in two.trials.values()]


@pytest.mark.parametrize("name", ["sobol", "grid"])
def test_a_batch_equals_its_members_asked_for_one_by_one(name: str) -> None:
    problem = Problem(SPACES["conditional"], Objective(metric="loss"))
    single = searched(by_name(name), problem, 12, lambda i, y: y).history
    first = searched(by_name(name), problem, 4, lambda i, y: y).history
    batch = by_name(name).suggest(problem, first, 8, np.random.default_rng(0))
    assert [s.config for s in batch] == [single.trials[n].config for n in range(5, 13)]
