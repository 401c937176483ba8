"""Metrics against scikit-learn's, and what is said of unknown ones."""

import numpy as np
import pytest
from sklearn import metrics as peer

from osetra.errors import StudyError
from osetra.nets import metrics

RNG = np.random.default_rng(5)


def drawn(n: int, classes: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    codes = RNG.integers(0, classes, n)
    codes[:classes] = np.arange(classes)
    logits = RNG.normal(size=(n, classes)) + 1.5 * np.eye(classes)[codes]
    return (np.round(logits) if ties else logits), codes


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_scores_of_classes_are_those_of_scikit_learn(classes, ties):
    logits, codes = drawn(400, classes, ties)
    found = metrics.classification(logits, codes, metrics.OF_CLASSES)
    shares, answers = metrics.probabilities(logits), logits.argmax(axis=1)
    hot = np.eye(classes)[codes]
    assert found["loss"] == pytest.approx(peer.log_loss(codes, shares))
    assert found["error"] == pytest.approx(1 - peer.accuracy_score(codes, answers))
    assert found["balanced_error"] == pytest.approx(1 - peer.balanced_accuracy_score(codes, answers))
    if classes == 2:
        assert found["auc"] == pytest.approx(peer.roc_auc_score(codes, shares[:, 1]))
        assert found["f1"] == pytest.approx(peer.f1_score(codes, answers))
        assert found["average_precision"] == pytest.approx(peer.average_precision_score(codes, shares[:, 1]))
    else:
        assert found["auc"] == pytest.approx(peer.roc_auc_score(codes, shares, multi_class="ovr"))
        assert found["f1"] == pytest.approx(peer.f1_score(codes, answers, average="macro"))
        assert found["average_precision"] == pytest.approx(peer.average_precision_score(hot, shares))


def test_the_rarer_class_of_two_is_what_is_looked_for():
    logits, codes = drawn(300, 2, False)
    assert metrics.sought((0.1, 0.9)) == 0 and metrics.sought((0.5, 0.5)) == 1
    found = metrics.classification(logits, codes, ("f1", "average_precision"), positive=0)
    shares = metrics.probabilities(logits)
    assert found["f1"] == pytest.approx(peer.f1_score(codes, logits.argmax(axis=1), pos_label=0))
    precision = peer.average_precision_score(codes, shares[:, 0], pos_label=0)
    assert found["average_precision"] == pytest.approx(precision)


def test_scores_of_numbers_are_those_of_scikit_learn():
    truth = RNG.normal(3, 2, 200)
    predicted = truth + RNG.standard_t(3, 200)
    names = (*metrics.OF_NUMBERS, "quantile_0.9", "quantile_.25")
    found = metrics.regression(predicted, truth, 2.0, names)
    assert found["rmse"] == pytest.approx(peer.root_mean_squared_error(truth, predicted))
    assert found["loss"] == pytest.approx(peer.mean_squared_error(truth, predicted) / 4)
    assert found["mae"] == pytest.approx(peer.mean_absolute_error(truth, predicted))
    assert found["r2"] == pytest.approx(peer.r2_score(truth, predicted))
    for name, share in (("quantile_0.9", 0.9), ("quantile_.25", 0.25)):
        assert found[name] == pytest.approx(peer.mean_pinball_loss(truth, predicted, alpha=share))


def test_one_class_has_no_auc():
    assert np.isnan(metrics.auc(np.arange(4.0), np.ones(4, dtype=bool)))
    assert np.isnan(metrics.average_precision(np.arange(4.0), np.zeros(4, dtype=bool)))


@pytest.mark.parametrize("metric", ["f1", "balanced_error", "error"])
def test_a_threshold_is_no_worse_than_one_half_and_as_good_as_any(metric):
    codes = (RNG.random(500) < 0.08).astype(np.int64)
    shares = np.clip(0.1 * RNG.random(500) + 0.25 * codes * RNG.random(500), 0, 1)
    cut = metrics.best_threshold(shares, codes, metric, 1)
    measure = {"f1": metrics.f1, "balanced_error": metrics.balanced_error, "error": metrics.error}[metric]
    sign = -1 if metric == "f1" else 1

    def cost(at):
        return sign * measure((shares >= at).astype(np.int64), codes, 2, 1)

    assert cost(0.5 if cut is None else cut) <= min(cost(at) for at in np.linspace(0, 1, 301)) + 0.01


def test_a_threshold_that_changes_nothing_is_none():
    assert metrics.best_threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]), "error", 1) is None


@pytest.mark.parametrize(
    ("name", "task", "maximize", "text"),
    [
        ("acu", "binary", True, "--maximize acu: no metric of this task.* Did you mean 'auc'"),
        ("rmse", "multiclass", False, "--minimize rmse: no metric of this task, which predicts classes"),
        ("auc", "regression", True, "which predicts a number; it has loss, rmse"),
        ("val_auc", "binary", False, "auc is better when it is large: give --maximize auc"),
        ("mae", "regression", True, "mae is better when it is small: give --minimize mae"),
        ("quantile_1.5", "regression", False, "no metric of this task.*Did you mean 'quantile_0.9'"),
    ],
)
def test_a_metric_that_is_none_is_refused(name, task, maximize, text):
    with pytest.raises(StudyError, match=text):
        metrics.checked(name, task, maximize=maximize)


def test_metrics_are_known_with_and_without_their_prefix():
    assert metrics.checked("val_f1", "binary", maximize=True) == "f1"
    assert metrics.checked("quantile_0.9", "regression", maximize=False) == "quantile_0.9"
