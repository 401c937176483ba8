"""Program: one running program, its output as it comes, and how it ended."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from osetra.errors import StudyError
from osetra.executors.training_process import SHIM
from osetra.files import real_path

DRAIN = 1.0
"""Seconds in which the output is read on after the program has ended."""
_CHUNK = 1 << 16

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended: a status, a signal, or the errno with which it could not be started."""

    kind: Literal["exit", "signal", "errno"]
    number: int


@dataclass(slots=True)
class Program:
    """A program below its shim."""

    shim: subprocess.Popen[bytes]
    streams: dict[int, Stream]
    status: int
    ended: Exit | None = None
    _status: bytes = b""
    _drain: float = field(default=0.0)

    @classmethod
    def start(cls, argv: Sequence[str], env: Mapping[str, str], cwd: str, scratch: Path) -> Program:
        """Start a program; that it cannot be executed shows as an `Exit` of kind errno.

        Raises:
            StudyError: its arguments or its working folder are impossible.
        """
        read, write = os.pipe()
        try:
            shim = subprocess.Popen(  # noqa: S603 - a list, no shell
                [sys.executable, "-I", "-S", str(SHIM), str(write), str(scratch), *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(write,),
                start_new_session=True,
                env=dict(env),
                cwd=cwd,
            )
        except (OSError, ValueError) as error:
            os.close(read)
            where = f" in {cwd}" if isinstance(error, FileNotFoundError | NotADirectoryError) else ""
            raise StudyError(f"{argv[0]} cannot be started{where}: {error}") from None
        finally:
            os.close(write)
        assert shim.stdout is not None and shim.stderr is not None
        streams: dict[int, Stream] = {shim.stdout.fileno(): "stdout", shim.stderr.fileno(): "stderr"}
        return cls(shim, streams, read)

    def read(self, seconds: float) -> list[tuple[Stream, bytes]]:
        """Return what the program wrote, waiting at most so long; an empty chunk never comes."""
        waiting = [*self.streams] if self.ended else [*self.streams, self.status]
        ready, _, _ = select.select(waiting, [], [], seconds) if waiting else ([], [], [])
        chunks: list[tuple[Stream, bytes]] = []
        for end in ready:
            if end == self.status:
                self._listen()
            elif data := os.read(end, _CHUNK):
                chunks.append((self.streams[end], data))
            else:
                del self.streams[end]
        return chunks

    @property
    def over(self) -> bool:
        """Whether it has ended and all of its output was read."""
        if self.ended is None:
            return False
        return not self.streams or time.monotonic() > self._drain

    def ask_to_end(self) -> None:
        """Send SIGTERM to its process group."""
        self._request(b"T")

    def kill(self) -> None:
        """Send SIGKILL to its process group."""
        self._request(b"K")

    def close(self) -> None:
        """Make sure that nothing of it is left."""
        assert self.shim.stdin and self.shim.stdout and self.shim.stderr
        self.kill()
        try:
            self.shim.wait(10.0)
        except subprocess.TimeoutExpired:
            self.shim.kill()
            self.shim.wait()
        for pipe in (self.shim.stdin, self.shim.stdout, self.shim.stderr):
            with suppress(BrokenPipeError):
                pipe.close()
        os.close(self.status)

    def _request(self, letter: bytes) -> None:
        assert self.shim.stdin is not None
        with suppress(BrokenPipeError):
            os.write(self.shim.stdin.fileno(), letter)

    def _listen(self) -> None:
        data = os.read(self.status, 1024)
        self._status += data
        *lines, self._status = self._status.split(b"\n")
        for line in lines:
            kind, _, number = line.decode().partition(" ")
            if kind in ("exit", "signal", "errno"):
                self.ended = Exit(kind, int(number))  # type: ignore[arg-type]  # one of the three
        if not data and self.ended is None:
            # Somebody killed the shim; what it watched must not stay behind.
            _kill_session(self.shim.pid)
            self.ended = Exit("signal", signal.SIGKILL)
        if self.ended is not None:
            self._drain = time.monotonic() + DRAIN


def _kill_session(session: int) -> None:
    """Kill every process of a session (Linux): the shim led one, and the program is in it."""
    found = True
    while found:  # until none is seen: one may fork while the others are looked at
        found = False
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, IndexError):
                fields = entry.read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[3]) == session and fields[0] not in "ZX":
                    os.kill(int(entry.parent.name), signal.SIGKILL)
                    found = True


def check_program(name: str, cwd: str) -> None:
    """Raise StudyError when a program cannot be found or executed, with the mend."""
    if os.sep not in name:
        if shutil.which(name) is None:
            beside = f" There is one in {cwd}: write ./{name}." if Path(cwd, name).is_file() else ""
            path = os.environ.get("PATH", "")
            raise StudyError(f"{name}: no such program on the PATH ({path}).{beside}")
        return
    file = Path(cwd, name)
    if not file.exists():
        raise StudyError(f"{name}: no such program in {real_path(cwd)}")
    if not file.is_file():
        raise StudyError(f"{name} is no file, so it cannot be executed")
    if not os.access(file, os.X_OK):
        raise StudyError(f"{name} cannot be executed; make it executable: chmod +x {shlex.quote(str(file))}")
