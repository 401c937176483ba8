"""How few trials does a search need? Searchers and peers on families of problems with known optima.

    python benchmarks/search.py --quick --json --data ../shared/data
    python benchmarks/search.py --full --data ../shared/data --seeds 5 --peers optuna-gp,optuna-tpe

Every optimiser runs at its defaults on the same problems with the same seeds. Regret is normalised
(0 = best known, 1 = a median random configuration) and belongs to the configuration that looked best
so far; where observations are noisy, its noise-free value counts. Of a table of trainings the nearest row is
trained in the place of a suggestion, and told as what it is, to peers too: enqueued as a trial of their own
(hyperopt cannot, and is told its own). Progress goes to stderr.
`--cache FILE` keeps finished runs of the same versions and settings, which saves time while developing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import osetra as ose  # noqa: E402
import peers  # noqa: E402
from osetra import searchers  # noqa: E402
from osetra.core.facts import Claimed, Ended, Entry, Fact, Opened, Suggested, Worker  # noqa: E402
from osetra.core.history import History  # noqa: E402
from osetra.core.params import Config  # noqa: E402
from osetra.core.problem import Objective, Problem  # noqa: E402
from problems import lcbench, real, synthetic, taskset  # noqa: E402
from problems.benchmark import Array, Benchmark, Place, itself  # noqa: E402

FAMILIES = ("lcbench", "real", "synthetic", "taskset")
QUICK_SYNTHETIC = ("hartmann6", "branin-noisy", "ackley10-mixed", "network-conditional")
MARKS = (25, 50, 100)
QUICK_SEEDS = 2
QUICK_LCBENCH = 4
"""Data sets of the quick form: GPSampler takes most of its time."""
WORKER = Worker(host="simulated", boot="", pid=1, started=0.0)


class Ours:
    """A searcher of osetra at work on a log in memory, as a study's planner has it."""

    def __init__(self, space: ose.Space, seed: int, searcher: str) -> None:
        self._problem = Problem(space, Objective(metric="value"))
        self._searcher, self._seed, self._history = searchers.by_name(searcher), seed, History()
        self._write(Opened(space={}, metric="value", direction="minimize", pick="best", seed=seed))

    def ask(self, place: Place = itself) -> tuple[object, Config]:
        """Return a trial's number and its configuration, which is what `place` has in the place of its own."""
        number = self._history.next_trial
        rng = np.random.default_rng((self._seed, number))
        found = self._searcher.suggest(self._problem, self._history, 1, rng)
        if not found:
            raise SystemExit(f"{self._searcher.name}: every configuration has been tried")
        config = place(found[0].config)
        queued = Suggested(trial=number, config=config, seed=number, why=found[0].why)
        self._write(*found[0].notes, queued, Claimed(trial=number, attempt=1, worker=WORKER))
        return number, config

    def tell(self, token: object, value: float) -> None:
        """Report a value, or a divergence."""
        outcome, kind = ("diverged", "nan") if np.isnan(value) else ("finished", "finite")
        self._write(Ended(trial=token, attempt=1, outcome=outcome, value=value, kind=kind))  # type: ignore[arg-type]

    def _write(self, *facts: Fact) -> None:
        version = self._history.version
        self._history = self._history.extend(
            [Entry(version + i, float(version), fact) for i, fact in enumerate(facts, start=1)]
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One optimiser on one problem with one seed."""

    optimiser: str
    family: str
    problem: str
    seed: int
    trials: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job gave."""

    job: Job
    regret: list[float]
    """Regret of the incumbent after each trial."""
    cpu_ms: float
    """Mean CPU milliseconds per ask and tell over the last tenth of the trials."""


def problems(data: Path, family: str) -> list[Benchmark]:
    """Return the problems of a family; none when its data are missing."""
    match family:
        case "lcbench":
            return list(lcbench.load(data))
        case "taskset":
            return list(taskset.load(data))
        case "real":
            return list(real.load())
        case _:
            return list(synthetic.load())


def run(job: Job, data: Path) -> Outcome:
    """Do a job."""
    warnings.simplefilter("ignore")
    benchmark = next(b for b in problems(data, job.family) if b.name == job.problem)
    session, noise = benchmark.start(), np.random.default_rng((job.seed, 7))
    optimiser = start(job.optimiser, benchmark.space, job.seed)
    seen, true, cpu = [], [], []
    for _ in range(job.trials):
        begin = time.process_time()
        token, config = optimiser.ask(session.place)
        cpu.append(time.process_time() - begin)
        true.append(session.worth(config))
        seen.append(session.seen(config) + benchmark.noise * float(noise.standard_normal()))
        begin = time.process_time()
        optimiser.tell(token, seen[-1])
        cpu[-1] += time.process_time() - begin
    late = cpu[-max(1, job.trials // 10) :]
    regret = benchmark.regret(np.array(true)[_incumbents(np.array(seen))])
    return Outcome(job, [round(float(r), 6) for r in regret], 1e3 * float(np.mean(late)))


def overhead(trials: int = 100, asked: int = 20) -> float:
    """Return CPU milliseconds per ask and tell of `bayes` from trial 100 on, 7 columns."""
    optimiser = Ours(ose.Space({f"x{i}": ose.Float(0, 1) for i in range(7)}), 0, "bayes")
    begin = 0.0
    for trial in range(trials + asked):
        if trial == trials:
            begin = time.process_time()
        token, config = optimiser.ask()
        x = np.array(list(config.values()), dtype=np.float64)
        optimiser.tell(token, float(np.sum((x - 0.3) ** 2) + 0.1 * np.sin(20 * x[0])))
    # Once for all, since the call itself takes milliseconds in some sandboxes.
    return 1e3 * (time.process_time() - begin) / asked


def table(outcomes: Sequence[Outcome], family: str) -> list[dict[str, Any]]:
    """Return one row per optimiser of a family, best mean rank first; only cells that all finished."""
    names = sorted({o.job.optimiser for o in outcomes if o.job.family == family})
    cells = [{(o.job.problem, o.job.seed): o for o in outcomes if _is(o, family, name)} for name in names]
    common = sorted(set.intersection(*(set(c) for c in cells))) if cells else []
    if not common:
        return []
    curves = np.array([[c[cell].regret for cell in common] for c in cells])
    last = curves.shape[2]
    ranks = _ranks(curves[:, :, -1]).mean(axis=1)
    tasks = np.array([problem for problem, _ in common])
    rows = []
    for i, name in enumerate(names):
        row: dict[str, Any] = {"optimiser": name, "cells": len(common), "rank": round(float(ranks[i]), 2)}
        for mark in (m for m in MARKS if m <= last):
            row[f"regret@{mark}"] = round(float(curves[i, :, mark - 1].mean()), 4)
        row["interval"] = _interval(curves[i, :, -1], tasks)
        row["cpu_ms"] = round(float(np.mean([cells[i][cell].cpu_ms for cell in common])), 1)
        rows.append(row)
    return sorted(rows, key=lambda r: r["rank"])


def summary(outcomes: Sequence[Outcome], ours: str) -> dict[str, Any]:
    """Return the figures by which releases are compared."""
    found: dict[str, Any] = {}
    for family in FAMILIES:
        rows = {row["optimiser"]: row for row in table(outcomes, family)}
        rivals = [row for name, row in rows.items() if name in peers.available()]
        if ours not in rows or not rivals:
            continue
        for mark in MARKS:
            key = f"regret@{mark}"
            if key in rows[ours]:
                best = min(row[key] for row in rivals)
                found[f"{family}_regret{mark}_ratio_to_best_peer"] = round(
                    rows[ours][key] / max(best, 1e-9), 3
                )
        found[f"{family}_mean_rank"] = rows[ours]["rank"]
    return found


def main() -> None:
    """Run, and print tables or one JSON object."""
    options = _options()
    jobs = _jobs(options)
    outcomes = _all(jobs, options)
    figures = summary(outcomes, options.ours.split(",")[0])
    figures["suggest_cpu_ms_n100_d7"] = round(overhead(), 2)
    tables = {family: rows for family in FAMILIES if (rows := table(outcomes, family))}
    versions = {n: importlib.metadata.version(n) for n in ("numpy", "scipy", "optuna", "hyperopt") if _has(n)}
    if options.json:
        print(json.dumps({**figures, "tables": tables, "versions": versions}))
        return
    for family, rows in tables.items():
        print(f"\n{family}: {rows[0]['cells']} cells")
        print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(str(v) for v in row.values()) + " |")
    print(json.dumps({**figures, "versions": versions}, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="few problems, 50 trials, 1 or 2 seeds: minutes")
    size.add_argument("--full", action="store_true", help="everything, 100 trials, 5 seeds: hours (default)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder of lcbench and taskset"
    )
    parser.add_argument("--seeds", type=int, help="how many seeds")
    parser.add_argument("--peers", default=",".join(peers.available()), help="which peers, by comma")
    parser.add_argument(
        "--ours", default="auto,bayes,tpe", help="which of our searchers; the first is compared"
    )
    parser.add_argument("--family", default="", help="which families, by comma")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--cache", type=Path, help="file of finished runs to reuse and extend")
    return parser.parse_args()


def _jobs(options: argparse.Namespace) -> list[Job]:
    families = [f for f in options.family.split(",") if f] or list(FAMILIES)
    families = [f for f in families if not (options.quick and not options.family and f == "taskset")]
    seeds = options.seeds or (QUICK_SEEDS if options.quick else 5)
    trials = 50 if options.quick else 100
    # The dearest first, so that no process is left with a long one at the end.
    names = [n for n in ("optuna-gp", *options.ours.split(","), *options.peers.split(",")) if n]
    names = [n for n in dict.fromkeys(names) if n in options.peers.split(",") or n in options.ours.split(",")]
    found = []
    for family in families:
        few = QUICK_LCBENCH if options.quick and family == "lcbench" else None
        for benchmark in problems(options.data, family)[:few]:
            if options.quick and family == "synthetic" and benchmark.name not in QUICK_SYNTHETIC:
                continue
            # More seeds of the few real tables, fewer of the many other problems.
            count = seeds // 2 if options.quick and not options.seeds and family != "real" else seeds
            found += [Job(n, family, benchmark.name, s, trials) for s in range(count) for n in names]
    return sorted(found, key=lambda job: names.index(job.optimiser))


def _all(jobs: Sequence[Job], options: argparse.Namespace) -> list[Outcome]:
    """Do the jobs that are not in the cache, in several processes."""
    found, stamp = [], _stamp()
    kept: dict[str, dict[str, Any]] = {}
    if options.cache and options.cache.exists():
        lines = (json.loads(line) for line in options.cache.read_text().splitlines())
        kept = {line["key"]: line for line in lines}
    missing = []
    for job in jobs:
        key = f"{stamp.get(job.optimiser, '')}{job}"
        if job.optimiser in stamp and key in kept:
            found.append(Outcome(job, kept[key]["regret"], kept[key]["cpu_ms"]))
        else:
            missing.append((key, job))
    with ProcessPoolExecutor(options.workers) as pool:
        futures = [(key, pool.submit(run, job, options.data)) for key, job in missing]
        for i, (key, future) in enumerate(futures, start=1):
            outcome = future.result()
            found.append(outcome)
            print(f"{i}/{len(futures)} {outcome.job} {outcome.regret[-1]}", file=sys.stderr, flush=True)
            if options.cache and outcome.job.optimiser in stamp:
                options.cache.parent.mkdir(parents=True, exist_ok=True)
                with options.cache.open("a") as file:
                    file.write(json.dumps({"key": key, **asdict(outcome)}) + "\n")
    return found


def _stamp() -> dict[str, str]:
    """Return what a peer's results depend on; our own are never kept, their code changes."""
    versions = " ".join(
        f"{n} {importlib.metadata.version(n)}" for n in ("optuna", "hyperopt", "scipy") if _has(n)
    )
    return {name: f"{name} {versions} " for name in peers.available()}


def _has(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def start(name: str, space: ose.Space, seed: int) -> peers.AskTell:
    """Return a peer or one of our searchers, ready to be asked."""
    known = peers.available()
    return known[name](space, seed) if name in known else Ours(space, seed, name)


def _is(outcome: Outcome, family: str, optimiser: str) -> bool:
    return outcome.job.family == family and outcome.job.optimiser == optimiser


def _incumbents(seen: Array) -> list[int]:
    """Return after each trial which one looked best."""
    usable = np.nan_to_num(seen, nan=np.inf)
    return [int(np.argmin(usable[: i + 1])) for i in range(len(seen))]


def _ranks(final: Array) -> Array:
    """Return the rank (optimisers, cells) of each optimiser in each cell, ties averaged."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(final, axis=0))


def _interval(values: Array, tasks: Iterable[str], draws: int = 2000) -> list[float]:
    """Return the 95 % bootstrap interval of the mean over problems, then seeds."""
    rng, labels = np.random.default_rng(0), np.array(list(tasks))
    groups = [values[labels == task] for task in np.unique(labels)]
    means = []
    for _ in range(draws):
        drawn = (groups[i] for i in rng.integers(len(groups), size=len(groups)))
        means.append(np.mean([rng.choice(group, len(group)).mean() for group in drawn]))
    return [round(float(q), 4) for q in np.percentile(means, [2.5, 97.5])]


if __name__ == "__main__":
    main()
