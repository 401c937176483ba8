"""How osetra behaves in large studies: 1,000, 10,000 and 100,000 trials with 10 points each, in SQLite.

    python benchmarks/scale.py            a table, about 15 minutes
    python benchmarks/scale.py --quick    without the largest size, under 5 minutes
    python benchmarks/scale.py --json     one JSON object on stdout
    python benchmarks/scale.py --keep F   leave the files in folder F and use those that are there

Files are written through the store's own interface. Every size is measured in a process of its own:
what it takes to open the study, to ask for the next trial and to turn the loop once; `status` and
`best` are whole commands. Optuna's RDB storage holds the same trials in the same run, up to 10,000 of
them (writing more takes it most of an hour). Times are wall-clock seconds, medians of several.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

STEPS = 10
SPACE = {
    "lr": "log(0.0001, 1)",
    "momentum": "one_minus_log(0.5, 0.995)",
    "decay": "log(1e-06, 0.01)",
    "dropout": "float(0, 0.7)",
    "units": "int(16, 1024, log)",
    "layers": "int(1, 6)",
    "activation": "choice(relu, gelu, tanh)",
}
SEARCHERS = ("random", "sobol", "tpe", "bayes", "auto")
SIZES = {"full": (1_000, 10_000, 100_000), "quick": (1_000, 10_000)}
PEER = {"full": (1_000, 10_000), "quick": (1_000,)}


def configs(trials: int) -> tuple[list[dict], np.ndarray]:
    """Return configurations and what each is worth: a bowl on the space's own scales, with noise."""
    from osetra import Space

    rng = np.random.default_rng(0)
    space = Space.parse(SPACE)
    found = space.decode(rng.random((trials, len(space.columns))))
    away = space.encode(found) - 0.3
    return found, 0.1 + np.sum(away * away, axis=1) + 0.01 * rng.standard_normal(trials)


def build(file: Path, trials: int) -> None:
    """Write a study of finished trials."""
    import osetra as ose
    from osetra.core.curves import Point
    from osetra.core.facts import Claimed, Noted, Suggested, Worker, ended
    from osetra.stores import open_store

    ose.Study(file, ose.Space.parse(SPACE), minimize="loss", searcher="auto", scheduler="full").close()
    store, worker = open_store(str(file), "main"), Worker("bench", "bench", 1, 0.0)
    store.append([Noted("steps", str(STEPS), "", {"steps": STEPS})])
    found, worth = configs(trials)
    for start in range(0, trials, 500):
        facts, points = [], []
        for n in range(start + 1, min(start + 500, trials) + 1):
            facts += [Suggested(n, found[n - 1], n), Claimed(n, 1, worker)]
            value = float(worth[n - 1])
            points += [
                Point(n, 1, 0, step, "loss", value + math.exp(-0.5 * step)) for step in range(1, STEPS + 1)
            ]
            facts.append(ended(n, 1, "finished", points[-1].value))
        store.append(facts, points)
    store.close()


def build_optunas(file: Path, trials: int) -> None:
    """Write the same trials with Optuna; without waiting for the disk, since only reading is measured."""
    import optuna
    import sqlalchemy
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spread = {
        "lr": FloatDistribution(1e-4, 1, log=True),
        "momentum": FloatDistribution(0.5, 0.995),
        "decay": FloatDistribution(1e-6, 1e-2, log=True),
        "dropout": FloatDistribution(0, 0.7),
        "units": IntDistribution(16, 1024, log=True),
        "layers": IntDistribution(1, 6),
        "activation": CategoricalDistribution(["relu", "gelu", "tanh"]),
    }
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    storage.engine.dispose()
    sqlalchemy.event.listen(storage.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
    study = optuna.create_study(study_name="bench", storage=storage)
    found, worth = configs(trials)
    for config, value in zip(found, worth.tolist(), strict=True):
        curve = {step: value + math.exp(-0.5 * step) for step in range(1, STEPS + 1)}
        study.add_trial(
            optuna.create_trial(
                params=config, distributions=spread, value=curve[STEPS], intermediate_values=curve
            )
        )


def memory() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def took(action: Callable[[], object], times: int = 1) -> float:
    """Return the median of the seconds that an action takes."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def ours(file: Path) -> Iterator[tuple[str, float]]:
    """Yield what osetra takes for a study, measured in this process."""
    import osetra as ose
    from osetra.core.limits import Limits
    from osetra.policies import by_names
    from osetra.searchers import by_name
    from osetra.study.loop import Driver

    small, cpu = memory(), time.process_time()
    begun = time.perf_counter()
    study = ose.Study(file)
    history = study.history
    yield "open, s", time.perf_counter() - begun
    yield "open, CPU-s", time.process_time() - cpu
    yield "memory of the history, MB", memory() - small
    yield "memory after opening, MB", memory()
    yield "memory at most while opening, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    yield "best, s", took(lambda: study.best, 3)

    planner, problem = study._planner, study.problem
    for name in SEARCHERS:
        searcher, rng = by_name(name), np.random.default_rng((0, history.next_trial))

        def ask(searcher=searcher, rng=rng) -> None:
            assert searcher.suggest(problem, history, 1, rng)

        yield f"first suggestion of {name}, s", took(ask)
        yield f"next suggestion of {name}, s", took(ask, 3)

    limits = Limits(trials=2 * len(history.trials))
    for scheduler in ("full", "auto"):
        planner.policy = by_names(by_name("random"), scheduler)
        driver = Driver(planner, limits, 2, False, None)

        def plan(driver=driver, policy=planner.policy) -> None:
            # A history that nobody has asked yet, as after every fact.
            assert policy.plan(problem, replace(history), 1, np.random.default_rng(0), driver.budget())

        yield f"plan with scheduler {scheduler}, s", took(plan, 3)

    study.close()


def ours_growing(file: Path) -> Iterator[tuple[str, float]]:
    """Yield what a study costs while it grows: trials wait, are taken, report and end."""
    import osetra as ose
    from osetra.core.curves import Point
    from osetra.core.facts import Claimed, Noted, Suggested, ended
    from osetra.core.history import History
    from osetra.core.limits import Limits
    from osetra.executors.claims import claim_next
    from osetra.executors.identity import this_process
    from osetra.executors.leases import give_up_lost
    from osetra.policies import by_names
    from osetra.searchers import by_name
    from osetra.stores import open_store
    from osetra.study.loop import Driver

    study = ose.Study(file)
    planner, history = study._planner, study.history
    planner.policy = by_names(by_name("random"), "full")
    store, worker = open_store(str(file), "main"), this_process()
    number = history.next_trial
    waiting = [Suggested(n, history.trials[1].config, n) for n in range(number, number + 8)]
    store.append(waiting)
    driver = Driver(planner, Limits(trials=len(history.trials) + 8), 2, False, None)

    def once() -> None:
        assert driver.fill_queue()
        driver.reaped = 0.0
        driver.reap()
        driver.look()

    once()
    yield "a turn without news, s", took(once, 20)

    def news() -> Iterator[float]:
        for n in range(number, number + 4):
            for fact in (Claimed(n, 1, worker), ended(n, 1, "finished", 0.5)):
                points = [Point(n, 1, 0, step, "loss", 0.5) for step in range(1, STEPS)]
                store.append([fact], points if isinstance(fact, Claimed) else [])
                yield took(once)

    yield "a turn with a new fact, s", statistics.median(news())
    desk, claims = History().extend(store.read()), []
    begun = time.perf_counter()
    for _ in range(4):
        desk = desk.extend(store.read(desk.version))
        claims.append(claim_next(store, desk, worker, False))
        desk = desk.extend(store.read(desk.version))
    yield "a supervisor's claim, s", (time.perf_counter() - begun) / 4
    assert [claim.trial.number for claim in claims] == list(range(number + 4, number + 8))
    yield (
        "appending a fact, s",
        took(lambda: store.append([Noted("bench", str(time.perf_counter_ns()), "")]), 20),
    )
    yield "giving up the lost, s", took(lambda: give_up_lost(store, desk), 5)
    for claim in claims:
        store.append([ended(claim.trial.number, 1, "finished", 0.5)])
    store.close()
    study.close()


def optunas(file: Path) -> Iterator[tuple[str, float]]:
    """Yield what Optuna takes for the same, as far as it has the same."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    small, cpu = memory(), time.process_time()
    begun = time.perf_counter()
    study = optuna.load_study(study_name="bench", storage=f"sqlite:///{file}")
    trials = study.get_trials(deepcopy=False)
    yield "open, s", time.perf_counter() - begun
    yield "open, CPU-s", time.process_time() - cpu
    yield "memory of the history, MB", memory() - small
    yield "memory after opening, MB", memory()
    yield "memory at most while opening, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    assert len(trials) >= 1000
    yield "best, s", took(lambda: study.best_trial, 3)
    peers = {
        "random": optuna.samplers.RandomSampler(seed=0),
        "sobol": optuna.samplers.QMCSampler(seed=0),
        "tpe": optuna.samplers.TPESampler(seed=0, multivariate=True),
    }
    for name, sampler in peers.items():
        study.sampler = sampler

        def ask() -> None:
            trial = study.ask()
            trial.suggest_float("lr", 1e-4, 1, log=True)
            trial.suggest_float("momentum", 0.5, 0.995)
            trial.suggest_float("decay", 1e-6, 1e-2, log=True)
            trial.suggest_float("dropout", 0, 0.7)
            trial.suggest_int("units", 16, 1024, log=True)
            trial.suggest_int("layers", 1, 6)
            trial.suggest_categorical("activation", ["relu", "gelu", "tanh"])
            study.tell(trial, 1.0)

        yield f"first suggestion of {name}, s", took(ask)
        yield f"next suggestion of {name}, s", took(ask, 3)


def commands(file: Path) -> Iterator[tuple[str, float]]:
    """Yield the seconds of whole commands."""
    osetra = [str(Path(sys.executable).with_name("osetra"))]
    for name, arguments in {
        "osetra status": ["status", str(file)],
        "osetra best": ["best", str(file)],
        "osetra --version": ["--version"],
    }.items():
        # The first run also brings the file into the system's cache.
        yield (
            f"{name}, s",
            took(lambda a=arguments: subprocess.run([*osetra, *a], check=True, capture_output=True), 2),
        )


SIDES = {"ours": ours, "growing": ours_growing, "optunas": optunas}


def measured(side: str, file: Path) -> dict[str, float]:
    """Return the figures of a side, from a process of its own."""
    command = [sys.executable, __file__, "--cell", side, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    """Yield where the files lie: a folder that stays, or one that goes."""
    if kept is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept


def collect(form: str, kept: Path | None, sizes: tuple[int, ...]) -> dict[str, dict[str, float]]:
    """Return figures by column: the program and the number of trials."""
    figures: dict[str, dict[str, float]] = {}
    with folder(kept) as place:
        for size in sizes:
            file = place / f"osetra-{size}.db"
            column: dict[str, float] = {}
            if not file.exists():
                column["writing, s"] = took(lambda f=file, n=size: build(f, n))
            column["file, MB"] = file.stat().st_size / 1e6
            column |= dict(commands(file))
            column |= measured("ours", file) | measured("growing", file)
            figures[f"osetra {size}"] = column
            progress(f"osetra {size}: {column}")
            if size in PEER[form]:
                peer, column = place / f"optuna-{size}.db", {}
                if not peer.exists():
                    column["writing, s"] = took(lambda f=peer, n=size: build_optunas(f, n))
                column["file, MB"] = peer.stat().st_size / 1e6
                figures[f"optuna {size}"] = column | measured("optunas", peer)
                progress(f"optuna {size}: {figures[f'optuna {size}']}")
    return figures


def progress(text: str) -> None:
    """Tell people that something goes on, and how busy the machine is."""
    print(f"load {os.getloadavg()[0]:.1f}; {text}", file=sys.stderr)


def summary(figures: dict[str, dict[str, float]]) -> dict[str, object]:
    """Return one object: figures by column, and Optuna's over ours where both have one."""
    ratios = {}
    for column, mine in figures.items():
        theirs = figures.get(column.replace("osetra", "optuna"), {}) if column.startswith("osetra") else {}
        shared = {row: theirs[row] / mine[row] for row in mine if row in theirs and mine[row] > 0}
        if shared:
            ratios[column.removeprefix("osetra ")] = shared
    return {
        "schema": 1,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "figures": figures,
        "optuna_over_osetra": ratios,
    }


def table(figures: dict[str, dict[str, float]]) -> str:
    """Return the figures for people."""
    rows = dict.fromkeys(row for column in figures.values() for row in column)
    lines = [f"{'':36}" + "".join(f"{name:>16}" for name in figures)]
    for row in rows:
        cells = [f"{column[row]:.3g}" if row in column else "-" for column in figures.values()]
        lines.append(f"{row:36}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Measure every size and show the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, default=None, metavar="F")
    parser.add_argument("--size", type=int, action="append", help="only this size; may be repeated")
    parser.add_argument("--cell", nargs=2, metavar=("SIDE", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell:
        side, file = options.cell
        cell: dict[str, float] = {}
        for row, figure in SIDES[side](Path(file)):
            cell[row] = figure
            progress(f"{row}: {figure:.4g}")
        print(json.dumps(cell))
        return
    form = "quick" if options.quick else "full"
    sizes = tuple(options.size or SIZES[form])
    figures = collect(form, options.keep, sizes)
    print(json.dumps(summary(figures)) if options.json else table(figures))


if __name__ == "__main__":
    main()
