"""Followers: who is told of a tuning while it runs, checked before it begins: functions and trackers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from osetra.core.trial import Trial
from osetra.study.hooks import Hooks
from osetra.study.tracker_names import kept_text
from osetra.study.tracking import Listener, Trackers, listeners


@dataclass(frozen=True, slots=True)
class Followers:
    """The hooks of `Study.run` and `Study.confirm` for all calls of one tuning: a broken tracker stays so."""

    on_trial_end: Callable[[Trial], object] | None = None
    stop_when: Callable[[Any], bool] | None = None
    trackers: tuple[Listener, ...] = ()

    @classmethod
    def of(
        cls,
        trackers: Trackers = (),
        on_trial_end: Callable[[Trial], object] | None = None,
        stop_when: Callable[[Any], bool] | None = None,
    ) -> Followers:
        """Return the followers, each as it is called.

        Raises:
            StudyError: one cannot be called, or is no tracker.
            MissingExtra: the library of a tracker is not installed.
        """
        found = listeners(trackers)
        Hooks(on_trial_end, stop_when)  # refuses what cannot be called
        return cls(on_trial_end, stop_when, found)

    def filled(self, names: tuple[str, ...]) -> Followers:
        """Return the same with the trackers that a study.toml names, where there are none."""
        return self if self.trackers else replace(self, trackers=listeners(names))

    @property
    def of_search(self) -> dict[str, Any]:
        """Those of the search, as `Study.run` takes them."""
        return {"stop_when": self.stop_when, **self.of_fresh_seeds}

    @property
    def of_fresh_seeds(self) -> dict[str, Any]:
        """Those of the fresh seeds, which a search that was stopped has all the same."""
        return {"on_trial_end": self.on_trial_end, "trackers": self.trackers}


def kept_names(trackers: Sequence[object]) -> tuple[str, ...]:
    """Return the trackers that a study can remember: those that are given by name.

    Raises:
        StudyError: there is none of such a name, or a password in it.
    """
    return tuple(kept_text(one) for one in trackers if isinstance(one, str))
