"""Workers that stay warm between two runs of a study, while its only trial is paused."""

from __future__ import annotations

from dataclasses import dataclass

from osetra.core.ports import Crew, Executor, Job, Store


@dataclass(slots=True)
class WarmExecutor:
    """An executor whose crew is dismissed by `close`, or when a run was told to stop."""

    executor: Executor
    crew: Crew | None = None

    @property
    def slots(self) -> int:
        """How many trainings run at once."""
        return self.executor.slots

    def start(self, job: Job, store: Store) -> Crew:
        """Return the crew, started on the first call."""
        if self.crew is None:
            self.crew = self.executor.start(job, store)
        return _LentCrew(self, self.crew)

    def close(self, *, kill: bool = False) -> None:
        """End the workers; the next `start` gets new ones."""
        crew, self.crew = self.crew, None
        if crew is not None:
            crew.stop(kill=kill)


@dataclass(slots=True)
class _LentCrew:
    """The crew as one run sees it: the end of the run is not the crew's."""

    owner: WarmExecutor
    crew: Crew
    asked: bool = False

    def tick(self, seconds: float) -> None:
        """Let work go on."""
        self.crew.tick(seconds)

    def request_stop(self) -> None:
        """Claim no more and hand back what runs."""
        self.asked = True
        self.crew.request_stop()

    def stop(self, *, kill: bool = False) -> None:
        """Dismiss the crew if the run was told to stop; else it stays."""
        if self.asked or kill:
            self.owner.close(kill=kill)
