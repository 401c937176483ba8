"""Reviewing: what was chosen is looked at again, and goes on into the next search."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import PurePath
from typing import Any, Never

from osetra.core.arguments import expected, mapping, whole
from osetra.core.due import CHECKED, RELEASED, Due, due_of
from osetra.core.facts import Noted, encode
from osetra.core.limits import Limits
from osetra.core.ports import Executor
from osetra.core.trial import Trial
from osetra.effects.best import Best
from osetra.effects.front import Front
from osetra.errors import StoreError, StudyError
from osetra.executors.choice import executor_for, job_for
from osetra.study.checkin import CheckIn, incumbent_of, retested
from osetra.study.confirming import confirm
from osetra.study.display import Display, check_showing, shown_name
from osetra.study.editing import StudyEditing
from osetra.study.hooks import Hooks
from osetra.study.loop import Watch
from osetra.study.spellings import refuse
from osetra.study.tracking import Trackers
from osetra.study.warm import warm_suggestions
from osetra.training.run import Run


class StudyReviewing(StudyEditing):
    """The half of a `Study` that asks whether the best is the best, and still is."""

    def confirm(  # noqa: PLR0913, D417 - one for each thing that may be left out; others is an error
        self,
        train: Callable[[Run], object],
        *,
        top: int = 3,
        seeds: int | None = None,
        most: int | None = None,
        minutes: float | None = None,
        workers: int = 1,
        executor: Executor | None = None,
        report_timeout: float | None = None,
        progress: bool | Display = True,
        watch: Watch | None = None,
        on_trial_end: Callable[[Trial], object] | None = None,
        stop_when: Callable[[Any], bool] | None = None,
        trackers: Trackers = (),
        **others: Never,
    ) -> Best | Front:
        """Re-run the best few configurations with fresh seeds and return the one with the best mean.

        With several objectives those of the front, its knee first, and the front afterwards is returned.
        The best of many owes part of its value to luck; fresh seeds tell how much. They go to those that
        may still be the best, until one is clearly ahead, all are equal, or 15 % of what the search cost
        is spent. After `minutes` what runs goes back to the queue, and those count that have ended.

        Args:
            train: the training function; gets a Run.
            top: how many of the best at most.
            seeds: exactly so many fresh seeds for each of them, whatever they tell.
            most: runs in total at most, instead of 15 %.
            minutes: wall-clock limit of this call.
            workers: how many trainings run at once.
            executor: another way to start workers, instead of `workers`.
            report_timeout: seconds without a report after which a training is stopped as hung.
            progress: whether the study shows itself.
            watch: called with the history about four times a second.
            on_trial_end: called with each run that ends meanwhile, as in `run`.
            stop_when: asked with the study as in `run`: True ends this call; what runs then goes back to
                the queue.
            trackers: records of the runs in other programs, as in `run`.

        Raises:
            NothingFinished: there is nothing to confirm.
        """
        refuse("confirm", others, signature(StudyReviewing.confirm).parameters)
        limits = Limits(minutes=minutes, workers=workers, report_timeout=report_timeout)
        job = job_for(self.problem, train, report_timeout, repeats_only=True)
        crew, top = executor_for(limits, executor), whole("top", top)
        seeds = None if seeds is None else whole("seeds", seeds, most=1000)
        most = None if most is None else whole("most", most, most=100_000)
        check_showing(progress, watch)
        hooks = Hooks(on_trial_end, stop_when, self, trackers)
        if self.history.ranked(self.problem.objective):
            confirm(
                self._planner, job, crew, limits, progress, watch,
                top=top, seeds=seeds, most=most, hooks=hooks,
            )  # fmt: skip
        return self.front if self.problem.others else self.best

    def release(self, about: Mapping[str, Any] | None = None) -> None:
        """Remember that the best setting goes into use now, and under which circumstances.

        After a re-test that was too good to be true this says that it is true: the setting in use, or the one
        that beat it, is compared with what it was worth there from now on.

        Args:
            about: what JSON can hold of data, code, software and machine.

        Raises:
            StudyError: it was not confirmed with fresh seeds.
        """
        told = _told(about)
        history = self.history
        chosen, number = incumbent_of(self.problem, history, accepting=True), len(history.noted(RELEASED)) + 1
        text = f"{chosen.name} goes into use"
        data = {
            "time": time.time(),
            "config": dict(chosen.config),
            "values": [self.problem.objective.sign * value for value in chosen.then],
            **({"about": told} if told else {}),
        }
        self._planner.append([Noted(RELEASED, str(number), text, data)])

    def accept(self) -> str:
        """Go by the last re-test, which was too good, from now on: the data is sound. Returns what is in use.

        Raises:
            StudyError: the last re-test was not too good, or there was none.
        """
        last = self.history.noted(CHECKED)[-1:]
        if not last or last[0].data["outcome"] != "too good":
            said = f"it said {last[0].data['outcome']!r}" if last else "there was none"
            raise StudyError(f"only a re-test that was too good waits for being accepted; {said}")
        self.release(last[0].data.get("about"))
        return self.history.noted(RELEASED)[-1].text

    @property
    def due(self) -> Due | None:
        """When the best setting is to be tested again; None while it was not confirmed with fresh seeds."""
        return due_of(self.history, time.time())

    def retest(
        self,
        train: Callable[[Run], object],
        *,
        delta: float = 1.0,
        workers: int = 1,
        label: str = "",
        about: Mapping[str, Any] | None = None,
        progress: bool | Display = False,
        trackers: Trackers = (),
    ) -> CheckIn:
        """Train the best setting and up to three challengers again on today's data, and say what is best.

        22 trainings at most, 12 where no challenger is ahead halfway. They are kept in a study beside this
        one, and the verdict in this one, with the date of the next.

        Args:
            train: the training function, on today's data.
            delta: the smallest gain that is cared for, in deviations of the seed noise.
            workers: how many trainings run at once.
            label: a word for today's data: a re-test that was broken off goes on under the same one.
            about: circumstances to remember with the verdict, as for `release`.
            progress: whether the trainings show themselves.
            trackers: records of the trainings in other programs, as in `run`.

        Raises:
            StudyError: nothing was confirmed with fresh seeds, the best does not train any more, or there is
                no such tracker.
            MissingExtra: the library of a tracker is not installed.
        """
        return retested(
            self, self._planner, train,
            delta=delta, workers=workers, label=label, about=_told(about), progress=progress,
            trackers=trackers,
        )  # fmt: skip

    def warm_start(self, other: StudyReviewing, most: int = 6) -> list[Trial]:
        """Queue what another study found good, before all others: for a search on later data.

        First its setting in use, then the winner of its last re-test, then good settings that are unlike
        those. What this study's space does not have is left out, what it has beside takes its default, and
        numbers beyond its ranges are moved to their ends.

        Args:
            other: the study to learn from.
            most: settings at most.

        Raises:
            StudyError: nothing has finished there, or none of its settings can be had here.
        """
        if not isinstance(other, StudyReviewing):
            raise expected("other", other, "the study to start from is needed, such as Study('old.db')")
        most = whole("most", most, least=1)
        name = shown_name(other._store)
        if name == "study":  # as osetra tune calls the file in the study's folder
            name = PurePath(other.url).parent.name or name
        found = warm_suggestions(self.problem.space, other.problem, other.history, name, most)
        known = [trial.config for trial in self.trials]
        new = [each for each in found if each.config not in known]
        return self._planner.suggest(new, "person", "warm start") if new else []


def _told(about: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return circumstances that a log can hold.

    Raises:
        StudyError: they are none.
    """
    wanted = "give what JSON can hold by name, such as about={'rows': 5000}"
    told = dict(mapping("about", {} if about is None else about, wanted))
    try:
        encode(Noted(RELEASED, "", "", told))
    except (StoreError, OverflowError, UnicodeEncodeError, RecursionError):
        raise expected("about", about, wanted) from None
    return told
