"""Several objectives and limits: the volume that trials dominate, ours and Optuna's samplers in one run.

    python benchmarks/objectives.py                     nine problems, five seeds, 60 trials: about an hour
    python benchmarks/objectives.py --quick --json      three problems, two seeds, 30 trials: under 5 minutes
    python benchmarks/objectives.py --network           a network on digits: error against time per prediction
    python benchmarks/objectives.py --only zdt1,srn --methods auto,optuna-gp --seeds 3

The score is the share of the true front's hypervolume that the trials so far dominate which keep all constraints,
by the mean over seeds; of one objective, the same of the interval up to the reference. All methods are at their
defaults and begin with what they begin with. `ratio` is what a method leaves undominated (1 - score) over what
`auto` leaves, the geometric mean over problems: above 1 the peer leaves more.

    pip install optuna torch==2.13.0     for the peers and the network
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import osetra as ose  # noqa: E402
from osetra.core.decisions import Suggestion  # noqa: E402
from osetra.core.history import History  # noqa: E402
from osetra.core.outcomes import outcomes  # noqa: E402
from osetra.core.problem import Problem  # noqa: E402
from osetra.core.results import results  # noqa: E402
from osetra.numerics.bayes import Cube, Observations  # noqa: E402
from osetra.numerics.bayes import suggest as bayes_suggest  # noqa: E402
from osetra.numerics.pareto import Array, hypervolume  # noqa: E402
from problems.several import PROBLEMS, Several  # noqa: E402

OURS = ("auto", "bayes", "evolution", "tpe", "random", "scalarised")
PEERS = {"optuna-nsga2": "NSGAIISampler", "optuna-tpe": "TPESampler", "optuna-gp": "GPSampler"}
LEAST = 1e-4
"""Share left undominated below which two methods count as equal: the true front is known to about that."""

Told = tuple[list[Sequence[float]], list[Sequence[float]], float]
"""Outcomes and constraints of each trial, and the seconds that suggestions took."""


@dataclass(frozen=True, slots=True)
class Scalarised:
    """What `bayes` might have been: its model of one objective, on a random scalarisation for each suggestion.

    The augmented Chebyshev norm of ParEGO (Knowles 2006, IEEE TEVC 10); what breaks a limit counts as failed.
    """

    name = "scalarised"
    lookahead = 1

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions."""
        past = results(problem, history)
        found = outcomes(problem, history, list(past.trials))
        good = past.valid & found.known & found.kept
        y = np.full(len(past.y), np.nan)
        if good.any():
            low, high = found.values[good].min(axis=0), found.values[good].max(axis=0)
            scaled = (found.values[good] - low) / np.where(high > low, high - low, 1.0)
            weighted = rng.dirichlet(np.ones(scaled.shape[1])) * scaled
            y[good] = weighted.max(axis=1) + 0.05 * weighted.sum(axis=1)
        space = problem.space
        d = len(space.columns)
        cube = Cube(np.zeros(d, np.int64), np.zeros(d, bool), space.snap, space.encode([space.default])[0])
        told = Observations(past.x, y, ~good, past.pending, past.count)
        proposals = bayes_suggest(told, cube, count, rng, seed=history.seed)
        return [Suggestion(space.decode(one.x[None])[0], "scalarised") for one in proposals]


def ours(problem: Several, searcher: str, trials: int, seed: int) -> Told:
    """Return what a study of ours tried."""
    space = ose.Space({f"x{i}": ose.Float(0, 1) for i in range(problem.columns)})
    metrics = [f"f{j}" for j in range(len(problem.reference))]
    limits = {f"c{k}": "<= 0" for k in range(len(_constraints(problem, np.full(problem.columns, 0.5))))}
    chosen = Scalarised() if searcher == "scalarised" else searcher
    study = ose.Study("memory:", space, minimize=metrics, limits=limits, searcher=chosen, seed=seed)
    values, constraints, seconds = [], [], 0.0
    for _ in range(trials):
        begun = time.perf_counter()
        run = study.ask()
        seconds += time.perf_counter() - begun
        x = np.array([run.config[f"x{i}"] for i in range(problem.columns)])
        values.append(problem.outcomes(x))
        constraints.append(_constraints(problem, x))
        told = dict(zip(metrics, values[-1], strict=True))
        study.tell(run, told | {f"c{k}": value for k, value in enumerate(constraints[-1])})
    return values, constraints, seconds


def optuna(problem: Several, sampler: str, trials: int, seed: int) -> Told:
    """Return what a study of Optuna tried."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    limited: dict[str, Any] = {"constraints_func": lambda t: t.user_attrs["c"]} if problem.constraints else {}
    chosen = getattr(optuna.samplers, sampler)(seed=seed, **limited)
    study = optuna.create_study(sampler=chosen, directions=["minimize"] * len(problem.reference))
    values, constraints, seconds = [], [], 0.0
    for _ in range(trials):
        begun = time.perf_counter()
        trial = study.ask()
        x = np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(problem.columns)])
        seconds += time.perf_counter() - begun
        values.append(problem.outcomes(x))
        constraints.append(_constraints(problem, x))
        trial.set_user_attr("c", list(constraints[-1]))
        study.tell(trial, list(values[-1]))
    return values, constraints, seconds


def _constraints(problem: Several, x: Array) -> Sequence[float]:
    return problem.constraints(x) if problem.constraints else ()


def shares(problem: Several, told: Told, marks: Sequence[int]) -> list[float]:
    """Return the share of the true front's volume dominated after so many trials."""
    values = np.array(told[0], dtype=np.float64)
    kept = np.array([max(c, default=0.0) <= 0 for c in told[1]])
    reference, whole = np.array(problem.reference), _whole(problem.name)
    return [hypervolume(values[:n][kept[:n]], reference) / whole for n in marks]


@lru_cache
def _whole(name: str) -> float:
    return PROBLEMS[name].volume


def cell(job: tuple[str, str, int, int, tuple[int, ...]]) -> dict[str, Any]:
    """Return one method on one problem with one seed."""
    logging.disable(logging.WARNING)
    name, method, seed, trials, marks = job
    problem = PROBLEMS[name]
    run = (
        ours(problem, method, trials, seed)
        if method in OURS
        else optuna(problem, PEERS[method], trials, seed)
    )
    return {
        "problem": name,
        "method": method,
        "seed": seed,
        "shares": shares(problem, run, marks),
        "ms": 1000 * run[2] / trials,
    }


def summary(cells: Sequence[Mapping[str, Any]], marks: Sequence[int]) -> dict[str, Any]:
    """Return means and deviations by problem and method, and the ratios to `auto`."""
    methods = list(dict.fromkeys(c["method"] for c in cells))
    problems = list(dict.fromkeys(c["problem"] for c in cells))
    rows = []
    for problem in problems:
        for method in methods:
            mine = [c for c in cells if (c["problem"], c["method"]) == (problem, method)]
            found = np.array([c["shares"] for c in mine])
            rows.append(
                {
                    "problem": problem,
                    "method": method,
                    "mean": [round(float(v), 4) for v in found.mean(axis=0)],
                    "sd": [round(float(v), 4) for v in found.std(axis=0)],
                    "ms": round(float(np.mean([c["ms"] for c in mine])), 1),
                }
            )
    left = {(r["problem"], r["method"]): np.maximum(1 - np.array(r["mean"]), LEAST) for r in rows}
    ratios: dict[str, list[float]] = {}
    for method in methods:
        if "auto" in methods and method != "auto":
            logs = [np.log(left[p, method] / left[p, "auto"]) for p in problems]
            ratios[method] = [round(float(v), 2) for v in np.exp(np.mean(logs, axis=0))]
    return {"benchmark": "objectives", "marks": list(marks), "rows": rows, "ratio": ratios}


def network(methods: Sequence[str], trials: int, seeds: int) -> list[dict[str, Any]]:
    """Return, by method and seed, the volume of a network on digits: its error against its time per picture.

    Both by their logarithms, for whoever searches and for the volume.
    """
    from problems.digits_speed import train

    reference = np.array([math.log10(0.5), math.log10(1000.0)])  # half wrong, 1000 microseconds
    found = []
    for seed in range(seeds):
        for method in methods:
            rows = _network_of(train, method, trials, seed)
            volume = hypervolume(np.array(rows), reference)
            found.append({"method": method, "seed": seed, "volume": round(volume, 4), "trials": rows})
            print(json.dumps({k: v for k, v in found[-1].items() if k != "trials"}), flush=True)
    return found


def _network_of(
    train: Callable[[Mapping[str, Any], int], tuple[float, float]], method: str, trials: int, seed: int
) -> list[tuple[float, float]]:
    rows: list[tuple[float, float]] = []
    if method in OURS:
        space = ose.Space(
            lr=ose.Float(1e-4, 0.1, scale="log"),
            layers=ose.Int(0, 3),
            units=ose.Int(4, 512, scale="log"),
            decay=ose.Float(1e-6, 1e-1, scale="log"),
        )
        study = ose.Study("memory:", space, minimize=["error", "us"], searcher=method, seed=seed)
        for _ in range(trials):
            run = study.ask()
            rows.append(train(run.config, seed))
            study.tell(run, {"error": rows[-1][0], "us": rows[-1][1]})
        return rows
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    theirs = optuna.create_study(
        sampler=getattr(optuna.samplers, PEERS[method])(seed=seed), directions=["minimize", "minimize"]
    )
    for _ in range(trials):
        trial = theirs.ask()
        config = {
            "lr": trial.suggest_float("lr", 1e-4, 0.1, log=True),
            "layers": trial.suggest_int("layers", 0, 3),
            "units": trial.suggest_int("units", 4, 512, log=True),
            "decay": trial.suggest_float("decay", 1e-6, 1e-1, log=True),
        }
        rows.append(train(config, seed))
        theirs.tell(trial, list(rows[-1]))
    return rows


def main() -> None:
    """Run all, and print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three problems, two seeds, 30 trials")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--only", default="", help="problems, with commas")
    parser.add_argument("--methods", default="", help="with commas; ours by name, or optuna-nsga2, -tpe, -gp")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--trials", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--network", action="store_true", help="the real network instead")
    options = parser.parse_args()
    methods = options.methods.split(",") if options.methods else [*OURS, *PEERS]
    seeds = options.seeds or (2 if options.quick else 5)
    if options.network:
        found = network(methods, options.trials or 30, seeds)
        by = {m: [f["volume"] for f in found if f["method"] == m] for m in methods}
        mean = {m: [round(float(np.mean(v)), 4), round(float(np.std(v)), 4)] for m, v in by.items()}
        print(json.dumps({"benchmark": "objectives_network", "volume": mean}))
        return
    trials = options.trials or (30 if options.quick else 60)
    marks = tuple(n for n in (15, 30, 45, 60, 120) if n <= trials)
    names = (
        options.only.split(",") if options.only else ["zdt1", "srn", "gramacy"] if options.quick else PROBLEMS
    )
    jobs = [(p, m, s, trials, marks) for p in names for m in methods for s in range(seeds)]
    cells = []
    with get_context("spawn").Pool(options.workers) as pool:
        for done in pool.imap(cell, jobs):
            cells.append(done)
            if not options.json:
                print(json.dumps(done), flush=True)
    said = summary(cells, marks)
    if options.json:
        print(json.dumps(said))
        return
    for row in said["rows"]:
        spread = "  ".join(f"{m:.3f} ± {s:.3f}" for m, s in zip(row["mean"], row["sd"], strict=True))
        print(f"{row['problem']:<8} {row['method']:<13} {spread}  {row['ms']:.0f} ms")
    print(json.dumps(said["ratio"]))


if __name__ == "__main__":
    main()
