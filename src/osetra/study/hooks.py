"""Hooks: a user's functions that are told of trials that ended, and that say when a search is over.

They are called in a thread of their own, in order, by the program that drives the study. Trainings wait for
them as long as they are quick, so that what they do is done before the next trial begins; from the first one
that takes longer than `HOLD` on, nobody waits for them. What they raise is said once, and they are called
again for the next trial.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from osetra.core.arguments import expected, given, plain
from osetra.core.clean import error_text, one_line
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.trial import ENDED, Trial
from osetra.study.aside import Aside
from osetra.study.tracking import Trackers, Tracking

log = logging.getLogger("osetra")

HOLD = 1.0
"""Seconds that trainings wait for a hook, until one has taken longer."""
GRACE = 10.0
"""Seconds that hooks get to return once nothing is trained any more."""
ASK = 1.0
"""Seconds between two questions of whether to stop, while no trial ends."""
TOPIC = "stopped"


def check_hook(name: str, hook: object, wanted: str) -> None:
    """Refuse what cannot be called with one argument; None is no hook.

    Raises:
        StudyError: it is something else, or async, which nobody would await.
    """
    if hook is None:
        return
    if not callable(hook):
        raise expected(name, hook, wanted)
    kinds = (hook, vars(type(hook)).get("__call__"))
    if any(map(inspect.iscoroutinefunction, kinds)):
        raise expected(name, hook, f"it is async, and nobody would await it; {wanted}")
    with suppress(ValueError, TypeError, AttributeError):  # some have no signature that can be read
        signature = inspect.signature(hook)
        try:
            signature.bind(None)
        except TypeError:
            raise expected(name, hook, f"it takes {signature}; {wanted}") from None


@dataclass(slots=True)
class Hooks:
    """The hooks of one call of `Study.run`, `join` or `confirm`, and which trials they have been told of."""

    on_trial_end: Callable[[Trial], object] | None = None
    stop_when: Callable[[Any], object] | None = None
    study: Any = None
    """What `stop_when` is asked about, and trackers hear of."""
    trackers: Trackers = ()
    stop: bool = False
    """Whether `stop_when` has said so."""
    aside: Aside = field(default_factory=lambda: Aside("osetra-hooks"))
    _tracking: Tracking = field(default_factory=Tracking)
    _told: set[int] = field(default_factory=set)
    _seen: History = field(default_factory=History)
    _asked: float = -ASK
    _asking: bool = False
    _slow: bool = False
    _failed: set[str] = field(default_factory=set)
    _following: bool = False

    def __post_init__(self) -> None:
        self._tracking = Tracking.by(self.trackers)
        check_hook(
            "on_trial_end",
            self.on_trial_end,
            "a function of the trial that ended is needed: def f(trial): ...",
        )
        check_hook(
            "stop_when",
            self.stop_when,
            "a function of the study that returns True or False is needed, such as "
            "lambda study: len(study.trials) > 9",
        )

    @property
    def any(self) -> bool:
        """Whether there is any hook."""
        return self.on_trial_end is not None or self.stop_when is not None or bool(self._tracking.told)

    def begin(self, history: History) -> None:
        """Take it that whoever wanted to know of the trials that have ended does."""
        self._told, self._seen = {trial.number for trial in history.ended}, history
        self._tracking.begin(self.study, history)

    def look(self, history: History) -> bool:
        """Tell of trials that ended since the last look; return whether the search is to stop."""
        if not self.any:
            return False
        ended, due = self._new(history), time.monotonic() - self._asked >= ASK
        first = self._asked < 0
        self._tracking.look(history)
        self._tell(ended)
        if self.stop_when is not None and (ended or due) and not (self._asking or self.stop):
            self._asking, self._asked = True, time.monotonic()
            self.aside.call(self._ask)
        if (ended or first) and not self._slow and not self.aside.wait(HOLD):
            self._slow = True
            log.warning("%s: more than %g s; the study does not wait for it any more", self._names, HOLD)
        return self.stop

    @contextmanager
    def followed(self, read: Callable[[], History]) -> Iterator[None]:
        """Tell of all trials that end while inside, and wait a while for hooks when the outermost ends."""
        if self._following or not self.any:
            yield
            return
        self._following = True
        self.begin(read())
        try:
            yield
        finally:
            self._following = False
            self._tell(self._new(read()))
            if not self.aside.wait(GRACE):
                left = self.aside.drop()
                more = f"; {left} more calls are left out" if left else ""
                log.warning("%s has not returned for %g s, and is left alone%s", self._names, GRACE, more)
            self._tracking.finish(read)

    def note(self, history: History) -> Noted:
        """Return the note that `stop_when` ended the search."""
        name = hook_name(self.stop_when)
        return Noted(TOPIC, str(history.version), f"stop_when={name} says so: the search is over", {})

    @property
    def _names(self) -> str:
        hooks = {"on_trial_end": self.on_trial_end, "stop_when": self.stop_when}
        return " or ".join(f"{name}={hook_name(hook)}" for name, hook in hooks.items() if hook is not None)

    def _new(self, history: History) -> list[Trial]:
        """Return the trials that have ended since the last look, in the order in which they ended."""
        changed, self._seen = history.trials.since(self._seen.trials), history
        ended = [trial for trial in changed if trial.state in ENDED and trial.number not in self._told]
        self._told.update(trial.number for trial in ended)
        return sorted(ended, key=_ended_at)

    def _tell(self, ended: list[Trial]) -> None:
        if self.on_trial_end is not None:
            for trial in ended:
                self.aside.call(partial(self._call, "on_trial_end", self.on_trial_end, trial))

    def _ask(self) -> None:
        try:
            assert self.stop_when is not None
            said = plain(self._call("stop_when", self.stop_when, self.study))
            if isinstance(said, bool):
                self.stop = self.stop or said
            elif "stop_when" not in self._failed:
                self._say("stop_when", f"it returned {given(said)}, and True or False is needed")
        finally:
            self._asking = False

    def _call(self, kind: str, hook: Callable[[Any], object], about: object) -> object:
        """Call a hook; what it raises is said the first time, and nothing comes of it."""
        try:
            return hook(about)
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: nobody pressed Ctrl-C here
            self._say(kind, error_text(error))
            log.debug("where it failed:", exc_info=error)
            return False

    def _say(self, kind: str, wrong: str) -> None:
        if kind not in self._failed:
            self._failed.add(kind)
            hook = hook_name(getattr(self, kind))
            log.warning(
                "%s=%s failed; the study goes on, and further failures are not said: %s", kind, hook, wrong
            )


def hook_name(hook: object) -> str:
    """Return what a function is called, for a sentence."""
    while isinstance(hook, partial):
        hook = hook.func
    name = getattr(hook, "__qualname__", None) or type(hook).__qualname__
    return one_line(str(name)).replace("<locals>.", "")[-60:]


def _ended_at(trial: Trial) -> float:
    return trial.attempts[-1].ended or 0.0 if trial.attempts else 0.0
