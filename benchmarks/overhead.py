"""What tuning costs beside the training: osetra against Optuna, same machine, same storage kind.

    python benchmarks/overhead.py            a table, about 15 minutes
    python benchmarks/overhead.py --quick    the same with fewer trials, under 5 minutes
    python benchmarks/overhead.py --json     one JSON object on stdout

Beside them stands the limit: the same rows in the same transactions and with the same settings, written
to bare SQLite by a few lines that know nothing of trials. Every cell runs in a fresh process, the programs
in turn, several times; figures are medians with minimum and maximum. Both search 10 floats at random with an objective that costs nothing. Rates come
from the times in each program's own log, first trial started to last trial ended, so that starting
processes counts for neither. Durability differs in nobody's favour: each with its defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
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


BARE = """
CREATE TABLE fact (study INTEGER NOT NULL, version INTEGER NOT NULL, time REAL NOT NULL, key TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (study, version), UNIQUE (study, key)) STRICT, WITHOUT ROWID;
CREATE TABLE live (study INTEGER NOT NULL, trial INTEGER NOT NULL, attempt INTEGER NOT NULL,
    lease_until REAL NOT NULL, PRIMARY KEY (study, trial, attempt)) STRICT, WITHOUT ROWID;
CREATE TABLE point (id INTEGER PRIMARY KEY, study INTEGER NOT NULL, trial INTEGER NOT NULL,
    attempt INTEGER NOT NULL, instance INTEGER NOT NULL, metric INTEGER NOT NULL, step INTEGER NOT NULL,
    value REAL, kind INTEGER NOT NULL, UNIQUE (study, trial, attempt, instance, metric, step)) STRICT;
"""


def bare(url: str, trials: int, workers: int, reports: bool) -> float:
    """Return trials per second of bare SQLite: one transaction claims a trial, one ends it."""
    connection = sqlite3.connect(url, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(BARE)
    connection.close()
    share = trials // workers
    command = [sys.executable, __file__, "--bare-worker", url, str(share), str(int(reports))]
    processes = [
        subprocess.Popen([*command, str(worker * share)], stdout=subprocess.PIPE, text=True)
        for worker in range(workers)
    ]
    times = [json.loads(process.communicate()[0]) for process in processes]
    return share * workers / (max(end for _, end in times) - min(begin for begin, _ in times))


def bare_worker(url: str, trials: int, reports: bool, before: int) -> tuple[float, float]:
    """Write the rows of some trials as one of several processes; return when it began and ended."""
    connection = sqlite3.connect(url, timeout=60, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    suggested = json.dumps({"type": "suggested", "config": dict.fromkeys(NAMES, 0.123456789), "seed": 1})
    claimed = json.dumps({"type": "claimed", "worker": {"host": "bench", "boot": "b" * 36, "pid": 1}})
    ended = json.dumps({"type": "ended", "outcome": "finished", "value": 0.5})
    log, begun = -1, time.time()

    def write(trial: int, facts: list[tuple[str, str]]) -> None:
        version = connection.execute("SELECT max(version) FROM fact WHERE study = 1").fetchone()[0] or 0
        for place, (kind, body) in enumerate(facts, 1):
            row = (1, version + place, time.time(), f"{kind}/{trial}/1", body)
            connection.execute("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", row)

    for trial in range(before + 1, before + trials + 1):
        connection.execute("BEGIN IMMEDIATE")
        write(trial, [("suggested", suggested), ("claimed", claimed)])
        connection.execute("INSERT INTO live VALUES (1, ?, 1, ?)", (trial, time.time() + 60))
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        write(trial, [("ended", ended)])
        rows = [(1, trial, 1, 0, 1, step, 1.0, 0) for step in range(1, (REPORTS if reports else 0) + 1)]
        connection.executemany(
            "INSERT INTO point (study, trial, attempt, instance, metric, step, value, kind) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("DELETE FROM live WHERE study = 1 AND trial = ? AND attempt = 1", (trial,))
        connection.execute("COMMIT")
        # A result is to survive power loss, as ours does: the log is forced to the disk after its commit.
        log = log if log >= 0 else os.open(f"{url}-wal", os.O_RDWR)
        os.fdatasync(log)
    finished = time.time()
    os.close(log)
    connection.close()
    return begun, finished


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


CELLS: dict[str, tuple[tuple[Callable[..., float], ...], dict]] = {
    "sqlite trials/s": ((ours, optunas, bare), {"workers": 1, "reports": False}),
    "sqlite reports/s": ((ours, optunas, bare), {"workers": 1, "reports": True}),
    "sqlite trials/s, 4 processes": ((ours, optunas, bare), {"workers": 4, "reports": False}),
    "sqlite reports/s, 4 processes": ((ours, optunas, bare), {"workers": 4, "reports": True}),
    "memory trials/s": ((ours, optunas), {"workers": 1, "reports": False}),
    "memory reports/s": ((ours, optunas), {"workers": 1, "reports": True}),
    "seconds to open a study": ((open_ours, open_optunas), {}),
    "import CPU-s": ((import_cpu, import_cpu), {}),
}
SIDES = ("osetra", "optuna", "bare")
# (ours and the limit's, Optuna's) number of trials: enough to measure a rate, few enough to end.
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
    functions, settings = CELLS[cell]
    function = functions[side]
    if cell == "import CPU-s":
        return function(SIDES[side])
    with tempfile.TemporaryDirectory() as folder:
        url = "memory:" if cell.startswith("memory") else str(Path(folder, "bench.db"))
        rate = function(url, trials, **settings)
    return rate * (REPORTS if settings.get("reports") else 1)


def trials_of(cell: str, size: str) -> tuple[int, int]:
    """Return how many trials we and the limit run, and how many Optuna."""
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
    parser.add_argument("--only", default="", metavar="TEXT", help="only cells whose name has this in it")
    parser.add_argument("--optuna-worker", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--bare-worker", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.optuna_worker:
        url, trials, reports = options.optuna_worker
        optuna_worker(url, int(trials), reports == "1")
        return
    if options.bare_worker:
        url, trials, reports, before = options.bare_worker
        print(json.dumps(bare_worker(url, int(trials), reports == "1", int(before))))
        return
    if options.cell:
        name, side, trials = options.cell
        print(json.dumps(measure(name, int(side), int(trials))))
        return
    size = "quick" if options.quick else "full"
    cells = [cell for cell in CELLS if options.only in cell]
    figures = collect(size, options.repeats or (2 if options.quick else 5), cells)
    print(json.dumps(summary(figures)) if options.json else table(figures))


def collect(size: str, repeats: int, cells: list[str]) -> dict[str, list[list[float]]]:
    """Return per cell the figures of all sides, measured in turn."""
    figures: dict[str, list[list[float]]] = {cell: [[] for _ in CELLS[cell][0]] for cell in cells}
    for cell in cells:
        for _ in range(repeats):
            for side, found in enumerate(figures[cell]):
                trials = trials_of(cell, size)[side % 2]
                command = [sys.executable, __file__, "--cell", cell, str(side), str(trials)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.append(float(done.stdout.splitlines()[-1]))
        print(f"{cell}: {figures[cell]}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return figures


def summary(figures: dict[str, list[list[float]]]) -> dict[str, object]:
    """Return one flat object: figures and the ratios ours / Optuna's and ours / the limit's."""
    result: dict[str, object] = {"schema": 1, "python": sys.version.split()[0], "cores": os.cpu_count()}
    result["load"] = os.getloadavg()[0]
    for cell, sides in figures.items():
        name = cell.replace("/s", "_per_s").replace(", ", "_").replace(" ", "_").replace("-", "_").lower()
        result[name] = dict(zip(SIDES, sides, strict=False))
        result[f"{name}_ratio"] = statistics.median(sides[0]) / statistics.median(sides[1])
        if len(sides) > 2:
            result[f"{name}_share_of_limit"] = statistics.median(sides[0]) / statistics.median(sides[2])
    if "import CPU-s" in figures:
        result["import_cpu_s"] = statistics.median(figures["import CPU-s"][0])
        result["optuna_import_cpu_s"] = statistics.median(figures["import CPU-s"][1])
    return result


def table(figures: dict[str, list[list[float]]]) -> str:
    """Return the figures for people."""
    lines = [f"{'':32}{'osetra':>26}{'Optuna':>26}{'ratio':>9}{'bare SQLite':>26}{'of limit':>9}"]
    for cell, sides in figures.items():
        shown = [f"{_short(statistics.median(s))} ({_short(min(s))}…{_short(max(s))})" for s in sides]
        middle = [statistics.median(s) for s in sides]
        line = f"{cell:32}{shown[0]:>26}{shown[1]:>26}{middle[0] / middle[1]:>9.3g}"
        lines.append(line + (f"{shown[2]:>26}{middle[0] / middle[2]:>9.2g}" if len(sides) > 2 else ""))
    return "\n".join([*lines, f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    main()
