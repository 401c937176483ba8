"""Scores of several targets against scikit-learn's, and what unknown cells count."""

import dataclasses

import numpy as np
import pytest
from sklearn import metrics as peer

from nets.several import numbers_set, tags_set
from osetra.errors import StudyError
from osetra.nets import metrics
from osetra.nets import multi_metrics as multi
from osetra.nets.prepare import fit
from osetra.nets.targets import answers, outputs

RNG = np.random.default_rng(8)
RAW = RNG.normal(size=(300, 4))
TRUTH = (RAW + RNG.normal(size=RAW.shape) > 0.4).astype(np.float32)


def test_scores_of_labels_are_those_of_scikit_learn():
    found = multi.of_labels(RAW, TRUTH, multi.OF_LABELS)
    shares = multi.label_shares(RAW)
    said = shares >= 0.5
    assert found["error"] == pytest.approx(peer.hamming_loss(TRUTH, said))
    assert found["subset_error"] == pytest.approx(1 - peer.accuracy_score(TRUTH, said))
    assert found["f1"] == pytest.approx(peer.f1_score(TRUTH, said, average="macro"))
    assert found["f1_micro"] == pytest.approx(peer.f1_score(TRUTH, said, average="micro"))
    assert found["auc"] == pytest.approx(peer.roc_auc_score(TRUTH, shares, average="macro"))
    assert found["average_precision"] == pytest.approx(peer.average_precision_score(TRUTH, shares))
    loss = np.mean([peer.log_loss(TRUTH[:, i], shares[:, i]) for i in range(4)])
    assert found["loss"] == pytest.approx(loss)
    balanced = np.mean([1 - peer.balanced_accuracy_score(TRUTH[:, i], said[:, i]) for i in range(4)])
    assert found["balanced_error"] == pytest.approx(balanced)


def test_what_is_unknown_counts_for_nothing():
    holes = TRUTH.copy()
    holes[:100, 1] = np.nan
    found = multi.of_labels(RAW, holes, multi.OF_LABELS)
    single = [multi.of_labels(RAW[:, [i]], TRUTH[:, [i]], ("error", "auc", "loss")) for i in (0, 2, 3)]
    single.append(multi.of_labels(RAW[100:, [1]], TRUTH[100:, [1]], ("error", "auc", "loss")))
    for name in ("error", "auc", "loss"):
        assert found[name] == pytest.approx(np.mean([each[name] for each in single]))


def test_a_label_that_is_never_there_has_no_auc_and_spoils_no_mean():
    never = TRUTH.copy()
    never[:, 3] = 0
    found = multi.of_labels(RAW, never, ("auc", "f1"))
    assert found["auc"] == pytest.approx(multi.of_labels(RAW[:, :3], TRUTH[:, :3], ("auc",))["auc"])
    assert 0 < found["f1"] < 1


def test_thresholds_of_labels_decide_for_each():
    shares = np.array([[0.4, 0.4], [0.6, 0.6]])
    assert multi.decide_labels(shares, (0.3, 0.7)).tolist() == [[True, False], [True, False]]


def test_scores_of_numbers_are_in_units_of_their_spread():
    data = numbers_set()
    rows = np.arange(len(data))
    preparation = fit(data, rows)
    raw = outputs(preparation, data.target).astype(np.float64)
    raw = np.nan_to_num(raw) + RNG.normal(0, 0.5, raw.shape)
    found = metrics.scores(preparation, raw, data.target, ("loss", "rmse", "mae", "r2", "quantile_0.9"))
    known, predicted = ~np.isnan(data.target), answers(preparation, raw)
    columns = [(data.target[known[:, i], i], predicted[known[:, i], i]) for i in range(2)]
    spreads = [np.nanstd(data.target[:, i]) for i in range(2)]
    squared = [peer.mean_squared_error(t, p) / s**2 for (t, p), s in zip(columns, spreads, strict=True)]
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean(squared)))
    assert found["loss"] == pytest.approx(np.mean(squared), rel=1e-5)
    assert found["r2"] == pytest.approx(np.mean([peer.r2_score(t, p) for t, p in columns]))
    pinball = [
        peer.mean_pinball_loss(t, p, alpha=0.9) / s for (t, p), s in zip(columns, spreads, strict=True)
    ]
    assert found["quantile_0.9"] == pytest.approx(np.mean(pinball))
    each = multi.of_each(preparation, raw, data.target)
    assert [found["target"] for found in each] == ["u", "v"]
    assert each[1]["rmse"] == pytest.approx(peer.root_mean_squared_error(*columns[1]))


def test_rows_have_errors_whose_means_are_the_scores():
    for data in (numbers_set(), tags_set()):
        preparation = fit(data, np.arange(len(data)))
        raw = RNG.normal(size=data.target.shape)
        errors, losses = multi.missed_of_several(preparation, raw, data.target)
        name = "rmse" if data.task == "multioutput" else "error"
        found = metrics.scores(preparation, raw, data.target, ("loss", name))
        assert losses.mean() == pytest.approx(found["loss"])
        assert errors.mean() == pytest.approx(found[name] ** 2 if name == "rmse" else found[name])


@pytest.mark.parametrize(
    ("name", "task", "maximize", "text"),
    [
        ("rmse", "multilabel", False, "which predicts labels; it has loss, error, subset_error"),
        ("subset_error", "multilabel", True, "subset_error is better when it is small"),
        ("f1_micro", "multilabel", False, "f1_micro is better when it is large: give --maximize f1_micro"),
        ("auc", "multioutput", True, "which predicts numbers; it has loss, rmse"),
        ("subset_error", "binary", False, "no metric of this task, which predicts classes"),
        ("quantile", "multioutput", False, "which one. Give --quantile 0.9, or --minimize quantile_0.9"),
    ],
)
def test_a_metric_that_is_none_is_refused(name, task, maximize, text):
    with pytest.raises(StudyError, match=text):
        metrics.checked(name, task, maximize=maximize)


CLASSES = ("loss", "error", "balanced_error", "auc", "f1", "average_precision")
NUMBERS = ("loss", "mae", "rmse", "r2", "quantile_0.9", "quantile_.5")
REACHED = {
    "binary": CLASSES, "multiclass": CLASSES, "regression": NUMBERS, "multioutput": NUMBERS,
    "multilabel": (*CLASSES, "f1_micro", "subset_error"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, names in REACHED.items() for name in names]
)
def test_every_metric_is_reached_in_its_direction_and_refused_in_the_other(task, name):
    larger = name in ("auc", "f1", "f1_micro", "average_precision", "r2")
    assert metrics.checked(f"val_{name}", task, maximize=larger) == name
    with pytest.raises(StudyError, match=f"{name} is better when it is {'large' if larger else 'small'}"):
        metrics.checked(name, task, maximize=not larger)


def test_numbers_that_are_learnt_as_logarithms_are_judged_as_they_are():
    data = numbers_set()
    data = dataclasses.replace(data, target=np.exp(data.target / 50), log_target=True)
    preparation = fit(data, np.arange(len(data)))
    raw = np.nan_to_num(outputs(preparation, data.target).astype(np.float64))
    found = metrics.scores(preparation, raw, data.target, ("rmse", "loss"))
    assert found["rmse"] < 1e-5
    assert found["loss"] < 1e-12
