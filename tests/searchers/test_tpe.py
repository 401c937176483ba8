import pytest

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.searchers.tpe import Tpe
from osetra.testing.searchers import searched

PROBLEM = Problem(Space(x=Float(0, 1), y=Float(0, 1)), Objective(metric="loss"))


def test_later_trials_crowd_round_the_best() -> None:
    history = searched(Tpe(), PROBLEM, 60, lambda i, y: y).history
    values = [trial.value or 0.0 for trial in history.finished]
    excess = [value - min(values) for value in values]
    assert sum(excess[-20:]) < 0.6 * sum(excess[:20])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 1}, "at least 2 trials to start from"),
        ({"candidates": 0}, "1 candidate"),
        ({"share": 1.0}, "the good share lies between 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        Tpe(**settings)  # type: ignore[arg-type]
