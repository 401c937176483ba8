"""Logging: one line for each trial on standard error, as in Optuna, until told otherwise."""

from __future__ import annotations

import logging as standard
import sys

CRITICAL, FATAL, ERROR = standard.CRITICAL, standard.FATAL, standard.ERROR
WARNING, WARN, INFO, DEBUG = standard.WARNING, standard.WARNING, standard.INFO, standard.DEBUG
NAME = "osetra.compat.optuna"


class _Stderr(standard.StreamHandler):  # type: ignore[type-arg]
    """Writes to what is standard error at that moment."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(standard.Formatter("[%(levelname).1s %(asctime)s] %(message)s"))

    def emit(self, record: standard.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


_handler = _Stderr()


def _begin() -> None:
    log = standard.getLogger(NAME)
    if not log.handlers:
        log.addHandler(_handler)
        log.setLevel(INFO)
        log.propagate = False


def get_logger(name: str) -> standard.Logger:
    """Return a logger whose lines go where those of trials go."""
    return standard.getLogger(f"{NAME}.{name}")


def get_verbosity() -> int:
    """Return the level from which on lines are shown."""
    return standard.getLogger(NAME).getEffectiveLevel()


def set_verbosity(verbosity: int) -> None:
    """Show lines from a level on, such as `logging.WARNING`."""
    standard.getLogger(NAME).setLevel(verbosity)


def disable_default_handler() -> None:
    """Write nothing to standard error."""
    standard.getLogger(NAME).removeHandler(_handler)


def enable_default_handler() -> None:
    """Write to standard error."""
    standard.getLogger(NAME).addHandler(_handler)


def disable_propagation() -> None:
    """Hand lines to no other logger."""
    standard.getLogger(NAME).propagate = False


def enable_propagation() -> None:
    """Hand lines to the loggers above as well."""
    standard.getLogger(NAME).propagate = True


_begin()
