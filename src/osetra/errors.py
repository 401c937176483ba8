"""Every error osetra raises on purpose.

OsetraError
├── SpaceError          a search space, a parameter or a value that does not fit it
│   └── TextError       the text form of one cannot be read; it knows the column
├── DataError           a data file or data set that cannot be used as it is
├── MissingExtra        an optional package is needed and absent
├── StudyError          a request the study cannot grant
│   ├── StudyMismatch   the stored study asks another question than this program
│   ├── NothingFinished no trial ended with a valid result
│   └── TrainingFailed  the first trials all failed with the same error
├── StoreError          the log cannot be read or written
│   ├── NotAStudy       the file exists and is something else
│   ├── NewerSchema     written by a newer osetra
│   ├── StoreAway       the server does not answer; waiting may help
│   ├── StoreFull       no space left; nothing was lost, writing can be tried again
│   ├── Conflict        the fact was established by somebody else first
│   └── LeaseLost       the attempt was given up; its worker must not write any more
├── CheckpointError     a checkpoint cannot be written, or what is on disk is not what was written
├── Diverged            raised by training code: this configuration does not train
└── Interrupted         raised into training code: hand the trial back

A message says what was given, what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class OsetraError(Exception):
    """Base of every deliberate error; its text is fit to be shown to a user without a traceback."""


class SpaceError(OsetraError):
    """A parameter, a condition or a value does not make sense; the text names the parameter."""


class TextError(SpaceError):
    """A parameter or a value as text cannot be read; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


class DataError(OsetraError):
    """The data cannot be used as it is; the text names file, row or column."""


class MissingExtra(OsetraError):
    """An optional package is absent; the text holds the one command that installs it."""


class StudyError(OsetraError):
    """The study cannot do what was asked; the text says which call would work."""


class StudyMismatch(StudyError):
    """The log was opened with another space or objective; the text lists the differences."""


class NothingFinished(StudyError):
    """No trial has a valid result yet, so there is no best one to return."""


class TrainingFailed(StudyError):
    """The first trials all failed with the same error; the text shows it, with its traceback."""


class StoreError(OsetraError):
    """The log cannot be read or written; the text names the file and the cause."""


class NotAStudy(StoreError):
    """The file exists and holds something else; it was left untouched."""


class NewerSchema(StoreError):
    """The log was written by a newer osetra; upgrade this one to read it."""


class OlderSchema(StoreError):
    """The log was written by an older osetra; `osetra db migrate` brings it up to date."""


class StoreFull(StoreError):
    """The disk is full; what was being written is kept in memory and can be tried again."""


class StoreAway(StoreError):
    """The store's server cannot be reached; what was to be written can be tried again later."""


class NoDatabase(StoreError):
    """The server is there and has no database of that name."""


class Conflict(StoreError):
    """A fact with this key is in the log already; read on and decide again."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key}: already established; read the log and decide again")
        self.key = key


class LeaseLost(StoreError):
    """The attempt ended without its worker (given up or stopped); nothing it writes counts."""


class CheckpointError(OsetraError):
    """A checkpoint cannot be kept or used; the text names the file or the value and the mend."""


class Diverged(OsetraError):
    """Training blew up or never left chance level: a result about the configuration."""


class Interrupted(OsetraError):
    """The run has to stop now; the trial goes back to the queue."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the closest known name, or an empty string."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
