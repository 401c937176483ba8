import os
import subprocess
import sys
from threading import Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from osetra.core.params import Choice, Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.numerics import bayes as maths
from osetra.searchers.bayes import Bayes
from osetra.searchers.threads import one_thread
from osetra.testing.searchers import searched

PROBLEM = Problem(
    Space(lr=Float(1e-4, 1, scale="log"), optimizer=Choice("sgd", "adam")), Objective(metric="val_loss")
)


def test_it_finds_the_optimum_of_a_small_space_in_a_few_trials() -> None:
    history = searched(Bayes(), PROBLEM, 25, lambda i, y: y).history
    best = history.best(PROBLEM.objective)
    assert best is not None
    assert best.config["lr"] == pytest.approx(0.3, rel=0.5)


def test_a_new_searcher_goes_on_like_one_with_memories() -> None:
    old = Bayes()
    history = searched(old, PROBLEM, 20, lambda i, y: y).history
    one, two = (s.suggest(PROBLEM, history, 3, np.random.default_rng(5)) for s in (old, Bayes()))
    assert [s.config for s in one] == [s.config for s in two]


def test_reasons_name_the_metric_and_what_is_expected() -> None:
    history = searched(Bayes(), PROBLEM, 12, lambda i, y: y).history
    (suggestion,) = Bayes().suggest(PROBLEM, history, 1, np.random.default_rng(0))
    assert suggestion.why.startswith(("exploit: best predicted", "explore: largest uncertainty along"))
    assert "val_loss" in suggestion.why


def test_expectations_have_the_direction_of_the_user() -> None:
    upward = Problem(PROBLEM.space, Objective(metric="accuracy", direction="maximize"))
    history = searched(Bayes(), upward, 12, lambda i, y: 5.0 + y).history
    (suggestion,) = Bayes().suggest(upward, history, 1, np.random.default_rng(0))
    expected = float(suggestion.why.split("accuracy ")[1].split(" ")[0])
    assert 4 < expected < 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 1}, "Bayes(initial=1): the model starts from 2 trials or more"),
        ({"beta": -1.0}, "Bayes(beta=-1.0): optimism is 0 or more deviations, such as 1.8"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(StudyError) as caught:
        Bayes(**settings)  # type: ignore[arg-type]
    assert str(caught.value) == message


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_the_model_keeps_to_one_thread_and_gives_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    history = searched(Bayes(), PROBLEM, 6, lambda i, y: y).history
    suggest, seen = maths.suggest, []
    monkeypatch.setattr(maths, "suggest", lambda *a, **k: (seen.append(_threads()), suggest(*a, **k))[1])
    with threadpool_limits(2, "blas"):
        Bayes().suggest(PROBLEM, history, 1, np.random.default_rng(0))
        assert (seen, _threads()) == ([{1}], {2})


def test_another_thread_than_the_main_one_leaves_them_alone() -> None:
    seen = []

    def other() -> None:
        with one_thread():
            seen.append(_threads())

    with threadpool_limits(2, "blas"):
        before = Thread(target=lambda: seen.append(_threads()))
        for thread in (before, Thread(target=other)):
            thread.start()
            thread.join()
    assert seen[0] == seen[1]


def test_one_thread_for_good_holds_for_libraries_that_come_later() -> None:
    program = (
        "import numpy; from osetra.searchers.threads import one_thread_for_good as keep; keep(); "
        "import scipy.linalg; from threadpoolctl import threadpool_info as info; "
        "print({one['num_threads'] for one in info() if one['user_api'] == 'blas'})"
    )
    environment = {name: text for name, text in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "{1}", done.stderr
