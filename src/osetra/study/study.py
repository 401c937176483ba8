"""Study: the loop. Plan, let workers run, give up what is lost, until the target is reached.

A study is its log; this object is a thin hand on it. Any number of programs may hold the same study
at once: each one plans only what is missing, and the store's keys keep them from doing it twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from getpass import getuser
from os import PathLike
from typing import Any

import numpy as np

from osetra.advice import lint
from osetra.core.decisions import Suggestion
from osetra.core.ending import Ending
from osetra.core.facts import Actor
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.params import Value
from osetra.core.ports import USUAL, Checkpoints, Executor, Job, Policy, Scheduler, Searcher
from osetra.core.problem import Pick
from osetra.core.space import Space
from osetra.core.trial import ENDED, Order, Trial
from osetra.errors import StudyError
from osetra.executors import Inline, Processes
from osetra.executors.claims import claim_next
from osetra.executors.identity import this_process
from osetra.executors.leases import Leases
from osetra.executors.recorder import StoreLink, begin
from osetra.policies import by_names
from osetra.searchers import by_name
from osetra.stores import open_store
from osetra.stores.address import parse
from osetra.study.display import Display, displayed
from osetra.study.join import join
from osetra.study.loop import Planner, Watch, work
from osetra.study.open import Question, begin_study, check_same, objective_of, problem_of
from osetra.study.view import StudyView
from osetra.training.run import Run, control_of
from osetra.training.values import number

log = logging.getLogger("osetra")

Train = Callable[[Run], object]


class Study(StudyView):
    """A search for good hyperparameters, kept in a file that survives every crash.

    Args:
        url: where the log lives: a file such as "digits.db", or "memory:"; a name behind a #, as in
            "studies.db#digits", is that of the study.
        space: what is searched; may be left out when the study exists.
        minimize: name of the metric to make small, for example "val_loss".
        maximize: name of the metric to make large; give one of the two.
        searcher: what to try next: a name such as "auto", "random", "sobol", "grid", or a Searcher;
            left out, the one that the study was created with, which is "auto" at first.
        scheduler: how long to train each: a name such as "auto", "full", "asha", "hyperband", "median",
            "patience", "pbt", "freeze_thaw", or a Scheduler or Policy; left out, as above.
        seed: makes the whole search reproducible; 0 unless given.
        name: a file may hold several studies under different names; "main" unless given.
        pick: whether a trial is worth its "best" or its "last" reported value.
        task: what is trained, remembered with the study; anything that JSON can hold.

    Raises:
        StudyMismatch: the stored study has another space or objective; the differences are listed.
        StudyError: the study does not exist and space or objective are missing.
    """

    def __init__(
        self,
        url: str | PathLike[str] = "memory:",
        space: Space | None = None,
        *,
        minimize: str | None = None,
        maximize: str | None = None,
        searcher: str | Searcher | None = None,
        scheduler: str | Scheduler | Policy | None = None,
        seed: int | None = None,
        name: str | None = None,
        pick: Pick = "best",
        task: Mapping[str, Any] | None = None,
    ) -> None:
        chosen = by_name(searcher) if isinstance(searcher, str) else searcher
        wanted = searcher if isinstance(searcher, str) else chosen.name if chosen else "auto"
        planned = scheduler if isinstance(scheduler, str) else scheduler.name if scheduler else "auto"
        question = Question(
            space=space,
            objective=objective_of(minimize, maximize, pick),
            seed=seed,
            searcher=wanted,
            scheduler=planned,
            task=dict(task or {}),
        )
        if not isinstance(url, (str, PathLike)) or not str(url):
            raise StudyError(f"{url!r}: a study lives in a file such as 'study.db', or in 'memory:'")
        address = parse(str(url), name)
        self._store = open_store(address.url, address.study)
        history = History().extend(self._store.read())
        opened = history.opened or begin_study(self._store, question)
        problem = problem_of(opened)
        check_same(self._store, problem, opened.seed, question)
        policy = by_names(chosen or by_name(opened.searcher), scheduler or opened.scheduler)
        self._planner = Planner(self._store, problem, policy, opened.seed, history)
        self._leases = Leases(self._store)
        self._asked: dict[int, StoreLink] = {}

    def order(
        self,
        trial: Trial | int,
        verb: str,
        /,
        *,
        actor: str = "",
        why: str = "",
        by: Actor = "person",
        **args: Any,
    ) -> Order:
        """Give a trial an order: it is obeyed at the training's next report.

        study.order(7, "set", lr=3e-4)           study.order(7, "scale", lr=0.3)
        study.order(7, "pause")                  study.order(7, "resume")
        study.order(7, "rollback", step=12, lr=1e-3)
        study.order(7, "branch", units=256)      study.order(7, "note", text="odd spike")
        study.order(7, "stop")                   study.order(7, "promote")

        Args:
            trial: the trial or its number.
            verb: stop (keeps the result so far), pause, resume, set, scale, rollback (to the last
                checkpoint at or before `step`, to the best one without), branch (a new trial), promote
                (passes the next cut), extend (`until` a step), note (`text`).
            actor: who gives it, for the record.
            why: remembered with it.
            by: "autopilot" when a rule gives it in a person's name.
            args: values by name, and step, until or text.

        Raises:
            StudyError: the order makes no sense, comes too late, or somebody else was faster.
        """
        number = trial.number if isinstance(trial, Trial) else trial
        return self._planner.order(number, verb, args, actor or getuser(), by, why)

    def enqueue(
        self, config: Mapping[str, Value] | None = None, /, *, by: str = "", **values: Value
    ) -> Trial:
        """Queue a configuration by hand, before everything the searcher suggests.

        Names left out take their defaults.

        Raises:
            SpaceError: an unknown name or a value outside its range.
        """
        complete = self.problem.space.complete({**(config or {}), **values})
        return self._planner.suggest(
            [Suggestion(complete, "asked for by a person")], "person", by or "person"
        )[0]

    def ask(self) -> Run:
        """Claim the next trial for a loop of your own; end it with `tell`.

        Raises:
            StudyError: the space is exhausted.
        """
        while True:
            history = self.history
            if not history.queued:
                self._planner.plan(1, Limits().budget(self.problem, history, 0.0))
                history = self.history
            claim = claim_next(self._store, history, this_process(), repeats_only=False)
            if claim is not None:
                job = self._job(_asked, None)
                run, link = begin(self._leases, claim, history, job)
                self._asked[run.trial] = link
                return run
            if not history.queued:
                raise StudyError(f"{self.searcher.name}: every configuration of the space has been tried")

    def tell(self, run: Run, value: float | None = None, *, failed: str | None = None) -> Trial:
        """End a trial that `ask` returned: with its value, from its reports, or as failed and why.

        Raises:
            StudyError: the run was not asked for here, was told already, or reported no value.
        """
        if run.trial not in self._asked:
            known = self.history.trials.get(run.trial)
            state = (
                f"it has {known.state} already" if known and known.state in ENDED else "ask() for it first"
            )
            raise StudyError(f"trial {run.trial} is not waiting for a result: {state}")
        if failed is not None:
            ending = Ending("failed", reason=failed)
        elif value is None and run.interrupted:
            ending = control_of(run).ending()
        else:
            worth = control_of(run).values.value() if value is None else number("value", value)
            ending = Ending("finished" if np.isfinite(worth) else "diverged", worth)
        self._asked.pop(run.trial).end(ending)
        return self.history.trials[run.trial]

    def run(  # noqa: PLR0913 - one for each thing that may be left out
        self,
        train: Train,
        *,
        trials: int | None = None,
        minutes: float | None = None,
        trainings: float | None = None,
        steps: int | None = None,
        workers: int = 1,
        executor: Executor | None = None,
        report_timeout: float | None = None,
        checkpoints: Checkpoints = USUAL,
        progress: bool | Display = True,
        watch: Watch | None = None,
    ) -> Study:
        """Train until the study has tried `trials` configurations, or another limit is reached.

        Running it again continues: finished trials are never repeated. One worker trains in this
        process, more train in processes of their own.

        Args:
            train: the training function; gets a Run.
            trials: the total, trials of earlier calls included.
            minutes: wall-clock limit of this call; what runs then goes back to the queue.
            trainings: what the study may cost in full trainings; those that a scheduler cuts short
                count by their share of steps.
            steps: how many steps a full training has, when known; else the first training says so.
            workers: how many trainings run at once.
            executor: another way to start workers, instead of `workers`.
            report_timeout: seconds without a report after which a training is stopped as hung;
                needs worker processes.
            checkpoints: how many of them are kept on disk.
            progress: whether the study shows itself: as a live block in a terminal or a notebook, else
                as one line per ended trial in the log.
            watch: called with the history about four times a second.

        Raises:
            StudyError: no or senseless limits.
            KeyboardInterrupt: after Ctrl-C, once everything has been handed back.
        """
        limits = Limits(
            trials=trials,
            trainings=trainings,
            minutes=minutes,
            workers=workers,
            report_timeout=report_timeout,
        )
        if not limits.ends:
            raise StudyError("run() needs a limit: trials=50, minutes=10 or trainings=30")
        _check_positive(steps=steps)
        if trials is not None:
            self._planner.aim(trials)
        if not self.history.trials:
            for finding in lint(self.problem.space, searcher=self.searcher.name, trials=trials or 0):
                log.warning("%s; %s", finding.text, finding.action)
        if steps is not None:
            self._planner.know_steps(steps)
        job = replace(self._job(train, report_timeout), checkpoints=checkpoints)
        with displayed(self._planner, "searching", limits, progress, watch) as watch:
            work(self._planner, job, executor or _executor(limits), limits=limits, watch=watch)
        self._last_words()
        return self

    def join(  # noqa: PLR0913 - likewise
        self,
        train: Train,
        *,
        workers: int = 1,
        executor: Executor | None = None,
        trials: int | None = None,
        minutes: float | None = None,
        trainings: float | None = None,
        idle: float | None = None,
        grace: float = 10.0,
        report_timeout: float | None = None,
        progress: bool | Display = True,
        watch: Watch | None = None,
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
            idle: minutes without anything to train here after which this call ends.
            grace: seconds that trainings get to reach their next report when this is told to stop.
            report_timeout: seconds without a report after which a training is stopped as hung.
            progress: whether the study shows itself: as a live block in a terminal or a notebook, else
                as one line per ended trial in the log.
            watch: called with the history about four times a second.

        Raises:
            StudyError: senseless limits.
            KeyboardInterrupt: after Ctrl-C, once everything has been handed back.
        """
        limits = Limits(
            trials=trials,
            trainings=trainings,
            minutes=minutes,
            workers=workers,
            report_timeout=report_timeout,
        )
        _check_positive(idle=idle, grace=grace)
        if trials is not None and trials > self.history.target:
            self._planner.aim(trials)
        goal = limits if limits.ends else replace(limits, trials=self.history.target or None)
        with displayed(self._planner, "helping", goal, progress, watch) as watch:
            join(
                self._planner,
                replace(self._job(train, report_timeout), grace=grace),
                executor or Processes(workers),
                limits=limits,
                idle=None if idle is None else 60 * idle,
                watch=watch,
            )
        return self

    def confirm(
        self,
        train: Train,
        *,
        top: int = 3,
        seeds: int = 3,
        workers: int = 1,
        executor: Executor | None = None,
        report_timeout: float | None = None,
        progress: bool | Display = True,
        watch: Watch | None = None,
    ) -> Trial:
        """Re-run the best few configurations with fresh seeds and return the one with the best mean.

        The best of many trials owes part of its value to luck; fresh seeds tell how much.

        Raises:
            NothingFinished: there is nothing to confirm.
        """
        best = self.history.ranked(self.problem.objective)[:top]
        if not best:
            return self.best
        for trial in best:
            known = [t for t in self.history.trials.values() if t.repeats == trial.number]
            again = Suggestion(trial.config, f"trial {trial.number} again with a fresh seed")
            missing = [again] * (seeds - len(known))
            if missing:
                self._planner.suggest(missing, "confirm", "confirm", trial.number)
        limits = Limits(workers=workers, report_timeout=report_timeout)
        job = self._job(train, report_timeout, repeats_only=True)
        repeats = sum(trial.repeats is not None for trial in self.history.trials.values())
        goal = replace(limits, trials=max(1, repeats))
        with displayed(self._planner, "confirming", goal, progress, watch, repeats=True) as watch:
            work(self._planner, job, executor or _executor(limits), limits=limits, watch=watch)
        return self.best

    def close(self) -> None:
        """Release the store."""
        self._store.close()

    def _last_words(self) -> None:
        """Warn of what a person would miss at the end of a run."""
        held = [trial for trial in self.history.paused if trial.held]
        if held:
            numbers = ", ".join(str(trial.number) for trial in held)
            log.warning("paused by hand and left so: trial %s; order resume, and run again", numbers)
        ended = self.history.ended
        if ended and not self.history.finished:
            log.warning(
                "none of %d trials has a valid result; the last one: %s", len(ended), ended[-1].reason
            )

    def _job(self, train: Train, report_timeout: float | None, *, repeats_only: bool = False) -> Job:
        if not callable(train):
            raise StudyError(f"{train!r} cannot be called; give a training function that takes a run")
        return Job(
            objective=self.problem.objective,
            function=train,
            report_timeout=report_timeout,
            repeats_only=repeats_only,
        )


def _asked(run: Run) -> None:
    """Stand for the training of a trial that was asked for: it is elsewhere."""


def _check_positive(**values: float | None) -> None:
    """Raise StudyError for a value that leaves nothing to do."""
    for name, value in values.items():
        if value is not None and not value > 0:
            raise StudyError(f"{name}={value}: the {name} must be above 0")


def _executor(limits: Limits) -> Executor:
    alone = limits.workers == 1 and limits.report_timeout is None
    return Inline() if alone else Processes(limits.workers)
