"""What tuning costs beside the training: osetra against Optuna, same machine, same storage kind.

    python benchmarks/overhead.py            a table, about 15 minutes
    python benchmarks/overhead.py --quick    the same with fewer trials, under 5 minutes
    python benchmarks/overhead.py --json     one JSON object on stdout

Every cell runs in a fresh process, the two programs in turn, several times; figures are medians with
minimum and maximum. Both search 10 floats at random with an objective that costs nothing. Rates come
from the times in each program's own log, first trial started to last trial ended, so that starting
processes counts for neither. Durability differs in nobody's favour: each with its defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

DIMENSIONS = 10
REPORTS = 50
NAMES = [f"x{i}" for i in range(DIMENSIONS)]


def our_train(run):
    """Report, if asked to, and return a value at once."""
    for _ in range(REPORTS if os.environ.get("REPORTING") else 0):
        run.report(loss=1.0)
    return sum(run.config.values())


def ours(url: str, trials: int, workers: int, reports: bool) -> float:
    """Return trials per second."""
    import osetra as ose

    os.environ["REPORTING"] = "1" if reports else ""
    space = ose.Space({name: ose.Float(0, 1) for name in NAMES})
    study = ose.Study(url, space, minimize="loss", searcher="random")
    study.run(our_train, trials=trials, workers=workers)
    attempts = [attempt for trial in study.trials for attempt in trial.attempts]
    return trials / (max(a.ended for a in attempts) - min(a.started for a in attempts))


def optuna_objective(reports: bool) -> Callable:
    """Return the same for Optuna."""

    def objective(trial):
        value = sum(trial.suggest_float(name, 0, 1) for name in NAMES)
        for step in range(REPORTS if reports else 0):
            trial.report(1.0, step)
        return value

    return objective


def optunas(url: str, trials: int, workers: int, reports: bool) -> float:
    """Return trials per second."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = None if url == "memory:" else f"sqlite:///{url}"
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(study_name="bench", storage=storage, sampler=sampler)
    if workers == 1:
        study.optimize(optuna_objective(reports), n_trials=trials)
    else:
        command = [
            sys.executable,
            __file__,
            "--optuna-worker",
            url,
            str(trials // workers),
            str(int(reports)),
        ]
        for process in [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(workers)]:
            process.wait()
    done = [t for t in study.trials if t.datetime_complete is not None]
    seconds = max(t.datetime_complete for t in done) - min(t.datetime_start for t in done)
    return len(done) / seconds.total_seconds()


def optuna_worker(url: str, trials: int, reports: bool) -> None:
    """Be one of several processes on a study."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(
        study_name="bench", storage=f"sqlite:///{url}", sampler=optuna.samplers.RandomSampler()
    )
    study.optimize(optuna_objective(reports), n_trials=trials)


def open_ours(url: str, trials: int) -> float:
    """Return the seconds it takes to open a study and know its best trial."""
    import osetra as ose
    from osetra.core.facts import Claimed, Suggested, Worker, ended
    from osetra.stores import open_store

    space = ose.Space({name: ose.Float(0, 1) for name in NAMES})
    ose.Study(url, space, minimize="loss").close()
    store, worker = open_store(url, "main"), Worker("bench", "bench", 1, 0.0)
    for start in range(1, trials + 1, 500):
        numbers = range(start, min(start + 500, trials + 1))
        store.append([Suggested(n, dict.fromkeys(NAMES, 0.5), n) for n in numbers])
        store.append([Claimed(n, 1, worker) for n in numbers])
        store.append([ended(n, 1, "finished", 1.0 / n) for n in numbers])
    store.close()
    begun = time.perf_counter()
    assert ose.Study(url).best.number == trials
    return time.perf_counter() - begun


def open_optunas(url: str, trials: int) -> float:
    """Return the seconds it takes to open a study and know its best trial."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="bench", storage=f"sqlite:///{url}")
    spread = {name: optuna.distributions.FloatDistribution(0, 1) for name in NAMES}
    for n in range(trials):
        study.add_trial(
            optuna.create_trial(params=dict.fromkeys(NAMES, 0.5), distributions=spread, value=1 / (n + 1))
        )
    begun = time.perf_counter()
    fresh = optuna.load_study(study_name="bench", storage=f"sqlite:///{url}")
    assert len(fresh.trials) == trials and fresh.best_trial.number == trials - 1
    return time.perf_counter() - begun


def import_cpu(module: str) -> float:
    """Return the CPU seconds of `import module` beyond those of an empty program."""

    def cpu(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(cpu(f"import {module}") for _ in range(3)) - min(cpu("pass") for _ in range(3))


CELLS: dict[str, tuple[Callable[..., float], Callable[..., float], dict]] = {
    "sqlite trials/s": (ours, optunas, {"workers": 1, "reports": False}),
    "sqlite reports/s": (ours, optunas, {"workers": 1, "reports": True}),
    "sqlite trials/s, 4 processes": (ours, optunas, {"workers": 4, "reports": False}),
    "sqlite reports/s, 4 processes": (ours, optunas, {"workers": 4, "reports": True}),
    "memory trials/s": (ours, optunas, {"workers": 1, "reports": False}),
    "memory reports/s": (ours, optunas, {"workers": 1, "reports": True}),
    "seconds to open a study": (open_ours, open_optunas, {}),
    "import CPU-s": (import_cpu, import_cpu, {}),
}
# (ours, Optuna's) number of trials: enough to measure a rate, few enough to end.
TRIALS = {
    "quick": {"trials/s": (400, 60), "reports/s": (200, 12), "open": (1000, 300), "memory": (1000, 300)},
    "full": {
        "trials/s": (2000, 200),
        "reports/s": (1000, 50),
        "open": (10000, 10000),
        "memory": (3000, 1000),
    },
}


def measure(cell: str, side: int, trials: int) -> float:
    """Run one side of a cell in this process."""
    function, settings = CELLS[cell][side], CELLS[cell][2]
    if cell == "import CPU-s":
        return function(("osetra", "optuna")[side])
    with tempfile.TemporaryDirectory() as folder:
        url = "memory:" if cell.startswith("memory") else str(Path(folder, "bench.db"))
        rate = function(url, trials, **settings)
    return rate * (REPORTS if settings.get("reports") else 1)


def trials_of(cell: str, size: str) -> tuple[int, int]:
    """Return how many trials each side runs."""
    table = TRIALS[size]
    kind = next((k for k in ("memory", "open", "reports/s", "trials/s") if k in cell), "trials/s")
    if size == "full" and kind == "open":
        return table[kind]
    if kind == "open":
        return (table[kind][1], table[kind][1])
    return table[kind]


def main() -> None:
    """Measure every cell on both sides, in turn, and show the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=None)
    parser.add_argument("--cell", nargs=3, metavar=("NAME", "SIDE", "TRIALS"), help=argparse.SUPPRESS)
    parser.add_argument("--optuna-worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.optuna_worker:
        url, trials, reports = options.optuna_worker
        optuna_worker(url, int(trials), reports == "1")
        return
    if options.cell:
        name, side, trials = options.cell
        print(json.dumps(measure(name, int(side), int(trials))))
        return
    size = "quick" if options.quick else "full"
    figures = collect(size, options.repeats or (2 if options.quick else 5))
    print(json.dumps(summary(figures)) if options.json else table(figures))


def collect(size: str, repeats: int) -> dict[str, list[list[float]]]:
    """Return per cell the figures of both sides, measured in turn."""
    figures: dict[str, list[list[float]]] = {cell: [[], []] for cell in CELLS}
    for cell in CELLS:
        for _ in range(repeats):
            for side in (0, 1):
                command = [
                    sys.executable,
                    __file__,
                    "--cell",
                    cell,
                    str(side),
                    str(trials_of(cell, size)[side]),
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                figures[cell][side].append(float(done.stdout.splitlines()[-1]))
        print(f"{cell}: {figures[cell]}", file=sys.stderr)
    return figures


def summary(figures: dict[str, list[list[float]]]) -> dict[str, object]:
    """Return one flat object: medians, spreads and ratios ours / Optuna's."""
    result: dict[str, object] = {"schema": 1, "python": sys.version.split()[0], "cores": os.cpu_count()}
    for cell, (mine, theirs) in figures.items():
        name = cell.replace("/s", "_per_s").replace(", ", "_").replace(" ", "_").replace("-", "_").lower()
        result[name] = {"osetra": mine, "optuna": theirs}
        result[f"{name}_ratio"] = statistics.median(mine) / statistics.median(theirs)
    result["import_cpu_s"] = statistics.median(figures["import CPU-s"][0])
    result["optuna_import_cpu_s"] = statistics.median(figures["import CPU-s"][1])
    return result


def table(figures: dict[str, list[list[float]]]) -> str:
    """Return the figures for people."""
    lines = [f"{'':32}{'osetra':>26}{'Optuna':>26}{'ratio':>9}"]
    for cell, sides in figures.items():
        shown = [f"{statistics.median(s):.4g} ({min(s):.4g}…{max(s):.4g})" for s in sides]
        ratio = statistics.median(sides[0]) / statistics.median(sides[1])
        lines.append(f"{cell:32}{shown[0]:>26}{shown[1]:>26}{ratio:>9.3g}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
