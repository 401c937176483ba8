"""Is the guidance true? Importance against known shares, and advice on studies without any effect.

    python benchmarks/guidance.py --quick --json      # under 5 minutes on two busy cores
    python benchmarks/guidance.py --seeds 20

Every searcher runs on six functions whose shares are known (`problems/effects.py`); at 20, 40 and 100
trials osetra's importance and Optuna's fANOVA and PED-ANOVA evaluators look at the same trials. Spearman
is the rank correlation with the true shares of all hyperparameters; `first` is how often the name with the
largest share is the right one, `named` how often osetra says so as a finding would, and `wrong` how often
it names another one. Where a study has no effect at all, whatever advice names is a false alarm. Settings
were chosen on the functions marked "tuned"; the others were kept aside. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded
from scipy.stats import spearmanr  # noqa: E402

import guidance_rules  # noqa: E402
import honest_best  # noqa: E402
import osetra as ose  # noqa: E402
import retest  # noqa: E402
from osetra.advice import edges  # noqa: E402
from osetra.advice import importance as named  # noqa: E402
from osetra.core.history import History  # noqa: E402
from osetra.core.params import Choice, Config, Int  # noqa: E402
from osetra.effects.importance import importance  # noqa: E402
from osetra.testing.histories import history_of  # noqa: E402
from problems.effects import ASIDE, EXAMPLE, NULL, PROBLEMS, TUNED, Effects, Shares  # noqa: E402

SEARCHERS = ("auto", "bayes", "tpe", "random", "zoom")
MARKS = (20, 40, 100)
CLEAR = 0.5
"""True share from which on the first name has to be right."""
Rows = list[tuple[Config, float]]


@dataclass(frozen=True, slots=True)
class Job:
    """A study of one searcher on one function."""

    problem: str
    searcher: str
    seed: int
    marks: tuple[int, ...]
    peers: bool = True


def _problem(name: str) -> Effects:
    return {**PROBLEMS, EXAMPLE.name: EXAMPLE, NULL.name: NULL}[name]


def study(job: Job) -> tuple[ose.Problem, Rows]:
    """Return the trials that a searcher makes, one after the other."""
    asked = _problem(job.problem)
    made = ose.Study("memory:", asked.space, minimize="value", searcher=job.searcher, seed=job.seed)
    rng, rows = np.random.default_rng((job.seed, 7)), []
    for _ in range(max(job.marks)):
        run = made.ask()
        config = dict(run.config)
        value = asked.function(config) + asked.noise * float(rng.standard_normal())
        made.tell(run, value)
        rows.append((config, value))
    return made.problem, rows


def run(job: Job) -> list[dict[str, Any]]:
    """Return what every evaluator says of a study, at each mark."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    problem, rows = study(job)
    found = []
    for mark in job.marks:
        history = history_of(problem, rows[:mark])
        found.append(_null(job, mark, problem, history) if job.problem == "null" else {})
        found[-1] |= {"problem": job.problem, "searcher": job.searcher, "seed": job.seed, "trials": mark}
        if job.problem == "null":
            continue
        truth = _truth(job.problem)
        begun = time.process_time()
        ours = importance(problem, history)
        found[-1]["seconds"] = time.process_time() - begun
        found[-1]["osetra"] = _score({n: s.share for n, s in ours.shares.items()}, truth)
        right = max(truth, key=lambda name: truth[name])
        found[-1]["named"] = ours.leading == right
        found[-1]["wrong"] = ours.leading not in (None, right)
        if job.peers:
            for name, shares in _peers(job.problem, rows[:mark], job.seed):
                found[-1][name] = _score(shares, truth)
    return found


def _null(job: Job, mark: int, problem: ose.Problem, history: History) -> dict[str, Any]:
    return {
        "edge": bool(edges.find(problem, history)),
        "importance": bool(named.find(problem, history)),
        "leading": importance(problem, history).leading is not None,
    }


def _score(shares: Shares, truth: Shares) -> tuple[float, bool]:
    """Return the rank correlation with the truth, and whether the first name is right; what is left out has none."""
    names = list(truth)
    said = np.array([np.nan_to_num(shares.get(name, 0.0)) for name in names])
    true = np.array([truth[name] for name in names])
    correlation = 0.0 if np.ptp(said) == 0 else float(spearmanr(said, true).statistic)
    return correlation, bool(np.ptp(said) > 0 and np.argmax(said) == np.argmax(true))


@cache
def _truth(name: str) -> Shares:
    return _problem(name).shares()


def _peers(name: str, rows: Rows, seed: int) -> Iterable[tuple[str, Shares]]:
    """Yield what Optuna's evaluators say of the same trials."""
    try:
        import optuna
    except ImportError:
        return
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study()
    space = _problem(name).space
    distributions = {column.key: _distribution(optuna, column.param) for column in space.columns}
    for config, value in rows:
        mine = {n: distributions[n] for n in config if n in distributions}
        params = {n: config[n] for n in mine}
        made.add_trial(optuna.trial.create_trial(params=params, distributions=mine, value=value))
    evaluators = {
        "optuna-fanova": optuna.importance.FanovaImportanceEvaluator(seed=seed),
        "optuna-ped-anova": optuna.importance.PedAnovaImportanceEvaluator(),
    }
    for label, evaluator in evaluators.items():
        try:
            yield label, dict(optuna.importance.get_param_importances(made, evaluator=evaluator))
        except (ValueError, RuntimeError):
            yield label, {}


def _distribution(optuna: Any, param: Any) -> Any:
    made = optuna.distributions
    if isinstance(param, Choice):
        return made.CategoricalDistribution(param.options)
    log = param.scale == "log"
    return (made.IntDistribution if isinstance(param, Int) else made.FloatDistribution)(
        param.low, param.high, log=log
    )


def jobs(options: argparse.Namespace) -> list[Job]:
    """Return what is run; the studies of `auto` first, for they take longest."""
    seeds = options.seeds or (6 if options.quick else 20)
    others = 2 if options.quick else seeds
    marks = (20, 40) if options.quick else MARKS
    only = options.problem.split(",") if options.problem else list(PROBLEMS)
    searchers = options.searcher.split(",") if options.searcher else SEARCHERS
    found = []
    for searcher in searchers:
        count = seeds if searcher == "auto" else others
        found += [
            Job(p, searcher, s, marks, peers=not options.no_peers)
            for s in range(count)
            for p in only
            if p in PROBLEMS
        ]
    nulls = 20 if options.quick else 3 * seeds
    if not options.problem or "null" in only:
        found += [
            Job("null", "auto", 100 + s, (24, 40) if options.quick else (12, 24, 40)) for s in range(nulls)
        ]
        found += [
            Job("null", other, 100 + s, (24, 40))
            for other in searchers
            if other != "auto"
            for s in range(0 if options.quick else nulls)
        ]
    if not options.problem or EXAMPLE.name in only:
        found += [Job(EXAMPLE.name, "auto", s, (40,), peers=False) for s in range(8)]
    return found


def summary(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures."""
    clear = [
        r
        for r in found
        if r["problem"] in PROBLEMS
        and r["searcher"] == "auto"
        and r["trials"] == 40
        and max(_truth(r["problem"]).values()) > CLEAR
    ]
    aside = [r for r in clear if r["problem"] in ASIDE]
    nulls = [r for r in found if r["problem"] == "null" and r["searcher"] == "auto"]
    example = [r for r in found if r["problem"] == EXAMPLE.name]
    return {
        "importance_first_right_auto40": _mean(r["osetra"][1] for r in clear),
        "importance_first_right_auto40_aside": _mean(r["osetra"][1] for r in aside),
        "importance_named_auto40": _mean(r["named"] for r in clear),
        "importance_wrong_auto40": _mean(r["wrong"] for r in clear),
        "example_named_of_8": sum(r["named"] for r in example),
        "example_wrong_of_8": sum(r["wrong"] for r in example),
        "edge_false_alarm_auto": _mean(r["edge"] for r in nulls),
        "importance_false_alarm_auto": _mean(r["importance"] or r["leading"] for r in nulls),
        "null_studies_auto": len({r["seed"] for r in nulls}),
        "seconds": _mean(r["seconds"] for r in found if "seconds" in r),
    }


def table(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each function, searcher and number of trials."""
    rows = []
    for problem, searcher, trials in sorted({(r["problem"], r["searcher"], r["trials"]) for r in found}):
        mine = [r for r in found if (r["problem"], r["searcher"], r["trials"]) == (problem, searcher, trials)]
        row: dict[str, Any] = {
            "problem": problem,
            "searcher": searcher,
            "trials": trials,
            "studies": len(mine),
        }
        if problem == "null":
            rows.append(row | {k: _mean(r[k] for r in mine) for k in ("edge", "importance", "leading")})
            continue
        row["chosen_on"] = "tuned" if problem in TUNED else "aside"
        for name in ("osetra", "optuna-fanova", "optuna-ped-anova"):
            if name in mine[0]:
                row[f"{name} spearman"] = _mean(r[name][0] for r in mine)
                row[f"{name} first"] = _mean(r[name][1] for r in mine)
        rows.append(row | {k: _mean(r[k] for r in mine) for k in ("named", "wrong")})
    return rows


def _mean(values: Iterable[float]) -> float | None:
    listed = [float(value) for value in values]
    return round(float(np.mean(listed)), 3) if listed else None


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer seeds, up to 40 trials: under 5 minutes")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--seeds", type=int, help="how many studies of each function and searcher")
    parser.add_argument("--problem", default="", help="which functions, by comma; also null and example")
    parser.add_argument("--searcher", default="", help="which searchers, by comma")
    parser.add_argument("--no-peers", action="store_true", help="leave Optuna's evaluators out")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    asked, found = jobs(options), []
    simulated = (
        [] if options.problem else guidance_rules.worlds(quick=options.quick, seeds=options.seeds or 6)
    )
    begun = time.monotonic()
    with ProcessPoolExecutor(options.workers) as pool:
        parts = () if options.problem else (honest_best.figures, retest.figures)
        apart = [pool.submit(figures, options.quick) for figures in parts]
        spoke = list(pool.map(guidance_rules.run, simulated, chunksize=4))
        for done, rows in enumerate(pool.map(run, asked), 1):
            found += rows
            print(
                f"\r{done} of {len(asked)} studies, {time.monotonic() - begun:.0f} s", end="", file=sys.stderr
            )
    print(file=sys.stderr)
    said = summary(found)
    for figures in apart:
        said |= figures.result()
    if not options.problem:
        said |= guidance_rules.rules_summary(spoke)
    if options.json:
        print(json.dumps({**said, "tables": table(found), "rules_table": guidance_rules.rules_table(spoke)}))
        return
    for row in guidance_rules.rules_table(spoke):
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    for row in table(found):
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
