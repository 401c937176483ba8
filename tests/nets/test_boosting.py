"""The yardstick keeps its time, by a clock that the test moves."""

import numpy as np
import pytest

from osetra.nets import boosting


class Trees:
    """What scikit-learn's boosting looks like, whose every round takes so many seconds of a clock."""

    def __init__(self, clock, each):
        self.clock, self.each, self.n_iter_ = clock, each, 0

    def set_params(self, max_iter):
        self.wanted = max_iter

    def fit(self, x, y, sample_weight):
        self.clock[0] += self.each * (self.wanted - self.n_iter_)
        self.n_iter_ = self.wanted


@pytest.mark.parametrize(
    ("each", "rounds"), [(0.01, 100), (0.2, 50), (0.9, 10), (3.0, 1), (30.0, 1)], ids=str
)
def test_no_more_rounds_are_begun_than_there_is_time_for(monkeypatch, each, rounds):
    clock = [0.0]
    monkeypatch.setattr(boosting.time, "monotonic", lambda: clock[0])
    model = Trees(clock, each)
    assert boosting._fit(model, np.zeros((2, 1)), np.zeros(2), None, 10.0) == rounds
    assert clock[0] <= max(10.0, each)  # one round is the least that tells anything


def test_without_time_to_load_it_nothing_is_boosted():
    from nets.tables_for_tests import flowers
    from osetra.nets.prepare import fit

    data, rows = flowers(), np.arange(60)
    assert boosting.boosted(data, fit(data, rows), rows, rows, seconds=0.9) is None
