"""Observer: what somebody is told while a network is tuned."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.study.study import Study
    from osetra.tuning.result import TuneResult

Row = tuple[str, str]
"""A label and a line for people."""


class Observer:
    """Override what you want to hear of; each method is called once, `on_history` again and again."""

    def on_data(self, name: str, rows: list[Row]) -> None:
        """Take the study's name, and what was understood of the data."""

    def on_study(self, study: Study, rows: list[Row]) -> None:
        """Take the study, how good the baseline is, and what will be searched."""

    def on_history(self, history: History) -> None:
        """Take everything known so far, about four times a second."""

    def on_search_end(self, study: Study) -> None:
        """Take the study after the last trial and the fresh seeds."""

    def waiting(self, reason: str) -> AbstractContextManager[object]:
        """Return a context for what takes a while without a report."""
        return nullcontext()

    def on_part(self, part: str) -> None:
        """Take which part of that is under way."""

    def on_result(self, result: TuneResult) -> None:
        """Take what came of it all."""
