"""Control: a run as they see it who run it, beside what its training code sees.

Executors give orders through the link and ask for the ending; a training that happens elsewhere, in a
program of its own, is told from here when it has to end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Basis, Noted, Outcome
from osetra.core.params import Config
from osetra.core.problem import Objective
from osetra.errors import Interrupted, StudyError
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.link import Link
from osetra.training.steering import Steering
from osetra.training.values import ObjectiveCurves, contradiction, further, returned_value
from osetra.training.voice import Voice


@dataclass(slots=True)
class RunControl:
    """The state of one attempt at one trial."""

    claim: Claim
    objective: Objective
    link: Link
    writer: CheckpointWriter
    """Where checkpoints are kept, and the one to go on from."""
    needs: tuple[str, ...] = ()
    """Metrics beside the objective that it must have reported when it ends."""
    steering: Steering = field(init=False)
    values: ObjectiveCurves = field(init=False)
    voice: Voice = field(init=False)
    fold: int = 0
    """The current fold of a cross-validation."""
    step: int = 0
    looping: bool = False
    """Whether somebody else ends the loop, so that nothing is thrown through it."""
    start: tuple[int, int] = (0, 0)
    """Fold and step after which a restored training goes on."""
    kept: bool = False
    """Whether this attempt has kept a checkpoint."""
    unsent: list[Point] = field(default_factory=list)
    """Points on their way to the link; of several reports only if something was raised meanwhile."""
    metrics: set[str] = field(default_factory=set)
    """Names that were reported before, and will do."""
    place: int | None = None
    """The step of the last report."""
    said: dict[str, float] = field(default_factory=dict)
    """What was reported there."""

    def __post_init__(self) -> None:
        self.steering = Steering(self.claim, self.link)
        self.values = ObjectiveCurves(self.objective)
        self.voice = Voice(self.claim.trial)

    def pass_on(self, step: int, values: dict[str, float]) -> None:
        """Take the metrics of one step."""
        claim, fold = self.claim, self.fold
        if step == self.place:
            self.said = values | self.said
        else:
            self.place = step
            self.said = values
        for name, value in values.items():
            self.unsent.append(Point(claim.trial, claim.attempt, fold, step, name, value))
        self.values.add(fold, step, values)
        if self.objective.metric in values:
            self.writer.notice(self.objective.sign * values[self.objective.metric])
        self._send()

    def keep(self, state: object) -> bool:
        """Keep the state after the present step; return whether there was room for it."""
        tree = {**self.values.tree(), "state": state}
        place = (self.claim.trial, self.claim.attempt, self.fold, self.step)
        fact = self.writer.keep(place, tree, self.values.latest(self.fold))
        if fact is not None:
            self.kept = True
            self.link.record(fact)
            self.steering.checkpoint_step = self.step
        return fact is not None

    def close(self) -> None:
        """Hear nothing more: the training function has returned. A process that it forked ends here."""
        self.voice.leave_if_forked()
        self.finish()

    def finish(self) -> None:
        """Hear nothing more: the trial is over."""
        self.voice.close()
        if self.unsent:
            self._send()

    def _send(self) -> None:
        points = self.unsent
        self.link.send(points)
        self.unsent = []

    @property
    def in_force(self) -> Config:
        """Every hyperparameter's value in force, without saying that it can change meanwhile."""
        return {**self.claim.config, **self.steering.values}

    def heed(self, *, keeps: bool) -> bool:
        """Take in orders between two reports; return whether the training should be ended now.

        For a training that happens elsewhere and reports its steps by number: from the first call on
        nothing raises Interrupted. When True came, end the program, give its state to
        `run.checkpoint` and call `rest`.

        Args:
            keeps: whether the program would leave a state, so that it can pause where it should.
        """
        if not self.looping:
            self.looping = True
            self.step = self.steering.checkpoint_step = self.start[1]
        self.listen(begun=self.step > self.start[1])
        return self.steering.has_to_end(self.step, keeps=keeps)

    def rest(self) -> bool:
        """Pause where a pause is wanted, after `heed`; return whether the training is over for now."""
        self.end_of_step()
        return self.steering.ending is not None

    def hand_back(self, reason: str) -> None:
        """Give the trial back to the queue, as when the study asks for it."""
        self.steering.leave(Ending("interrupted", reason=reason))

    def listen(self, *, begun: bool) -> None:
        """Apply what was ordered since the last report; `begun` once a step was trained."""
        self.steering.follow(self.step, begun=begun)
        if self.link.stop_requested():
            self.hand_back("stopped on request")

    def end_of_step(self) -> None:
        """Pause where a pause is wanted."""
        self.steering.end_of_step(self.step, full=self.writer.refused)

    def leave_now(self) -> None:
        """Raise Interrupted when the run has to end."""
        if self.steering.ending is not None:
            reason = self.steering.ending.reason
            raise Interrupted(f"trial {self.claim.trial} has to end now: {reason}")

    def returned(self, returned: object) -> tuple[float, Basis]:
        """Return what a trial is worth by what its function returned, or by its reports, and by which.

        A bare number that contradicts the reports is most likely another metric, and the reports count.
        The further numbers of a mapping become metrics of the last step.

        Raises:
            StudyError: it is worth nothing, or a further metric that the study needs was never reported.
        """
        value, basis = self._value(returned)
        if math.isfinite(value) and (wrong := self.values.missing(self.needs)):
            raise StudyError(wrong)
        return value, basis

    def _value(self, returned: object) -> tuple[float, Basis]:
        if returned is None:
            return self.values.value(), "reports"
        value, metric = returned_value(returned, self.objective.metric), self.objective.metric
        if isinstance(returned, Mapping):
            self._take_further(returned)
            return value, "returned"
        wrong = contradiction(self.values, value)
        if not wrong:
            return value, "returned"
        self.link.record(Noted("returned", metric, f"trial {self.claim.trial} {wrong}", {"warn": True}))
        return self.values.value(), "reports"

    def _take_further(self, returned: Mapping[object, object]) -> None:
        """Report what was returned beside the objective, and say once what of it cannot be kept.

        Of a cross-validation it is about all folds, and so is what stands in the first one alone.
        """
        step = (self.start[1] or 1) if self.place is None else self.place
        said = dict.fromkeys(self.values.metrics, math.nan) if any(self.values.curves) else self.said
        numbers, left_out = further(returned, self.objective.metric, said)
        self.values.metrics.update(numbers)
        self.unsent = [Point(self.claim.trial, self.claim.attempt, 0, step, *one) for one in numbers.items()]
        if self.unsent:
            self._send()
        if left_out:
            text = f"trial {self.claim.trial} returned what is not kept: {'; '.join(left_out)}"
            self.link.record(Noted("unkept", self.objective.metric, text, {"warn": True}))

    def ending(self) -> Ending:
        """Return the ending of a run that was told to end, with what it is worth so far."""
        wanted = self.steering.ending
        assert wanted is not None
        value, obeyed = self.values.so_far(), wanted.obeyed
        if wanted.outcome in ("interrupted", "rewound"):
            return wanted
        if wanted.outcome == "paused" and obeyed is None and value is None:
            # It waits to be compared with others, and there is nothing to compare.
            return Ending("failed", reason=self.values.silence)
        basis: Basis = "" if value is None else "reports"
        if wanted.outcome == "stopped" and value is not None and not math.isfinite(value):
            why = f"{self.objective.metric} became {value}"
            return Ending("diverged", value, why, obeyed=obeyed, basis=basis)
        nothing = wanted.outcome == "finished" and (value is None or not math.isfinite(value))
        outcome: Outcome = "stopped" if nothing else wanted.outcome
        return Ending(outcome, value, wanted.reason, obeyed=obeyed, basis=basis)
