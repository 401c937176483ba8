"""A hundred workers on one PostgreSQL server: reports, claims, and what others reach on the same server.

    python benchmarks/postgres.py            a table, about 6 minutes
    python benchmarks/postgres.py --quick    fewer trials and peers, under 5 minutes
    python benchmarks/postgres.py --json     one JSON object on stdout

Starts a server of its own with fsync and synchronous commits on. Each worker is a process with a
connection of its own, that claims a trial as our supervisors do, reports in batches of 50 points and
ends it. `paced` workers report a batch every 0.4 s, as trainings do; `flood` ones without a pause.
The peers write the same to the same server: bare SQL with SKIP LOCKED and no study behind it, which is
the limit, and Optuna's RDB storage with 8 workers.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from osetra.core.curves import Point
from osetra.core.facts import Opened, Suggested, Worker, ended
from osetra.core.history import History
from osetra.errors import Conflict, StoreAway
from osetra.executors.claims import claim_next
from osetra.stores import open_store
from osetra.testing.rig.postgres import Cluster

BATCH = 50
BATCHES = 5
PAUSE = 0.4
QUEUE = 200
"""Trials that wait for a worker, as a planner with a lookahead keeps them."""
TABLES = """
CREATE TABLE IF NOT EXISTS job (id int PRIMARY KEY, state int NOT NULL DEFAULT 0, owner int);
CREATE INDEX IF NOT EXISTS waiting ON job (id) WHERE state = 0;
CREATE TABLE IF NOT EXISTS reading (job int, step int, value float8, PRIMARY KEY (job, step));
"""


def ours(url: str, me: int, trials: int, pause: float, results: multiprocessing.SimpleQueue) -> None:
    """Be one of our workers until all trials are taken."""
    store = None
    while store is None:
        with suppress(StoreAway):  # a hundred at once may be too many for a moment
            store = open_store(url, "bench")
    worker, history = Worker("bench", "bench", me, 0.0), History()
    claims: list[tuple[int, float]] = []
    rng = np.random.default_rng(me)
    time.sleep(rng.uniform(0, pause * BATCHES))
    while len(history.ended) < trials:
        begun = time.perf_counter()
        history = history.extend(store.read(history.version))
        claim = claim_next(store, history, worker, repeats_only=False)
        if claim is None:
            if history.next_trial > trials and not history.queued:
                break
            time.sleep(0.02)
            continue
        trial = claim.trial.number
        claims.append((trial, time.perf_counter() - begun))
        for batch in range(BATCHES):
            time.sleep(pause * rng.uniform(0.8, 1.2))
            steps = range(batch * BATCH + 1, (batch + 1) * BATCH + 1)
            store.append([], [Point(trial, claim.attempt, 0, step, "loss", 1 / step) for step in steps])
        store.append([ended(trial, claim.attempt, "finished", 0.5)])
    store.close()
    results.put(claims)


def plan(url: str, trials: int) -> None:
    """Keep the queue filled, as the program that drives a study does."""
    store, history = open_store(url, "bench"), History()
    while history.next_trial <= trials:
        history = history.extend(store.read(history.version))
        room = min(QUEUE - len(history.queued), trials + 1 - history.next_trial)
        if room > 0:
            numbers = range(history.next_trial, history.next_trial + room)
            store.append([Suggested(n, {"lr": 0.5}, n) for n in numbers])
        time.sleep(0.02)
    store.close()


def bare(url: str, me: int, trials: int, pause: float, results: multiprocessing.SimpleQueue) -> None:
    """Do the same with hand-written SQL: the limit of the server."""
    import psycopg

    claims: list[tuple[int, float]] = []
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            begun = time.perf_counter()
            row = connection.execute(
                "UPDATE job SET state = 1, owner = %s WHERE id = (SELECT id FROM job WHERE state = 0 "
                "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id",
                (me,),
            ).fetchone()
            if row is None:
                break
            claims.append((row[0], time.perf_counter() - begun))
            for batch in range(BATCHES):
                time.sleep(pause)
                steps = list(range(batch * BATCH + 1, (batch + 1) * BATCH + 1))
                connection.execute(
                    "INSERT INTO reading SELECT %s, s, 1.0 / s FROM unnest(%s::int[]) AS s ON CONFLICT DO NOTHING",
                    (row[0], steps),
                )
            connection.execute("UPDATE job SET state = 2 WHERE id = %s", row)
    results.put(claims)


def optunas(url: str, me: int, trials: int, pause: float, results: multiprocessing.SimpleQueue) -> None:
    """Do the same with Optuna's RDB storage, a report at a time as its users do."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = url.replace("postgresql://", "postgresql+psycopg://")
    study = optuna.load_study(study_name="bench", storage=storage, sampler=optuna.samplers.RandomSampler())
    claims: list[tuple[int, float]] = []
    while True:
        begun = time.perf_counter()
        trial = study.ask({"lr": optuna.distributions.FloatDistribution(0, 1)})
        if trial.number >= trials:
            break
        claims.append((trial.number, time.perf_counter() - begun))
        for step in range(BATCH * BATCHES):
            trial.report(1.0, step)
        study.tell(trial, 0.5)
    results.put(claims)


def crowd(worker: Callable, url: str, workers: int, trials: int, pause: float) -> dict[str, float]:
    """Let so many processes work and return what they reached."""
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    others = [context.Process(target=plan, args=(url, trials))] if worker is ours else []
    crew = [
        context.Process(target=worker, args=(url, me, trials, pause, results)) for me in range(1, workers + 1)
    ]
    begun = time.perf_counter()
    for process in others + crew:
        process.start()
    taken = [claim for _ in crew for claim in results.get()]
    seconds = time.perf_counter() - begun
    for process in others + crew:
        process.join()
    waits = np.array([wait for _, wait in taken]) * 1e3
    return {
        "workers": workers,
        "trials": len(taken),
        "double_claims": len(taken) - len({trial for trial, _ in taken}),
        "seconds": seconds,
        "reports_per_s": len(taken) * BATCH * BATCHES / seconds,
        "trials_per_s": len(taken) / seconds,
        "claim_p50_ms": float(np.percentile(waits, 50)),
        "claim_p99_ms": float(np.percentile(waits, 99)),
    }


def prepared(cluster: Cluster, name: str) -> str:
    """Return the URL of a new database."""
    cluster.create(name)
    return cluster.url


def measure(quick: bool) -> dict[str, dict[str, float]]:
    """Run every cell on one server."""
    settings = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "150",
        "shared_buffers": "256MB",
    }
    rows = {}
    with Cluster(settings=settings) as cluster:
        for name, workers, trials, pause in (
            ("osetra, paced", 100, 1500 if quick else 6000, PAUSE),
            ("osetra, flood", 100, 1000 if quick else 3000, 0.0),
        ):
            url = prepared(cluster, f"ours_{len(rows)}")
            store = open_store(url, "bench")
            store.append([Opened({"lr": "uniform(0, 1)"}, "loss", "minimize", "best", 0)])
            rows[name] = crowd(ours, url, workers, trials, pause)
            assert len(store.read_points()[0]) == rows[name]["trials"] * BATCH * BATCHES
            store.close()
            say(name, rows[name])
        for name, pause in (("bare SQL, paced", PAUSE), ("bare SQL, flood", 0.0)):
            trials = 1000 if quick else 3000
            url = prepared(cluster, f"bare_{len(rows)}")
            fill(url, trials)
            rows[name] = crowd(bare, url, 100, trials, pause)
            say(name, rows[name])
        url = prepared(cluster, "optuna")
        with suppress(Conflict):
            import optuna

            optuna.logging.set_verbosity(optuna.logging.ERROR)
            optuna.create_study(
                study_name="bench", storage=url.replace("postgresql://", "postgresql+psycopg://")
            )
        rows["Optuna, 8 workers"] = crowd(optunas, url, 8, 32 if quick else 100, 0.0)
        say("Optuna, 8 workers", rows["Optuna, 8 workers"])
    return rows


def fill(url: str, trials: int) -> None:
    """Create the tables of the bare peer."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute("INSERT INTO job (id) SELECT generate_series(1, %s)", (trials,))


def say(name: str, row: dict[str, float]) -> None:
    """Print a line for people."""
    if name == "osetra, paced":
        print(
            f"{'':20} {'workers':>7} {'trials':>7} {'reports/s':>10} {'trials/s':>9} {'claim p50':>10} "
            f"{'p99 ms':>8} {'double':>7}",
            file=sys.stderr,
        )
    print(
        f"{name:20} {row['workers']:7} {row['trials']:7} {row['reports_per_s']:10,.0f} "
        f"{row['trials_per_s']:9.1f} {row['claim_p50_ms']:10.1f} {row['claim_p99_ms']:8.1f} "
        f"{row['double_claims']:7}",
        file=sys.stderr,
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rows = measure(options.quick)
    flood, limit = rows["osetra, flood"], rows["bare SQL, flood"]
    peer = rows["Optuna, 8 workers"]
    ratios = {
        "reports_to_bare": flood["reports_per_s"] / limit["reports_per_s"],
        "trials_to_bare": flood["trials_per_s"] / limit["trials_per_s"],
        "reports_to_optuna": flood["reports_per_s"] / peer["reports_per_s"],
    }
    if options.json:
        print(json.dumps({"rows": rows, "ratios": ratios, "load_before": load}))
    else:
        print(
            f"ratios: {', '.join(f'{name} {value:.2f}' for name, value in ratios.items())}; load {load:.1f}"
        )


if __name__ == "__main__":
    main()
