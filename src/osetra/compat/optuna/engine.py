"""Engine: trials in the hands of an objective that says what it needs while it runs, over ask and tell.

`Study.ask` claims what waits in the queue, or what the searcher suggests in the space that is known so far.
A value that is asked for and not there yet is an edit of the space (see `osetra.compat.optuna.discovery`).
A value that is there and lies outside of what is asked for now (the range depends on another value) is
replaced by one inside: as an order to set it, which the log shows, and from which searchers do not learn.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from osetra.compat.optuna.discovery import Asked, active, condition, drawn, filled, replaced, widened
from osetra.compat.optuna.distributions import Distribution, check_compatible, outer, param_of
from osetra.compat.optuna.names import key_of
from osetra.compat.optuna.notes import Notes, asked_note, attr_note, write
from osetra.compat.optuna.reading import Reader, in_force
from osetra.core.conditions import Condition
from osetra.core.decisions import Suggestion
from osetra.core.facts import Edited, Fact, Obeyed, Ordered
from osetra.core.limits import Limits
from osetra.core.params import Value
from osetra.core.space import Space
from osetra.core.values import as_option, option_name
from osetra.errors import Interrupted, LeaseLost, SpaceError, StudyError
from osetra.study.study import Study
from osetra.training.run import Run, control_of

log = logging.getLogger("osetra.compat.optuna")

ACTOR = "optuna script"
"""Who gives orders in the log."""
FIRST = 1.0
"""Seconds for which further trials wait at most for the first one to show what there is to search."""
QUIET = 0.2
"""Seconds after which a space that grows no more counts as shown."""


class Exhausted(StudyError):
    """Every configuration has been tried by a searcher that tries each once."""


@dataclass(slots=True)
class Engine:
    """One osetra study, and the trials of it in this program's hands."""

    study: Study
    asking: dict[int, dict[str, Distribution]] = field(default_factory=dict)
    """What the trials in hand asked for so far, by trial."""
    held: dict[int, frozenset[str]] = field(default_factory=dict)
    """What each trial in hand had a value of when it was begun."""
    runs: dict[int, Run] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    lock: threading.RLock = field(default_factory=threading.RLock)
    grid: Sequence[Mapping[str, Any]] = ()
    """Configurations that are tried once each, and nothing else; empty where a searcher chooses."""
    said: set[str] = field(default_factory=set)
    """Parameters of which it was said that their range depends on something."""

    def reader(self) -> Reader:
        """Return what makes records of the trials as they are now."""
        with self.lock:
            history = self.study.history
            return Reader(self.study.problem, history, self.notes.follow(history), self.asking)

    def ask(self) -> Run:
        """Claim a trial: one that waits, or a new one.

        Raises:
            Exhausted: the searcher tries every configuration once, and all have been.
        """
        self._wait_for_the_first()
        with self.lock:
            history = self.study.history
            if not history.queued and (self.grid or not self.study.problem.space.columns):
                self._queue_without_searcher()
            try:
                run = self.study.ask()
            except StudyError as error:
                if self.study.searcher.name in ("grid", "manual"):
                    raise Exhausted(str(error)) from None
                rng = np.random.default_rng((self.study.seed, history.next_trial))
                self._queue(filled(self.study.problem.space, {}, rng), "every configuration has been tried")
                run = self.study.ask()
            self.runs[run.trial], self.asking[run.trial] = run, {}
            self.held[run.trial] = frozenset(run.config)
            return run

    def _queue_without_searcher(self) -> None:
        if not self.grid:
            self._queue({}, "what there is to search shows when the program asks for it")
            return
        left = self.untried()
        if not left:
            raise Exhausted("every combination of the grid has been tried")
        self._queue(left[0], f"one of the {len(self.grid)} combinations of the grid")

    def untried(self) -> list[dict[str, Value]]:
        """Return the configurations of the grid that no trial has."""
        tried = [trial.config.items() for trial in self.study.history.trials.values()]
        configs = [{key_of(name): value for name, value in config.items()} for config in self.grid]
        return [config for config in configs if not any(config.items() <= items for items in tried)]

    def _queue(self, config: dict[str, Value], why: str) -> None:
        planner = self.study._planner
        planner.suggest([Suggestion(config, why)], "searcher", planner.searcher.name)

    def enqueue(self, params: Mapping[str, Value]) -> int:
        """Queue a configuration by hand, as far as it is given, and return its number."""
        with self.lock:
            given = {key_of(name): _storable(name, value) for name, value in params.items()}
            history = self.study.history
            rng = np.random.default_rng((self.study.seed, history.next_trial))
            config = filled(self.study.problem.space, given, rng)
            suggestion = Suggestion(config, "enqueued by the program")
            return self.study._planner.suggest([suggestion], "person", ACTOR)[0].number

    def _wait_for_the_first(self) -> None:
        """Wait until the first trial has shown the space: those beside it would repeat it otherwise."""
        end, quiet, edits = time.monotonic() + FIRST, 0.0, -1
        while time.monotonic() < end:
            history = self.study.history
            first = history.trials.get(1)
            if first is None or first.state != "running" or len(history.trials) > 1 or history.queued:
                return
            if 1 in self.runs and 1 in self.asking and history.curve(first, self.metric)[0].size:
                return
            now = time.monotonic()
            if len(history.edits) != edits:
                edits, quiet = len(history.edits), now + QUIET
            if edits and now > quiet:
                return
            time.sleep(0.01)

    @property
    def metric(self) -> str:
        """Name of the metric by which a trial has its value."""
        return self.study.problem.objective.metric

    def suggest(self, number: int, name: str, asked: Distribution) -> Any:
        """Return the value of a parameter for a trial.

        Raises:
            ValueError: the name was asked for as another kind before.
        """
        with self.lock:
            before = self.asking[number].get(name)
            if before is not None:
                check_compatible(name, before, asked)
                if before != asked:
                    warnings.warn(
                        f"Inconsistent parameter values for {name!r}: this trial asked for {before} before, "
                        f"and for {asked} now; it keeps the value it has",
                        RuntimeWarning,
                        stacklevel=4,
                    )
                asked = before
            key = key_of(name)
            # A trial beside this one may have asked first: its edit lends its own value to all others.
            lent = before is None and key in in_force(self.study.history.trials[number])
            lent &= key not in self.held.get(number, (key,))
            self._declare(number, key, asked)
            if lent:
                self._order(number, key, asked)
            config = in_force(self.study.history.trials[number])
            inside, found = outer(asked, config[key]) if key in config else (False, None)
            if not inside:
                found = self._another(number, name, key, asked)
            self.asking[number].setdefault(name, asked)
            return found

    def _declare(self, number: int, key: str, asked: Distribution) -> None:
        """Make a parameter part of the space, and of the trial where the space's conditions let it be."""
        planner = self.study._planner
        while True:
            history, space = self.study.history, self.study.problem.space
            config = in_force(history.trials[number])
            param = widened(space, key, asked)
            known = key in space.names
            changed = not known or param != space.branches(key)[0]
            if not changed and key in config and active(space, config, key):
                return
            lacks = key not in config
            when: tuple[Condition, ...] = param.when
            if not known or not active(space, config, key):
                when = self._condition(number, key, replaced(space, key, param, ()))
            new = replaced(space, key, param, when)
            values = {key: drawn(param_of(asked), self.study.seed, number, key)} if lacks else {}
            if new == space and not lacks:
                return
            edit = Edited(len(history.edits) + 1, new.spec, values, ACTOR, f"trial {number} asked for {key}")
            if planner.append([edit]):
                return

    def _condition(self, number: int, key: str, space: Space) -> tuple[Condition, ...]:
        """Return when a parameter exists, by what ended trials and this one asked for."""
        reader = self.reader()
        mine = (*map(key_of, self.asking[number]), key)
        evidence = [*reader.evidence(), Asked(in_force(reader.history.trials[number]), mine)]
        having = [each for each in evidence if key in each.names]
        return condition(space, key, having, [each for each in evidence if key not in each.names])

    def _another(self, number: int, name: str, key: str, asked: Distribution) -> Any:
        """Order a value inside what is asked for, instead of the one that the trial has."""
        trial = self.study.history.trials[number]
        if trial.origin == "person" and key in trial.config:
            warnings.warn(
                f"Fixed parameter {name!r} with value {trial.config[key]!r} is out of range for {asked}",
                stacklevel=4,
            )
            if isinstance(trial.config[key], (int, float)):
                return trial.config[key]
        elif name not in self.said:
            self.said.add(name)
            log.warning(
                "%s: what is asked for depends on other values, here %s; trials whose value lay outside "
                "teach the search nothing. Ask for a share, suggest_float(%r, 0, 1), and scale it",
                *(name, asked, name),
            )
        return outer(asked, self._order(number, key, asked))[1]

    def _order(self, number: int, key: str, asked: Distribution) -> Value:
        """Order a value of what is asked for that is the trial's own, and return it."""
        value = drawn(param_of(asked), self.study.seed, -number % 2**31, key)
        write(self.study._planner.append, lambda: self._set(number, {key: value}, str(asked)))
        return value

    def _set(self, number: int, values: dict[str, Value], why: str) -> list[Fact]:
        trial = self.study.history.trials[number]
        place, attempt = len(trial.orders) + 1, len(trial.attempts)
        before = {name: value for order in trial.orders for name, value in order.values.items()}
        ordered = Ordered(number, place, "set", dict(values), ACTOR, "scheduler", f"asked for from {why}")
        step = control_of(self.runs[number]).step
        return [ordered, Obeyed(number, place, attempt, step, "done", "", before | values)]

    def report(self, number: int, value: float, step: int) -> None:
        """Report the objective after a step, from 0 on."""
        with suppress(Interrupted):
            self.runs[number].report(step + 1, **{self.metric: value})

    def last_step(self, number: int) -> int | None:
        """Return the last step that a trial in hand reported, from 0 on; None before the first."""
        place = control_of(self.runs[number]).place
        return None if place is None else place - 1

    def should_prune(self, number: int) -> bool:
        """Ask the scheduler about a trial, and return whether it should end now."""
        run, planner = self.runs[number], self.study._planner
        with self.lock:
            link = self.study._asked.links.get(number)
            if link is not None and not run.interrupted and planner.policy.judges:
                with suppress(LeaseLost):
                    link.recorder.flush()
                history = self.study.history
                budget = Limits().budget(self.study.problem, history, 0.0)
                planner.judge(budget, {}, lambda trial: trial.number == number)
            control_of(run).listen(begun=True)
            return run.interrupted

    def prune(self, number: int) -> None:
        """End a trial early, with what it reported so far."""
        run = self.runs[number]
        if not run.interrupted:
            self.study.order(number, "stop", actor=ACTOR, by="scheduler", why="pruned by the program")
            control_of(run).listen(begun=True)
        self._end(number, lambda: self.study.tell(run))

    def complete(self, number: int, values: Mapping[str, float]) -> None:
        """End a trial with the values of all objectives."""
        run = self.runs[number]
        self._end(number, lambda: self.study.tell(run, values))
        history = self.study.history
        last = history.step(history.trials[number], self.metric)
        if last > 0 and not history.lengths:
            self.study._planner.know_steps(last)
        self._mend(number)

    def fail(self, number: int, why: str | BaseException) -> None:
        """End a trial that has no result."""
        run = self.runs[number]
        self._end(number, lambda: self.study.tell(run, failed=why))

    def _end(self, number: int, tell: Callable[[], object]) -> None:
        with self.lock:
            note = asked_note(number, self.asking[number])
            if note not in self.study.history.noted(note.topic):
                self.study._planner.append([note])
            try:
                tell()
            finally:
                del self.runs[number], self.asking[number]

    def _mend(self, number: int) -> None:
        """Say under which condition that exists which a trial had and did not ask for."""
        with self.lock:
            for key in self._unasked(number):
                history, space = self.study.history, self.study.problem.space
                evidence = self.reader().evidence()
                having = [each for each in evidence if key in each.names]
                lacking = [each for each in evidence if key not in each.names]
                param = space.branches(key)[0]
                new = replaced(space, key, param, condition(space, key, having, lacking))
                if new != space and new.branches(key)[0].when:
                    why = f"trial {number} did not ask for {key}"
                    self.study._planner.append([Edited(len(history.edits) + 1, new.spec, {}, ACTOR, why)])

    def _unasked(self, number: int) -> list[str]:
        reader = self.reader()
        trial, space = reader.history.trials[number], reader.problem.space
        asked = set(map(key_of, reader.asked(trial)))
        return [key for key in trial.config if key not in asked and active(space, trial.config, key)]

    def remember(self, number: int | None, kind: str, key: str, value: Any) -> None:
        """Note an attribute of a trial, or of the study.

        Raises:
            TypeError: JSON has no such value.
        """

        def note() -> list[Fact]:
            return [attr_note(number, kind, key, value, self.reader().notes.counts[number] + 1)]

        with self.lock:
            write(self.study._planner.append, note)


def _storable(name: str, value: object) -> Value:
    """Return a value as a log can hold it.

    Raises:
        ValueError: none can.
    """
    try:
        return option_name(as_option(value))
    except SpaceError as error:
        raise ValueError(f"{name}={value!r}: {error}") from None
