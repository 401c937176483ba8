"""Failures: what goes wrong becomes one line on stderr and an exit code.

| code | means                                                    |
|------|----------------------------------------------------------|
| 0    | done: the target was reached, or there was nothing to do |
| 1    | the request cannot be granted, or a bug of ours          |
| 2    | what was typed, or the study.toml, makes no sense        |
| 3    | finished, or stopped, without a single valid result      |
| 5    | the study cannot be read or written                      |
| 6    | the study was written by a newer osetra                  |
| 75   | a worker was told to leave; its trials go on elsewhere   |
| 130  | stopped by Ctrl-C                                        |
| 143  | stopped by SIGTERM; 129 by SIGHUP, 138 by SIGUSR1        |
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from rich.text import Text

from osetra.core.clean import printable
from osetra.errors import (
    NewerSchema,
    NothingFinished,
    OsetraError,
    SpaceError,
    StoreError,
    StudyError,
    StudyMismatch,
    TrainingFailed,
)
from osetra.views.terminal.console import console

REQUEST, USAGE, NO_RESULT, STORAGE, NEWER, LEFT, STOPPED = 1, 2, 3, 5, 6, 75, 130


class Failure(click.ClickException):
    """An error with its exit code, shown in red on stderr."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        vars(self)["exit_code"] = code  # click declares it for the class

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message; a stop on request is no error and stays plain."""
        if not self.message:
            return
        text = Text.assemble(("error: ", "bold red"), self.message)
        console(file=file or sys.stderr).print(text, soft_wrap=True)


@contextmanager
def typed() -> Iterator[None]:
    """End with the code of a senseless command line when what was typed is refused before anything begins.

    What there is to say of data and of studies that are there keeps its own code.
    """
    try:
        yield
    except (StudyMismatch, NothingFinished):
        raise
    except (SpaceError, StudyError) as error:
        if error.__cause__ is not None:  # somebody's own code failed: no mistake of the command line
            raise
        raise Failure(str(error), USAGE) from error


@contextmanager
def calm() -> Iterator[None]:
    """Take from what is said of the words that were typed whatever a terminal would act on."""
    try:
        yield
    except click.ClickException as error:
        text = printable(error.format_message())
        vars(error)["format_message"] = lambda: text
        raise


def explain(error: BaseException) -> Failure:
    """Return the failure that stands for an exception."""
    match error:
        case KeyboardInterrupt():
            return Failure("", STOPPED)
        case NothingFinished() | TrainingFailed():
            return Failure(str(error), NO_RESULT)
        case NewerSchema():
            return Failure(str(error), NEWER)
        case StoreError():
            return Failure(str(error), STORAGE)
        case OsetraError():
            return Failure(str(error), REQUEST)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return Failure(f"{where}{error.strerror or error}{_advice(error)}", REQUEST)
        case _:
            kind = type(error).__name__
            return Failure(
                f"{kind}: {error}\nThis is a bug of osetra; `osetra --debug …` shows where it happened.",
                REQUEST,
            )


def _advice(error: OSError) -> str:
    """Return what to do about a file that cannot be written or read; empty where the system's words do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "; what was asked for is not written: free some space, or write it elsewhere"
    folder = Path(os.fsdecode(error.filename)).parent if error.filename else Path()
    if error.errno == errno.ENOENT and not folder.is_dir():
        return f"; the folder {folder} does not exist: create it with mkdir -p {shlex.quote(str(folder))}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "; choose a place that this user may write"
    return ""


def flush() -> None:
    """Write out what was printed.

    Raises:
        OSError: it cannot be written; then nothing more is tried, when the program ends either.
    """
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
        raise
