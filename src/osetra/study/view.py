"""What a study says: everything that is read of it and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osetra.advice import findings
from osetra.core.arguments import number, text, whole
from osetra.core.finding import Findings
from osetra.core.history import History
from osetra.core.lineage import pieces
from osetra.core.params import Value
from osetra.core.ports import Searcher, Store
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.effects.best import Best, best_of
from osetra.effects.front import Front, front_of, nothing_fits
from osetra.errors import NothingFinished, StudyError
from osetra.stores.address import mask
from osetra.study.display import shown_name
from osetra.study.live import LOOK, LiveView
from osetra.study.planner import Planner
from osetra.study.plot import StudyPlots
from osetra.views.html import study_html
from osetra.views.lines import best_text, overview
from osetra.views.records import frame, records

if TYPE_CHECKING:
    from osetra.effects.ablation import Ablation
    from osetra.effects.importance import Importance
    from osetra.searchers.bayes import Explanation


class StudyView:
    """The reading half of a `Study`."""

    _store: Store
    _planner: Planner

    @property
    def url(self) -> str:
        """Where the log lives."""
        return self._store.url

    @property
    def name(self) -> str:
        """The study's name in its store."""
        return self._store.study

    @property
    def seed(self) -> int:
        """What all randomness of the search follows from."""
        return self._planner.seed

    @property
    def problem(self) -> Problem:
        """The space and the objective."""
        return self._planner.problem

    @property
    def searcher(self) -> Searcher:
        """What decides which configuration to try next."""
        return self._planner.searcher

    @property
    def history(self) -> History:
        """Everything known so far, read up to this moment."""
        return self._planner.history

    @property
    def trials(self) -> list[Trial]:
        """All trials in order."""
        return list(self.history.trials.values())

    @property
    def best(self) -> Best:
        """The incumbent: best mean over fresh seeds when they were run, else the best value.

        As a trial, and with what it is worth: `.mean`, `.interval`, `.seeds`, and the `.luck` taken back.

        Raises:
            NothingFinished: no trial has a valid result yet, or none keeps the limits; the nearest is named.
            StudyError: the study has several objectives, and so a front instead.
        """
        history, problem = self.history, self.problem
        if problem.others:
            metrics = " and ".join(one.metric for one in problem.objectives)
            raise StudyError(
                f"no trial is best in {metrics} at once: study.front has those that none beats in all of "
                "them, and study.front.knee is the one suggested"
            )
        best = best_of(history, problem.objective)
        if best is None:
            if nearest := nothing_fits(problem, history):
                raise NothingFinished(nearest)
            ended = history.ended
            reasons = {trial.reason for trial in ended if trial.reason}
            hint = f"; the last reason was: {ended[-1].reason}" if reasons else ""
            raise NothingFinished(f"none of {len(ended)} ended trials has a valid result{hint}")
        return best

    @property
    def front(self) -> Front:
        """The trials that no other one beats in all objectives; `.knee` is the one suggested.

        Each has its `.values` by metric: means over fresh seeds where there are any.

        Raises:
            NothingFinished: no trial has a value of every objective, or none of them keeps the limits.
        """
        return front_of(self.problem, self.history)

    @property
    def advice(self) -> Findings:
        """What the trials so far say: what mattered, what to widen, what went wrong."""
        return Findings(findings(self.problem, self.history))

    def importance(self, within: float | None = None) -> Importance:
        """Return which hyperparameters matter: `.shares` and, of what their values do, `.effects` by name.

        Over the whole space, whatever the search looked at; or, with `within=0.1`, for what decides whether a
        configuration is among the best 10 %. Each share has an interval, and says whether it is reliable.

        Raises:
            StudyError: `within` is no number between 0 and 1.
        """
        from osetra.effects.importance import importance  # with SciPy, which most programs do not need

        return importance(self.problem, self.history, within)

    def ablation(self) -> Ablation:
        """Return which change from the defaults to the best trial brought what, by a model of all trials.

        `.recommended` is the best configuration without the changes that bring nothing.
        """
        from osetra.effects.ablation import ablation

        return ablation(self.problem, self.history)

    def explain(self, trial: Trial | int) -> Explanation | None:
        """Return what a model expected of a trial when it was suggested, from the log alone.

        None while there was nothing to learn from. Works for trials of people and of any searcher. What the
        searcher itself expected is in the log; for others a model of the results until then is asked.
        """
        from osetra.searchers.bayes import explain, stated  # with SciPy, which most programs do not need

        chosen = self.history.find(trial)
        if chosen.origin == "searcher" and (said := stated(self.problem, chosen.why)):
            return said
        before = [entry for entry in self._store.read() if entry.version <= chosen.seen]
        return explain(self.problem, History().extend(before), chosen.config)

    def schedule(self, trial: Trial | int) -> list[tuple[int, dict[str, Value]]]:
        """Return what a trial was trained with: (after step, configuration in force), in order.

        One entry for a plain trial; more for one whose values were changed on the way, by people or
        by a policy such as pbt.
        """
        trials = self.history.trials
        chosen = self.history.find(trial)
        return [(piece.after, dict(piece.values)) for piece in pieces(trials, chosen)]

    def curve(self, trial: Trial | int, metric: str, fold: int = 0) -> tuple[list[int], list[float]]:
        """Return steps and values that a trial reported of a metric."""
        history = self.history
        name = text("metric", metric, "the name of a metric is a text")
        steps, values = history.curve(history.find(trial), name, whole("fold", fold))
        return steps.tolist(), values.tolist()

    def records(self) -> list[dict[str, Any]]:
        """Return one plain dict per trial: number, state, value, seconds, why, configuration and metrics.

        Each reported metric has its last value as `NAME.last`, and as `NAME.best` that of the step at
        which the objective was best. A hyperparameter that has the name of another column is
        called `config.NAME`, and an objective `metric.NAME`. What is remembered of trials is `attrs.NAME`.
        """
        history = self.history
        return records(self.problem, history, list(history.trials.values()))

    def to_frame(self) -> Any:
        """Return the trials as a pandas DataFrame.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return frame(self.records())

    def live(self, every: float = LOOK) -> LiveView:
        """Show the study in a notebook and follow it there, whoever runs it; `.stop()` ends that.

        Args:
            every: seconds between two looks.

        Raises:
            MissingExtra: IPython is not installed.
        """
        seconds = number("every", every, "seconds between two looks are needed", above=0)

        def show() -> tuple[object, str]:
            history = self.history
            return (history.version, history.curves.size), self._repr_html_()

        return LiveView(show, seconds).start()

    @property
    def plot(self) -> StudyPlots:
        """Figures of the study: `study.plot.curves()`, `.history()`, `.parallel()`, `.slice()` and more."""
        return StudyPlots(self)

    def __str__(self) -> str:
        return overview(self.problem, self.history, shown_name(self._store))

    def __repr__(self) -> str:
        history = self.history
        reached = best_text(self.problem, history)
        return f"<Study {self.name!r} at {mask(self.url)}: {len(history.trials)} trials, {reached}>"

    def _repr_html_(self) -> str:
        return study_html(self.problem, self.history, shown_name(self._store))
