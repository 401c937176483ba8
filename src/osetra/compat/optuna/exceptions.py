"""What Optuna's scripts raise and catch, by its names."""

from __future__ import annotations

from osetra.errors import OsetraError, StudyError


class OptunaError(OsetraError):
    """Base of the errors below."""


class TrialPruned(OptunaError):
    """Raised by an objective that ends its trial early; what it reported last is what the trial is worth."""


class DuplicatedStudyError(OptunaError):
    """There is a study of that name already."""


class StorageInternalError(OptunaError):
    """The place of a study cannot be read or written."""


class UpdateFinishedTrialError(OptunaError, RuntimeError):
    """A trial that has ended is changed no more."""


class NotOffered(StudyError, NotImplementedError):
    """Something of Optuna's that is not here; the text says what osetra has instead."""


def refuse(what: str, instead: str) -> NotOffered:
    """Return the error for something of Optuna's that is not here, with what to write instead."""
    return NotOffered(f"osetra.compat.optuna has no {what}; {instead}")
