from osetra.core.facts import Claimed, Ended, Ordered, Outcome, Suggested, Worker
from osetra.core.trial import MAX_LOST, Trial, advance, begin

WORKER = Worker("host", "boot", 7, 1.0)


def _queued() -> Trial:
    return begin(Suggested(1, {"lr": 0.1}, 5), 10.0)


def _ended(outcome: Outcome, value: float | None = None) -> Trial:
    running = advance(_queued(), Claimed(1, 1, WORKER), 20.0)
    return advance(running, Ended(1, 1, outcome, value, reason="because"), 50.0)


def test_a_suggestion_is_a_queued_trial() -> None:
    trial = _queued()
    assert (trial.state, trial.attempts, trial.suggested) == ("queued", (), 10.0)
    assert trial.attempt is None
    assert trial.seconds is None
    assert trial.reason == ""


def test_a_claim_makes_it_run() -> None:
    trial = advance(_queued(), Claimed(1, 1, WORKER), 20.0)
    assert trial.state == "running"
    assert trial.attempt is not None
    assert trial.attempt.worker == WORKER


def test_a_second_claim_of_a_running_trial_changes_nothing() -> None:
    running = advance(_queued(), Claimed(1, 1, WORKER), 20.0)
    assert advance(running, Claimed(1, 2, WORKER), 30.0) is running


def test_an_end_without_a_claim_changes_nothing() -> None:
    queued = _queued()
    assert advance(queued, Ended(1, 1, "finished", 0.5), 20.0) is queued


def test_a_finished_trial_has_its_value_and_its_time() -> None:
    trial = _ended("finished", 0.5)
    assert (trial.state, trial.value, trial.seconds, trial.reason) == ("finished", 0.5, 30.0, "because")


def test_a_failed_trial_has_no_value() -> None:
    assert (_ended("failed").state, _ended("failed").value) == ("failed", None)


def test_an_interrupted_trial_is_queued_again_however_often() -> None:
    trial = _queued()
    for attempt in range(1, 10):
        trial = advance(trial, Claimed(1, attempt, WORKER), 0.0)
        trial = advance(trial, Ended(1, attempt, "interrupted"), 1.0)
        assert trial.state == "queued"


def test_a_trial_lost_too_often_is_given_up() -> None:
    trial = _queued()
    for attempt in range(1, MAX_LOST + 1):
        assert trial.state == "queued"
        trial = advance(trial, Claimed(1, attempt, WORKER), 0.0)
        trial = advance(trial, Ended(1, attempt, "lost"), 1.0)
    assert trial.state == "failed"


def test_the_end_of_a_superseded_attempt_changes_nothing() -> None:
    trial = advance(_ended("lost"), Claimed(1, 2, WORKER), 60.0)
    assert advance(trial, Ended(1, 1, "finished", 0.1), 70.0) is trial


def test_the_html_of_a_trial_escapes_what_it_shows() -> None:
    trial = begin(Suggested(1, {"name": "<script>"}, 5), 0.0)
    assert "<script>" not in trial._repr_html_()


def test_a_claim_that_crossed_with_a_pause_counts_and_starts_nothing() -> None:
    paused = advance(_queued(), Ordered(1, 1, "pause", {}, "ann"), 20.0)
    crossed = advance(paused, Claimed(1, 1, WORKER), 20.1)
    assert (crossed.state, crossed.seconds) == ("paused", 0.0)
    resumed = advance(crossed, Ordered(1, 2, "resume", {}, "ann"), 30.0)
    late = advance(resumed, Ended(1, 1, "finished", 0.5), 31.0)
    assert (late.state, late.value) == ("queued", None)
    again = advance(late, Claimed(1, 2, WORKER), 32.0)
    assert (again.state, len(again.attempts)) == ("running", 2)
