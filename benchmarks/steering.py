"""What steering costs, and whether every order is obeyed: once, at the next report, whatever is killed.

    python benchmarks/steering.py                 200 orders, about 3 minutes
    python benchmarks/steering.py --quick --json  60 orders, one JSON object on stdout

`report` is timed inside a training, with no order pending, in this process and in a worker process;
the log is an SQLite file. The orders are random (set, scale, roll-back, pause and resume) and go to
a training that runs elsewhere; before half of them are obeyed, a worker process is killed. Afterwards
the whole curve is computed again from the lineage alone and compared bit by bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import osetra as ose
from osetra.core.lineage import pieces
from osetra.executors.training_process import LOG

SPACE = ose.Space(lr=ose.Float(1e-4, 0.5, scale="log", default=0.01))
REPORTS = 5000
STEP = 0.005
"""Seconds of a step of the steered training."""


def reporting(run: ose.Run) -> float:
    """Report many times and return the mean milliseconds of CPU that one report took."""
    begun = time.process_time()
    for step in run.steps(REPORTS):
        run.live("lr")
        run.report(loss=1.0 / step)
    return (time.process_time() - begun) / REPORTS * 1000


def descent(x: float, lr: float) -> float:
    """Return x after one step of gradient descent on x², with a kink."""
    return x - lr * 2 * x + 0.01 * lr


def steady(run: ose.Run) -> None:
    """Train for ever; every number follows from the learning rates in force."""
    x = (run.restore() or {"x": 1.0})["x"]
    for _ in run.steps(10**6):
        x = descent(x, run.live("lr"))
        time.sleep(STEP)
        run.report(loss=abs(x), lr=run.live("lr"))
        run.checkpoint(lambda: {"x": x})


def cost(folder: Path) -> dict[str, float]:
    """Return milliseconds of CPU per report, in this process and in a worker."""
    found = {}
    for name, executor in (("inline", ose.Inline()), ("process", ose.Processes(1))):
        study = ose.Study(folder / f"{name}.db", SPACE, minimize="ms", scheduler="full", searcher="random")
        study.run(reporting, trials=3, executor=executor)
        found[f"report_ms_{name}"] = statistics.median(trial.value or 0.0 for trial in study.trials)
    return found


def obedience(folder: Path, tries: int) -> dict[str, float]:
    """Give random orders, kill at random, and return what became of them."""
    url, rng = folder / "steered.db", random.Random(0)
    study = ose.Study(url, SPACE, minimize="loss", scheduler="full", searcher="random")

    def work() -> None:
        mine = ose.Study(url)
        often = ose.Checkpoints(every=0.02)
        mine.run(steady, trials=2, executor=ose.Processes(2), checkpoints=often)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    wait(lambda: bool(study.trials) and study.history.step(study.trials[0], "loss") > 3)
    kills = late = lost = 0
    delays = []
    for _ in range(tries):
        verb, args = an_order(study, rng)
        number = study.order(1, verb, **args).number
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0, 0.05))
            kills += kill_one(study, rng)
        if not wait(lambda n=number: not study.trials[0].orders[n - 1].pending):  # type: ignore[misc]
            lost += 1
            continue
        order = study.trials[0].orders[number - 1]
        delays.append((order.obeyed_at or 0.0) - order.asked_at)
        if verb == "pause":
            wait(lambda: study.trials[0].state == "paused")
            study.order(1, "resume")
        wait(lambda: all(map(has_got_on, study.trials)))
        late += in_force_late(study, order)
    for trial in study.history.running:
        study.order(trial, "stop")
    worker.join(60.0)
    twice = len(study.trials[0].orders) - len({order.number for order in study.trials[0].orders})
    return {
        "orders": tries,
        "kills": kills,
        "obeyed_at_the_next_report": tries - lost - late,
        "late": late,
        "lost": lost,
        "twice": twice,
        "reports_that_differ_from_the_lineage": differing(study),
        "median_seconds_to_obey": statistics.median(delays),
    }


def has_got_on(trial: ose.Trial) -> bool:
    """Whether the latest attempt has kept a checkpoint: three kills in a row before it end a trial."""
    kept = trial.checkpoints[-1].attempt if trial.checkpoints else 0
    return trial.state == "running" and kept == len(trial.attempts)


def an_order(study: ose.Study, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a random order that makes sense now."""
    verbs = ["set", "scale", "pause"] + (["rollback"] if study.trials[0].checkpoints else [])
    verb = rng.choice(verbs)
    if verb == "scale":
        return verb, {"lr": rng.choice([0.8, 1.25])}
    return verb, {} if verb == "pause" else {"lr": rng.uniform(1e-3, 0.05)}


def kill_one(study: ose.Study, rng: random.Random) -> int:
    """Kill a process that works for the study: a supervisor or a training."""
    logs, found = str(Path(study.url).with_suffix(".logs")), []
    for entry in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
        with suppress(OSError):
            output = str((entry / "fd" / "2").readlink())
            if output.startswith(logs) or f"{LOG}={logs}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    if not found:
        return 0
    try:
        os.kill(rng.choice(found), signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def in_force_late(study: ose.Study, order: Any) -> bool:
    """Whether the step after an order was not trained with its values."""
    if order.verb not in ("set", "scale"):
        return False
    steps, rates = study.history.curves.of(1, "lr", order.obeyed.attempt)
    after = rates[steps == order.step + 1]
    return bool(len(after)) and after[0] != order.values["lr"]


def differing(study: ose.Study) -> int:
    """Return how many reports differ from those that the lineage implies."""
    history = study.history
    trial = history.trials[1]
    rates = {piece.after: piece.values["lr"] for piece in pieces(history.trials, trial)}
    _, losses = history.curve(trial, "loss")
    x, lr, wrong = 1.0, rates[0], 0
    for step, loss in enumerate(losses.tolist()):
        lr = rates.get(step, lr)
        x = descent(x, float(lr))  # type: ignore[arg-type]
        wrong += loss != abs(x)
    return wrong


def wait(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Wait until a condition holds; False when it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="60 orders instead of 200")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {**cost(Path(folder)), **obedience(Path(folder), 60 if options.quick else 200)}
        print(json.dumps(found) if options.json else "\n".join(f"{k:40} {v:.4g}" for k, v in found.items()))


if __name__ == "__main__":
    main()
