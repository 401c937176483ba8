"""Fail fast: a study whose first trainings all fail alike stops, for the next ones would fail, too.

Two failures are alike when exceptions of the same classes were raised at the same places, whatever they say;
where no traceback is known, when their texts are the same but for what looks like a number, a path or a
random name. Where all trainings fail and errors take turns, each has to come three times on average: a random
configuration may fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from osetra.core.arguments import truth
from osetra.core.history import History
from osetra.core.trial import Trial
from osetra.errors import TrainingFailed

FIRST = 3
"""How many trainings have to fail with each error, on average."""
SHOWN = 4000
"""Characters of a traceback that are shown."""
_VARIABLE = re.compile(r"[^\s'\"()\[\]{},;=]*[\d/\\][^\s'\"()\[\]{},;=]*|\b[0-9a-f]{8,}\b", re.IGNORECASE)
"""Words with a digit or a slash, and long ones of hexadecimal letters: numbers, addresses, paths, UUIDs."""
_FRAME = re.compile(r"^[\s|]*File \"(.*)\", line (\d+)(?:, in (.+))?$")
_RAISED = re.compile(r"^[\s|]*([^\W\d][\w.]*)(?::|$)")
Kind = tuple[object, ...]
"""What failures that are alike have in common."""


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
        if self.done:
            return
        failed = sorted((t for t in ended if t.number not in self.before), key=_ended_at)
        kinds: dict[Kind, Trial] = {}
        for count, trial in enumerate(failed, 1):
            kinds[kind_of(trial)] = trial
            if count >= FIRST * len(kinds):
                self.done = True
                raise TrainingFailed(_text(count, list(kinds.values())))


def kind_of(trial: Trial) -> Kind:
    """Return what a failed trial has in common with those that failed alike."""
    detail = trial.attempts[-1].detail if trial.attempts else ""
    raised = tuple(_raised(detail))
    return raised or (_VARIABLE.sub("#", trial.reason),)


def _raised(detail: str) -> Iterator[tuple[str, ...]]:
    """Yield the class of each exception in a traceback, with the file, line and function that raised it."""
    place: tuple[str, ...] = ()
    for line in detail.splitlines():
        if frame := _FRAME.match(line):
            file = re.split(r"[/\\]", frame[1])[-1]  # the folder may be made for each training
            place = _VARIABLE.sub("#", file), frame[2], frame[3] or ""
        elif place and not line.lstrip("| ").startswith("[Previous line") and (found := _outdented(line)):
            yield (found, *place)
            place = ()


def _outdented(line: str) -> str:
    """Return the class of the exception that a line of a traceback names; empty when it shows code."""
    bare = line.lstrip("|+ ") if line.lstrip().startswith(("|", "+")) else line
    found = _RAISED.match(bare) if bare[:1] not in ("", " ", "\t") else None
    return found[1] if found else ""


def _ended_at(trial: Trial) -> float:
    return trial.attempts[-1].ended or 0.0 if trial.attempts else 0.0


def _text(count: int, each: list[Trial]) -> str:
    """Return the sentence on so many failures, of which there is one of each kind."""
    last = max(each, key=_ended_at)
    detail = last.attempts[-1].detail.strip() if last.attempts else ""
    same = "the same error" if len(each) == 1 else f"one of {len(each)} errors each"
    reasons = "; ".join(trial.reason for trial in each)
    text = (
        f"the first {count} trials failed with {same}, so the study has stopped: {reasons}\n"
        "Mend the training and run it again, or go on in spite of it: run(keep_going=True), or --keep-going."
    )
    return f"{text}\n\n{detail[-SHOWN:]}" if detail else text
