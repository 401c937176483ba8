"""How steered, paused and stopped trials look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from osetra.advice.training import TrainingAdvice
from osetra.core.facts import Ordered, ended
from osetra.views.events import events
from osetra.views.terminal.curves import curves_picture
from osetra.views.terminal.orders import orders_table
from osetra.views.terminal.tables import trial_page, trials_table
from osetra.views.terminal.training import ScreenState, training_screen
from views.histories import PROBLEM, Book
from views.steered import nursery

Text = Callable[..., str]
Golden = Callable[[str], None]
NOW = 1060.0


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write times as seconds, so that no time zone shows."""
    monkeypatch.setattr("osetra.views.terminal.orders.clock", lambda time: f"t={time:.1f}")


def state(**changes: Any) -> ScreenState:
    return replace(ScreenState(name="nursery", now=NOW, width=90, height=28), **changes)


def screen(text: Text, book: Book, number: int = 1, **changes: Any) -> str:
    history = book.history
    return text(training_screen(PROBLEM, history, history.trials[number], state(**changes)), 90)


def test_the_babysitting_screen(text: Text, golden: Golden) -> None:
    golden(screen(text, nursery()))


def test_the_babysitting_screen_with_advice_in_a_low_terminal(text: Text, golden: Golden) -> None:
    advice = TrainingAdvice(
        rule="plateau", trial=1, step=10, text="no progress for 6 steps: 0.275",
        verb="scale", args={"lr": 0.3}, action="lr × 0.3", other="or stop: it may have learned what it can",
    )  # fmt: skip
    golden(screen(text, nursery(), height=18, advice=advice))


def test_the_orders_of_a_trial(text: Text, golden: Golden) -> None:
    golden(text(orders_table(nursery().history.trials[1]), 110))


def test_the_curves_of_stopped_and_paused_trials(text: Text, golden: Golden) -> None:
    history = nursery().history
    golden(text(curves_picture(PROBLEM, history, list(history.trials.values()), width=80)))


def test_the_table_of_steered_trials(text: Text, golden: Golden) -> None:
    history = nursery().history
    golden(text(trials_table(PROBLEM, history, list(history.trials.values()), width=100), 100))


def test_a_trial_page_tells_pieces_orders_and_checkpoints(text: Text) -> None:
    history = nursery().history
    page = text(trial_page(PROBLEM, history, history.trials[1]), 110)
    for part in (
        "from step 1: lr=0.3",
        "from step 5: lr=0.2",
        "from step 7: lr=0.06",
        "after step 6",
        "refused",
    ):
        assert part in page
    cut = text(trial_page(PROBLEM, history, history.trials[2]), 110)
    assert "stopped: stopped at step 9: val_loss 1.02, cut 0.74, rank 14 of 18" in cut


def test_the_live_block_counts_what_waits_and_shows_the_values_in_force(text: Text) -> None:
    from views.test_views import block

    shown = text(block(nursery(), 110), 110)
    assert "1 running  1 paused  1 stopped" in shown
    assert "▸ 1 ✎" in shown
    assert "step 10 of 20" in shown
    assert "lr=0.06 units=32" in shown


def test_events_tell_orders_and_cuts_but_no_pause_of_a_scheduler() -> None:
    told = [(event.kind, event.subject, event.text) for event in events(PROBLEM, nursery().history)]
    kinds = [kind for kind, *_ in told]
    assert kinds == ["ordered", "rewound", "ordered", "ordered", "stopped"]
    assert told[0][2] == "set lr=0.2: lr=0.2 after step 4, by ada"
    assert told[3][2].startswith("scale units=2: refused, units cannot be changed")
    assert told[4][2].startswith("stopped at step 9: val_loss 1.02, cut 0.74, rank 14 of 18")


def test_a_cut_of_a_waiting_trial_is_told() -> None:
    book = nursery()
    book.write(Ordered(3, 1, "stop", {}, "asha", "scheduler", "given up: rank 9 of 9"))
    last = events(PROBLEM, book.history)[-1]
    assert (last.kind, last.subject) == ("stopped", "3")
    assert last.text.startswith("given up: rank 9 of 9")


@pytest.mark.parametrize("height", [6, 12, 24, 60])
@pytest.mark.parametrize("width", [20, 60, 200])
def test_the_screen_fits_every_terminal(text: Text, width: int, height: int) -> None:
    history = nursery().history
    for trial in history.trials.values():
        some = state(width=width, height=height, message="m" * 300)
        shown = text(training_screen(PROBLEM, history, trial, some), width)
        if height >= 24 and width >= 60:
            assert len(shown.splitlines()) <= height


@pytest.mark.parametrize("state", ["paused", "finished", "diverged", "failed", "stopped"])
def test_every_state_has_a_screen(text: Text, state: str) -> None:
    book = Book()
    trial = book.claim(book.suggest())
    book.report(trial, [1.0, float("nan"), np.inf])
    book.write(ended(trial, 1, state, 1.0, "so it is"))  # type: ignore[arg-type]
    assert state in screen(text, book, trial)


def test_what_is_typed_and_the_help_are_shown(text: Text) -> None:
    assert "branch with NAME=VALUE: lr=0" in screen(
        text, nursery(), prompt="branch with NAME=VALUE:", typed="lr=0"
    )
    assert "back to the best checkpoint" in screen(text, nursery(), help=True)
    assert "autopilot" in screen(text, nursery(), autopilot=True)
