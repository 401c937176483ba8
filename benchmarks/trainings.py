"""Real trainings with a scheduler: CPU seconds until the error that Optuna ends with.

    python benchmarks/trainings.py                 5 seeds of digits, letter, MNIST-5k and two tables
    python benchmarks/trainings.py --minutes       the same, but osetra is given the minutes that Optuna took
    python benchmarks/trainings.py --quick --json  2 seeds of digits, one of letter, under 5 minutes

The built-in fully connected network, seven hyperparameters, 2 worker processes, a budget of 20 full
trainings counted in epochs. osetra at its defaults against Optuna's TPE with HyperbandPruner(1, R, 3)
on a journal file: the same space, training function, splits and epochs. Optuna's whole run sets the
target, the lowest validation error of any epoch. The figure is the CPU time that all epochs of osetra
took until the first at or below the target, as a ratio to Optuna's own time to get there and to its
whole budget; `inf` where osetra never gets there. Epochs are CPU time of the training processes, from
the end of one report to the start of the next. What is not an epoch and not starting up (imports,
reading the data, one epoch to warm up) is the tool's own: planning, reports, checkpoints, supervisors.

With `--minutes` osetra gets no budget of epochs but the time that Optuna's run took, as people give it with that
option, so that it knows that seconds count.

osetra begins with the space's default configuration; `--default` gives it to Optuna too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import osetra as ose  # noqa: E402
import peers  # noqa: E402
from osetra.errors import Diverged, StudyError  # noqa: E402
from osetra.nets.task import Data, NetworkTask, rehearse  # noqa: E402
from problems.real import space  # noqa: E402
from tables import frame_of  # noqa: E402

EPOCHS = 16
TRAININGS = 20
WORKERS = 2
METRIC = "val_error"
SHARES = {
    "digits": (0.2, 0.2),
    "letter": (0.2, 0.6),
    "mnist5k": (0.2, 0.2),
    "churn": (0.3, 0.2),
    "hpc": (0.3, 0.2),
}
"""Validation and test shares; those of letter are as in bank.py."""
TABLES = ("churn", "hpc")
TOOLS = ("optuna", "osetra")
QUICK = {"digits": 2, "letter": 1}
"""Seeds of each."""


@dataclass(slots=True)
class Clock:
    """Writes the CPU seconds of every epoch into a file that all processes append to."""

    file: str
    mark: float = 0.0

    def start(self) -> None:
        """Begin to count."""
        self.mark = time.process_time()

    def write(self, kind: str, **facts: object) -> None:
        """Append what was used since the last mark, and begin to count anew."""
        cpu = time.process_time() - self.mark
        line = json.dumps({"kind": kind, "time": time.time(), "cpu": cpu, "pid": os.getpid(), **facts}) + "\n"
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(handle, line.encode())
        os.close(handle)
        self.start()


@dataclass(slots=True)
class Clocked:
    """A run whose epochs are timed; everything else is the run's own."""

    run: Any
    clock: Clock
    step: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.run, name)

    def steps(self, count: int) -> Iterator[int]:
        """Yield the run's steps."""
        for step in self.run.steps(count):
            self.step = step
            yield step

    def report(self, step: int | None = None, /, **metrics: Any) -> None:
        """Write the epoch down, then report it; reporting is not part of the next epoch."""
        value = float(metrics[METRIC])
        error = value if math.isfinite(value) else None
        self.clock.write("epoch", trial=self.run.trial, step=self.step, error=error)
        self.run.report(step, **metrics)
        self.clock.start()

    def checkpoint(self, state: Callable[[], object], /) -> bool:
        """Pass it on; keeping the state is the tool's own time."""
        self.clock.write("between")
        kept = self.run.checkpoint(state)
        self.clock.start()
        return bool(kept)


@dataclass(slots=True)
class Timed:
    """The training function of both tools; loads torch and the data once per process."""

    task: NetworkTask
    clock: Clock
    warm: bool = False

    def __call__(self, run: Any) -> None:
        """Train one trial."""
        if not self.warm:
            self.warm = True
            # The first epoch of a process takes up to a second longer than all others.
            rehearse(replace(self.task, epochs=1), space().default, 0)
            self.task._splits()
            self.clock.mark = 0.0  # all that this process has used so far
            self.clock.write("startup")
        self.clock.start()
        try:
            self.task(Clocked(run, self.clock))
        finally:
            self.clock.write("between")


@dataclass(slots=True)
class OptunaRun:
    """A trial of Optuna as a run, so that both tools call the same training."""

    handle: Any
    config: Mapping[str, Any]
    seed: int
    spent: Callable[[], bool]
    """Whether the budget is used up."""
    interrupted: bool = False
    values: list[float] = field(default_factory=list)

    @property
    def trial(self) -> int:
        """The trial's number."""
        return int(self.handle.number)

    def restore(self) -> None:
        """Return None: a pruned trial never goes on."""

    def checkpoint(self, state: Callable[[], object], /) -> bool:
        """Keep nothing."""
        return False

    def accepts(self, *names: str) -> None:
        """Nobody steers."""

    def live(self, name: str) -> Any:
        """Return the configured value."""
        if name not in self.config:
            raise StudyError(f"{name}: the config does not name it")
        return self.config[name]

    def steps(self, count: int) -> Iterator[int]:
        """Yield 1 … count until pruned."""
        for step in range(1, count + 1):
            if self.interrupted:
                return
            yield step

    def report(self, step: int | None = None, /, **metrics: Any) -> None:
        """Report, and ask whether it goes on."""
        value = float(np.nan_to_num(metrics[METRIC], nan=1.0))
        self.values.append(value)
        self.handle.report(value, len(self.values))
        self.interrupted = self.spent() or (len(self.values) < EPOCHS and self.handle.should_prune())

    def diverged(self, reason: str, /) -> None:
        """Raise Diverged."""
        raise Diverged(reason)


def data(dataset: str, folder: Path) -> Data:
    """Return a built-in data set, or a table as a file in the study's folder."""
    if dataset not in TABLES:
        return Data(where=dataset)
    file = folder / f"{dataset}.csv"
    frame, target = frame_of(dataset)
    if not file.exists():
        frame.to_csv(file, index=False)
    return Data(where=str(file), target=target)


def timed(dataset: str, folder: Path) -> Timed:
    """Return the training; patience is switched off so that only the tools stop trainings."""
    validation, test = SHARES[dataset]
    task = NetworkTask(
        data=data(dataset, folder),
        network="mlp",
        epochs=EPOCHS,
        patience=EPOCHS,
        metric=METRIC,
        validation=validation,
        test=test,
    )
    return Timed(task, Clock(str(folder / "epochs.jsonl")))


def ours(dataset: str, seed: int, folder: Path, trainings: int, seconds: float) -> None:
    """Run a study of osetra at its defaults, by time where there is one."""
    train = timed(dataset, folder)
    train.clock.write("startup")
    study = ose.Study(folder / "study.db", space(), minimize=METRIC, scheduler="auto", seed=seed)
    limit: dict[str, float] = {"minutes": seconds / 60} if seconds else {"trainings": trainings}
    study.run(train, **limit, steps=EPOCHS, executor=ose.Processes(WORKERS))
    study.close()


def optunas(dataset: str, seed: int, folder: Path, trainings: int, default: bool) -> None:
    """Run a study of Optuna: two processes on one journal."""
    timed(dataset, folder).clock.write("startup")
    study = _optuna_study(dataset, seed, folder, 0)
    if default:
        study.enqueue_trial(_as_suggested())
    command = [sys.executable, __file__, "--worker", dataset, str(seed), str(folder), str(trainings)]
    workers = [subprocess.Popen([*command, str(place)]) for place in range(WORKERS)]
    if any([worker.wait() for worker in workers]):
        raise RuntimeError(f"a worker of Optuna failed on {dataset}, seed {seed}")


def optuna_worker(dataset: str, seed: int, folder: Path, trainings: int, place: int) -> None:
    """Be one of Optuna's processes, until all of them have used up the budget."""
    import optuna

    study, train, searched = (
        _optuna_study(dataset, seed, folder, place),
        timed(dataset, folder),
        space(),
    )

    def spent() -> bool:
        lines = Path(train.clock.file).read_bytes().count(b'"epoch"')
        return lines >= trainings * EPOCHS

    def objective(trial: Any) -> float:
        config = peers.suggested(trial, searched)
        # As osetra's trials: each its own seed, that follows from the study's.
        own = int(np.random.default_rng((seed, trial.number, 1)).integers(2**31))
        run = OptunaRun(trial, config, own, spent)
        try:
            train(run)
        except Diverged:
            run.interrupted = True
        if spent():
            study.stop()
        if run.interrupted and len(run.values) < EPOCHS:
            raise optuna.TrialPruned
        return min(run.values)

    if not spent():
        study.optimize(objective)


def _optuna_study(dataset: str, seed: int, folder: Path, place: int) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        # Hyperband draws a trial's bracket from the study's name.
        study_name=f"{dataset} {seed}",
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        sampler=optuna.samplers.TPESampler(seed=seed * WORKERS + place),
        pruner=optuna.pruners.HyperbandPruner(1, EPOCHS, 3),
        load_if_exists=True,
    )


def _as_suggested() -> dict[str, Any]:
    """Return the default configuration under the names that `peers.suggested` gives to Optuna."""
    searched = space()
    config: Mapping[str, Any] = searched.default
    levels = {c.key: searched.branches(c.key)[0] for c in searched.columns}
    found: dict[str, Any] = {}
    for name, param in levels.items():
        if isinstance(param, ose.Ordinal):
            found[name] = param.options.index(config[name])
        elif isinstance(param, ose.Float) and param.scale == "one_minus_log":
            found[f"1-{name}"] = 1 - config[name]
        else:
            found[name] = config[name]
    return found


@dataclass(frozen=True, slots=True)
class Course:
    """What one study did, in the order in which epochs ended."""

    cpu: np.ndarray[Any, np.dtype[np.float64]]
    """(n,) CPU seconds of all trainings until the end of each epoch."""
    wall: np.ndarray[Any, np.dtype[np.float64]]
    """(n,) seconds since the first training began."""
    errors: np.ndarray[Any, np.dtype[np.float64]]
    """(n,) validation errors."""
    trials: int
    startup: float
    """CPU seconds of imports and of reading data, in all processes."""
    tool: float
    """CPU seconds of everything else that is not training."""
    seconds: float
    """That it took in all, from its start."""

    def reached(self, target: float) -> int | None:
        """Return the index of the first epoch at or below the target."""
        hits = np.flatnonzero(self.errors <= target)
        return int(hits[0]) if len(hits) else None


def study(
    tool: str, dataset: str, seed: int, folder: Path, trainings: int, default: bool, seconds: float = 0.0
) -> Course:
    """Run one study in a process of its own and return its course; one that is there is only read."""
    note = folder / "used.json"
    if not note.exists():
        folder.mkdir(parents=True)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        words = (tool, dataset, str(seed), str(folder), str(trainings), str(seconds))
        command = [sys.executable, __file__, "--study", *words]
        subprocess.run([*command, *(["--default"] if default else [])], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        note.write_text(json.dumps([used, time.monotonic() - begun]))
    return course(folder / "epochs.jsonl", *json.loads(note.read_text()))


def course(file: Path, used: float, seconds: float) -> Course:
    """Read what the processes wrote down; they used so many CPU seconds, and took so many in all."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    startup = sum(line["cpu"] for line in lines if line["kind"] == "startup")
    work = sorted((line for line in lines if line["kind"] != "startup"), key=lambda line: line["time"])
    total = np.cumsum([line["cpu"] for line in work])
    epochs = [i for i, line in enumerate(work) if line["kind"] == "epoch"]
    begun = min(line["time"] for line in lines if line["pid"] == work[0]["pid"])
    errors = [work[i]["error"] for i in epochs]
    return Course(
        cpu=total[epochs],
        wall=np.array([work[i]["time"] - begun for i in epochs]),
        errors=np.array([math.inf if error is None else error for error in errors]),
        trials=len({work[i]["trial"] for i in epochs}),
        startup=startup,
        tool=used - startup - float(total[-1]),
        seconds=seconds,
    )


def compared(mine: Course, theirs: Course) -> dict[str, float]:
    """Return the figures of one data set and seed; a ratio of `inf` says that it was never reached."""
    target = float(theirs.errors.min())
    own = theirs.reached(target)
    here = mine.reached(target)
    assert own is not None
    ratios = {}
    for name in ("cpu", "wall"):
        a, b = getattr(mine, name), getattr(theirs, name)
        spent = math.inf if here is None else float(a[here])
        ratios[f"{name}_to_first"] = spent / float(b[own])
        ratios[f"{name}_to_budget"] = spent / float(b[-1])
    epochs = math.inf if here is None else here + 1
    found = {
        "target": target,
        "ours_best": float(mine.errors.min()),
        **ratios,
        "epochs_to_first": epochs / (own + 1),
        "epochs_to_budget": epochs / len(theirs.cpu),
    }
    for name, one in (("ours", mine), ("optuna", theirs)):
        found |= {
            f"{name}_cpu": float(one.cpu[-1]),
            f"{name}_wall": float(one.wall[-1]),
            f"{name}_epochs": float(len(one.cpu)),
            f"{name}_trials": float(one.trials),
            f"{name}_tool_cpu": one.tool,
            f"{name}_startup_cpu": one.startup,
        }
    return found


def collect(seeds: Mapping[str, int], options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Run both tools on every data set and seed, in turn."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in seeds}
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(options.keep or temporary)
        for seed in range(max(seeds.values())):
            for name in (name for name, count in seeds.items() if seed < count):
                run = partial(study, trainings=options.trainings, default=options.default)
                courses = {}
                for t in TOOLS if seed % 2 or options.minutes else TOOLS[::-1]:
                    by_time = t == "osetra" and options.minutes
                    seconds = courses["optuna"].seconds if by_time else 0.0
                    place = root / f"{name}-{seed}-{t}{'-minutes' * by_time}"
                    courses[t] = run(t, name, seed, place, seconds=seconds)
                found[name].append(compared(courses["osetra"], courses["optuna"]))
                print(f"{name} {seed}: {json.dumps(rounded(found[name][-1]))}", file=sys.stderr, flush=True)
    return found


def summary(figures: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> dict[str, object]:
    """Return one object: medians, smallest and largest per data set, and over all of them."""
    result: dict[str, object] = {
        "schema": 1,
        "epochs": EPOCHS,
        "trainings": options.trainings,
        "workers": WORKERS,
        "optuna_default": options.default,
        "by_minutes": options.minutes,
    }
    every = [row for rows in figures.values() for row in rows]
    for name, rows in {**figures, "all": every}.items():
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        result[name] = {
            "seeds": len(rows),
            "reached": sum(math.isfinite(row["cpu_to_first"]) for row in rows),
            **{key: rounded(spread(values)) for key, values in columns.items()},
        }
    result["ratio_to_first"] = statistics.median(row["cpu_to_first"] for row in every)
    result["ratio_to_budget"] = statistics.median(row["cpu_to_budget"] for row in every)
    return rounded(result)


def spread(values: list[float]) -> dict[str, float]:
    """Return the median and the ends."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with four digits behind the point; JSON has no infinity, so that is "inf"."""

    def one(value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return round(value, 4) if math.isfinite(value) else "inf"

    return {key: one(value) for key, value in figures.items()}


def table(figures: dict[str, list[dict[str, float]]]) -> str:
    """Return the figures for people."""
    shown = ("cpu_to_first", "cpu_to_budget", "epochs_to_first", "epochs_to_budget", "wall_to_first")
    lines = [f"{'median (min…max)':12}" + "".join(f"{name:>24}" for name in (*shown, "target", "ours_best"))]
    rows_of = {**figures, "all": [row for rows in figures.values() for row in rows]}
    for name, rows in rows_of.items():
        cells = []
        for key in (*shown, "target", "ours_best"):
            values = [row[key] for row in rows]
            cells.append(f"{statistics.median(values):.3g} ({min(values):.3g}…{max(values):.3g})")
        reached = sum(math.isfinite(row["cpu_to_first"]) for row in rows)
        lines.append(
            f"{name:16}" + "".join(f"{cell:>24}" for cell in cells) + f"  reached {reached}/{len(rows)}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the studies and show the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="2 seeds of digits, one of letter, half the budget"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--seeds", type=int, default=None)
    parser.add_argument("--datasets", nargs="+", choices=sorted(SHARES), default=None)
    parser.add_argument("--trainings", type=int, default=None, help=f"budget, {TRAININGS} unless given")
    parser.add_argument("--default", action="store_true", help="give Optuna the default configuration too")
    parser.add_argument("--keep", help="a folder for all studies; those there are not run again")
    parser.add_argument("--minutes", action="store_true", help="give osetra the time that Optuna took")
    parser.add_argument("--study", nargs=6, help=argparse.SUPPRESS)
    parser.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        dataset, seed, folder, trainings, place = options.worker
        return optuna_worker(dataset, int(seed), Path(folder), int(trainings), int(place))
    if options.study:
        tool, dataset, seed, folder, trainings, seconds = options.study
        if tool == "osetra":
            return ours(dataset, int(seed), Path(folder), int(trainings), float(seconds))
        return optunas(dataset, int(seed), Path(folder), int(trainings), options.default)
    options.trainings = options.trainings or (TRAININGS // 2 if options.quick else TRAININGS)
    usual = QUICK if options.quick else dict.fromkeys(SHARES, 5)
    names = options.datasets or list(usual)
    figures = collect({name: options.seeds or usual.get(name, 2) for name in names}, options)
    print(json.dumps(summary(figures, options)) if options.json else table(figures))
    return None


if __name__ == "__main__":
    main()
