"""How a study that runs shows itself: where it is seen best, or not at all.

A terminal and a notebook get a block that is redrawn in place. Everything else gets one line per ended
trial through the logger `osetra`, at INFO. A program that has set up logging decides itself what becomes
of these; else they go to stderr.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import PurePath

from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.ports import Store
from osetra.study.loop import Planner, Watch
from osetra.views.events import EventStream
from osetra.views.lines import StudyLines
from osetra.views.progress import Progress

log = logging.getLogger("osetra")

Display = Callable[[Progress, str, History], AbstractContextManager[Watch | None]]
"""Opens a display, given what the run may cost, what is being done in a word, and what is known already."""


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
    if choice is False:
        yield watch
        return
    history = planner.history
    progress = Progress.begin(planner.problem, limits, history, time.time(), repeats=repeats)
    display = usual_display(shown_name(planner.store)) if choice is True else choice
    with display(progress, phase, history) as show:
        yield _both(watch, show)


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
