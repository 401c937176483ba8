"""What do schedulers save? Regret along a budget of 30 full trainings, counted in epochs.

    python benchmarks/multifidelity.py --quick --json --data ../shared/data     under 5 minutes
    python benchmarks/multifidelity.py --seeds 5 --data ../shared/data          everything

Asynchronous workers in simulated time (`simulator.py`) drive the real code of every optimiser at its
defaults on problems with learning curves (`problems/curves.py`). The incumbent is the best of the fully
trained configurations, and while there is none the best of those trained longest; its regret is that of
its value at the last epoch: 0 = best known, 1 = a median random configuration.

`ratio_at_N` is the mean regret of our first scheduler after N % of the budget over that of the best
peer there, with 4 workers on lcbench; its interval is a bootstrap over problems, then seeds. The
baselines "sobol@10%", "bayes@25%" and so on train all to one share of the steps, then finish the
best; they are no peers, and have ratios of their own. Progress goes to stderr. `--cache FILE` keeps
finished runs of peers of the same versions, which saves time while developing.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import mf_ours  # noqa: E402
import mf_peers  # noqa: E402
from problems import curves  # noqa: E402
from problems.benchmark import Array  # noqa: E402
from simulator import MARKS, Clock, Trace, simulate  # noqa: E402

SHOWN = (10, 25, 50, 100)
"""Percent of the budget in tables and ratios."""
WORKERS = (1, 4, 16)
NAMED = {"taskset": "taskset", "mixed": "real_mixed", "seconds": "real_seconds"}
"""Families whose ratio at the end has a key of its own."""
QUICK_BASELINES = ("sobol@10%", "bayes@25%")
PACKAGES = ("numpy", "scipy", "optuna", "dehb")


@dataclass(frozen=True, slots=True)
class Job:
    """One optimiser on one problem with one seed and so many workers."""

    optimiser: str
    family: str
    problem: str
    workers: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job gave."""

    job: Job
    trace: Trace


@functools.cache
def problems(data: Path, family: str) -> list[curves.Curved]:
    """Return the problems of a family, read once per process."""
    return list(curves.load(data, family))


def starter(name: str) -> mf_peers.Start:
    """Return a peer, a baseline or one of our schedulers by its name."""
    return {**mf_peers.available(), **mf_peers.baselines()}.get(name) or mf_ours.starter(name)


def run(job: Job, data: Path) -> Outcome:
    """Do a job."""
    warnings.simplefilter("ignore")
    problem = next(p for p in problems(data, job.family) if p.name == job.problem)
    trainings = problem.start()
    name, blind = job.optimiser.removesuffix("-blind"), job.optimiser.endswith("-blind")
    driver = starter(name)(problem.space, problem.steps, job.seed, trainings.place)
    clock = Clock(mf_peers.TRAININGS * problem.steps * problem.step)
    if isinstance(driver, mf_ours.Ours):
        driver.by_the_clock(clock, job.workers, timed=job.family == "seconds" and not blind)
    return Outcome(job, simulate(problem, trainings, driver, job.workers, clock))


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of a family at a number of workers that every optimiser has finished."""

    names: list[str]
    tasks: Array
    """The problem (cells,) of each cell."""
    regret: Array
    """(optimisers, cells, marks)."""
    traces: list[list[Trace]]

    def at(self, name: str, percent: int) -> Array:
        """Return the regret (cells,) of an optimiser after a share of the budget."""
        return np.asarray(self.regret[self.names.index(name), :, MARKS.index(percent)])


def grouped(outcomes: Sequence[Outcome], family: str, workers: int) -> Group | None:
    """Return the common cells; None when there are none."""
    mine = [o for o in outcomes if (o.job.family, o.job.workers) == (family, workers)]
    names = list(dict.fromkeys(o.job.optimiser for o in mine))
    cells = [{(o.job.problem, o.job.seed): o.trace for o in mine if o.job.optimiser == n} for n in names]
    common = sorted(set.intersection(*(set(c) for c in cells))) if cells else []
    if not common:
        return None
    traces = [[c[cell] for cell in common] for c in cells]
    return Group(
        names,
        np.array([task for task, _ in common]),
        np.array([[t.regret for t in row] for row in traces]),
        traces,
    )


def table(group: Group) -> list[dict[str, Any]]:
    """Return one row per optimiser, best regret at the end first."""
    ranks, rows = _ranks(group.regret[:, :, -1]).mean(axis=1), []
    for i, name in enumerate(group.names):
        row: dict[str, Any] = {"optimiser": name}
        for percent in SHOWN:
            row[f"@{percent}%"] = round(float(group.at(name, percent).mean()), 3)
        low, high = _interval(lambda rows, i=i: float(group.regret[i, rows, -1].mean()), group.tasks)
        row["95 % at the end"] = f"{low:.3f} … {high:.3f}"
        row["rank"] = round(float(ranks[i]), 2)
        row["begun"] = round(float(np.mean([t.started for t in group.traces[i]])), 1)
        row["trained fully"] = round(float(np.mean([t.finished for t in group.traces[i]])), 1)
        row["CPU s"] = round(float(np.mean([t.cpu for t in group.traces[i]])), 2)
        rows.append(row)
    return sorted(rows, key=lambda row: row["@100%"])


def ratios(group: Group, ours: str, rivals: Sequence[str]) -> dict[str, Any]:
    """Return our regret over the best rival's at each share, with its spread and the rival's name."""
    found: dict[str, Any] = {}
    rivals = [name for name in rivals if name in group.names]
    if ours not in group.names or not rivals:
        return found
    for percent in SHOWN:
        best = min(rivals, key=lambda name: float(group.at(name, percent).mean()))
        a, b = group.at(ours, percent), group.at(best, percent)

        def ratio(rows: Any, a: Array = a, b: Array = b) -> float:
            return float(a[rows].mean() / max(b[rows].mean(), 1e-9))

        found[f"ratio_at_{percent}"] = round(ratio(slice(None)), 3)
        found[f"ratio_at_{percent}_interval"] = _interval(ratio, group.tasks)
        found[f"best_at_{percent}"] = best
    return found


def reached(group: Group, ours: str, rival: str) -> dict[str, Any]:
    """Return after which share of the budget we are where a rival ends: the median over cells, quartiles."""
    if not {ours, rival} <= set(group.names):
        return {}
    target = group.at(rival, 100)
    there = group.regret[group.names.index(ours)] <= target[:, None] + 1e-12
    share = np.where(there.any(axis=1), np.array(MARKS)[there.argmax(axis=1)] / 100, np.inf)
    low, middle, high = np.quantile(share, [0.25, 0.5, 0.75], method="inverted_cdf").tolist()
    return {f"share_to_{rival}": middle, f"share_to_{rival}_quartiles": [low, high]}


def main() -> None:
    """Run, and print tables or one JSON object."""
    options = _options()
    jobs = _jobs(options)
    outcomes = _all(jobs, options)
    ours = options.ours.split(",")[0]
    figures: dict[str, Any] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    for family in curves.FAMILIES:
        for workers in WORKERS:
            if (group := grouped(outcomes, family, workers)) is None:
                continue
            label = f"{family}, {workers} worker{'s' * (workers > 1)}"
            tables[f"{label}, {len(group.tasks)} cells"] = table(group)
            peer = ratios(group, ours, list(mf_peers.available()))
            if peer and (family, workers) == ("lcbench", 4):
                figures = peer | figures
            if peer and workers == 4 and family in NAMED:
                figures[f"{NAMED[family]}_ratio_at_100"] = peer["ratio_at_100"]
            figures[label] = {
                "peers": peer | reached(group, ours, "optuna-tpe+hyperband"),
                "baselines": ratios(group, ours, list(mf_peers.baselines())),
            }
    about = {
        "ours": ours,
        "seeds": max(job.seed for job in jobs) + 1,
        "missing": [] if "dehb" in mf_peers.available() else ["dehb (pip install dehb==0.1.2)"],
        "versions": {n: importlib.metadata.version(n) for n in PACKAGES if _has(n)},
    }
    if options.json:
        print(json.dumps({**figures, **about, "tables": tables}))
        return
    for name, rows in tables.items():
        print(f"\n{name}\n| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(str(v) for v in row.values()) + " |")
    print(json.dumps({**figures, **about}, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="4 workers, 1 or 2 seeds: minutes")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder of lcbench and taskset"
    )
    parser.add_argument("--seeds", type=int, help="how many seeds")
    parser.add_argument("--peers", help="peers and baselines, by comma; all of them by default")
    parser.add_argument(
        "--ours",
        default="auto",
        help="our schedulers, by comma, such as auto,asha:random; the first is compared",
    )
    parser.add_argument("--family", default=",".join(curves.FAMILIES), help="which families, by comma")
    parser.add_argument("--workers", default="", help="how many simulated workers, by comma: 1,4")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="file of the peers' finished runs to reuse and extend")
    return parser.parse_args()


def _jobs(options: argparse.Namespace) -> list[Job]:
    baselines = QUICK_BASELINES if options.quick else mf_peers.baselines()
    rivals = [*mf_peers.available(), *baselines] if options.peers is None else options.peers.split(",")
    names = [n for n in (*options.ours.split(","), *rivals) if n]
    workers = [int(w) for w in options.workers.split(",") if w] or ([4] if options.quick else list(WORKERS))
    jobs = []
    for family in options.family.split(","):
        # LCBench is what the goal is about; the spread of the others needs the full run.
        seeds = options.seeds or (5 if not options.quick else 2 if family == "lcbench" else 1)
        for problem in problems(options.data, family):
            jobs += [Job(n, family, problem.name, w, s) for n in names for w in workers for s in range(seeds)]
    # The dearest first, so that no process is left with a long one at the end.
    return sorted(jobs, key=lambda job: names.index(job.optimiser))


def _all(jobs: Sequence[Job], options: argparse.Namespace) -> list[Outcome]:
    """Do the jobs that are not in the cache, in several processes."""
    found, kept, missing = [], dict[str, dict[str, Any]](), []
    if options.cache and options.cache.exists():
        kept = {line["key"]: line for line in map(json.loads, options.cache.read_text().splitlines())}
    versions = " ".join(f"{n} {importlib.metadata.version(n)}" for n in PACKAGES if _has(n))
    for job in jobs:
        key = f"{versions} {job}"
        if job.optimiser in mf_peers.available() and key in kept:
            found.append(Outcome(job, Trace(**kept[key]["trace"])))
        else:
            missing.append((key, job))
    with ProcessPoolExecutor(options.processes) as pool:
        futures = [(key, pool.submit(run, job, options.data)) for key, job in missing]
        for i, (key, future) in enumerate(futures, start=1):
            outcome = future.result()
            found.append(outcome)
            if i % 20 == 0 or i == len(futures):
                print(f"{i}/{len(futures)} {outcome.job}", file=sys.stderr, flush=True)
            # Our own are never kept: their code changes.
            if options.cache and outcome.job.optimiser in mf_peers.available():
                options.cache.parent.mkdir(parents=True, exist_ok=True)
                with options.cache.open("a") as file:
                    file.write(json.dumps({"key": key, "trace": asdict(outcome.trace)}) + "\n")
    place = {job: i for i, job in enumerate(jobs)}
    return sorted(found, key=lambda outcome: place[outcome.job])


def _has(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _ranks(final: Array) -> Array:
    """Return the rank (optimisers, cells) of each optimiser in each cell, ties averaged."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(final, axis=0))


def _interval(statistic: Callable[[Any], float], tasks: Array, draws: int = 1000) -> list[float]:
    """Return the 95 % bootstrap interval of a statistic of cells: problems are drawn, then seeds."""
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(tasks == task) for task in np.unique(tasks)]
    drawn = []
    for _ in range(draws):
        picked = (groups[i] for i in rng.integers(len(groups), size=len(groups)))
        drawn.append(statistic(np.concatenate([rng.choice(rows, len(rows)) for rows in picked])))
    return [round(float(q), 3) for q in np.percentile(drawn, [2.5, 97.5])]


if __name__ == "__main__":
    main()
