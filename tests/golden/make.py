"""Made the golden files, once: studies as files and as a dump of PostgreSQL, and what was said of them.

The committed files were written by osetra 0.1.0 at schema 1 of its files and its database. They are
what that version left behind on people's disks, so NEVER make them again with newer code: a test that
fails tells of a study that newer code reads or goes on with in another way.

    cp -r src tests /tmp/osetra/ && export PYTHONPATH=/tmp/osetra/src LOGNAME=ann
    unshare --uts sh -c 'hostname golden && python /tmp/osetra/tests/golden/make.py /tmp/golden'

It was run from a copy of the checkout and works in the given folder, which must not exist, because
tracebacks and requests remember where programs lie; and it refuses to run where the machine's own name
would get into the files. Needs PostgreSQL's server and pg_dump. Studies of the library train in this
process, one trial at a time; ends that come from outside are played at a certain step of an attempt.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

import osetra as ose
from golden import runs
from golden.problems import STUDIES, Golden
from golden.reading import EXPECTED, FILES, command, go_on, python_says, told
from osetra.testing.rig.postgres import Cluster

Moment = tuple[int, int, int, int]
"""Trial, attempt, fold and step."""


class Watched:
    """A run that does something just before it reports at certain moments."""

    def __init__(self, run: ose.Run, before: Mapping[Moment, Callable[[], object]]) -> None:
        self._run, self._before = run, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)

    def report(self, *place: int, **metrics: object) -> None:
        """Do what is due, then report."""
        run = self._run
        self._before.get((run.trial, run.attempt, run.instance, run.step), lambda: None)()
        run.report(*place, **metrics)


def run(
    golden: Golden, study: ose.Study, before: Mapping[Moment, Callable[[], object]], **limits: Any
) -> None:
    """Run a study until its limits or the first Ctrl-C."""

    def train(run: ose.Run) -> object:
        return golden.train(cast(ose.Run, Watched(run, before)))

    with suppress(KeyboardInterrupt):
        study.run(train, checkpoints=golden.checkpoints, **limits)


def ctrl_c() -> None:
    """End the training as a person does."""
    raise KeyboardInterrupt


def die() -> None:
    """End the process as a failing machine does."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(golden: Golden, url: str, moment: Moment) -> None:
    """Run the study in a process of its own that dies at a moment."""
    child = os.fork()
    if child == 0:
        with closing(golden.open(url)) as study:
            run(golden, study, {moment: die}, trials=golden.first)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def finished(golden: Golden, url: str) -> None:
    """Trials that end in every way, wishes of people, repeats with fresh seeds."""
    with closing(golden.open(url)) as study:
        study.enqueue({"optimizer": "sgd", "lr": 0.25, "größe.λ": "=1+1", "nesterov": True}, by="ann")
        run(golden, study, {}, trials=8)
        study.enqueue(pool=None, keep=0.01)
        run(golden, study, {}, trials=golden.first)
        study.confirm(golden.train, top=2, seeds=2)
        asked = study.ask()
        asked.report(7, val_loss=4.5)
        study.tell(asked)
        study.tell(study.ask(), failed="told\nso")


def half(golden: Golden, url: str) -> None:
    """A worker that died and was replaced, one that handed back, and two wishes that wait."""
    killed(golden, url, (3, 1, 0, 6))
    with closing(golden.open(url)) as study:
        run(golden, study, {(6, 1, 0, 8): ctrl_c}, trials=12)
        study.enqueue(lr=0.5, by="bob")
        study.enqueue(units=8, lr=0.002)


def cut(golden: Golden, url: str) -> None:
    """A worker that nobody has noticed to be dead."""
    killed(golden, url, (2, 1, 0, 7))


def steered(golden: Golden, url: str) -> None:
    """Every order there is: obeyed, refused, too late and still waiting."""
    with closing(golden.open(url)) as study:

        def order(trial: int, verb: str, **values: Any) -> Callable[[], object]:
            return lambda: study.order(trial, verb, actor="ann", why="for the record", **values)

        def autopilot() -> None:
            study.order(1, "rollback", actor="plateau", by="autopilot", why="it blew up", step=6, lr=0.05)

        def back_and_out() -> None:
            # While the trial runs: nobody promises to keep old checkpoints for orders to come.
            order(8, "rollback", step=3, lr=0.2)()
            ctrl_c()

        before = {
            (1, 1, 0, 3): order(1, "set", lr=0.4),
            (1, 1, 0, 5): order(1, "scale", lr=0.5),
            (1, 1, 0, 6): order(1, "note", text="größer — odd spike"),
            (1, 1, 0, 9): autopilot,
            (2, 1, 0, 4): order(2, "pause"),
            (3, 1, 0, 5): order(3, "set", decay=0.1),
            (3, 1, 0, 7): order(3, "stop"),
            (4, 1, 0, 12): order(4, "set", lr=0.01),
            (5, 1, 0, 2): order(5, "branch", step=1, lr=0.3),
            (5, 1, 0, 3): order(5, "pause"),
        }
        run(golden, study, before, trials=5)
        order(1, "branch", units=32)()
        order(5, "extend", until=10)()
        order(5, "scale", lr=2.0)()
        run(golden, study, before, trials=7)
        run(golden, study, {(8, 1, 0, 7): back_and_out}, trials=8)
        order(3, "branch", step=0, lr=0.7)()
        order(study.enqueue(lr=0.9).number, "stop")()


def folds(golden: Golden, url: str) -> None:
    """A cross-validation that was stopped in its second fold."""
    with closing(golden.open(url)) as study:
        run(golden, study, {(4, 1, 1, 3): ctrl_c}, trials=6)


def usual(golden: Golden, url: str) -> None:
    """Trials of one searcher with one scheduler, handed back in the middle where they have steps."""
    with closing(golden.open(url)) as study:
        if golden.name == "manual":
            study.enqueue(lr=0.5)
            study.enqueue(kind="β", by="bob")
        limits: Mapping[str, Any] = {"trials": golden.first}
        if golden.file == "schedulers":
            limits = golden.limits or {"trials": golden.total}
        run(golden, study, {(golden.first, 1, 0, 1): ctrl_c}, **limits)
        if golden.name == "asha":
            study.order(study.history.paused[-1], "promote", actor="ann")


SPECIAL = {make.__name__: make for make in (finished, half, cut, steered, folds)}


def fold_in(file: Path) -> None:
    """Leave one file behind: no write-ahead log, no lock, no free pages with old content."""
    command("db", "gc", file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for beside in file.parent.glob(f"{file.name}?*"):
        beside.unlink()


def expect(label: str, said: Any) -> None:
    """Write what is to be said."""
    text = json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False)
    (EXPECTED / f"{label}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def dump(work: Path) -> None:
    """Copy every study to a server and write the database as SQL that any later server reads."""
    with Cluster() as cluster:
        for golden in STUDIES:
            command(
                "db", "copy", work / f"{golden.file}.sqlite#{golden.name}", f"{cluster.url}#{golden.label}"
            )
        words = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", "--dbname", cluster.url]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    own = r"--.*|\\(un)?restrict .*|SET (default_\w+|\w+_timeout|row_security|xmloption|client_\w+) = .*"
    lines = [line for line in done.stdout.splitlines() if line and not re.fullmatch(own, line)]
    content = ("\n".join(lines) + "\n").encode()
    (FILES / "server.sql.gz").write_bytes(gzip.compress(content, 9, mtime=0))


def make_runs(work: Path) -> None:
    """Start studies on the command line, keep their folders, and go on with copies of them."""
    runs.write_sources(work)
    runs.write_table(work / "clinic.csv")
    (FILES / "runs").mkdir()
    shutil.copy(work / "clinic.csv", FILES / "runs")
    for name, words in runs.STARTED.items():
        runs.osetra(work, *words)
        runs.osetra(work, "db", "gc", name)
        place, kept = work / runs.RUNS / name, FILES / "runs" / name
        kept.mkdir()
        shutil.copy(place / "study.db", kept / "study.sqlite")
        if (place / "model").exists():
            shutil.copytree(place / "model", kept / "model")
        expect(name, told(str(place), str(place / "study.db"), "main"))
    for name, source in runs.PREDICTED.items():
        expect(f"{name}, predicted", json.loads(runs.osetra(work, "predict", name, source, "--json"))["rows"])
    again = work / "again"
    again.mkdir()
    runs.write_sources(again)
    for name, words in runs.GOES_ON.items():
        runs.copy_run(name, again)
        runs.osetra(again, *words)
        with closing(ose.Study(again / runs.RUNS / name / "study.db")) as study:
            expect(f"{name}, gone on", python_says(study, fresh=True))


def main(work: Path) -> None:
    """Make everything in a folder that does not exist yet."""
    assert ose.__version__ == "0.1.0", "these files are what version 0.1.0 wrote"
    assert socket.gethostname() == "golden", "the machine's name would stand in the files; see above"
    work.mkdir()
    os.chdir(work)
    os.environ["XDG_STATE_HOME"] = str(work / "state")
    for folder in (FILES, EXPECTED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    for golden in STUDIES:
        SPECIAL.get(golden.label, usual)(golden, f"{golden.file}.sqlite")
    files = [work / f"{name}.sqlite" for name in dict.fromkeys(golden.file for golden in STUDIES)]
    for file in files:
        fold_in(file)
        shutil.copy(file, FILES)
        beside = file.with_suffix(".checkpoints")
        if beside.exists():
            shutil.copytree(beside, FILES / beside.name)
    dump(work)
    for golden in STUDIES:
        file = work / f"{golden.file}.sqlite"
        said = told(f"{file}#{golden.name}", str(file), golden.name)
        expect(golden.label, said)
    for golden in STUDIES:
        if golden.goes_on:
            expect(f"{golden.label}, gone on", go_on(golden, str(work / f"{golden.file}.sqlite")))
    make_runs(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
