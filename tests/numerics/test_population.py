import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from osetra.numerics.population import extremes, moved

NUMBERS = st.floats(-1e6, 1e6)


@given(st.lists(st.one_of(NUMBERS, st.just(float("nan"))), min_size=1, max_size=40), st.floats(0.01, 0.5))
def test_the_worst_and_the_best_are_apart_and_in_order(values: list[float], share: float) -> None:
    y = np.array(values)
    worst, best = extremes(y, share)
    assert len(worst) == len(best) == min(int(np.ceil(len(y) * share)), len(y) // 2)
    assert not set(worst) & set(best)
    filled = np.nan_to_num(y, nan=np.inf)
    if len(best):
        middle = np.delete(filled, np.concatenate((worst, best)))
        assert filled[best].max() <= min([*middle, *filled[worst]])
        assert filled[worst].min() >= max([*middle, *filled[best]])


@given(
    st.floats(1e-3, 0.999), st.floats(0.5, 2.0), st.sampled_from(["linear", "log", "one_minus_log", "logit"])
)
def test_a_move_and_its_opposite_cancel(value: float, factor: float, scale: str) -> None:
    there = moved(value, factor, scale)
    assert np.isclose(moved(there, 1 / factor, scale), value, rtol=1e-9)
    assert (there >= value) == (factor >= 1) or np.isclose(factor, 1)


def test_a_momentum_moves_by_its_distance_from_one() -> None:
    assert np.isclose(moved(0.9, 2.0, "one_minus_log"), 0.95)
    assert np.isclose(moved(0.5, 3.0, "logit"), 0.75)
    assert moved(0.1, 1.2, "log") == 1.2 * 0.1
