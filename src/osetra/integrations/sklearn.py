"""scikit-learn: a search like GridSearchCV and RandomizedSearchCV, whose searchers are osetra's.

    search = OsetraSearchCV(SVC(), {"C": loguniform(1e-3, 1e3), "kernel": ["rbf", "linear"]}, n_trials=40)
    search.fit(X, y)
    search.best_params_, search.best_score_, search.predict(X)

It is an estimator: it goes into pipelines and nested cross-validations, and takes scorings, splitters,
sample weights and the metadata of routing as GridSearchCV does. The folds are instances of one trial,
whose value is their mean. A candidate of which a fold fails is infeasible to the searcher, not merely bad.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from osetra.core.arguments import expected, whole
from osetra.core.ports import Searcher
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.integrations.sklearn_space import NamedOptions, space_of
from osetra.integrations.versions import framework
from osetra.study.study import Study
from osetra.training.run import Run

framework("sklearn")

from sklearn.model_selection._search import BaseSearchCV  # noqa: E402  # its docs name it as the base
from sklearn.utils import check_random_state  # noqa: E402

Evaluate = Callable[[list[dict[str, Any]]], Mapping[str, Any]]

FAILED = "a fit failed, or its score is no number"


class OsetraSearchCV(BaseSearchCV):  # type: ignore[misc]
    """Searches the hyperparameters of an estimator by cross-validation.

    Args:
        estimator: what is tuned; a pipeline's parts are named as in "svc__C".
        space: a Space, or a dict of what RandomizedSearchCV takes: lists and distributions of SciPy;
            parameters of osetra may stand beside them.
        n_trials: how many candidates are tried.
        searcher: the name of a searcher, or a searcher.
        scoring: as in GridSearchCV; of several scorings, `refit` names the one that is searched for.
        n_jobs: folds, and candidates where there are more jobs than folds, are fitted at once.
        refit: whether, or by which scoring, the best candidate is fitted on all rows.
        cv: number of folds, or a splitter.
        verbose: how much scikit-learn prints.
        pre_dispatch: as in GridSearchCV.
        random_state: makes the search reproducible.
        error_score: what a failed fit scores; "raise" raises.
        return_train_score: whether cv_results_ holds the scores of the training parts.

    Attributes are those of GridSearchCV: best_params_, best_score_, best_estimator_, best_index_,
    cv_results_, scorer_, n_splits_, refit_time_, multimetric_, classes_, n_features_in_.

    Raises:
        SpaceError: by `fit`: the space is none.
        StudyError: by `fit`: another argument is none.
    """

    def __init__(  # noqa: PLR0913 - as GridSearchCV
        self,
        estimator: Any,
        space: Space | Mapping[str, Any],
        *,
        n_trials: int = 30,
        searcher: str | Searcher = "auto",
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.n_trials = n_trials
        self.searcher = searcher
        self.random_state = random_state

    def _run_search(self, evaluate_candidates: Evaluate) -> None:
        """Ask for candidates, have them cross-validated, tell what they scored."""
        wanted = whole("n_trials", self.n_trials, least=1)
        declared = space_of(self.space)
        metric = self.refit if isinstance(self.refit, str) else "score"
        seed = int(check_random_state(self.random_state).randint(2**31))
        study = Study("memory:", declared.space, maximize="score", searcher=self.searcher, seed=seed)
        try:
            tried, listed, failure = 0, 0, None
            while tried < wanted:
                runs = _asked(study, min(wanted - tried, self._at_once()))
                if not runs:
                    break  # the space is exhausted
                tried += len(runs)
                try:
                    results = evaluate_candidates([_params(declared, run) for run in runs])
                except ValueError as error:
                    if "fits failed" not in str(error):
                        raise
                    # Of these every fit failed, and they are not among the results; others may do.
                    failure = error
                    for run in runs:
                        study.tell(run, failed=FAILED)
                    continue
                for place, run in enumerate(runs, start=listed):
                    _tell(study, run, _scores(results, metric, place))
                listed += len(runs)
            if not listed and failure is not None:
                raise failure
        finally:
            study.close()

    def _at_once(self) -> int:
        """Return how many candidates keep the jobs busy, of which each has several folds."""
        jobs = 1 if self.n_jobs is None else int(self.n_jobs)
        jobs = jobs if jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + jobs)  # -1 is all, -2 all but one
        return max(1, jobs // max(1, int(self.n_splits_)))


def _asked(study: Study, count: int) -> list[Run]:
    runs: list[Run] = []
    for _ in range(count):
        try:
            runs.append(study.ask())
        except StudyError as error:
            if "has been tried" not in str(error):
                raise
            break
    return runs


def _params(declared: NamedOptions, run: Run) -> dict[str, Any]:
    return declared.outward(run.config)


def _scores(results: Mapping[str, Any], metric: str, place: int) -> list[float]:
    """Return a candidate's score in each fold."""
    found: list[float] = []
    while (name := f"split{len(found)}_test_{metric}") in results:
        found.append(float(results[name][place]))
    if not found:
        known = ", ".join(sorted({n.partition("_test_")[2] for n in results if n.startswith("split0_test_")}))
        raise expected("refit", metric, f"with several scorings it names the one to search for: {known}")
    return found


def _tell(study: Study, run: Run, scores: list[float]) -> None:
    """Report the folds as instances of one trial; a failed fit makes it infeasible."""
    if not np.all(np.isfinite(scores)):
        study.tell(run, failed=FAILED)
        return
    for fold in run.folds(len(scores)):
        run.report(1, score=scores[fold])
    study.tell(run)
