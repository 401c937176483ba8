"""A training that is a program: starts it, listens to it, ends it when it has to end.

The program's state is what it leaves in the folder that OSETRA_CHECKPOINT_DIR names. It belongs to the
last reported step; a program that goes on from an older state and reports steps again is not counted
twice, since the first value of a step stays.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from osetra.catalogue.live import LIVE
from osetra.command import state
from osetra.command.filled_files import check_files, with_files
from osetra.command.lines import Lines, ReportLine, looks_like_report, read_line
from osetra.command.log import OutputLog
from osetra.command.patterns import way_to_report
from osetra.command.program import Exit, Program, Stream, check_program
from osetra.command.tails import Tails, not_started, signal_name
from osetra.command.template import OWN, check, fill, text_of, variable
from osetra.command.written import Written
from osetra.core.facts import Noted
from osetra.core.params import Config
from osetra.core.space import Space
from osetra.errors import CheckpointError, Diverged, StudyError
from osetra.files import temporary_folder
from osetra.training.control import RunControl
from osetra.training.run import Run, control_of

DIVERGED, HANDED_BACK = os.EX_DATAERR, os.EX_TEMPFAIL
"""65 and 75: what a program exits with to say so; 0 is finished, everything else failed."""
REPORTS = "reports"
LOOK = 0.25
"""Seconds between two looks at the files that a program writes."""
POLL = 0.05
"""Seconds between two looks at orders and at the file of reports."""
ATTEMPTS = 5
"""From this attempt on, a program that hands back or is killed by others must have kept a new state."""
Request = Literal["no", "end", "values"]
"""What a program was asked to end for: nothing, the end of the trial, or a new start with other values."""


@dataclass(frozen=True, slots=True)
class CommandTraining:
    """A training function that runs a program."""

    argv: tuple[str, ...]
    """The program and its arguments, with {placeholders}."""
    cwd: str = "."
    """Where it runs."""
    logs: str = ""
    """The folder for its output; empty: the system's folder for temporary files."""
    patience: float = 8.0
    """Seconds from SIGTERM to SIGKILL; less than the executor's grace, since the state is kept after it."""
    patterns: tuple[str, ...] = ()
    """Where metrics stand in what it prints, such as val_loss=([0-9.e+-]+)."""
    files: tuple[str, ...] = ()
    """Configuration files among its arguments, of which it gets copies with the values."""
    reports: tuple[str, ...] = ()
    """Where it writes its metrics: a .csv or .jsonl file, a folder of event files."""
    names: tuple[str, ...] = ()
    """All hyperparameters, of which a trial may have no value."""

    def check(self, space: Space) -> list[str]:
        """Return warnings; made before anything runs.

        Raises:
            StudyError: the program cannot be found or executed, or a placeholder is unknown.
        """
        if not self.argv:
            raise StudyError("no program given; write it behind --, such as: -- ./train --lr {lr}")
        taken = check_files(self.argv, self.files, self.cwd, space)
        warnings = check(self.argv, space, taken, self.reports)
        if "{" not in self.argv[0]:
            check_program(self.argv[0], self.cwd)
        return warnings

    def __call__(self, run: Run) -> None:
        """Run the program as one attempt at a trial."""
        scratch = Path(tempfile.mkdtemp(prefix="osetra-"))
        folder = Path(self.logs) if self.logs else temporary_folder()
        log = OutputLog(folder / log_name(run.trial, run.attempt))
        # A pipe with a name: programs that overwrite it and programs that append to it are both heard.
        os.mkfifo(scratch / REPORTS)
        pipe = os.open(scratch / REPORTS, os.O_RDWR | os.O_NONBLOCK)
        try:
            Conversation(self, run, control_of(run), scratch, log, pipe).hold()
        finally:
            os.close(pipe)
            log.close()
            shutil.rmtree(scratch, ignore_errors=True)


def log_name(trial: int, attempt: int | str) -> str:
    """Return the name of the file with an attempt's output."""
    return f"trial-{trial}-attempt-{attempt}.log"


@dataclass(slots=True)
class Conversation:
    """One attempt: what is said to a program, and what it says."""

    training: CommandTraining
    run: Run
    control: RunControl
    scratch: Path
    log: OutputLog
    pipe: int
    """Where reports come in that are not printed."""
    output: Lines = field(default_factory=Lines)
    reports_in: Lines = field(default_factory=Lines)
    tails: Tails = field(default_factory=Tails)
    written: Written = field(default_factory=lambda: Written((), ""))
    """Metrics that it leaves in files of its own."""
    reported: set[str] = field(default_factory=set)
    floor: int = 0
    """Steps up to here were reported before."""
    came_on: bool = False
    """Whether this attempt has kept a state beyond the one that it began with."""
    announced: int = 0
    """The step whose state the program has announced, last."""
    unsettled: float = 0.0
    """Since when a state is waited for; 0 when none is."""
    speaks_json: bool = False
    """Whether it reports as JSON; lines of pairs are then for people."""
    near: str = ""
    """The first line that looked like a report and was none."""
    look_at: float = 0.0
    """When the program's own files are looked at again."""
    _warned: bool = False

    def hold(self) -> None:
        """Run the program until it ends, or until the trial has to."""
        run = self.run
        self.checkpoints.mkdir()
        kept = run.restore()
        if isinstance(kept, dict) and isinstance(kept.get("files"), dict):
            state.lay_out(self.checkpoints, kept["files"])
        self.control.heed(keeps=False)
        self.floor = run.step or -1
        run.accepts(*self.control.claim.live)  # it begins with them
        while True:
            ended, asked = self.follow(self.control.in_force)
            if asked == "no":
                self.conclude(ended)
                return
            self.keep()
            if asked == "end" and self.control.rest():
                return
            # New values, or a pause for which there was no room: it goes on from what it left.
            self.floor = run.step or -1

    def follow(self, values: Config) -> tuple[Exit, Request]:
        """Run the program once; return how it ended and whether it was asked to."""
        self.announced, self.unsettled = 0, 0.0
        argv, env = self.invocation(values)
        self.log.write(f"$ {shlex.join(argv)}\n".encode(errors="replace"))
        program = Program.start(argv, env, self.training.cwd, self.scratch)
        try:
            request = self.listen(program, values)
            for number, line in self.output.end():
                self.take(line, f"line {number} of its output")
            self.read_reports(last=True)
            self.read_written(last=True)
        finally:
            program.close()
        assert program.ended is not None
        return program.ended, request

    def listen(self, program: Program, values: Config) -> Request:
        """Take in what the program says until it is over; return what it was asked to end for."""
        request: Request = "no"
        deadline = 0.0
        while not program.over:
            for stream, data in program.read(POLL):
                self.hear(stream, data)
            self.read_reports()
            self.read_written()
            self.log.flush_if_due()
            if request == "no" and not program.ended:
                request = self.request(values)
                if request != "no":
                    program.ask_to_end()
                    deadline = time.monotonic() + self.training.patience
            elif request != "no" and time.monotonic() > deadline:
                program.kill()
        return request

    def request(self, values: Config) -> Request:
        """Return what the program has to end for now, if for anything."""
        keeps = bool(state.files(self.checkpoints))
        if keeps:
            # By starting it again with other values. It cannot say which of them its state fits, so what is
            # known as structure is left out.
            self.run.accepts(*(name for name in self.run.config if LIVE.get(name, True)))
        if self.control.heed(keeps=keeps):
            return "end" if self.settled() else "no"
        return "values" if self.control.in_force != values and self.settled() else "no"

    def settled(self) -> bool:
        """Whether the state that the program has announced is that of its last report.

        Between the two, one step would be lost, or done again with other values. A program that announces
        nothing is asked at once, and one that takes too long as well.
        """
        if not self.announced or self.announced >= self.run.step:
            return True
        self.unsettled = self.unsettled or time.monotonic()
        return time.monotonic() - self.unsettled > self.training.patience

    def invocation(self, values: Config) -> tuple[list[str], dict[str, str]]:
        """Return the arguments and the environment of the program."""
        run = self.run
        config = self.scratch / "config.json"
        meaning = self.control.claim.meaning
        meant = {name: meaning(name, value) for name, value in values.items()}
        config.write_text(json.dumps(meant), encoding="utf-8")
        place = (str(run.trial), str(run.attempt), str(run.seed), str(config))
        own = dict(zip(OWN, (*place, str(self.reports), str(self.checkpoints), str(run.step)), strict=True))
        texts = {**own, **{name: text_of(value) for name, value in values.items()}}
        env = {name: text for name, text in os.environ.items() if not name.startswith("OSETRA_")}
        env.setdefault("PYTHONUNBUFFERED", "1")  # so that reports of Python programs come at once
        env |= {variable(name): text for name, text in texts.items()}
        argv = fill(self.training.argv, texts)
        training, known = self.training, {**own, "seed": run.seed, **meant}
        argv = with_files(argv, training.files, training.cwd, known, training.names, self.scratch)
        if not self.written.sources:  # what stands there before the first start is another training's
            paths = fill(training.reports, texts)
            self.written = Written.of(paths, training.cwd, self.control.objective.metric)
        return argv, env

    def hear(self, stream: Stream, data: bytes) -> None:
        """Take output."""
        self.log.write(data)
        self.tails.add(stream, data)
        if stream == "stdout":
            for number, line in self.output.feed(data):
                self.take(line, f"line {number} of its output")

    def read_reports(self, *, last: bool = False) -> None:
        """Take what came in the file of reports."""
        lines = []
        with suppress(BlockingIOError):
            while data := os.read(self.pipe, 1 << 16):
                self.log.write(data)
                lines += self.reports_in.feed(data)
        for number, line in lines + (self.reports_in.end() if last else []):
            if self.take(line, f"line {number} of OSETRA_REPORT", from_file=True) is None and line.strip():
                start = line[:80].decode(errors="replace")
                raise self.failed(f"line {number} of OSETRA_REPORT is no report: {start!r}")

    def read_written(self, *, last: bool = False) -> None:
        """Take what the program has written to its own files, now and then."""
        now = time.monotonic()
        if not self.written.sources or (now < self.look_at and not last):
            return
        self.look_at = now + LOOK
        try:
            for step, metrics in self.written.new(last=last):
                self.reported.update(metrics)
                self.report(step, metrics)
        except StudyError as error:
            raise self.failed(str(error)) from None

    def take(self, line: bytes, where: str, *, from_file: bool = False) -> ReportLine | None:
        """Pass one line on if it is a report; a configuration printed as JSON is none.

        Raises:
            StudyError: it cannot be one; the text names the line.
        """
        run, metric = self.run, self.control.objective.metric
        try:
            found = read_line(line, metric, self.training.patterns)
            if found is not None and not from_file and not found.says_something(metric):
                self.reported.update(found.metrics)
                return None  # such as a configuration: neither a report nor its way to report
            if found is None:
                if not self.near and looks_like_report(line, metric):
                    what = "no JSON object" if b"{" in line else "not name=value pairs, each name once, alone"
                    self.near = f"{where}, {line[:80].decode(errors='replace').strip()!r}, is {what}"
                return None
            if not (found.json or from_file) and self.speaks_json:
                return None
            self.speaks_json |= found.json
            self.note(found, where)
            if found.metrics:
                self.report(run.step + 1 if found.step is None else found.step, found.metrics)
            if found.checkpoint:
                self.announced, self.unsettled = run.step, 0.0
                self.keep()
        except StudyError as error:
            raise self.failed(f"{where}: {error}") from None
        return found

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        """Pass metrics on, unless an earlier start of the program reported that step."""
        if step > self.floor:
            self.run.report(step, **metrics)
        else:
            self.control.link.send([])  # a sign of life

    def note(self, found: ReportLine, where: str) -> None:
        """Remember what is not part of the curves."""
        self.reported.update(found.metrics)
        if found.steps is not None:
            self.run.announce(found.steps)
        if found.ignored and not self._warned:
            self._warned = True
            text = f"trial {self.run.trial}, {where}: {found.ignored[0]} is no number and was left out"
            self.control.link.record(Noted("ignored", f"{self.run.trial}/{self.run.attempt}", text))

    def files(self) -> dict[str, dict[str, bytes]]:
        """Return the program's state."""
        return {"files": state.gather(self.checkpoints)}

    def keep(self) -> None:
        """Keep what the program left; too much for the quota is like nothing, and is said."""
        found = state.files(self.checkpoints)
        if not found:
            return
        size, writer = sum(status.st_size for status in found.values()), self.control.writer
        if size > writer.limits.quota:
            writer.refused = (
                f"the program left {size / 1e6:.3g} MB, the limit is {writer.limits.quota / 1e6:.3g} MB"
            )
            return
        with suppress(CheckpointError):  # it is writing them right now: they are kept the next time
            self.came_on |= self.run.checkpoint(self.files)

    def conclude(self, ended: Exit) -> None:
        """Say what it means that a program ended by itself.

        Raises:
            Diverged: it says so.
            StudyError: it failed.
        """
        name = self.training.argv[0]
        if ended == Exit("exit", 0):
            if self.control.values.so_far() is None:
                raise self.failed(self.nothing_reported())
        elif ended == Exit("exit", HANDED_BACK):
            self.hand_back(f"{name} handed the trial back (exit status {HANDED_BACK})")
        elif ended == Exit("exit", DIVERGED):
            raise Diverged(f"{name} says that it diverged (exit status {DIVERGED})")
        elif ended.kind == "signal" and ended.number in (signal.SIGKILL, signal.SIGTERM):
            killed = signal.Signals(ended.number).name
            memory = "; the system does so when memory ends" if killed == "SIGKILL" else ""
            self.hand_back(f"{name} was killed ({killed}){memory}")
        elif ended.kind == "signal":
            raise self.failed(f"{name} crashed ({signal_name(ended.number)})")
        elif ended.kind == "errno":
            raise self.failed(not_started(name, ended.number))
        else:
            raise self.failed(f"{name}: exit status {ended.number}{self.tails.meaning(ended.number)}")

    def hand_back(self, reason: str) -> None:
        """Let somebody try again, unless that has led nowhere before."""
        self.control.hand_back(reason)
        self.keep()
        if self.run.attempt >= ATTEMPTS and not self.came_on:
            raise self.failed(f"{reason}; this was attempt {self.run.attempt}, and it kept no new state")

    def nothing_reported(self) -> str:
        """Return why a program that ended well has no result."""
        metric = self.control.objective.metric
        if self.reported and not self.written.sources:
            these = ", ".join(sorted(self.reported))
            return f"the program reported {these}; the study {self.control.objective.direction}s {metric}"
        near = f"; {self.near}" if self.near else ""
        way = way_to_report(metric, self.training.patterns, self.tails.last_words("stdout"))
        return f"the program ended without reporting {metric}{near}; {self.written.hints() or way}"

    def failed(self, reason: str) -> StudyError:
        """Return the error of a failed attempt, with the end of its error output and where all of it is."""
        error = StudyError(reason)
        if words := self.tails.last_words("stderr") or self.tails.last_words("stdout"):
            error.add_note(words)
        error.add_note(f"all of its output: {self.log.path}")
        return error

    @property
    def checkpoints(self) -> Path:
        """Where the program keeps its state."""
        return self.scratch / "checkpoint"

    @property
    def reports(self) -> Path:
        """The file of reports."""
        return self.scratch / REPORTS
