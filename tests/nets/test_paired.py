"""Whether rows tell a network from a linear model."""

import numpy as np
import pytest
from scipy import stats

from osetra.nets.paired import judge, sign_flip, wilson
from osetra.nets.task import Data, NetworkTask, rehearse


def test_right_and_wrong_answers_give_the_exact_mcnemar_test():
    differences = np.array([1.0] * 3 + [-1.0] * 11 + [0.0] * 50)
    assert sign_flip(differences) == pytest.approx(stats.binomtest(3, 14).pvalue)


def test_random_flips_come_near_the_exact_chance():
    differences = np.array([1.0, 2.0, 3.0, 4.0, -1.5, 5.0, 6.0, 7.0])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1).T
    exact = np.mean(np.abs(signs @ np.abs(differences)) >= abs(differences.sum()))
    assert sign_flip(differences) == pytest.approx(exact, abs=0.01)


def test_the_normal_approximation_agrees_with_flips():
    rng = np.random.default_rng(3)
    many = rng.normal(0.08, 1.0, 600)
    peer = stats.permutation_test(
        (many,), np.sum, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(0)
    )
    assert sign_flip(many) == pytest.approx(peer.pvalue, abs=0.02)


def test_rows_without_a_difference_tell_nothing():
    assert sign_flip(np.zeros(9)) == 1.0


def test_a_single_row_is_never_enough():
    assert sign_flip(np.array([-1.0])) == 1.0


@pytest.mark.parametrize(("wrong", "n"), [(0, 10), (3, 36), (40, 40)])
def test_the_interval_is_wilsons(wrong, n):
    peer = stats.binomtest(wrong, n).proportion_ci(0.95, method="wilson")
    assert wilson(wrong / n, n) == (pytest.approx(peer.low), pytest.approx(peer.high))


def _judged(path, label):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 2))
    rows = [f"{a:.4f},{b:.4f},{label(a, b, rng)}" for a, b in points.tolist()]
    path.write_text("\n".join(["a,b,kind", *rows]) + "\n", encoding="utf-8")
    task = NetworkTask(data=Data(where=str(path), target="kind"), epochs=20)
    config = {"layers": 1, "units": 32, "lr": 0.01, "batch_size": 16}
    models = [rehearse(task, config, seed=seed) for seed in (1, 2)]
    return judge(models, task.baseline(), task.dataset, task.split.test)


def test_a_ring_that_no_line_cuts_out_is_a_victory_of_the_network(tmp_path):
    found = _judged(tmp_path / "ring.csv", lambda a, b, _: "in" if a * a + b * b < 1.4 else "out")
    assert found.outcome == "better"
    assert found.rows == 60


def test_random_labels_are_no_signal(tmp_path):
    found = _judged(tmp_path / "noise.csv", lambda _, __, rng: "uv"[rng.integers(2)])
    assert found.outcome == "no signal"


def test_two_halves_leave_it_open_who_is_better(tmp_path):
    found = _judged(tmp_path / "halves.csv", lambda a, _, __: "left" if a < 0 else "right")
    assert found.outcome == "open"
