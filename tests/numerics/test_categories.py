import cmaes
import numpy as np
import pytest

from osetra.numerics import categories, cma

LEVELS = (3, 5, 2)
FLOOR = 1 - 0.73 ** (1 / 3)


def _weights() -> np.ndarray:
    return np.maximum(cma.rates(1, 10).weights, 0)


def test_sixty_generations_equal_those_of_the_cmaes_package() -> None:
    rng = np.random.default_rng(0)
    other = cmaes.CatCMA(np.zeros(2), 1.0, cat_num=np.array(LEVELS), population_size=10)
    ours = categories.start(LEVELS)
    for _ in range(60):
        options = categories.draw(ours, 10, rng)
        y = np.sum(options != [1, 4, 0], axis=1) + 1e-3 * rng.random(10)
        ours = categories.tell(ours, options, cma.by_rank(_weights(), y), FLOOR)
        hot = np.zeros((10, 3, 5))
        np.put_along_axis(hot, options[:, :, None], 1, axis=2)
        other.tell([((rng.random(2), h), float(v)) for h, v in zip(hot, y, strict=True)])
        for j, k in enumerate(LEVELS):
            assert ours.chances[j] == pytest.approx(other._q[j, :k], rel=1e-7)


def test_every_option_stays_possible() -> None:
    rng = np.random.default_rng(1)
    ours = categories.start(LEVELS)
    for _ in range(100):
        options = categories.draw(ours, 10, rng)
        ours = categories.tell(ours, options, cma.by_rank(_weights(), np.sum(options, axis=1) * 1.0), FLOOR)
    assert all(np.min(q) > 0 and q.sum() == pytest.approx(1) for q in ours.chances)
    assert all(np.argmax(q) == 0 for q in ours.chances)


def test_an_inactive_column_learns_nothing() -> None:
    ours = categories.start(LEVELS)
    options = np.tile([1, -1, 1], (10, 1))
    after = categories.tell(ours, options, _weights(), FLOOR)
    assert after.chances[1] == pytest.approx(ours.chances[1])
    assert after.chances[0][1] > ours.chances[0][1]
