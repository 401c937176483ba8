"""State: what a trial is at the moment, or how an attempt at it ended, with a sentence for people.

Members are the text that stands in the log: State.FINISHED == "finished".
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The states of a trial; the last three end an attempt only, and the trial goes back to the queue."""

    sentence: str

    QUEUED = "queued", "it waits for a worker"
    RUNNING = "running", "a worker trains it"
    PAUSED = "paused", "it waits at a checkpoint until it is told to go on"
    FINISHED = "finished", "it was trained to its end"
    STOPPED = "stopped", "it was cut short"
    DIVERGED = "diverged", "its training blew up or never left chance level"
    FAILED = "failed", "its training broke, or it lost too many workers"
    LOST = "lost", "its worker vanished"
    INTERRUPTED = "interrupted", "its worker handed it back"
    REWOUND = "rewound", "it goes on from an older checkpoint"

    def __new__(cls, text: str, sentence: str = "") -> State:
        """Make a member that is its text and knows its sentence."""
        member = str.__new__(cls, text)
        member._value_ = text
        member.sentence = sentence
        return member
