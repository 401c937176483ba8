"""Steering: how a training process obeys orders, step by step.

The run asks at every report. What was ordered is applied, the log is told, and the training hears
when it has to leave its loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from osetra.core.arguments import given, text
from osetra.core.claim import Claim
from osetra.core.ending import Ending
from osetra.core.facts import Noted, Obeyed, Ordered
from osetra.core.numbers import setting
from osetra.core.params import Value
from osetra.errors import StudyError, nearest
from osetra.training.link import Link


@dataclass(slots=True)
class Steering:
    """Applies orders to one attempt."""

    claim: Claim
    link: Link
    until: int | None = field(init=False)
    values: dict[str, Value] = field(init=False)
    """Values in force instead of the configuration's."""
    settable: set[str] = field(default_factory=set)
    ending: Ending | None = None
    """How the run has to end before its time; None while it may go on."""
    checkpoint_step: int = 0
    """The step of the latest checkpoint."""
    declined_step: int = -1
    """The latest step whose state the training would have kept, and nobody waited for it."""
    pausing: Ordered | None = None
    deferred: list[Ordered] = field(default_factory=list)
    """Orders about values of which the training has not said yet whether it can change them."""
    _warned: bool = False
    _recorded: set[str] | None = None
    """What the log was told that the training can change."""

    def __post_init__(self) -> None:
        self.until, self.values = self.claim.until, dict(self.claim.live)

    def live(self, name: str) -> Value:
        """Return a hyperparameter's value in force.

        Raises:
            StudyError: no such hyperparameter.
        """
        text("run.live", name, "the name of a hyperparameter is needed, such as 'lr'")
        if name in self.values:
            value = self.values[name]
        elif name in self.claim.config:
            value = self.claim.config[name]
        else:
            config = self.claim.config
            known = ", ".join(config)
            raise StudyError(
                f"run.live({given(name)}): the hyperparameters are {known}.{nearest(name, config)}"
            )
        self.settable.add(name)
        return value

    def leave(self, ending: Ending) -> None:
        """Let the run end; the first reason counts."""
        self.ending = self.ending or ending

    def wants_checkpoint(self, step: int) -> bool:
        """Whether somebody waits for this step's checkpoint."""
        going = self.ending is not None and self.ending.outcome == "interrupted"
        waited_for = self.pausing is not None or going or (self.until or 2**62) <= step
        return waited_for and self.checkpoint_step != step

    def follow(self, step: int, *, begun: bool = True) -> None:
        """Apply the orders that came since the last report; `begun` once a step was trained."""
        orders = [*self.deferred, *self.link.orders()]
        self.deferred = []
        if begun and not self._warned:
            self._warned = True
            self._warn_of_ignored()
        if begun and self._recorded != self.settable:
            self._recorded = set(self.settable)
            self.link.record(_accepts(sorted(self.settable)))
        for order in orders:
            if not begun and order.verb in ("set", "scale") and not self.settable.issuperset(order.args):
                self.deferred.append(order)
            else:
                self._apply(order, step)

    def has_to_end(self, step: int, *, keeps: bool) -> bool:
        """Whether a training should come to its end or to a pause now; `keeps` if it can go on later."""
        waits = keeps and self.until is not None and step >= self.until
        return self.ending is not None or self.pausing is not None or waits

    def end_of_step(self, step: int, *, full: str) -> None:
        """Pause where a pause is wanted."""
        if self.pausing is not None:
            if self.declined_step == step != self.checkpoint_step and not full:
                return  # it left its state before it heard of the pause, and will after the next step
            order, self.pausing = self.pausing, None
            kept = f"this training kept its last one at step {self.checkpoint_step}"
            why_not = full or (kept if self.checkpoint_step else "this training keeps none")
            lost = "" if self.checkpoint_step == step else f"; without a checkpoint: {why_not}"
            why = order.why or f"paused by {order.actor}"
            answer = self._answer(order, step, "done", f"paused at step {step}{lost}")
            self.leave(Ending("paused", reason=f"{why} at step {step}{lost}", obeyed=answer))
        elif self.until is not None and step >= self.until:
            # Without a checkpoint a pause would throw the work away: better to go on.
            if self.checkpoint_step == step:
                self.leave(Ending("paused", reason=f"waits at step {step}"))
            else:
                self.until = None

    def _warn_of_ignored(self) -> None:
        """Say so when values are in force that the training's first step did not ask for."""
        ignored = [name for name in self.values if name not in self.settable]
        if ignored:
            trial, name = self.claim.trial, ignored[0]
            text = (
                f"trial {trial}: {name}={setting(self.values[name])} is in force, but the "
                f"training did not ask for it; read run.live({name!r}) instead of run.config"
            )
            self.link.record(Noted("ignored", f"{trial}/{self.claim.attempt}", text))

    def _apply(self, order: Ordered, step: int) -> None:
        match order.verb:
            case "stop":
                why = order.why or f"stopped by {order.actor} at step {step}"
                answer = self._answer(order, step, "done", f"stopped at step {step}")
                counts = order.by != "scheduler" or order.args.get("keep")
                self.leave(Ending("finished" if counts else "stopped", reason=why, obeyed=answer))
            case "pause":
                self.pausing = order
            case "rollback":
                # Obeyed by the next attempt, which knows what it starts from.
                self.leave(Ending("rewound", reason=order.why or f"rolled back by {order.actor}"))
            case "set" | "scale":
                self._set(order, step)
            case "resume" | "extend" | "promote":
                self.pausing = None
                if "until" in order.args:
                    self.until = order.args["until"]
                until = self.until
                text = "goes on" if until is None else f"goes on to step {until}"
                past = until is not None and until <= step
                self._done(order, step, f"step {until} is past: it waits after step {step}" if past else text)
            case _:
                self._refused(order, step, f"{order.verb} is nothing that a training process does")

    def _set(self, order: Ordered, step: int) -> None:
        known = self.settable if order.verb == "set" else self.settable & {*self.claim.config, *self.values}
        unknown = [name for name in order.args if name not in known]
        if unknown:
            these = ", ".join(sorted(known)) or "nothing"
            text = (
                f"{unknown[0]} cannot be changed while this training runs ({these} can); try it as a branch"
            )
            self._refused(order, step, text)
            return
        changed = dict(order.args)
        if order.verb == "scale":
            changed = {name: _scaled(self.live(name), factor) for name, factor in changed.items()}
        self.values = {**self.values, **changed}
        changes = ", ".join(f"{name}={setting(value)}" for name, value in changed.items())
        self._done(order, step, f"{changes} after step {step}")

    def _done(self, order: Ordered, step: int, text: str) -> None:
        self.link.record(self._answer(order, step, "done", text))

    def _refused(self, order: Ordered, step: int, text: str) -> None:
        self.link.record(self._answer(order, step, "refused", text))

    def _answer(self, order: Ordered, step: int, result: Literal["done", "refused"], text: str) -> Obeyed:
        claim = self.claim
        return Obeyed(claim.trial, order.number, claim.attempt, step, result, text, dict(self.values))


def _scaled(value: Any, factor: float) -> Value:
    """Return a number times a factor; a whole number stays one where it can, for it may count something."""
    product = float(value) * factor
    return int(product) if isinstance(value, int) and product.is_integer() else product


def _accepts(names: list[str]) -> Noted:
    """Return the fact that a training can change these while it runs; links know what is no news."""
    # Names may be many and long, and keys may not.
    key = sha256("\n".join(names).encode()).hexdigest()[:16]
    text = f"a training can change {', '.join(names) or 'nothing'} while it runs"
    return Noted("accepts", key, text, {"names": names})
