"""scikit-learn: a search that is an estimator, over whatever its own searches accept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.stats import expon, loguniform, norm, poisson, randint, uniform
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

import osetra as ose
from osetra.errors import SpaceError, StudyError
from osetra.integrations.sklearn import OsetraSearchCV
from osetra.integrations.sklearn_space import space_of

from .trial_runs import heavy

X, y = load_iris(return_X_y=True)


def _failed(search: Any) -> set[str]:
    found = check_estimator(search, on_fail=None, on_skip=None)
    assert sum(one["status"] == "passed" for one in found) > 40
    return {str(one["check_name"]) for one in found if one["status"] == "failed"}


@heavy
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "name"), [(LogisticRegression(), "C"), (Ridge(), "alpha")])
def test_scikit_learns_own_checks_pass_where_those_of_grid_search_pass(estimator: Any, name: str) -> None:
    ours = OsetraSearchCV(estimator, {name: loguniform(0.01, 10)}, n_trials=2, random_state=0, cv=2)
    assert _failed(ours) <= _failed(GridSearchCV(estimator, {name: [0.1, 1.0]}, cv=2))


def test_a_pipeline_is_searched_with_its_parts() -> None:
    space = {
        "standardscaler": ["passthrough", MinMaxScaler(), StandardScaler()],
        "svc__C": loguniform(1e-3, 1e3),
        "svc__kernel": ["rbf", "linear"],
        "svc__degree": ose.Int(2, 4),
        "svc__gamma": ose.Float(1e-3, 1, scale="log"),
    }
    pipeline = make_pipeline(StandardScaler(), SVC())
    search = OsetraSearchCV(pipeline, space, n_trials=8, random_state=0, return_train_score=True).fit(X, y)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"]) > 0.9
    assert set(search.best_params_) == set(space)
    assert len(search.cv_results_["params"]) == len(search.cv_results_["mean_train_score"]) == 8
    direct = clone(pipeline).set_params(**search.best_params_)
    assert cross_val_score(direct, X, y).mean() == pytest.approx(search.best_score_)
    assert search.best_estimator_.score(X, y) == search.score(X, y)
    assert list(search.classes_) == [0, 1, 2]


def test_it_is_an_estimator_in_a_pipeline_and_in_a_nested_cross_validation() -> None:
    search = OsetraSearchCV(
        DecisionTreeClassifier(random_state=0), {"max_depth": randint(1, 6)}, n_trials=3, cv=2
    )
    whole = make_pipeline(SelectKBest(k=3), search)
    assert cross_val_score(whole, X, y, cv=2).min() > 0.8
    assert clone(search).get_params().keys() == search.get_params().keys()
    assert clone(search).n_trials == 3


def test_the_same_random_state_searches_the_same() -> None:
    def tried(random_state: Any) -> list[Any]:
        search = OsetraSearchCV(
            DecisionTreeClassifier(random_state=0),
            {"ccp_alpha": uniform(0, 0.5)},
            n_trials=4,
            random_state=random_state,
            cv=2,
        )
        return [float(p["ccp_alpha"]) for p in search.fit(X, y).cv_results_["params"]]

    assert tried(1) == tried(1) != tried(2)


def test_it_learns_from_what_it_tried() -> None:
    """A random search comes as near to 3 in one of six searches, and in most of three in one of thirteen."""

    class Valley(DecisionTreeClassifier):
        def __init__(self, at: float = 0.0) -> None:
            super().__init__()
            self.at = at

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            return -((self.at - 3.0) ** 2)

    def distance(seed: int) -> float:
        search = OsetraSearchCV(Valley(), {"at": uniform(-10, 20)}, n_trials=20, random_state=seed, cv=2)
        return float(abs(search.fit(X, y).best_params_["at"] - 3.0))

    assert sorted(map(distance, range(3)))[1] < 0.1


@pytest.mark.filterwarnings("ignore")
def test_failed_fits_are_infeasible_and_the_search_goes_on() -> None:
    search = OsetraSearchCV(
        LogisticRegression(max_iter=50), {"penalty": ["none such", "l2"]}, n_trials=2, random_state=0, cv=2
    )
    search.fit(X, y)
    assert search.best_params_ == {"penalty": "l2"}
    with pytest.raises(ValueError, match="none such"):
        clone(search).set_params(error_score="raise").fit(X, y)


def test_an_exhausted_space_ends_the_search() -> None:
    search = OsetraSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, n_trials=9, cv=2)
    assert sorted(p["max_depth"] for p in search.fit(X, y).cv_results_["params"]) == [1, 2]


def test_of_several_scorings_refit_names_the_one() -> None:
    tree = DecisionTreeClassifier(random_state=0)
    scoring = {"hit": "accuracy", "f": "f1_macro"}
    search = OsetraSearchCV(tree, {"max_depth": randint(1, 5)}, n_trials=3, cv=2, scoring=scoring, refit="f")
    search.fit(X, y)
    assert search.best_score_ == max(search.cv_results_["mean_test_f"])
    with pytest.raises(StudyError, match="it names the one to search for: f, hit"):
        clone(search).set_params(refit=False).fit(X, y)


def test_every_form_of_randomized_search_is_understood() -> None:
    pca = object()
    named = space_of(
        {
            "a": loguniform(1e-4, 1),
            "b": uniform(2, 3),
            "c": randint(1, 10),
            "d": [10, 1, 3],
            "e": ["x", "y"],
            "f": [None, pca, (1, 2)],
            "g": expon(scale=2),
            "h": norm(),
            "i": np.array([0.5, 0.25]),
            "j": [True, False],
            "k": poisson(3),
        }
    )
    spec = named.space.spec
    assert spec["a"] == "log(0.0001, 1.0)" and spec["b"] == "float(2.0, 5.0)" and spec["c"] == "int(1, 9)"
    assert spec["d"] == "ordinal(1, 3, 10)" and spec["i"] == "ordinal(0.25, 0.5)"
    lows = {name: dict(named.space)[name].low for name in "ghk"}  # type: ignore[union-attr]
    assert lows["g"] == 0.0 and lows["h"] == pytest.approx(-2.576, abs=1e-3) and lows["k"] == 0
    options = {value for value in named.options["f"].values() if not isinstance(value, tuple)}
    assert options == {None, pca}
    assert set(named.options["j"].values()) == {True, False}
    config = named.space.default
    assert named.outward(config)["f"] in (None, pca, (1, 2))


def test_two_options_that_look_alike_stay_two() -> None:
    class Same:
        def __repr__(self) -> str:
            return "Same()"

    one, other = Same(), Same()
    assert list(space_of({"p": [one, other]}).options["p"].values()) == [one, other]


@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        ([{"C": [1]}, {"C": [2]}], "several dicts are one space with conditions"),
        (3, "give a Space, or a dict such as"),
        ({"C": []}, r"C=\[\]: an empty list"),
        ({"C": "log(1, 10)"}, "C: 'log"),
    ],
)
def test_wrong_spaces_are_named(space: Any, sentence: str) -> None:
    with pytest.raises(SpaceError, match=sentence):
        OsetraSearchCV(SVC(), space).fit(X, y)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(StudyError, match="n_trials=0"):
        OsetraSearchCV(SVC(), {"C": [1.0, 2.0]}, n_trials=0).fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter 'D'"):
        OsetraSearchCV(SVC(), {"D": [1.0, 2.0]}, n_trials=2).fit(X, y)
