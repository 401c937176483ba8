"""Ranks: one run trained by several processes, as DistributedDataParallel wants them.

    def train(run):                                 # the same function in every rank
        model = DistributedDataParallel(build(run.config))
        for epoch in run.steps(20):
            ...
            run.report(val_loss=loss)               # in every rank; the numbers of rank 0 count
            run.checkpoint(lambda: capture(model=model.module, optimizer=optimizer))

    study.run(on_ranks(train, 2), trials=20)

Rank 0 is the trial's own process. It alone is heard: its reports go into the log, its checkpoints to the
disk. The others start with it, have a run of their own with the same configuration and seed, and obey the
same orders after the same steps: what rank 0 hears it passes on at each step. A checkpoint holds the state
of rank 0, and the random states of all ranks.

Where a rank ends with an exception the trial fails with its words, and the other ranks are ended.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from osetra.core.arguments import expected, whole
from osetra.core.claim import Checkpoint, Claim
from osetra.core.facts import Checkpointed, Ordered
from osetra.core.ports import Checkpoints
from osetra.core.problem import Objective
from osetra.errors import Interrupted, StudyError
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.versions import framework
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.link import Link, MemoryLink
from osetra.training.run import Run, control_of

torch = framework("torch")

GRACE = 30.0
"""Seconds for ranks to end by themselves once rank 0 has."""
_WAYS = (
    "on_ranks starts ranks itself; either start the program with python instead of torchrun, or leave "
    "on_ranks out and tune the whole command: osetra run --metric 'val_loss=([0-9.e+-]+)' -- "
    "torchrun --nproc-per-node 2 train.py --lr~'log(1e-5, 1e-1)'"
)


def on_ranks(
    train: Callable[[Run], object], processes: int, *, backend: str = "gloo"
) -> Callable[[Run], object]:
    """Return a training function that trains in so many processes of this machine.

    Args:
        train: called in every rank with its run; a function of a module or script, not of another function.
        processes: how many ranks there are.
        backend: of `torch.distributed`, "gloo" for processors, "nccl" for GPUs of NVIDIA.

    Raises:
        StudyError: the arguments are wrong, or torchrun has started several of this program; in a training,
            that a process group exists already, or that a rank failed.
    """
    processes = whole("processes", processes, least=1)
    if not callable(train) or "<locals>" in getattr(train, "__qualname__", "<locals>"):
        raise expected("train", train, "on_ranks(train, 2) takes a function that stands at the top of a file")

    begun = os.environ.get("WORLD_SIZE", "1")
    if "TORCHELASTIC_RUN_ID" in os.environ and begun != "1":
        raise StudyError(f"on_ranks: torchrun has started {begun} processes of this program, and {_WAYS}")

    def training(run: Run) -> object:
        return _lead(train, run, processes, backend)

    return training


@dataclass(frozen=True, slots=True)
class _Place:
    """What a rank needs to take part."""

    rank: int
    processes: int
    backend: str
    meeting: str
    """The file by which ranks find each other."""
    claim: Claim
    objective: Objective
    folder: Path | None
    limits: Checkpoints
    start: Checkpoint | None


class _Round:
    """What rank 0 tells all, in the same order everywhere."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        # Of its own, so that no traffic of the training can be taken for it, on any device.
        self.group = torch.distributed.new_group(backend="gloo")

    def tell(self, what: str, value: Any = None) -> Any:
        """Return in every rank the value that rank 0 gave.

        Raises:
            StudyError: this rank is elsewhere in its training than rank 0.
        """
        box = [(what, value)]
        torch.distributed.broadcast_object_list(box, src=0, group=self.group)
        there, value = box[0]
        if there != what:
            raise StudyError(
                f"rank {self.rank} is at {what} and rank 0 at {there}: every rank has to call run.steps, "
                "run.report and run.checkpoint alike, so leave out what only rank 0 does around them"
            )
        return value

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all ranks; in the other ranks an empty list."""
        box: list[Any] | None = [None] * torch.distributed.get_world_size() if self.rank == 0 else None
        torch.distributed.gather_object(value, box, dst=0, group=self.group)
        return box or []


@dataclass(slots=True)
class _RankLink:
    """A link on which every rank hears what rank 0 hears."""

    round: _Round
    link: Link
    writer: RankWriter

    def send(self, points: list[Any]) -> None:
        self.link.send(points)

    def record(self, fact: Any) -> None:
        self.link.record(fact)

    def orders(self) -> list[Ordered]:
        self.writer.draw_on()
        return list(self.round.tell("run.report or run.steps", self.link.orders()))

    def stop_requested(self) -> bool:
        return bool(self.round.tell("run.report", self.link.stop_requested()))


@dataclass(slots=True)
class RankWriter(CheckpointWriter):
    """Keeps what rank 0 trained, and the random states of all."""

    round: _Round | None = field(default=None, kw_only=True)
    inner: CheckpointWriter | None = field(default=None, kw_only=True)
    """That of the run; None in the other ranks."""
    randomness: Mapping[str, Any] | None = field(default=None, kw_only=True)

    def read_start(self) -> dict[str, Any]:
        """Return the checkpoint; this rank draws on as it did, once its steps begin."""
        assert self.round is not None
        tree = CheckpointWriter.read_start(self)
        states = tree.get("ranks") or []
        self.randomness = states[self.round.rank] if self.round.rank < len(states) else None
        return tree

    def draw_on(self) -> None:
        """Set the random states that were read."""
        if self.randomness is not None:
            set_random_states(self.randomness)
            self.randomness = None

    def due(self, step: int, *, wanted: bool) -> bool:
        """Whether rank 0 keeps one now."""
        assert self.round is not None
        mine = self.inner is not None and self.inner.due(step, wanted=wanted)
        return bool(self.round.tell("run.checkpoint", mine))

    def notice(self, value: float) -> None:
        """Take the objective of a step."""
        if self.inner is not None:
            self.inner.notice(value)

    def keep(self, place: tuple[int, int, int, int], tree: Any, value: float | None) -> Checkpointed | None:
        """Write a checkpoint in rank 0; return its fact in every rank."""
        assert self.round is not None
        states = self.round.gather(random_states())
        fact = None
        if self.inner is not None:
            fact = self.inner.keep(place, {**tree, "ranks": states}, value)
            self.refused = self.inner.refused
        told: tuple[Checkpointed | None, str] = self.round.tell("run.checkpoint's end", (fact, self.refused))
        self.refused = told[1]
        return told[0]


def _lead(train: Callable[[Run], object], run: Run, processes: int, backend: str) -> object:
    """Train as rank 0, with the others beside it."""
    if torch.distributed.is_initialized():
        raise StudyError(f"on_ranks: this process is in a process group already, and {_WAYS}")
    control = control_of(run)
    link, writer = control.link, control.writer
    with tempfile.TemporaryDirectory(prefix="osetra-") as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        common = (processes, backend, meeting, control.claim, control.objective)
        places = [
            _Place(rank, *common, writer.folder, writer.limits, writer.start) for rank in range(processes)
        ]
        with _others(train, places[1:]) as failure, _Joined(places[0]) as round_:
            ours = RankWriter(writer.folder, writer.start, writer.limits, round=round_, inner=writer)
            control.writer, control.link = ours, _RankLink(round_, link, ours)
            control.steering.link = control.link
            try:
                return train(run)
            except Exception as error:
                if why := failure():
                    raise StudyError(why) from error
                raise
            finally:
                control.writer, control.link, control.steering.link = writer, link, link


class _Joined:
    """A process group while a training runs."""

    def __init__(self, place: _Place) -> None:
        self.place = place

    def __enter__(self) -> _Round:
        place = self.place
        here = {"LOCAL_RANK": str(place.rank), "RANK": str(place.rank), "WORLD_SIZE": str(place.processes)}
        self.before = {name: os.environ.get(name) for name in here}
        os.environ.update(here)  # as torchrun says it, for code that asks for its device there
        self.threads = torch.get_num_threads()
        torch.set_num_threads(max(1, self.threads // place.processes))  # they share the machine's cores
        torch.distributed.init_process_group(
            place.backend, init_method=place.meeting, rank=place.rank, world_size=place.processes
        )
        return _Round(place.rank)

    def __exit__(self, *raised: object) -> None:
        with suppress(RuntimeError):  # a group whose other ranks are dead
            torch.distributed.destroy_process_group()
        torch.set_num_threads(self.threads)
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _others(train: Callable[[Run], object], places: list[_Place]) -> Iterator[Callable[[], str]]:
    """Start the other ranks; give a function that says which of them failed; end them.

    Raises:
        StudyError: one failed although rank 0 came to its end.
    """
    context = multiprocessing.get_context("spawn")
    started: list[tuple[BaseProcess, Connection]] = []

    def failure(wait: float = 5.0) -> str:
        said = [
            f"rank {place.rank} failed: {told}"
            for place, (process, end) in zip(places, started, strict=True)
            if (told := _said(process, end, wait))
        ]
        return said[0] if said else ""

    try:
        for place in places:
            end, theirs = context.Pipe(duplex=False)
            rank = context.Process(target=_follow, args=(train, place, theirs))
            rank.start()
            theirs.close()
            started.append((rank, end))
        yield failure
        if why := failure(GRACE):
            raise StudyError(why)
    finally:
        for process, end in started:
            process.kill()
            process.join()
            end.close()


def _said(process: BaseProcess, end: Connection, wait: float) -> str:
    """Return why a rank failed; empty where it came to its end, or is still at it."""
    with suppress(EOFError):
        if end.poll(wait):
            return str(end.recv())
    process.join(wait)
    code = process.exitcode
    return "" if code in (0, None) else f"it ended with code {code}"


def _follow(train: Callable[[Run], object], place: _Place, end: Connection) -> None:
    """Train as another rank."""
    threading.Thread(target=_end_with_rank_0, daemon=True).start()
    try:
        with _Joined(place) as round_:
            writer = RankWriter(place.folder, place.start, place.limits, round=round_)
            train(Run.of(place.claim, place.objective, _RankLink(round_, MemoryLink(), writer), writer))
    except Interrupted:
        pass
    except BaseException as error:
        end.send(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        raise SystemExit(1) from None


def _end_with_rank_0() -> None:
    """End this process when rank 0 is no more, whatever it is at."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
