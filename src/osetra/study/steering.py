"""Steering: what people ask of the trials of a study, and which ones they want tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from osetra.core.arguments import expected, given, mapping, option, text, whole
from osetra.core.attributes import attributes_of
from osetra.core.decisions import Suggestion
from osetra.core.facts import Actor
from osetra.core.params import Value
from osetra.core.trial import Order, Trial
from osetra.study.open import user
from osetra.study.orders import arguments_of, named_values
from osetra.study.undo import undo
from osetra.study.view import StudyView


class StudySteering(StudyView):
    """The steering half of a `Study`."""

    def order(
        self,
        trial: Trial | int,
        verb: str,
        values: Mapping[str, Any] | None = None,
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
        study.order(7, "rollback", step=12)      study.order(7, "branch", units=256)
        study.order(7, "stop")                   study.order(7, "promote")
        study.order(7, "note", text="odd spike")
        study.order(7, "set", {"step": 3})       a hyperparameter that has the name of an argument

        Args:
            trial: the trial or its number.
            verb: stop (keeps the result so far), pause, resume, set, scale, rollback (to the best
                checkpoint, or the last one until `step`), branch (a new trial), promote (passes the
                next cut), extend (`until` a step), note (`text`).
            values: hyperparameters by name, whatever they are called.
            actor: who gives it, for the record.
            why: remembered with it.
            by: "autopilot" when a rule gives it in a person's name.
            args: values by name, and step, until or text; `config.step` means a hyperparameter.

        Raises:
            StudyError: it makes no sense, comes too late, or somebody else was faster.
        """
        number = self.history.find(trial).number
        option("by", by, get_args(Actor))
        given = arguments_of(self.history.trials[number], verb, values, args)
        who = text("actor", actor, "a name is needed") or user()
        return self._planner.order(number, verb, given, who, by, text("why", why))

    def undo(self, trial: Trial | int, order: int | None = None, *, actor: str = "") -> Order:
        """Take back an order (the last one, without its number) that no training has seen yet.

        Raises:
            StudyError: there is no such order, or it is too late.
        """
        number, chosen = self.history.find(trial).number, None if order is None else whole("order", order)
        return undo(self._planner, number, chosen, text("actor", actor, "a name is needed") or user())

    def enqueue(
        self, config: Mapping[str, Value] | None = None, /, *, by: str = "", **values: Value
    ) -> Trial:
        """Queue a configuration by hand, before all others; names left out take their defaults.

        Raises:
            SpaceError: an unknown name or a value outside its range.
        """
        if "by" in self.problem.space.names and by != "":
            raise expected("by", by, "it says who asks; give the hyperparameter so: enqueue({'by': …})")
        who = text("by", by, "it says who asks, as a text") or "person"
        wanted = "give values by name, such as enqueue({'lr': 0.01}) or enqueue(lr=0.01)"
        chosen = mapping("config", {} if config is None else config, wanted)
        if twice := next((name for name in values if name in chosen), ""):
            raise expected(
                twice, values[twice], f"it is in the configuration, too, as {given(chosen[twice])}"
            )
        complete = self.problem.space.complete(named_values(self.problem.space.names, {**chosen, **values}))
        return self._planner.suggest([Suggestion(complete, "asked for by a person")], "person", who)[0]

    def remember(
        self, trial: Trial | int, attrs: Mapping[str, object] | None = None, /, **named: object
    ) -> Trial:
        """Have anything remembered of a trial that JSON can hold: study.remember(7, commit="abc").

        `trial.attrs` has it, and so have `records`, `osetra show` and `osetra export`. What is said last of a
        name holds; in a training it is `run.remember`.

        Raises:
            StudyError: there is no such trial, JSON has no such value, or it is too large.
        """
        number = self.history.find(trial).number
        self._planner.remember(number, attributes_of(attrs, named))
        return self.history.trials[number]

    def aim(self, trials: int) -> None:
        """Note how many trials the study is to have in total; a total that was promised only grows.

        Raises:
            StudyError: it is below what was promised.
        """
        total, promised = whole("trials", trials, least=1), self.history.target
        if total < promised:
            raise expected("trials", trials, f"{promised} were promised, and a total only grows")
        self._planner.aim(total)
