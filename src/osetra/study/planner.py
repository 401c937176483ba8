"""Planner: reads the log of a study, and adds suggestions and orders to it.

Any number of programs may plan for one study at once: each plans only what is missing, and the store's keys
keep them from doing it twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from osetra.core.attributes import TOPIC, attr_note
from osetra.core.comparison import changed_length
from osetra.core.decisions import Suggestion, Verdict
from osetra.core.edits import problem_of
from osetra.core.facts import Actor, Fact, Noted, Obeyed, Ordered, Origin, Suggested
from osetra.core.history import History
from osetra.core.ports import Budget, Policy, Searcher, Store
from osetra.core.problem import Problem
from osetra.core.trial import Order, Trial
from osetra.errors import Conflict, StudyError
from osetra.executors.appending import append_patiently
from osetra.executors.claims import check_at_hand
from osetra.study.growing import SoftRanges
from osetra.study.orders import branch, checked

log = logging.getLogger("osetra")


@dataclass(slots=True)
class Planner:
    """Reads the log of a study and adds suggestions and orders to it."""

    store: Store
    problem: Problem
    """The question as it is now: people may edit the space meanwhile."""
    policy: Policy
    seed: int
    _history: History
    soft: SoftRanges = field(default_factory=SoftRanges)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while the history grows: threads may share a study."""

    @property
    def searcher(self) -> Searcher:
        """What new configurations come from."""
        return self.policy.searcher

    @property
    def history(self) -> History:
        """Everything known so far, read up to this moment."""
        with self._lock:
            before = self._history
            points, cursor = self.store.read_points(before.curves.cursor)
            self._history = history = before.extend(self.store.read(before.version), points, cursor)
            if len(history.edits) > len(before.edits):
                self.problem = problem_of(history)
        for entry in history.notes[len(before.notes) :]:
            for sentence in warnings(before, entry.fact):
                log.warning("%s", sentence)
        return history

    def plan(self, count: int, budget: Budget, new: float = np.inf) -> list[Trial]:
        """Queue up to `count` trials of the policy's choice, at most `new` of them new ones.

        None means that nothing is left to do for now. When another program was faster, its trials
        are returned instead: a suggestion that did not know of them might repeat one.
        """
        if new > 0:
            self.soft.look(self, self.searcher.name)
        history = self.history
        rng = np.random.default_rng((self.seed, history.next_trial))
        planned = self.policy.plan(self.problem, history, count, rng, budget)
        suggestions = [one for one in planned if isinstance(one, Suggestion)]
        suggestions = suggestions[: int(min(new, len(suggestions)))]
        revived = [one for one in planned if isinstance(one, Verdict) and self.carry_out(one)]
        if suggestions:
            self.append(self._facts(history, suggestions, "searcher", self.searcher.name, None))
        trials = self.history.trials
        begun = [trials[n] for n in range(history.next_trial, len(trials) + 1)]
        return [trials[v.trial] for v in revived if v.verb != "stop"] + begun

    def judge(self, budget: Budget, judged: dict[int, int], mine: Callable[[Trial], bool]) -> None:
        """Look at each running trial of ours that has reported since, and order what the policy says."""
        history = self.history
        for trial in filter(mine, history.running):
            reported = len(history.curves.rows(trial.number))
            if reported == judged.get(trial.number) or any(order.pending for order in trial.orders):
                continue
            judged[trial.number] = reported
            verdict = self.policy.judge(self.problem, history, trial, budget)
            if verdict is not None:
                self.carry_out(verdict)

    def carry_out(self, verdict: Verdict) -> bool:
        """Order what a scheduler decided; False when somebody else ordered something first."""
        args = dict(verdict.args)
        if verdict.verb in ("resume", "extend", "rollback"):
            args["until"] = verdict.until
        trial = self._history.trials[verdict.trial]
        number, actor = len(trial.orders) + 1, self.policy.name
        return self.append(
            [Ordered(trial.number, number, verdict.verb, args, actor, "scheduler", verdict.why)]
        )

    def order(
        self, number: int, verb: str, args: Mapping[str, Any], actor: str, by: Actor, why: str
    ) -> Order:
        """Give an order of a person, and return it.

        Raises:
            StudyError: it makes no sense, or somebody else gave the trial another order meanwhile.
        """
        history = self.history
        known, checked_args = checked(self.problem, history, number, verb, args)
        suggestions: list[Suggestion] = []
        if known == "branch":
            suggestion, checked_args = branch(self.problem, history, number, args)
            suggestions.append(suggestion)
        check_at_hand(self.store, history, number, known, checked_args, suggestions)
        trial = history.trials[number]
        place = len(trial.orders) + 1
        facts: list[Fact] = [Ordered(number, place, known, checked_args, actor, by, why)]
        facts += self._facts(history, suggestions, "person", actor, None)
        if known in ("branch", "note"):
            # Nothing is asked of the training: done when it is written.
            text = f"trial {history.next_trial}" if suggestions else str(args["text"])
            step = history.step(trial, self.problem.objective.metric)
            facts.append(Obeyed(number, place, len(trial.attempts), step, "done", text))
        if not self.append(facts):
            other = next((o for o in self.history.trials[number].orders if o.number == place), None)
            first = "another trial was started meanwhile"
            if other is not None:
                first = f"{other.actor or 'somebody'} was faster and ordered {other.verb}"
            raise StudyError(f"trial {number}: {first}; look, and repeat the order if you still want it")
        return self.history.trials[number].orders[place - 1]

    def suggest(
        self, suggestions: Sequence[Suggestion], origin: Origin, by: str, repeats: int | None = None
    ) -> list[Trial]:
        """Queue trials whatever else has been queued meanwhile, and return them."""
        while not self.append(self._facts(history := self.history, suggestions, origin, by, repeats)):
            pass  # somebody else wrote meanwhile
        first = history.next_trial
        return [self.history.trials[n] for n in range(first, first + len(suggestions))]

    def _facts(
        self,
        history: History,
        suggestions: Sequence[Suggestion],
        origin: Origin,
        by: str,
        repeats: int | None,
    ) -> list[Fact]:
        """Return the facts that queue suggestions as the next trials of a history."""
        notes: list[Fact] = [
            note for s in suggestions for note in s.notes if note not in history.noted(note.topic)
        ]
        return notes + [
            Suggested(
                trial=n,
                config=s.config,
                seed=seed_of(self.seed, n) if s.seed is None else s.seed,
                origin=origin,
                by=by,
                why=s.why,
                seen=history.version,
                repeats=repeats,
                until=s.until,
                parent=s.parent,
            )
            for n, s in enumerate(suggestions, start=history.next_trial)
        ]

    def append(self, facts: Sequence[Fact]) -> bool:
        """Append facts; False when somebody established one of them first."""
        try:
            append_patiently(self.store, facts)
        except Conflict:
            return False
        return True

    def aim(self, trials: int) -> None:
        """Note that the study is to have this many trials in total."""
        if trials not in {note.data.get("trials") for note in self.history.noted("target")}:
            self.append([Noted("target", str(trials), f"{trials} trials in total", {"trials": trials})])

    def remember(self, trial: int, attrs: Mapping[str, Any]) -> None:
        """Note attributes of a trial, whatever others note of it meanwhile."""
        mine = f"{trial}/0/"
        while True:
            names = [note.name for note in self.history.noted(TOPIC) if note.name.startswith(mine)]
            said = max((int(name.removeprefix(mine)) for name in names), default=0)
            if self.append([attr_note(trial, 0, said + 1, attrs)]):
                return

    def know_steps(self, steps: int) -> None:
        """Note how many steps a full training has."""
        note = Noted("steps", str(steps), f"a full training has {steps} steps", {"steps": steps})
        if note not in self.history.noted("steps"):
            self.append([note])

    def notice_length(self) -> None:
        """Note that trainings have become longer or shorter, when none has said so."""
        changed = changed_length(self.history, self.problem.objective.metric)
        if changed is not None:
            was, now = changed
            text = (
                f"trainings report {now} steps now, and reported {was} before: trials are compared at equal "
                "steps; for another question take another study"
            )
            data = {"steps": sorted(changed), "warn": True}
            self.append([Noted("length", f"{was} {now}", text, data)])
            _ = self.history  # which says it


def warnings(before: History, fact: Fact) -> list[str]:
    """Return what people should hear of a note that is new, beside those that were known."""
    if not isinstance(fact, Noted):
        return []
    if fact.topic == "steps" and before.lengths and fact.data["steps"] not in before.lengths:
        now, was = fact.data["steps"], max(before.lengths)
        if not any(now in trial.config.values() for trial in before.trials.values()):
            return [
                f"a full training has {now} steps now, and had {was} before: trials are compared at equal "
                "steps; for another question take another study"
            ]
    return [fact.text] if fact.data.get("warn") else []


def seed_of(study: int, trial: int) -> int:
    """Return the seed of a trial by its number."""
    return int(np.random.default_rng((study, trial, 1)).integers(2**31))
