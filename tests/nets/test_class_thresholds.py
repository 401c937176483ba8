"""The decision rule of more than two classes: never worse than the likeliest class, and often better."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.nets import metrics
from osetra.nets.class_thresholds import best_thresholds


def drawn(seed: int, n: int, priors) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.choice(len(priors), n, p=priors)
    logits = np.log(priors) + rng.normal(size=(n, len(priors))) + 1.2 * np.eye(len(priors))[codes]
    return metrics.probabilities(logits), codes.astype(np.int64)


def score(shares, codes, metric, threshold=None):
    said = metrics.decide(shares, threshold)
    measure = {"f1": metrics.f1, "balanced_error": metrics.balanced_error, "error": metrics.error}[metric]
    return (-1 if metric == "f1" else 1) * measure(said, codes, shares.shape[1])


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10_000),
    st.integers(5, 200),
    st.integers(3, 6),
    st.sampled_from(["f1", "balanced_error", "error"]),
)
def test_it_is_never_worse_than_the_likeliest_class(seed, n, classes, metric):
    priors = np.random.default_rng(seed).dirichlet(np.ones(classes))
    shares, codes = drawn(seed, n, priors)
    found = best_thresholds(shares, codes, metric, priors)
    if found is not None:
        assert sum(found) == pytest.approx(1) and min(found) >= 0
        assert score(shares, codes, metric, found) < score(shares, codes, metric)


@pytest.mark.parametrize("metric", ["f1", "balanced_error"])
def test_rare_classes_are_found_on_new_rows_too(metric):
    priors = np.array([0.9, 0.06, 0.04])
    found = best_thresholds(*drawn(1, 2000, priors), metric, priors)
    shares, codes = drawn(2, 4000, priors)
    assert score(shares, codes, metric, found) < score(shares, codes, metric) - 0.03


def test_equal_classes_need_no_rule_that_fits_noise():
    codes = np.arange(30) % 3
    assert best_thresholds(np.eye(3)[codes] * 0.8 + 0.2 / 3, codes, "balanced_error", (1 / 3,) * 3) is None


def test_the_answer_is_the_class_that_is_largest_beside_its_threshold():
    shares = np.array([[0.6, 0.3, 0.1], [0.8, 0.1, 0.1]])
    assert metrics.decide(shares, (0.6, 0.2, 0.2)).tolist() == [1, 0]
    assert metrics.decide(shares).tolist() == [0, 0]
