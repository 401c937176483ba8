"""Kills at random moments: is a result lost or doubled, does a process live on?

    python benchmarks/faults.py                  200 kills of each kind, about 20 minutes
    python benchmarks/faults.py --quick --json   20 of each, under 5 minutes, one JSON object on stdout
    python benchmarks/faults.py --kind stall     one kind only

A program trains with two worker processes (three of which two are stalled); every training reports ten steps and keeps a checkpoint after
each. Meanwhile processes are killed with SIGKILL: trainings, supervisors, the program itself (which is
then started again), and the PostgreSQL server under a study of its own; the kind `stall` stops a supervisor for longer than its lease and wakes it again.
At the end the study is run to its end and judged from its log alone:

    lost      results that were in the log before a kill and are not, or are others, afterwards
    doubled   trials with two results, and curves with a step twice or missing
    zombie    points that were accepted after their attempt had been given up
    early     attempts that began before the newest checkpoint of the one that was lost
    orphans   processes that are left 15 seconds after the program has ended
    checker   what the checker of the protocol complains about
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import osetra as ose
from osetra.core.facts import Ended, value_of
from osetra.core.history import History
from osetra.core.invariants import violations
from osetra.executors.training_process import LOG
from osetra.stores import open_store
from osetra.testing.rig.postgres import Cluster, programs

SPACE = ose.Space(x=ose.Float(0, 1))
STEPS = 10
ENOUGH = 10**6
"""More trials than any experiment gets to."""
LEASE = 1.0
"""Seconds of a lease in the experiment with stalled supervisors; usually it is a minute."""
PATIENCE = 60.0
"""Seconds in which a process that is to be killed must have come."""
SHORT = f"from osetra.executors import leases\nleases.LEASE, leases.RENEW = {LEASE}, 0.2\n"
"""Runs first in every process of that experiment."""


def training(seconds: float) -> Callable[[ose.Run], None]:
    """Return a training whose steps take that long."""

    def train(run: ose.Run) -> None:
        x = (run.restore() or {"x": run.config["x"]})["x"]
        for _ in run.steps(STEPS):
            time.sleep(seconds)
            x = x / 2
            run.report(loss=x)
            run.checkpoint(lambda: {"x": x})

    return train


def program(url: str, seconds: float) -> None:
    """Train until told to stop."""
    study = ose.Study(url, SPACE, minimize="loss", searcher="random", scheduler="full")
    every_step = ose.Checkpoints(every=0)
    executor = ose.Processes(3 if seconds > 0.1 else 2)
    study.run(training(seconds), trials=ENOUGH, executor=executor, checkpoints=every_step)


@dataclass(slots=True)
class Experiment:
    """One study under one kind of fire."""

    folder: Path
    rng: random.Random
    url: str
    """Where the study is."""
    cluster: Cluster | None = None
    short_leases: bool = False
    kills: int = 0
    results: dict[int, float] = field(default_factory=dict)
    """What each trial was worth, as soon as it was seen in the log."""
    changed: int = 0
    given_up: dict[tuple[int, int], int] = field(default_factory=dict)
    """How many points an attempt had when it was seen that it had been given up."""

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the program, and end it with Ctrl-C."""
        process = self.start()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60.0)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the program."""
        environment = dict(os.environ, OMP_NUM_THREADS="1", XDG_STATE_HOME=str(self.folder))
        seconds = 0.15 if self.short_leases else 0.01  # the first renewal makes a lease short
        if self.short_leases:
            (self.folder / "sitecustomize.py").write_text(SHORT)
            environment["PYTHONPATH"] = f"{self.folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        with (self.folder / "errors").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, __file__, "--program", self.url, str(seconds)],
                stderr=errors,
                stdout=errors,
                env=environment,
                start_new_session=True,
            )

    def processes(self, module: str = "osetra.executors") -> list[int]:
        """Return the supervisors and trainings of the study: those whose output goes into its folder."""
        found, inherited = [], f"{LOG}={self.folder}".encode()
        for entry in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
            with suppress(OSError):
                output = str((entry / "fd" / "2").readlink())
                if output.startswith(str(self.folder)) or inherited in (entry / "environ").read_bytes():
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z" and module.encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
        return found

    def get_on(self) -> None:
        """Let the study get on by a random number of facts, a training has 13, but for 10 s at most."""
        store, deadline = open_store(self.url), time.monotonic() + 10.0
        goal = store.version() + self.rng.randrange(30)
        while store.version() < goal and time.monotonic() < deadline:
            time.sleep(0.02)
        store.close()
        time.sleep(self.rng.uniform(0.0, 0.05))

    def victim(self, module: str) -> int:
        """Return a random process of a kind, as soon as there is one."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.processes(module)
            if found:
                return self.rng.choice(found)
            time.sleep(0.02)
        raise TimeoutError(f"no process of {module} for {PATIENCE:g} s")

    def busy(self) -> list[int]:
        """Return supervisors whose trial has run long enough for its lease to be a short one."""
        store = open_store(self.url)
        running = History().extend(store.read()).running
        store.close()
        attempts = [trial.attempts[-1] for trial in running]
        return [attempt.worker.pid for attempt in attempts if time.time() - attempt.started > 0.5]

    def look(self) -> int:
        """Compare the results in the log with those seen before, and return how many there are."""
        store = open_store(self.url)
        points = Counter((p.trial, p.attempt) for p in store.read_points()[0])
        for entry in store.read():
            fact = entry.fact
            if isinstance(fact, Ended) and fact.outcome == "finished":
                value = value_of(fact) or 0.0
                self.changed += self.results.setdefault(fact.trial, value) != value
            elif isinstance(fact, Ended) and fact.outcome == "lost":
                self.given_up.setdefault((fact.trial, fact.attempt), points[fact.trial, fact.attempt])
        store.close()
        return len(self.results)

    def judge(self) -> dict[str, int]:
        """Bring the study to its end and say what is wrong with it."""
        deadline = time.monotonic() + 15.0
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        orphans = self.processes()
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        seen = self.look()
        study = ose.Study(self.url)
        study.run(training(0.01), trials=len(study.trials), executor=ose.Processes(2))
        store = open_store(self.url)
        entries, (points, _) = store.read(), store.read_points()
        complaints = violations(entries, points, expired=store.expired())
        store.close()
        ends = [e.fact for e in entries if isinstance(e.fact, Ended) and e.fact.outcome == "finished"]
        again = {fact.trial: value_of(fact) for fact in ends}
        count = Counter((p.trial, p.attempt) for p in points)
        history, steps = study.history, list(range(1, STEPS + 1))
        curves = sum(history.curve(t, "loss")[0].tolist() != steps for t in history.finished)
        wrong = sum(t.value != t.config["x"] / 2**STEPS for t in history.finished)
        return {
            "before": seen,
            "after": len(history.finished),
            "given_up": len([t for t in study.trials if t.state == "failed"]),
            "lost": self.changed + wrong + sum(again.get(t) != v for t, v in self.results.items()),
            "doubled": len(ends) - len(again) + curves,
            "zombie": sum(count[place] != known for place, known in self.given_up.items()),
            "restarts": sum(len(trial.attempts) - 1 for trial in study.trials),
            "early": sum(map(_went_back, study.trials)),
            "unfinished": len(history.queued) + len(history.running) + len(history.paused),
            "orphans": len(orphans),
            "checker": sum(violation.grave for violation in complaints),
        }


def _went_back(trial: ose.Trial) -> int:
    """Return how many attempts began before the newest checkpoint of the one before."""
    early = 0
    for attempt in trial.attempts[1:]:
        kept = [point.step for point in trial.checkpoints if point.attempt < attempt.number]
        begun = attempt.source.step if attempt.source else 0
        early += begun < max(kept, default=0)
    return early


def trainings(experiment: Experiment, kills: int) -> None:
    """Kill training processes."""
    _workers(experiment, kills, "osetra.executors.child")


def supervisors(experiment: Experiment, kills: int) -> None:
    """Kill supervisors; the kernel ends their trainings."""
    _workers(experiment, kills, "osetra.executors.supervisor")


def parents(experiment: Experiment, kills: int) -> None:
    """Kill the program and start it again."""
    for _ in range(kills):
        process = experiment.start()
        experiment.get_on()
        process.kill()
        process.wait()
        experiment.kills += 1
        experiment.look()


def stalls(experiment: Experiment, kills: int) -> None:
    """Stop a supervisor for longer than its lease, and let it go on."""
    with experiment.running():
        while experiment.kills < kills:
            deadline = time.monotonic() + experiment.rng.uniform(1.0, 5.0)
            while len(experiment.busy()) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            victims = experiment.busy()[:2]
            for victim in victims:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGSTOP)
                    experiment.kills += 1
            time.sleep(2 * LEASE + 1.2)  # the program looks for lost workers once a second
            experiment.look()
            for victim in victims:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGCONT)


def servers(experiment: Experiment, kills: int) -> None:
    """Kill every process of the server at once, and start it again a little later."""
    assert experiment.cluster is not None
    with experiment.running():
        while experiment.kills < kills:
            experiment.get_on()
            experiment.cluster.crash()
            experiment.kills += 1
            time.sleep(experiment.rng.choice([0.0, 0.3, 3.0]))
            experiment.cluster.start()
            experiment.look()


def _workers(experiment: Experiment, kills: int, module: str) -> None:
    with experiment.running():
        while experiment.kills < kills:
            experiment.get_on()
            with suppress(ProcessLookupError):
                os.kill(experiment.victim(module), signal.SIGKILL)
                experiment.kills += 1
            if experiment.kills % 10 == 0:
                experiment.look()


KINDS: dict[str, Callable[[Experiment, int], None]] = {
    "training": trainings,
    "supervisor": supervisors,
    "parent": parents,
    "stall": stalls,
    "server": servers,
}
"""What is killed."""


def measure(kind: str, kills: int) -> dict[str, float]:
    """Carry out one experiment and return what came of it."""
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["XDG_STATE_HOME"] = str(folder)  # of this program too: it finishes the study
        cluster = stack.enter_context(Cluster()) if kind == "server" else None
        url = str(folder / "study.db") if cluster is None else cluster.url
        experiment = Experiment(folder, random.Random(kind), url, cluster, short_leases=kind == "stall")
        KINDS[kind](experiment, kills)
        found = experiment.judge()
    return {"kills": experiment.kills, **found, "seconds": round(time.monotonic() - begun, 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="20 kills of each kind instead of 200")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="one kind only; repeatable")
    parser.add_argument("--kills", type=int, help="another number of kills of each kind")
    parser.add_argument("--program", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.program:
        program(options.program[0], float(options.program[1]))
        return
    kills = options.kills or (20 if options.quick else 200)
    found: dict[str, dict[str, float]] = {}
    kinds = options.kind or list(KINDS)
    if programs() is None and "server" in kinds:
        kinds.remove("server")
        print("no kills of a server: PostgreSQL is not installed (apt install postgresql)", file=sys.stderr)
    for kind in kinds:
        found[kind] = measure(kind, kills)
        if not options.json:
            if len(found) == 1:
                print(f"{'':10}" + "".join(f"{name:>11}" for name in found[kind]))
            print(f"{kind:10}" + "".join(f"{value:>11g}" for value in found[kind].values()), flush=True)
    if options.json:
        names = next(iter(found.values()))
        totals = {name: round(sum(each[name] for each in found.values()), 1) for name in names}
        print(json.dumps({**totals, "kinds": found}))


if __name__ == "__main__":
    main()
