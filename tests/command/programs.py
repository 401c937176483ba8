"""Programs that tests run as trainings, and a run without a study to give them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from osetra.command import CommandTraining
from osetra.core.claim import Checkpoint, Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Ordered
from osetra.core.ports import Checkpoints
from osetra.core.problem import Objective
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.execution import execute
from osetra.training.run import Run, control_of

EXAMPLES = Path(__file__).parents[2] / "examples" / "command"


@dataclass
class Link:
    """Remembers what a run says; `act` may order something when a point has come."""

    points: list[Point] = field(default_factory=list)
    facts: list[object] = field(default_factory=list)
    waiting: list[Ordered] = field(default_factory=list)
    act: Callable[[Link], None] = lambda _: None
    stop: bool = False

    def send(self, points: list[Point]) -> None:
        self.points += points
        self.act(self)

    def record(self, fact: object) -> None:
        self.facts.append(fact)

    def orders(self) -> list[Ordered]:
        came, self.waiting = self.waiting, []
        return came

    def stop_requested(self) -> bool:
        return self.stop


def make_run(folder: Path, *, kept: Checkpoint | None = None, config=None, attempt=1, **options) -> Run:
    writer = CheckpointWriter(folder / "kept", kept, options.pop("limits", Checkpoints()))
    link = Link(act=options.pop("act", lambda _: None))
    config = config or {"lr": 0.1, "layers": 2}
    claim = Claim(7, attempt, config, 3, **options)
    return Run.of(claim, Objective(metric="val_loss"), link, writer)


def shell(code: str, folder: Path, *arguments: str, **options) -> CommandTraining:
    """Return a training by a shell script."""
    return CommandTraining(
        ("/bin/sh", "-c", code.replace("{", "{{").replace("}", "}}"), "sh", *arguments),
        str(folder),
        str(folder / "logs"),
        **options,
    )


def ran(code: str, folder: Path, *arguments: str, **options) -> tuple[Ending, Run]:
    """Run a shell script as one attempt."""
    run = make_run(folder, **options)
    return execute(shell(code, folder, *arguments), run), run


def curve(run: Run) -> list[tuple[int, float]]:
    return [(p.step, p.value) for p in control_of(run).link.points if p.metric == "val_loss"]


def last_checkpoint(run: Run, folder: Path) -> Checkpoint:
    fact = [fact for fact in control_of(run).link.facts if isinstance(fact, Checkpointed)][-1]
    return Checkpoint(str(folder / "kept" / fact.file), fact.sha256, fact.instance, fact.step)


def bowl(lr: float, layers: int, steps: int = 20) -> list[float]:
    """The curve that the example programs train."""
    x, found = 1.0, []
    for _ in range(steps):
        x = x * (1 - lr) + 0.01 * (layers - 2) ** 2
        found.append(x)
    return found


def output(folder: Path, attempt: int = 1) -> str:
    return (folder / "logs" / f"trial-7-attempt-{attempt}.log").read_text(errors="replace")


def until(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    """Whether a process runs, zombies aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
