"""Surroundings: what trainings of one process share, put back after each of them.

A training may close the streams, change the folder, set an alarm or lower a limit. That is its own
business while it trains; its result has still to be written, and the next training starts in the same
process. What libraries set once and rely on, such as higher limits, stays.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from sys import getprofile, gettrace, setprofile, settrace  # by name: a training may replace them
from types import FunctionType
from typing import Any

from osetra.core.clean import described, error_text
from osetra.errors import Diverged, Interrupted, OsetraError, StudyError
from osetra.executors.names import Names, present, put_back, replaced
from osetra.training.run import Run

if sys.platform != "win32":
    import fcntl
    import resource

    LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
    from signal import setitimer

    TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
else:  # has neither
    LIMITS = TIMERS = ()

FAR = 500
"""Descriptors from here on are ours: out of the way of programs that close all that they can think of."""
TRIES = 1000
"""How often putting back is begun anew when something is raised meanwhile, as by an alarm that repeats."""
SIGNALS = tuple(
    getattr(signal, f"SIG{name}")
    for name in ("INT", "TERM", "HUP", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "CHLD")
    if hasattr(signal, f"SIG{name}")
)
"""Signals whose handlers are put back."""
MEANT = (Diverged, Interrupted, MemoryError)
"""What a training raises that says by itself how its trial ends."""
_NOTHING = object()
LASTING = "torch."
"""Modules whose handlers stay: PyTorch sets that of SIGCHLD once, and learns by it of loaders that died."""


def out_of_the_way(descriptor: int) -> int:
    """Return a copy of a descriptor with a high number, which no program that is started inherits."""
    for least in (FAR, 3):  # so many may not be allowed here
        with suppress(OSError):
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least)
    return os.dup(descriptor)


@dataclass(slots=True)
class Surroundings:
    """What a training finds, in a program that has other things to do: without it no log is written."""

    folder: str | None = field(default_factory=lambda: _folder())
    limits: list[tuple[int, int]] = field(
        default_factory=lambda: [resource.getrlimit(limit) for limit in LIMITS]
    )
    depth: int = field(default_factory=sys.getrecursionlimit)
    collects: bool = field(default_factory=gc.isenabled)
    threshold: tuple[int, int, int] = field(default_factory=gc.get_threshold)
    streams: dict[str, Any] = field(default_factory=lambda: {"stdout": sys.stdout, "stderr": sys.stderr})
    handlers: list[Any] = field(default_factory=lambda: list(map(signal.getsignal, SIGNALS)))
    quiet: bool = field(default_factory=lambda: not any(map(_left, TIMERS)))
    """Whether no alarm was set."""
    names: Names = field(default_factory=present)
    """Functions of Python."""
    late: list[BaseException] = field(default_factory=list)
    """What was raised after a training had returned and is meant for the program, once the result is kept."""

    def guarded(self, function: Callable[[Run], object]) -> Callable[[Run], object]:
        """Return a training function after which everything is put back.

        What it returned or raised is its outcome: what alarms, traces and signals of the program raise
        afterwards, in whichever line, never takes its place.
        """
        call = _of_python(function)
        return lambda run: self._outcome(call, run)

    def _outcome(self, call: Callable[[Run], object], run: Run) -> object:
        """Call a training function and put everything back; return or raise what it did."""
        returned: object = _NOTHING
        raised: BaseException | None = None
        late: list[BaseException] = []
        missed: list[str] = []
        before = gettrace(), getprofile()
        try:
            returned = call(run)  # Python looks for signals before and after both, and not in between
        except BaseException as error:
            raised = error
        try:
            if self.quiet:
                for timer in TIMERS:
                    setitimer(timer, 0.0)
            if returned is _NOTHING:
                missed = replaced(self.names)
        except BaseException as error:  # what was on its way
            late.append(error)
        try:
            self._put_back_surely(before, late)
        except BaseException as error:
            late.append(error)
            self._put_back_surely(before, late)
        try:
            self._keep(late)
            if returned is _NOTHING and raised is not None:
                raise _with_reason(raised, missed)
            return returned
        finally:
            raised = None  # it knows this frame, and with it everything that the training had
            late.clear()

    def _put_back_surely(self, before: tuple[Any, Any], late: list[BaseException]) -> None:
        """Put everything back, however often something is raised meanwhile."""
        for _ in range(TRIES):
            try:
                if self.quiet:
                    for timer in TIMERS:
                        setitimer(timer, 0.0)
                if gettrace() is not before[0]:
                    settrace(before[0])
                if getprofile() is not before[1]:
                    setprofile(before[1])
                put_back(self.names)  # the rest needs them
                self.put_back()
                break
            except BaseException as error:
                late.append(error)

    def _keep(self, late: list[BaseException]) -> None:
        """Keep the first of what is meant for the program: its own alarm, a Ctrl-C, an exit."""
        if late and not self.late:
            meant = (KeyboardInterrupt, SystemExit)
            self.late += [e for e in late if not self.quiet or issubclass(type(e), meant)][:1]

    def put_back(self) -> None:
        """Put everything back but timers, traces and names."""
        if sys.getrecursionlimit() < self.depth:
            sys.setrecursionlimit(self.depth)
        if self.collects and not gc.isenabled():
            gc.enable()
        if gc.get_threshold() < self.threshold:
            gc.set_threshold(*self.threshold)
        for limit, before in zip(LIMITS, self.limits, strict=True):
            if _lowered(limit, before):
                _raise(limit, before)
        self._put_handlers_back()
        self._put_folder_back()
        self._put_streams_back()

    @property
    def spoilt(self) -> bool:
        """Whether something could not be put back that the next training needs."""
        return _folder() != self.folder or any(map(_lowered, LIMITS, self.limits))

    def _put_handlers_back(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number, before in zip(SIGNALS, self.handlers, strict=True):
            now = signal.getsignal(number)
            lasting = str(getattr(now, "__module__", "")).startswith(LASTING)
            if now != before and before is not None and not lasting:
                if before is signal.SIG_DFL and number != signal.SIGCHLD:
                    # One that is on its way to another thread is dropped so; else it would end the process.
                    signal.signal(number, signal.SIG_IGN)
                signal.signal(number, before)

    def _put_folder_back(self) -> None:
        if _folder() is None:
            self.go_home()

    def _put_streams_back(self) -> None:
        for number, (name, before) in enumerate(self.streams.items(), start=1):
            if _usable(getattr(sys, name, None)):
                continue
            if before is not None and not _usable(before):  # closed; the descriptor is open still
                with suppress(OSError):
                    self.streams[name] = _opened(number)
            setattr(sys, name, self.streams[name])

    def go_home(self) -> None:
        """Go back to the folder, if it is still there."""
        if self.folder is not None:
            with suppress(OSError):
                os.chdir(self.folder)


@dataclass(slots=True)
class OwnSurroundings(Surroundings):
    """What a training finds in a process that is there for nothing else."""

    outputs: tuple[int, int] = field(default_factory=lambda: (out_of_the_way(1), out_of_the_way(2)))
    """Copies of the descriptors behind the streams."""
    blocked: set[int] = field(default_factory=lambda: set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))

    def _keep(self, late: list[BaseException]) -> None:
        """Keep nothing: nobody but a training has set an alarm here."""

    def _put_handlers_back(self) -> None:
        Surroundings._put_handlers_back(self)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def _put_folder_back(self) -> None:
        if _folder() != self.folder:
            self.go_home()

    def _put_streams_back(self) -> None:
        for number, before in enumerate(self.outputs, start=1):
            if not _same(number, before):
                os.dup2(before, number)
        Surroundings._put_streams_back(self)

    def flush(self) -> None:
        """Let everything that was printed leave this process, as far as it can."""
        for stream in self.streams.values():
            with suppress(Exception):
                stream.flush()


def _of_python(function: Callable[[Run], object]) -> Callable[[Run], object]:
    """Return what a call of a function runs: where it is an object, the method of Python behind it."""
    method = vars(type(function)).get("__call__")
    return method.__get__(function) if isinstance(method, FunctionType) else function


def _with_reason(error: BaseException, missed: list[str]) -> BaseException:
    """Return what a training has raised, with what may be the reason where functions were missed."""
    if not missed or not issubclass(type(error), Exception) or issubclass(type(error), MEANT):
        return error
    because = StudyError(_because(error, missed))
    because.__cause__ = error
    return because


def _because(error: BaseException, replaced: list[str]) -> str:
    """Say why a training has failed that had replaced functions of Python."""
    own = issubclass(type(error), OsetraError)
    some = ", ".join(replaced[:3]) + (" …" if len(replaced) > 3 else "")
    return (
        f"{described(error) if own else error_text(error)}; the training had put something else in the place "
        f"of {some}, which may be the reason"
    )


def _usable(stream: Any) -> bool:
    """Whether one can print to a stream."""
    try:
        return callable(stream.write) and callable(stream.flush) and not stream.closed
    except Exception:
        return False


def _opened(number: int) -> TextIOWrapper:
    """Return a stream to a descriptor of Python's own, which may be closed without closing that."""
    return open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


def _same(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - as text, and quickly
    except OSError:
        return None


def _left(timer: int) -> bool:
    """Whether a timer is set."""
    return signal.getitimer(timer)[0] > 0


def _lowered(limit: int, before: tuple[int, int]) -> bool:
    """Whether a limit is lower than before; infinity is -1."""
    now, then = resource.getrlimit(limit)[0], before[0]
    return now != then and now != resource.RLIM_INFINITY and (then == resource.RLIM_INFINITY or now < then)


def _raise(limit: int, before: tuple[int, int]) -> None:
    """Raise a limit again, as far as it can be."""
    hard = resource.getrlimit(limit)[1]
    for wanted in (before, (before[0], hard), (hard, hard)):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, wanted)
            return
