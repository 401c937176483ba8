import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.stats import multivariate_normal

from osetra.numerics import extrapolate as ex

HORIZON = 50


def drawn(seed: int, n: int, noise: float = 0.01, power: float = 0.7) -> tuple[list[ex.Curve], np.ndarray]:
    """Return n power laws seen for a random while, and their ends without noise."""
    rng = np.random.default_rng(seed)
    ends, curves = rng.normal(0.3, 0.1, n), []
    for end in ends:
        steps = np.arange(1, int(rng.integers(1, HORIZON + 1)) + 1)
        falling = (steps**-power - HORIZON**-power) / (1 - HORIZON**-power)
        curves.append((steps, end + (0.9 - end) * falling + noise * rng.normal(size=len(steps))))
    return curves, ends


def common(seed: int) -> ex.Mixed:
    """Return some prior."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(ex.SHAPES, 2, 2))
    spread = half @ half.transpose(0, 2, 1) + 0.1 * np.eye(2)
    share = rng.dirichlet(np.ones(ex.SHAPES))
    return ex.Mixed(share, rng.normal(size=(ex.SHAPES, 2)), spread, rng.uniform(0.01, 0.5, ex.SHAPES))


def features(steps: np.ndarray, shape: int) -> np.ndarray:
    rows = ex.shapes(steps.astype(float), HORIZON)
    return np.column_stack((np.ones(len(steps)), rows[shape]))


def test_every_shape_falls_from_one_to_nought() -> None:
    rows = ex.shapes(np.arange(1.0, HORIZON + 1), HORIZON)
    assert rows.shape == (ex.SHAPES, HORIZON)
    assert np.allclose(rows[:, 0], 1) and np.allclose(rows[:, -1], 0, atol=1e-12)
    assert (np.diff(rows, axis=1) <= 0).all()
    assert np.isfinite(ex.shapes(np.array([1.0]), 1)).all()


def test_shapes_by_hand() -> None:
    rows = ex.shapes(np.array([10.0]), 100)[:, 0]
    assert np.isclose(rows[0], 0.5)
    assert np.isclose(rows[1 + ex.POWERS.index(1.0)], (0.1 - 0.01) / (1 - 0.01))


@pytest.mark.parametrize("seed", range(3))
def test_the_evidence_is_that_of_a_dense_normal(seed: int) -> None:
    curves, _ = drawn(seed, 4)
    mixed = common(seed)
    found = ex.evidence(ex.summed(curves, HORIZON), mixed)
    for i, (steps, values) in enumerate(curves):
        rows = ex.thinned(steps)
        for k in range(ex.SHAPES):
            x = features(steps[rows], k)
            covariance = x @ mixed.spread[k] @ x.T + mixed.noise[k] * np.eye(len(rows))
            wanted = multivariate_normal(x @ mixed.mean[k], covariance).logpdf(values[rows])
            assert np.isclose(found[k, i], wanted, rtol=1e-8)


def test_the_posterior_is_that_of_a_dense_normal() -> None:
    curves, _ = drawn(1, 3)
    mixed = common(7)
    sums = ex.summed(curves, HORIZON)
    weight = mixed.share[:, None] * np.exp(ex.evidence(sums, mixed))
    weight /= weight.sum(axis=0)
    mean, variance = ex.posterior(sums, mixed)
    for i, (steps, values) in enumerate(curves):
        rows = ex.thinned(steps)
        first, second = 0.0, 0.0
        for k in range(ex.SHAPES):
            x, s = features(steps[rows], k), mixed.spread[k]
            inverse = np.linalg.inv(x @ s @ x.T + mixed.noise[k] * np.eye(len(rows)))
            pair = mixed.mean[k] + s @ x.T @ inverse @ (values[rows] - x @ mixed.mean[k])
            left = s - s @ x.T @ inverse @ x @ s
            first += weight[k, i] * pair[0]
            second += weight[k, i] * (pair[0] ** 2 + left[0, 0] + mixed.noise[k])
        assert np.isclose(mean[i], first)
        assert np.isclose(variance[i], second - first**2)


def test_learning_raises_the_evidence_of_the_mixture() -> None:
    curves, _ = drawn(3, 30)
    sums = ex.summed([(t, (y - 0.5) / 0.2) for t, y in curves], HORIZON)

    def total(mixed: ex.Mixed) -> float:
        logs = np.log(mixed.share)[:, None] + ex.evidence(sums, mixed)
        return float(np.logaddexp.reduce(logs, axis=0).sum())

    start = ex.Mixed(
        np.full(ex.SHAPES, 1 / ex.SHAPES),
        np.zeros((ex.SHAPES, 2)),
        np.repeat(np.eye(2)[None], ex.SHAPES, axis=0),
        np.full(ex.SHAPES, 0.05),
    )
    assert total(ex.learn(sums)) > total(start) + 10


def test_a_long_curve_ends_where_a_least_squares_fit_says() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(1.0, 31.0)
    values = 0.2 + 0.7 / steps + 0.003 * rng.normal(size=len(steps))

    def law(t, c, a, p):
        return c + a * t**-p

    fitted, _ = curve_fit(law, steps, values, p0=(0.1, 1.0, 1.0))
    others, _ = drawn(0, 20, power=1.0)
    mean, deviation = ex.predict([(steps.astype(np.int64), values), *others], 60)
    wanted = law(60, *fitted)
    assert abs(mean[0] - wanted) < 0.015
    assert abs(mean[0] - wanted) < 3 * deviation[0]


def test_it_beats_the_last_value_and_knows_how_well() -> None:
    off, naive, z = [], [], []
    for seed in range(10):
        curves, ends = drawn(seed, 40, noise=0.02)
        mean, deviation = ex.predict(curves, HORIZON)
        short = np.array([len(t) < HORIZON / 2 for t, _ in curves])
        last = np.array([y[-1] for _, y in curves])
        off += np.abs(mean - ends)[short].tolist()
        naive += np.abs(last - ends)[short].tolist()
        z += ((ends - mean) / deviation)[short].tolist()
    assert np.mean(off) < 0.5 * np.mean(naive)
    assert 0.5 < np.mean(np.abs(z) < 1) < 0.97
    assert np.mean(np.abs(z) < 2) > 0.85


def test_deviations_shrink_as_a_curve_grows() -> None:
    curves, _ = drawn(5, 20)
    steps = np.arange(1, HORIZON + 1)
    whole = 0.25 + 0.6 * steps**-0.7
    found = [ex.predict([*curves, (steps[:m], whole[:m])], HORIZON)[1][-1] for m in (1, 8, 40)]
    assert found[0] > found[1] > found[2]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_units_and_order_do_not_matter(seed: int, scale: float, shift: float) -> None:
    curves, _ = drawn(seed, 6)
    mean, deviation = ex.predict(curves, HORIZON)
    moved = [(t, shift + scale * y) for t, y in curves][::-1]
    again, wider = ex.predict(moved, HORIZON)
    assert np.allclose(again[::-1], shift + scale * mean, atol=1e-5 * (scale + abs(shift)))
    assert np.allclose(wider[::-1], scale * deviation, rtol=1e-3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-1e3, 1e3), max_size=12), min_size=1, max_size=8), st.integers(1, 40))
def test_any_curves_give_finite_expectations(values: list[list[float]], horizon: int) -> None:
    curves = [(np.arange(1, len(y) + 1), np.array(y)) for y in values]
    if not any(values):
        with pytest.raises(ValueError, match="no curve"):
            ex.predict(curves, horizon)
        return
    mean, deviation = ex.predict(curves, horizon)
    assert mean.shape == deviation.shape == (len(curves),)
    assert np.isfinite(mean).all() and np.isfinite(deviation).all() and (deviation > 0).all()


def test_thinning_keeps_the_first_the_last_and_a_ratio() -> None:
    steps = np.arange(1, 101)
    kept = steps[ex.thinned(steps)]
    assert kept[0] == 1 and kept[-1] == 100 and len(kept) < 20
    assert (kept[2:] / kept[1:-1] >= ex.THIN - 1e-12).all()
    assert ex.thinned(np.array([], dtype=np.int64)).tolist() == []
