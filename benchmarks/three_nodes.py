"""Three nodes on one machine: PostgreSQL on one, workers on two, one of which is cut off and joins again.

    sudo python benchmarks/three_nodes.py          four minutes, a report
    sudo python benchmarks/three_nodes.py --json   one JSON object on stdout

PostgreSQL and the observer are on this machine itself. Nodes B and C are network namespaces with host
names and files of their own, joined to it by virtual cables and a bridge. Node B is cut off for two leases (120 s) in the middle of its
trainings: its cable is pulled, nothing is closed. Meanwhile its trials are given up and go on at node
C. When it comes back, its old attempts must count for nothing, and it must take new trials. At the end
the offline checker reads the whole log.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import osetra as ose
from osetra.executors.leases import LEASE
from osetra.testing.rig.postgres import Cluster
from osetra.upkeep.check import check_store

IP = shutil.which("ip") or "/usr/sbin/ip"
BRIDGE, NET = "osetra-br", "10.83.17"
NODES = {"b": 11, "c": 12}
TRIALS = 32
STEPS = 80
SCRIPT = """
import time

def train(run):
    state = run.restore() or {"loss": 1.0}
    loss = state["loss"]
    for step in run.steps(%d):
        time.sleep(0.25)
        loss *= 1 - run.config["x"] / 20
        run.report(loss=loss)
        run.checkpoint(lambda: {"loss": loss})
"""


def ip(*words: str) -> None:
    """Run the system's ip."""
    subprocess.run([IP, *words], check=True)


def cables(stack: ExitStack) -> None:
    """Lay a bridge and a cable to each node."""
    ip("link", "add", BRIDGE, "type", "bridge")
    stack.callback(subprocess.run, [IP, "link", "del", BRIDGE], check=False)
    ip("link", "set", BRIDGE, "up")
    for node, number in NODES.items():
        ip("netns", "add", f"osetra-{node}")
        stack.callback(subprocess.run, [IP, "netns", "del", f"osetra-{node}"], check=False)
        ip("link", "add", f"ose-{node}", "type", "veth", "peer", "name", "eth0", "netns", f"osetra-{node}")
        ip("link", "set", f"ose-{node}", "master", BRIDGE, "up")
        ip("-n", f"osetra-{node}", "addr", "add", f"{NET}.{number}/24", "dev", "eth0")
        ip("-n", f"osetra-{node}", "link", "set", "eth0", "up")
        ip("-n", f"osetra-{node}", "link", "set", "lo", "up")


def pull(node: str, *, out: bool) -> None:
    """Pull a node's cable, or plug it in again."""
    ip("link", "set", f"ose-{node}", "down" if out else "up")


def worker(node: str, url: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start a worker with two slots on a node."""
    home = folder / node
    home.mkdir()
    (home / "train.py").write_text(SCRIPT % STEPS)
    osetra = Path(sys.executable).with_name("osetra")
    command = f"hostname {node}; exec {osetra} worker '{url}' main train.py:train --slots 2"
    with (home / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [IP, "netns", "exec", f"osetra-{node}", "unshare", "--uts", "sh", "-c", command],
            cwd=home,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "XDG_STATE_HOME": str(home / "state"), "OMP_NUM_THREADS": "1"},
        )


def until(condition, seconds: float) -> float:
    """Wait for something and return how long that took."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"still waiting after {seconds:g} s")
        time.sleep(0.2)
    return time.monotonic() - begun


def experiment() -> dict[str, object]:
    """Run it and return what happened."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="osetra-nodes-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cables(stack)
        ip("addr", "add", f"{NET}.1/24", "dev", BRIDGE)
        cluster = stack.enter_context(Cluster(host=f"{NET}.1", settings={"fsync": "on"}))
        space = ose.Space(x=ose.Float(0.01, 1))
        study = ose.Study(cluster.url, space, minimize="loss", searcher="random", scheduler="full")
        study._planner.aim(TRIALS)
        workers = {node: worker(node, cluster.url, folder) for node in ("b", "c")}
        for process in workers.values():
            stack.callback(lambda process=process: process.poll() is None and process.kill())

        def on(node: str) -> list[tuple[int, int]]:
            return [
                (trial.number, trial.attempts[-1].number)
                for trial in study.history.running
                if trial.attempts[-1].worker.host == node
            ]

        until(lambda: len(on("b")) == 2 and len(on("c")) == 2 and len(study.history.finished) >= 4, 120)
        # In the middle: both have something to go on from.
        until(lambda: len(on("b")) == 2 and all(study.history.trials[n].checkpoints for n, _ in on("b")), 60)
        held = on("b")
        begun = time.monotonic()
        pull("b", out=True)
        taken = until(lambda: not on("b"), 3 * LEASE)
        time.sleep(max(0.0, 2 * LEASE - (time.monotonic() - begun)))
        pull("b", out=False)
        back = until(lambda: len(on("b")) > 0, 120)
        until(lambda: len(study.history.ended) >= TRIALS, 600)
        codes = {node: process.wait(60) for node, process in workers.items()}
        history = study.history
        attempts = {(t.number, a.number): a for t in history.trials.values() for a in t.attempts}
        finished = Counter(t for (t, _), a in attempts.items() if a.outcome == "finished")
        curves = [history.curve(trial, "loss")[0].tolist() for trial in history.finished]
        violations = check_store(study._store).violations
        study.close()
        return {
            "trials": TRIALS,
            "finished": len(history.finished),
            "lost": TRIALS - len(finished),
            "doubled": sum(count > 1 for count in finished.values()),
            "torn_curves": sum(curve != list(range(1, STEPS + 1)) for curve in curves),
            "cut_off_attempts": [attempts[place].outcome for place in held],
            "gone_on_from_checkpoints": sum(a.source is not None for a in attempts.values()),
            "given_up_after_s": round(taken, 1),
            "back_after_s": round(back, 1),
            "trials_by_node": dict(Counter(t.attempts[-1].worker.host for t in history.finished)),
            "exit_codes": codes,
            "violations": [str(violation) for violation in violations],
        }


def main() -> None:
    """Run the experiment and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0 or not Path(IP).exists():
        sys.exit("three nodes need root, and ip from the package iproute2")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    found = {**experiment(), "seconds": round(time.monotonic() - begun, 1)}
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name.replace('_', ' '):26} {value}")


if __name__ == "__main__":
    main()
