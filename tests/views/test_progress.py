"""What a run has spent of its limits, and how long the rest takes."""

from __future__ import annotations

from typing import Any

import pytest

from osetra.core.facts import Obeyed, Ordered, Seen, ended
from osetra.core.limits import PER_TRAINING, Limits
from osetra.core.trials import Trials
from osetra.views.events import EventStream, events
from osetra.views.progress import Progress, begun_text, progress_text
from views.histories import PROBLEM, Book, busy


def progress(book: Book, started: float, **limits: Any) -> Progress:
    return Progress(problem=PROBLEM, limits=Limits(**limits), started=started)


def halving(paused: int = 6) -> Book:
    """Trials of which each has reported 3 of 9 steps and waits for its scheduler."""
    book = Book()
    book.note("steps", "9", "a full training has 9 steps", steps=9)
    for _ in range(paused):
        trial = book.claim(book.suggest())
        book.report(trial, [0.9, 0.8, 0.7])
        book.end(ended(trial, 1, "paused", 0.7))
    return book


def test_trials_count_where_they_are_trained_to_their_end() -> None:
    book = busy()
    run = progress(book, book.time - 40, trials=8)
    assert run.share(book.history, book.time) == 0.5
    assert run.remaining(book.history, book.time) == pytest.approx(40.0)


def test_a_resumed_study_ignores_the_pace_of_yesterday() -> None:
    book = busy()
    run = Progress.begin(PROBLEM, Limits(trials=8), book.history, book.time)
    assert run.share(book.history, book.time) == 0.5
    assert run.remaining(book.history, book.time + 5) is None


def test_paused_trials_count_by_what_they_have_cost() -> None:
    book = halving()
    run = progress(book, book.time - 10, trials=8)
    spent = 6 * 3 / 9
    assert run.spent(book.history) == pytest.approx(spent)
    assert run.share(book.history, book.time) == pytest.approx(spent / (8 / PER_TRAINING))
    left = run.remaining(book.history, book.time)
    assert left == pytest.approx(10 * (8 / PER_TRAINING - spent) / spent)
    shown = progress_text(run, book.history, book.time)
    assert shown == "2 of about 4 trainings  about 7.4 s left"
    assert begun_text(run, book.history) == "6 of 8 trials begun"


@pytest.mark.parametrize(("by", "cuts"), [("person", False), ("scheduler", True)])
def test_what_a_person_pauses_is_no_sign_of_a_scheduler_that_cuts(by: Any, cuts: bool) -> None:
    """Else two full trainings of sixty would be all that is expected, and nearly everything spent."""
    book = busy()
    for fact in (Ordered(5, 1, "pause", by=by), Seen(5, 1), Obeyed(5, 1, 1, 7), ended(5, 1, "paused", 0.5)):
        book.write(fact)
    run = progress(book, book.time - 40, trials=60)
    assert (run.expected(book.history) is not None) == cuts
    assert (run.share(book.history, book.time) < 0.1) or cuts


def test_the_bar_is_full_only_when_all_trials_have_ended() -> None:
    book = halving(12)
    run = progress(book, book.time - 10, trials=8)
    assert run.share(book.history, book.time) == pytest.approx(0.99)
    whole = Book()
    for _ in range(8):
        whole.train([0.5])
    assert progress(whole, 0.0, trials=8).share(whole.history, whole.time) == 1.0


def test_trainings_count_by_cost_and_minutes_by_the_clock() -> None:
    book = halving()
    cost = progress(book, book.time - 10, trainings=4)
    assert cost.share(book.history, book.time) == 0.5
    assert progress_text(cost, book.history, book.time) == "2 of 4 trainings  about 10 s left"
    assert begun_text(cost, book.history) == "6 trials begun"
    clock = progress(book, book.time - 30, minutes=1)
    assert clock.share(book.history, book.time) == 0.5
    assert progress_text(clock, book.history, book.time) == "30 s of 1 min 00 s  about 30 s left"


def test_repeats_count_apart_from_first_runs() -> None:
    book = busy()
    run = Progress(problem=PROBLEM, limits=Limits(trials=3), started=0.0, repeats=True)
    assert progress_text(run, book.history, book.time) == "0 of 3 repeats"
    book.finish(book.claim(book.suggest({"lr": 0.05, "units": 128}, repeats=2)), 0.052)
    assert progress_text(run, book.history, book.time).startswith("1 of 3 repeats")


def test_a_stream_of_events_tells_each_once_and_the_same_as_the_whole() -> None:
    book, stream = busy(), EventStream(PROBLEM)
    whole = book.history
    told = []
    for end in range(len(book.entries) + 1):
        part = type(whole)().extend(book.entries[:end], book.points, len(book.points))
        told += stream.new(part)
    assert [event.key for event in told] == [event.key for event in events(PROBLEM, whole)]
    assert [event.kind for event in told] == [event.kind for event in events(PROBLEM, whole)]


def test_what_changed_between_two_states_is_found_without_looking_at_the_rest() -> None:
    book = busy()
    before = book.history
    book.finish(book.claim(book.suggest()), 0.2)
    after = before.extend(book.entries, book.points, len(book.points))
    assert [trial.number for trial in after.trials.since(before.trials)] == [len(after.trials)]
    assert not after.trials.since(after.trials)
    assert len(after.trials.since(Trials())) == len(after.trials)


def test_the_wait_of_a_trial_is_no_beginning() -> None:
    book = Book()
    book.suggest()
    cost = progress(book, book.time, trainings=4)
    assert begun_text(cost, book.history) == "0 trials begun"
    book.train([0.5])
    assert begun_text(progress(book, book.time, trainings=4), book.history) == "1 trial begun"
