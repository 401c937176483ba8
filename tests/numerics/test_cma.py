import cmaes
import numpy as np
import pytest

from osetra.numerics import cma

RNG = np.random.default_rng
OWN = np.zeros(10, dtype=bool)


def _ellipsoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum(np.arange(1, x.shape[1] + 1) * (x - 0.2) ** 2, axis=1))


def test_thirty_generations_equal_those_of_the_cmaes_package() -> None:
    rng, given = RNG(0), cma.rates(5, 10)
    other = cmaes.CMA(mean=np.full(5, 0.5), sigma=0.2, population_size=10)
    normal = cma.start(np.full(5, 0.5), 0.2)
    for _ in range(30):
        x = cma.draw(normal, 10, rng)
        y = _ellipsoid(x)
        normal = cma.tell(normal, x, y, OWN, given)
        other.tell(list(zip(x, y.tolist(), strict=True)))
        assert normal.mean == pytest.approx(other._mean, rel=1e-9)
        assert normal.sigma == pytest.approx(other._sigma, rel=1e-9)
        assert normal.cov == pytest.approx(other._C, rel=1e-7, abs=1e-12)


def test_eighty_generations_with_margin_equal_those_of_the_cmaes_package() -> None:
    rng, given = RNG(1), cma.rates(5, 10)
    widths = np.array([0, 0, 1 / 8, 1 / 4, 1 / 2])
    edges = [np.arange(w / 2, 1, w) if w else np.empty(0) for w in widths]
    bounds = np.tile([0.0, 1.0], (5, 1))
    other = cmaes.CMAwM(np.full(5, 0.4), 0.2, bounds, widths, population_size=10)
    normal = cma.start(np.full(5, 0.4), 0.2)
    for _ in range(80):
        x = cma.draw(normal, 10, rng)
        y = _ellipsoid(x)
        normal = cma.with_margin(cma.tell(normal, x, y, OWN, given), edges, 1 / 50)
        other.tell(list(zip(x, y.tolist(), strict=True)))
        assert normal.mean == pytest.approx(other._cma._mean, rel=1e-8)
        assert normal.margin == pytest.approx(other._A, rel=1e-7)


@pytest.mark.parametrize("d", [2, 5, 20])
def test_a_rotated_problem_is_searched_in_rotated_steps(d: int) -> None:
    rotation, _ = np.linalg.qr(RNG(2).standard_normal((d, d)))
    size = cma.population(d)
    given, own = cma.rates(d, size), np.zeros(size, dtype=bool)
    plain, turned = cma.start(np.full(d, 0.5), 0.3), cma.start(rotation @ np.full(d, 0.5), 0.3)
    rng = RNG(3)
    for _ in range(15):
        x = cma.draw(plain, size, rng)
        y = _ellipsoid(x)
        plain = cma.tell(plain, x, y, own, given)
        turned = cma.tell(turned, x @ rotation.T, y, own, given)
    assert turned.mean == pytest.approx(rotation @ plain.mean, rel=1e-6, abs=1e-9)
    assert turned.sigma == pytest.approx(plain.sigma, rel=1e-6)


def test_only_ranks_count() -> None:
    x, given = RNG(4).random((10, 3)), cma.rates(3, 10)
    y = np.array([3.0, 1, 4, 1.5, 9, 2, 6, 5, 3.5, 8])
    one = cma.tell(cma.start(np.full(3, 0.5), 0.2), x, y, OWN, given)
    two = cma.tell(cma.start(np.full(3, 0.5), 0.2), x, 10 ** (2 * y - 12), OWN, given)
    assert np.array_equal(one.mean, two.mean)
    assert np.array_equal(one.cov, two.cov)


def test_equal_outcomes_share_their_weights_and_failures_are_equally_bad() -> None:
    weights = np.array([0.5, 0.3, 0.2, 0.0])
    shared = cma.by_rank(weights, np.array([1.0, np.nan, 1.0, np.inf]))
    assert shared == pytest.approx([0.4, 0.1, 0.4, 0.1])


def test_a_generation_without_a_winner_moves_to_its_own_middle() -> None:
    x = RNG(5).random((10, 3))
    after = cma.tell(cma.start(np.full(3, 0.5), 0.2), x, np.full(10, np.nan), OWN, cma.rates(3, 10))
    assert after.mean == pytest.approx(x.mean(axis=0))


def test_an_outsider_cannot_tear_the_distribution_apart() -> None:
    x = cma.draw(cma.start(np.full(3, 0.5), 1e-4), 10, RNG(6))
    x[0] = 0.9
    y = np.arange(10.0)
    foreign = np.arange(10) == 0
    after = cma.tell(cma.start(np.full(3, 0.5), 1e-4), x, y, foreign, cma.rates(3, 10))
    assert after.sigma < 3e-4
    assert np.all(np.abs(after.mean - 0.5) < 1e-3)


def test_a_discrete_column_keeps_its_chance_to_change() -> None:
    edges = [np.array([0.25, 0.5, 0.75])]
    normal = cma.with_margin(cma.start(np.array([0.4]), 1e-6), edges, 0.05)
    cells = np.searchsorted(edges[0], cma.widened(normal, cma.draw(normal, 4000, RNG(7)))[:, 0])
    assert 0.03 < np.mean(cells != 1) < 0.08
