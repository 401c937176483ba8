"""How a study that runs shows itself: where it is seen best, or not at all.

A terminal and a notebook get a block that is redrawn in place. Everything else gets one line per ended
trial through the logger `osetra`, at INFO. A program that has set up logging decides itself what becomes
of these; else they go to stderr.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath

import numpy as np

from osetra.core.arguments import expected, plain
from osetra.core.clean import error_text
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.ports import Store
from osetra.executors.identity import this_process
from osetra.study.loop import Watch
from osetra.study.planner import Planner
from osetra.views.events import EventStream
from osetra.views.lines import StudyLines
from osetra.views.orders import order_status, order_text
from osetra.views.progress import Progress

log = logging.getLogger("osetra")

Display = Callable[[Progress, str, History], AbstractContextManager[Watch | None]]
"""Opens a display, given what the run may cost, what is being done in a word, and what is known already."""


def check_showing(progress: object, watch: object) -> None:
    """Refuse what cannot show a study.

    Raises:
        StudyError: `progress` is neither True, False nor a display, or `watch` cannot be called.
    """
    if not isinstance(plain(progress), bool) and not callable(progress):
        raise expected("progress", progress, "True, False or a display is needed")
    if watch is not None and not callable(watch):
        raise expected("watch", watch, "a function that takes a history is needed")


@dataclass(slots=True)
class Harmless:
    """Calls what shows a study until it fails for the first time, which is said once and does no more."""

    show: Watch
    what: str
    broken: bool = False

    def __call__(self, history: History) -> None:
        """Show what is new."""
        if self.broken:
            return
        try:
            self.show(history)
        except KeyboardInterrupt as error:
            # As if it had been typed: a view stands in the middle of somebody's training.
            if threading.current_thread() is threading.main_thread():
                signal.raise_signal(signal.SIGINT)
            else:
                self._break(error)
        except (Exception, SystemExit) as error:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        self.broken = True
        report_broken(self.what, error)


def report_broken(what: str, error: BaseException) -> None:
    """Say that something that only looks on has failed, with where at debug."""
    log.warning("%s failed and is not called any more; the study goes on: %s", what, error_text(error))
    log.debug("where it failed:", exc_info=error)


@contextmanager
def displayed(
    planner: Planner,
    phase: str,
    limits: Limits,
    choice: bool | Display,
    watch: Watch | None,
    *,
    repeats: bool = False,
) -> Iterator[Watch | None]:
    """Show a run where it is seen best, by another display, or not at all; yield what is to be called."""
    told = None if watch is None else Harmless(watch, "watch=")
    usual = isinstance(choice, (bool, np.bool_))
    if usual and not choice:
        yield told
        return
    history = planner.history
    progress = Progress.begin(planner.problem, limits, history, time.time(), repeats=repeats)
    display = usual_display(shown_name(planner.store)) if isinstance(choice, (bool, np.bool_)) else choice
    with _opened(display, progress, phase, history) as show:
        yield _both(told, None if show is None else Harmless(show, "the display"))


@contextmanager
def _opened(display: Display, progress: Progress, phase: str, history: History) -> Iterator[Watch | None]:
    """Open and close a display; what it raises is said, and nothing is shown then."""
    with ExitStack() as stack:
        show = None
        try:
            show = stack.enter_context(display(progress, phase, history))
        except Exception as error:
            report_broken("the display", error)
        try:
            yield show
        finally:
            try:
                stack.close()
            except Exception as error:
                report_broken("the display", error)


def usual_display(name: str) -> Display:
    """Return the display for where this program runs."""
    if _in_notebook():
        from osetra.views.terminal.notebook import notebook_display

        return partial(notebook_display, name=name)
    if _in_terminal():
        from osetra.views.terminal.study_display import study_display

        return partial(study_display, name=name)
    return log_display


@contextmanager
def log_display(progress: Progress, phase: str, history: History) -> Iterator[Watch | None]:
    """Write a line per ended trial into the log; yield None where nobody would see it."""
    with _visible():
        if not log.isEnabledFor(logging.INFO):
            yield None
            return
        stream = EventStream(progress.problem)
        stream.new(history)
        yield StudyLines(progress, lambda line: log.info("%s", line), stream)


@contextmanager
def _visible() -> Iterator[None]:
    """Let the log be seen on stderr while inside, unless the program has set up logging."""
    if log.hasHandlers():
        yield
        return
    handler, level = logging.StreamHandler(), log.level
    log.addHandler(handler)
    if level == logging.NOTSET:
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


def shown_name(store: Store) -> str:
    """Return the study's name, or its file's when it has none of its own."""
    if store.study != "main" or store.url.startswith("memory"):
        return "study" if store.study == "main" else store.study
    return PurePath(store.url).stem


def _both(first: Watch | None, second: Watch | None) -> Watch | None:
    if first is None or second is None:
        return first or second

    def watch(history: History) -> None:
        first(history)
        second(history)

    return watch


def _in_notebook() -> bool:
    """Whether the program runs in the kernel of a notebook; IPython is never imported for this."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _in_terminal() -> bool:
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # there is no stderr, or it is closed
        return False


def warn_of_loose_ends(history: History, trained: Collection[int] = ()) -> None:
    """Warn of what a person would miss at the end of a run, but for trials that this program still trains."""
    held = [trial for trial in history.paused if trial.held]
    if held:
        numbers = ", ".join(str(trial.number) for trial in held)
        log.warning("paused by hand and left so: trial %s; order resume, and run again", numbers)
    for trial in (*history.queued, *history.running, *history.paused):
        for order in (order for order in trial.orders if order.pending and order.by != "scheduler"):
            state = order_status(trial, order).text
            log.warning("trial %d: %s is still open, %s", trial.number, order_text(order), state)
    for trial in history.running:
        if trial.attempts[-1].worker == this_process() and trial.number not in trained:
            log.warning(
                "trial %d was asked for by this program, and its end was not told; tell it, or "
                'give it up with study.tell(run, failed="given up")',
                trial.number,
            )
    ended = history.ended
    begun = any(trial.attempts for trial in (*history.queued, *history.paused))
    if ended and not begun and not history.finished:
        log.warning("none of %d trials has a valid result; the last one: %s", len(ended), ended[-1].reason)
