"""Study: the loop. Plan, let workers run, give up what is lost, until the target is reached.

A study is its log; this object is a thin hand on it. Any number of programs may hold the same study
at once: each one plans only what is missing, and the store's keys keep them from doing it twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from os import PathLike
from typing import TYPE_CHECKING, Any, Never

from osetra.advice import lint
from osetra.core.arguments import expected, number, whole
from osetra.core.edits import problem_of
from osetra.core.goal import Goal
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.ports import USUAL, Checkpoints, Executor, Policy, Scheduler, Searcher
from osetra.core.problem import Pick
from osetra.core.registry import check_name
from osetra.core.space import Space
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.executors import Processes
from osetra.executors.choice import executor_for, job_for
from osetra.executors.inline import trained_here
from osetra.executors.leases import Leases
from osetra.policies import DESCRIPTIONS, by_names, check_serves
from osetra.searchers import by_name
from osetra.stores import open_store
from osetra.study.asking import AskedTrials
from osetra.study.display import Display, check_showing, displayed, warn_of_loose_ends
from osetra.study.editing import reconcile
from osetra.study.experience import Experience, gathered, learn, sources
from osetra.study.hooks import Hooks
from osetra.study.join import join
from osetra.study.loop import MOST_STEPS, Watch, work
from osetra.study.open import begin_study, check_same, objectives_of, place_of, question_of
from osetra.study.planner import Planner
from osetra.study.reviewing import StudyReviewing
from osetra.study.spellings import goal_by_other_names, limits_by_other_names, of_study, refuse
from osetra.study.time_limit import Reserve, TimeLimit
from osetra.study.tracking import Trackers
from osetra.training.run import Run

log = logging.getLogger("osetra")

Train = Callable[[Run], object]


class Study(StudyReviewing):
    """A search for good hyperparameters, kept in a file that survives every crash.

    Args:
        url: where the log lives: a file such as "digits.db", or "memory:"; a name behind a #, as in
            "studies.db#digits", is that of the study.
        space: what is searched; may be left out when the study exists.
        minimize: name of the metric to make small, for example "val_loss"; a list of several, such as
            ["val_loss", "latency_ms"], asks for `study.front`.
        maximize: name of the metric to make large, or several; with minimize= they are objectives together.
        limits: what reported metrics must keep to, such as {"latency_ms": "<= 20"}; a trial that breaks
            one is never the best.
        searcher: what to try next: a name such as "auto", "random", "sobol", "grid", or a Searcher;
            left out, the one that the study was created with, which is "auto" at first.
        scheduler: how long to train each: a name such as "auto", "full", "asha", "hyperband", "median",
            "patience", "pbt", "freeze_thaw", or a Scheduler or Policy; left out, as above.
        seed: makes the whole search reproducible; 0 unless given.
        name: a file may hold several studies under different names; "main" unless given.
        pick: whether a trial is worth its "best" or its "last" reported value.
        task: what is trained, remembered with the study; anything that JSON can hold.
        experience: what past studies teach is tried first: a list of studies, of their files and URLs, of
            files that osetra experience export wrote, or of "home" for what osetra tune has kept. It
            counts for a study that is new, and is in its log from then on.

    Raises:
        StudyMismatch: the stored study has another space or objective; the differences are listed.
        StudyError: a new study without space or objective.
    """

    def __init__(  # noqa: PLR0913 - one for each thing that may be left out
        self,
        url: str | PathLike[str] = "memory:",
        space: Space | None = None,
        *,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        limits: Mapping[str, str] | None = None,
        searcher: str | Searcher | None = None,
        scheduler: str | Scheduler | Policy | None = None,
        seed: int | None = None,
        name: str | None = None,
        pick: Pick = "best",
        task: Mapping[str, Any] | None = None,
        experience: Experience = None,
        **others: Never,
    ) -> None:
        options: dict[str, object] = dict(others)
        least, most = goal_by_other_names(minimize, maximize, options)
        refuse("Study", options, signature(Study).parameters)
        objectives = objectives_of(least, most, pick)
        question = question_of(space, objectives, limits, seed, searcher, scheduler, task)
        chosen = by_name(searcher) if isinstance(searcher, str) else searcher
        if isinstance(scheduler, str):
            check_name("scheduler", scheduler, DESCRIPTIONS)  # before there is a file
        check_serves(question.scheduler, several=len(objectives) > 1)
        given = sources(experience)
        self._store = open_store(*place_of(url, name))
        try:
            history = History().extend(self._store.read())
            past = gathered(given, history)
            history = history if history.opened else begin_study(self._store, question)
            check_same(self._store, problem := problem_of(history), history.seed, question)
            policy = _policy(history, chosen, scheduler)
            check_serves(policy.name, several=bool(problem.others))
            self._planner = Planner(self._store, problem, policy, history.seed, history)
            reconcile(self._planner, space, question.bounds)
            learn(self._planner, given, past)
        except BaseException:
            self._store.close()
            raise
        self._leases = Leases(self._store)
        self._asked = AskedTrials(self._planner, self._leases)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return of_study(self, name)

    def ask(self) -> Run:
        """Claim the next trial for a loop of your own; end it with `tell`.

        Raises:
            StudyError: the space is exhausted.
        """
        return self._asked.ask(job_for(self.problem, _elsewhere, None))

    def tell(
        self,
        run: Run,
        value: float | Mapping[str, float] | None = None,
        *,
        failed: str | BaseException | None = None,
    ) -> Trial:
        """End a trial that `ask` returned: with its value, from its reports, or as failed and why.

        A number that is neither the best nor the last of what the run reported of the objective is
        warned of, and the reports count; {"val_loss": 0.3} counts in any case.

        Raises:
            StudyError: the run was not asked for here, was told already, or reported no value.
        """
        return self._asked.tell(run, value, failed)

    def run(  # noqa: PLR0913, D417 - one for each thing that may be left out; others is an error
        self,
        train: Train,
        *,
        trials: int | None = None,
        minutes: float | None = None,
        trainings: float | None = None,
        until: str | float | None = None,
        steps: int | None = None,
        workers: int = 1,
        executor: Executor | None = None,
        report_timeout: float | None = None,
        checkpoints: Checkpoints = USUAL,
        keep_going: bool = False,
        progress: bool | Display = True,
        watch: Watch | None = None,
        reserve: Reserve = 0.0,
        on_trial_end: Callable[[Trial], object] | None = None,
        stop_when: Callable[[Study], bool] | None = None,
        trackers: Trackers = (),
        **others: Never,
    ) -> Study:
        """Train until the study has tried `trials` configurations, or another limit is reached.

        Running it again continues: finished trials are never repeated. One worker trains in this
        process, more train in processes of their own.

        Args:
            train: the training function; gets a Run.
            trials: the total, trials of earlier calls included.
            minutes: wall-clock limit of this call; what runs then goes back to the queue. Before, when
                there is just time for it, the best of what waits is trained to its end.
            trainings: what the study may cost in full trainings; those that a scheduler cuts short
                count by their share of steps.
            until: the goal at which the search is over, such as "val_loss<0.05" or "accuracy>=0.9"; a
                number is of the objective. "noise" is where a model expects little to gain from the whole
                space. A finished trial has to reach it; what runs then goes back to
                the queue.
            steps: how many steps a full training has, when known; else the first training says so.
            workers: how many trainings run at once.
            executor: another way to start workers, instead of `workers`.
            report_timeout: seconds without a report after which a training is stopped as hung;
                needs worker processes.
            checkpoints: how many of them are kept on disk.
            keep_going: whether to go on although the first three trials fail with the same error.
            progress: whether the study shows itself: as a live block in a terminal or a notebook, else
                as one line per ended trial in the log.
            watch: called with the history about four times a second.
            reserve: seconds of the minutes that are kept for what follows the search, or a function that
                tells them of the history, for what follows may cost trainings.
            on_trial_end: called with each trial that ends meanwhile, once, in a thread of its own; what it
                raises is said once. Trials wait a second at most for it.
            stop_when: asked with the study before and after each trial, and every second: True ends the
                search; what runs then goes back to the queue.
            trackers: records of trials in other programs, by name, such as ["tensorboard:runs"], or as
                objects of `osetra.integrations`; no training waits for one, and a broken one is named once.

        Raises:
            StudyError: no or senseless limits, or no such tracker.
            MissingExtra: the library of a tracker is not installed.
            TrainingFailed: the first three trials fail with the same error.
            KeyboardInterrupt: after Ctrl-C, once everything is handed back; or a training here raised it.
        """
        if others:
            options = {k: v for k, v in locals().items() if k not in ("self", "train", "others")}
            return self.run(train, **limits_by_other_names(options, others, self.history.begun))
        limits = Limits(
            trials=trials,
            trainings=trainings,
            minutes=minutes,
            until=until,
            workers=workers,
            report_timeout=report_timeout,
        )
        if not limits.ends:
            raise StudyError("run() needs a limit: trials=50, minutes=10, trainings=30 or until=0.05")
        Goal.of(limits.until, self.problem.objective)  # refuses what can be none
        full = None if steps is None else whole("steps", steps, least=1, most=MOST_STEPS)
        if not isinstance(checkpoints, Checkpoints):
            raise expected("checkpoints", checkpoints, "write Checkpoints(every=10)")
        job = replace(job_for(self.problem, train, report_timeout), checkpoints=checkpoints)
        crew = executor_for(limits, executor)
        check_showing(progress, watch)
        hooks = Hooks(on_trial_end, stop_when, self, trackers)
        TimeLimit(limits.minutes, reserve)  # refuses what is none
        if limits.trials is not None:
            self._planner.aim(limits.trials)
        _warn_of_space(self, limits.trials or 0)
        if full is not None:
            self._planner.know_steps(full)
        with displayed(self._planner, "searching", limits, progress, watch) as watch:
            work(
                self._planner,
                job,
                crew,
                limits=limits,
                watch=watch,
                keep_going=keep_going,
                reserve=reserve,
                hooks=hooks,
            )
        warn_of_loose_ends(self.history, trained_here(self._store))
        return self

    def join(  # noqa: PLR0913, D417 - likewise
        self,
        train: Train,
        *,
        workers: int = 1,
        executor: Executor | None = None,
        trials: int | None = None,
        minutes: float | None = None,
        trainings: float | None = None,
        until: str | float | None = None,
        idle: float | None = None,
        grace: float = 10.0,
        report_timeout: float | None = None,
        keep_going: bool = False,
        progress: bool | Display = True,
        watch: Watch | None = None,
        on_trial_end: Callable[[Trial], object] | None = None,
        stop_when: Callable[[Study], bool] | None = None,
        trackers: Trackers = (),
        **others: Never,
    ) -> Study:
        """Help with a study that another program runs, on this machine or elsewhere.

        Trains what is queued there, and plans only when the queue stays empty, so that the study goes
        on without the other program, too. Ends when the study has its target or another limit is reached.

        Args:
            train: the same training function as there; gets a Run.
            workers: how many trainings run at once, in processes of their own.
            executor: another way to start workers, instead of `workers`.
            trials: a new total of the study.
            minutes: wall-clock limit of this call.
            trainings: what the study may cost in full trainings.
            until: the goal at which this call ends, such as "val_loss<0.05".
            idle: minutes without anything to train here after which this call ends.
            grace: seconds that trainings get to reach their next report when this is told to stop.
            report_timeout: seconds without a report after which a training is stopped as hung.
            keep_going: whether to go on although the first three trials fail with the same error.
            progress: whether the study shows itself: as a live block in a terminal or a notebook, else
                as one line per ended trial in the log.
            watch: called with the history about four times a second.
            on_trial_end: called with each trial that ends meanwhile, wherever it was trained, as in `run`.
            stop_when: asked with the study as in `run`: True ends this call, and the study goes on.
            trackers: as in `run`; they are told of what all programs train, so one program has them.

        Raises:
            StudyError: senseless limits.
            TrainingFailed: the first three trials that are trained meanwhile fail with the same error.
            KeyboardInterrupt: after Ctrl-C, once everything has been handed back.
        """
        refuse("join", others, signature(Study.join).parameters)
        limits = Limits(
            trials=trials,
            trainings=trainings,
            minutes=minutes,
            until=until,
            workers=workers,
            report_timeout=report_timeout,
        )
        Goal.of(limits.until, self.problem.objective)
        patience = None if idle is None else number("idle", idle, "the idle must be above 0", above=0)
        job = job_for(self.problem, train, report_timeout)
        job = replace(job, grace=number("grace", grace, "the grace must be above 0", above=0))
        crew = Processes(limits.workers) if executor is None else executor_for(limits, executor)
        check_showing(progress, watch)
        hooks = Hooks(on_trial_end, stop_when, self, trackers)
        if limits.trials is not None and limits.trials > self.history.target:
            self._planner.aim(limits.trials)
        goal = limits if limits.ends else replace(limits, trials=self.history.target or None)
        with displayed(self._planner, "helping", goal, progress, watch) as watch:
            join(
                self._planner,
                job,
                crew,
                limits=limits,
                idle=None if patience is None else 60 * patience,
                watch=watch,
                keep_going=keep_going,
                hooks=hooks,
            )
        return self

    def close(self) -> None:
        """Release the store."""
        self._leases.close()
        self._store.close()


def _warn_of_space(study: Study, trials: int) -> None:
    """Say what is odd about the space of a study that begins."""
    if not study.history.trials:
        for finding in lint(study.problem.space, searcher=study.searcher.name, trials=trials):
            log.warning("%s; %s", finding.text, finding.action)


def _policy(
    history: History, searcher: Searcher | None, scheduler: str | Scheduler | Policy | None
) -> Policy:
    """Return what a study is searched with: what was given now, else what it was opened with."""
    opened = history.opened
    assert opened is not None
    return by_names(searcher or by_name(opened.searcher), scheduler or opened.scheduler)


def _elsewhere(run: Run) -> None:
    """Stand for the training of a trial that was asked for: it is elsewhere."""
