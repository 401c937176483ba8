"""Inline: trainings run one after another in this very process. For debugging and quick functions."""

from __future__ import annotations

from dataclasses import dataclass, field

from osetra.core.arguments import expected, is_whole, plain
from osetra.core.ending import Ending
from osetra.core.facts import Worker
from osetra.core.history import History
from osetra.core.ports import Job, Store
from osetra.executors.claims import claim_next
from osetra.executors.identity import this_process
from osetra.executors.in_hand import InHand
from osetra.executors.leases import Leases
from osetra.executors.names import keep_builtins
from osetra.executors.recorder import begin
from osetra.executors.surroundings import Surroundings
from osetra.training.execution import execute

_trained: set[tuple[str, str, int]] = set()
"""The trials that this program trains at the moment, with the store and the study."""


def trained_here(store: Store) -> set[int]:
    """Return the trials of a study that this process trains now: a training may run a study."""
    return {trial for url, study, trial in _trained if (url, study) == (store.url, store.study)}


@dataclass(frozen=True, slots=True)
class Inline:
    """Runs trainings in the calling process, one at a time."""

    slots: int = 1

    def __post_init__(self) -> None:
        if not is_whole(plain(self.slots), least=1) or plain(self.slots) != 1:
            raise expected("Inline: slots", self.slots, "this process trains one at a time; use Processes(2)")

    def start(self, job: Job, store: Store) -> InlineCrew:
        """Return a crew whose `tick` runs one queued trial to its end."""
        keep_builtins()
        return InlineCrew(Leases(store), job)


@dataclass(slots=True)
class InlineCrew:
    """The one worker that is this process."""

    leases: Leases
    job: Job
    worker: Worker = field(default_factory=this_process)
    surroundings: Surroundings = field(default_factory=Surroundings)
    """What the program has when its trainings begin, and again after each of them."""
    history: History = field(default_factory=History)
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Run the first queued trial to its end, however long that takes.

        Raises:
            BaseException: what a signal of the program raised, once the trial is ended or given back.
        """
        hand = InHand(self.leases, self.worker)
        try:
            late = self._train_next(hand)
        except BaseException:
            hand.settle()
            raise
        if late:
            raise late[0]  # by a signal of the program, and not of the training

    def _train_next(self, hand: InHand) -> list[BaseException]:
        """Claim a trial and train it; return what was raised after its training had returned."""
        store = self.leases.store
        self.history = self.history.extend(store.read(self.history.version))
        claim = claim_next(store, self.history, self.worker, self.job.repeats_only, hand.announce)
        late = self.surroundings.late = []
        if claim is None:
            hand.release()
            return late
        run, link = begin(self.leases, claim, self.history, self.job)
        link.stopping = lambda: self.stopping
        hand.link, here = link, (store.url, store.study, claim.trial)
        try:
            _trained.add(here)
            hand.ending = execute(self.surroundings.guarded(self.job.function), run, late)
        except KeyboardInterrupt:
            # Who pressed Ctrl-C twice wants the trial back. Without Ctrl-C the training raised it, and
            # would again: its trial has failed, and what it raised ends the call, as it does elsewhere.
            own = Ending("failed", reason="the training raised KeyboardInterrupt")
            hand.ending = Ending("interrupted", reason="stopped by Ctrl-C") if self.stopping else own
            raise
        finally:
            _trained.discard(here)
        link.end(hand.ending)
        hand.release()
        return late

    def request_stop(self) -> None:
        """Ask the running training to stop at its next report."""
        self.stopping = True

    def stop(self, *, kill: bool = False) -> None:
        """Do nothing: between ticks nothing runs."""
