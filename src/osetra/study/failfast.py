"""Fail fast: a study whose first trainings all fail alike stops, for the next ones would fail, too."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from osetra.core.arguments import truth
from osetra.core.history import History
from osetra.core.trial import Trial
from osetra.errors import TrainingFailed

FIRST = 3
"""How many trainings have to fail alike."""
SHOWN = 4000
"""Characters of a traceback that are shown."""
_NUMBER = re.compile(r"0x[0-9a-f]+|[-+]?\d[\d.]*(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(slots=True)
class FirstFailures:
    """The failures of one call; earlier ones were perhaps mended."""

    before: frozenset[int] = frozenset()
    """Trials that had ended when it began."""
    done: bool = False
    """Whether a training of the study has come to anything, so that the next ones may as well."""
    _version: int = field(default=-1)

    @classmethod
    def of(cls, history: History, *, keep_going: bool) -> FirstFailures:
        """Return those of a call that begins now; with `keep_going` none counts.

        Raises:
            StudyError: `keep_going` is neither True nor False.
        """
        done = truth("keep_going", keep_going)
        return cls(frozenset(trial.number for trial in history.ended), done)

    def check(self, history: History) -> None:
        """Look at a study.

        Raises:
            TrainingFailed: all have failed, with the same error.
        """
        if self.done or history.version == self._version:
            return
        self._version = history.version
        ended = history.ended
        self.done = bool(history.paused) or any(trial.state != "failed" for trial in ended)
        failed = sorted((t for t in ended if t.number not in self.before), key=_ended_at)[:FIRST]
        if self.done or len(failed) < FIRST:
            return
        self.done = True
        if len({_NUMBER.sub("#", trial.reason) for trial in failed}) == 1:
            raise TrainingFailed(_text(failed[-1]))


def _ended_at(trial: Trial) -> float:
    return trial.attempts[-1].ended or 0.0 if trial.attempts else 0.0


def _text(trial: Trial) -> str:
    detail = trial.attempts[-1].detail.strip() if trial.attempts else ""
    text = (
        f"the first {FIRST} trials failed with the same error, so the study has stopped: {trial.reason}\n"
        "Mend the training and run it again, or go on in spite of it: run(keep_going=True), or --keep-going."
    )
    return f"{text}\n\n{detail[-SHOWN:]}" if detail else text
