"""What is experience worth, and what does it cost when it is wrong? Leave one data set out, on LCBench.

    python benchmarks/experience.py --quick --json --data ../shared/data     under 5 minutes
    python benchmarks/experience.py --full --data ../shared/data
    python benchmarks/experience.py --quick --others --data ../shared/data
    python benchmarks/experience.py --scheduled --hostile 10 --data ../shared/data

Each development data set is searched with the experience of studies of the other ones, `SOURCE` trials each by
`auto`; the data set itself is never among them. The same search without experience, and peers, run beside it with
the same seeds. Hostile experience is that of the same studies with their optimum mirrored, with the
direction turned round under another metric's name, and with the values of the hyperparameters permuted among
them. What it costs is smaller than what chance does to a search, so that it is measured with `MISLED` times the seeds
and with `SETS` different sets of past studies; its interval is a bootstrap over seeds within every data set. With `--others`,
experience of all eight development data sets is used on data sets that nothing was chosen on. Regret is
normalised as in search.py. With `--scheduled`, four simulated workers search under the scheduler `auto`, and marks are
percent of a budget of 30 full trainings, as in multifidelity.py. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import msgspec  # noqa: E402
import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import mf_ours  # noqa: E402
import mf_peers  # noqa: E402
import osetra as ose  # noqa: E402
import peers  # noqa: E402
from osetra import policies, searchers  # noqa: E402
from osetra.core.problem import Objective, Problem  # noqa: E402
from osetra.experience.first import noted  # noqa: E402
from osetra.experience.lessons import lessons, to_try  # noqa: E402
from osetra.experience.records import StudyRecord  # noqa: E402
from osetra.study.experience import record_from  # noqa: E402
from problems import curves, lcbench  # noqa: E402
from problems.benchmark import Array, Benchmark  # noqa: E402
from simulator import MARKS as PERCENT  # noqa: E402
from simulator import Clock, simulate  # noqa: E402

SOURCE = 50
"""Trials of each past study."""
MARKS = (5, 10, 25, 50, 100)
HOSTILE = ("mirrored", "opposite", "permuted")
MISLED = 3
"""So many times the seeds for hostile experience."""
SETS = 4
"""How many times every past study was done, with a seed of its own; a search gets one of them."""
WORKERS = 4
"""Simulated workers where trainings are scheduled."""
PEERS = ("optuna-gp", "optuna-tpe")


@dataclass(frozen=True, slots=True)
class Job:
    """One method on one data set with one seed."""

    method: str
    problem: str
    seed: int
    trials: int
    others: bool
    data: Path
    given: tuple[StudyRecord, ...] = ()
    """Experience."""
    scheduled: bool = False


@cache
def trainings(data: Path) -> dict[str, curves.Curved]:
    """Return the development data sets with their learning curves, read once per process."""
    return {one.name: one for one in curves.load(data, "lcbench")}


@cache
def problems(data: Path, others: bool) -> dict[str, Benchmark]:
    """Return the development data sets, or those that nothing was chosen on, read once per process."""
    return {one.name: one for one in (lcbench.others(data) if others else lcbench.load(data))}


def past(job: Job) -> StudyRecord:
    """Return the record of a study, whose seed no other search here has."""
    benchmark = problems(job.data, False)[job.problem]
    study = ose.Study("memory:", benchmark.space, minimize="val_error", seed=job.seed, name=job.problem)
    searched(study, benchmark, job.trials)
    return record_from(study.problem, study.history, job.problem)


def run(job: Job) -> Array:
    """Return the regret (trials,) of a job, or (100,) where trainings are scheduled."""
    if job.scheduled:
        return scheduled(job)
    benchmark = problems(job.data, job.others)[job.problem]
    if job.method in PEERS:
        return of_peer(job.method, benchmark, job.seed, job.trials)
    study = ose.Study(
        "memory:", benchmark.space, minimize="val_error", seed=job.seed, experience=list(job.given) or None
    )
    return searched(study, benchmark, job.trials)


def scheduled(job: Job) -> Array:
    """Return the regret (100,) after each percent of the budget of a search with learning curves."""
    problem = trainings(job.data)[job.problem]
    found, _ = lessons(Problem(problem.space, Objective(metric=mf_ours.METRIC)), job.given)
    tried = to_try(Problem(problem.space, Objective(metric=mf_ours.METRIC)), found)
    notes = [noted(tried, [one.record.study for one in found], problem.space)] if tried else []
    session, policy = problem.start(), policies.by_names(searchers.by_name("auto"), "auto")
    driver = mf_ours.Ours(problem.space, problem.steps, job.seed, session.place, policy, notes)
    clock = Clock(mf_peers.TRAININGS * problem.steps * problem.step)
    driver.by_the_clock(clock, WORKERS, timed=False)
    trace = simulate(problem, session, driver, WORKERS, clock)
    return np.repeat(np.array(trace.regret), 100 // len(PERCENT))


def searched(study: ose.Study, benchmark: Benchmark, trials: int) -> Array:
    """Return the regret (trials,) of the best so far of a study that is run on a data set."""
    session, values = benchmark.start(), []
    for _ in range(trials):
        run = study.ask()
        values.append(session.worth(dict(run.config)))
        study.tell(run, values[-1])
    return benchmark.regret(np.minimum.accumulate(np.array(values)))


def of_peer(name: str, benchmark: Benchmark, seed: int, trials: int) -> Array:
    """Return the same of a peer."""
    optimiser, session, values = peers.available()[name](benchmark.space, seed), benchmark.start(), []
    for _ in range(trials):
        token, config = optimiser.ask(session.place)
        values.append(session.worth(config))
        optimiser.tell(token, values[-1])
    return benchmark.regret(np.minimum.accumulate(np.array(values)))


def hostile(record: StudyRecord, kind: str) -> StudyRecord:
    """Return a record that says the wrong thing in one of three ways."""
    if kind == "opposite":
        return msgspec.structs.replace(record, metric="score", direction="maximize")
    space = ose.Space.parse(record.space, stored=True)
    points = space.encode([config for config, _ in record.trials])
    moved = 1.0 - points if kind == "mirrored" else np.roll(points, 3, axis=1)
    trials = [(config, value) for config, (_, value) in zip(space.decode(moved), record.trials, strict=True)]
    return msgspec.structs.replace(record, trials=trials)


Cells = dict[str, dict[tuple[str, int], Array]]
"""Regret (trials,) by method, problem and seed."""


def figures(cells: Cells, rng: np.random.Generator) -> dict[str, Any]:
    """Return the keys by which releases are compared."""
    helped, plain = _both(cells, "experience", "auto")
    marks = [mark for mark in MARKS if mark <= helped.shape[1]]
    found: dict[str, Any] = {}
    rivals = [_both(cells, name, name)[0] for name in PEERS if name in cells]
    for mark in marks:
        if rivals:
            best = min(float(regret[:, mark - 1].mean()) for regret in rivals)
            found[f"experience_regret{mark}_ratio_to_best_peer"] = _round(helped[:, mark - 1].mean() / best)
        found[f"experience_regret{mark}_ratio_to_auto"] = _ratio(helped, plain, mark)
    worst = [_both(cells, name, "auto") for name in HOSTILE if name in cells]
    if worst:
        misled, alone = np.mean([pair[0] for pair in worst], axis=0), worst[0][1]
        found |= {f"hostile_experience_regret{mark}_ratio": _ratio(misled, alone, mark) for mark in marks}
        found["hostile_experience_ratio"] = found["hostile_experience_regret25_ratio"]
        tasks = np.array([problem for problem, _ in sorted(cells["auto"].keys() & cells[HOSTILE[0]].keys())])
        found["hostile_experience_interval"] = _interval(misled[:, 24], alone[:, 24], tasks, rng)
        found["hostile_by_kind"] = {
            name: _ratio(*pair, 25) for name, pair in zip(HOSTILE, worst, strict=True)
        }
    return found


def _both(cells: Cells, one: str, other: str) -> tuple[Array, Array]:
    """Return the regret (cells, trials) of two methods where both were run."""
    common = sorted(cells[one].keys() & cells[other].keys())
    return np.array([cells[one][key] for key in common]), np.array([cells[other][key] for key in common])


def table(cells: Cells) -> list[dict[str, Any]]:
    """Return a row per method."""
    rows = []
    for name in cells:
        regret = _both(cells, name, name)[0]
        row: dict[str, Any] = {"method": name, "cells": len(regret)}
        row |= {f"regret@{m}": _round(regret[:, m - 1].mean()) for m in MARKS if m <= regret.shape[1]}
        row["error@25"] = _round(regret[:, 24].std(ddof=1) / len(regret) ** 0.5)
        rows.append(row)
    return rows


def jobs(options: argparse.Namespace, records: dict[tuple[str, int], StudyRecord]) -> Iterator[Job]:
    """Yield what is to be done."""
    trials, seeds = (25 if options.quick else 50), options.seeds or (2 if options.quick else 5)
    rivals = [name for name in PEERS if name in peers.available() and not options.scheduled]
    for seed in range(max(seeds, seeds * MISLED if options.hostile is None else options.hostile)):
        methods = ("auto", *HOSTILE) if seed >= seeds else ("auto", "experience", *HOSTILE, *rivals)
        for name in problems(options.data, options.others):
            before = [one for (task, turn), one in records.items() if task != name and turn == seed % SETS]
            for method in methods:
                told = [hostile(one, method) for one in before] if method in HOSTILE else before
                given = tuple(told) if method in ("experience", *HOSTILE) else ()
                yield Job(method, name, seed, trials, options.others, options.data, given, options.scheduled)


def main() -> None:
    """Run, and print a table or one JSON object."""
    options = _options()
    known = problems(options.data, False)
    if not known:
        raise SystemExit(f"no LCBench below {options.data}; name its folder with --data")
    cells: Cells = {}
    with ProcessPoolExecutor(options.processes) as pool:
        turns = [(name, turn) for name in known for turn in range(SETS)]
        old = [Job("auto", name, 1000 + turn, SOURCE, False, options.data) for name, turn in turns]
        wanted = list(jobs(options, dict(zip(turns, pool.map(past, old), strict=True))))
        for place, job in enumerate(zip(wanted, pool.map(run, wanted, chunksize=4), strict=True), 1):
            cells.setdefault(job[0].method, {})[job[0].problem, job[0].seed] = job[1]
            if place % 100 == 0 or place == len(wanted):
                print(f"{place}/{len(wanted)}", file=sys.stderr, flush=True)
    result = figures(cells, np.random.default_rng(0))
    if options.json:
        seeds = {name: len({seed for _, seed in found}) for name, found in cells.items()}
        print(json.dumps({**result, "seeds": seeds, "table": table(cells)}))
        return
    rows = table(cells)
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    print(json.dumps(result, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick",
        action="store_true",
        help=f"25 trials, 2 seeds, {2 * MISLED} for hostile experience: minutes",
    )
    size.add_argument("--full", action="store_true", help="50 trials, 5 seeds (default)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--others", action="store_true", help="search data sets that nothing was chosen on")
    parser.add_argument("--scheduled", action="store_true", help="learning curves, four workers, a scheduler")
    parser.add_argument("--seeds", type=int, help="how many seeds")
    parser.add_argument(
        "--hostile", type=int, help=f"how many for hostile experience; {MISLED} times as many"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of lcbench")
    options = parser.parse_args()
    if options.scheduled and options.others:
        parser.error("--scheduled knows the learning curves of the development data sets only")
    return options


def _ratio(one: Array, other: Array, mark: int) -> float:
    return _round(one[:, mark - 1].mean() / other[:, mark - 1].mean())


def _interval(
    one: Array, other: Array, tasks: Any, rng: np.random.Generator, draws: int = 2000
) -> list[float]:
    """Return the 95 % interval of the ratio of two means (cells,): a bootstrap within each problem (cells,)."""
    groups = [np.flatnonzero(tasks == task) for task in np.unique(tasks)]
    ratios = []
    for _ in range(draws):
        rows = np.concatenate([rng.choice(group, len(group)) for group in groups])
        ratios.append(one[rows].mean() / other[rows].mean())
    return [_round(q) for q in np.percentile(ratios, [2.5, 97.5])]


def _round(value: float) -> float:
    return round(float(value), 3)


if __name__ == "__main__":
    main()
