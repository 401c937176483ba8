"""The checker names every way in which a log can be broken, and finds nothing in a sound one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

import osetra as ose
from osetra.core.curves import Point
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Ended,
    Entry,
    Fact,
    Noted,
    Obeyed,
    Opened,
    Ordered,
    Seen,
    Source,
    Suggested,
    Worker,
    ended,
)
from osetra.core.invariants import Violation, violations
from osetra.core.problem import Objective, Problem
from osetra.schedulers import SCHEDULERS, by_name
from osetra.testing.simulated_search import SimulatedSearch

SPACE = ose.Space(x=ose.Float(0, 1))
WORKER = Worker("host", "boot", 1, 0.0)


def _kept(trial: int, attempt: int, step: int) -> Checkpointed:
    return Checkpointed(trial, attempt, 0, step, f"{trial}-{attempt}-{step}.npz", 9, "00", 0.5)


FACTS: list[Fact] = [
    Opened({"lr": "float(0, 1)"}, "loss", "minimize", "best", 0),  # 1
    Noted("target", "3", "3 trials in total", {"trials": 3}),
    Suggested(1, {"lr": 0.5}, 1, seen=2),
    Claimed(1, 1, WORKER),  # 4
    _kept(1, 1, 2),
    ended(1, 1, "lost", reason="its worker is gone"),
    Claimed(1, 2, WORKER, Source(1, 1, 0, 2)),  # 7
    Ordered(1, 1, "set", {"lr": 0.1}, "ann"),
    Seen(1, 1),
    Obeyed(1, 1, 2, 3, values={"lr": 0.1}),  # 10
    Ordered(1, 2, "rollback", {"step": 2}, "ann"),
    ended(1, 2, "rewound"),  # 12
    Claimed(1, 3, WORKER, Source(1, 1, 0, 2), {"lr": 0.1}),
    Obeyed(1, 2, 3, 2),
    ended(1, 3, "finished", 0.25, basis="reports"),  # 15
    Suggested(2, {"lr": 0.25}, 2, parent=Source(1, 1, 0, 2), seen=15),
    Ordered(2, 1, "pause", {}, "ann"),
    Claimed(2, 1, WORKER, Source(1, 1, 0, 2)),  # 18: crossed with the pause, void
    Ordered(2, 2, "resume", {}, "ann"),
    Claimed(2, 2, WORKER, Source(1, 1, 0, 2)),  # 20
    ended(2, 1, "finished", 0.5),  # the void one did not know
    Ordered(2, 3, "stop", {}, "asha", "scheduler", "rank 9 of 9"),
    ended(2, 2, "stopped", 0.75, basis="reports"),  # 23
    Obeyed(2, 3, 2, 4),
    Suggested(3, {"lr": 0.25}, 3, "confirm", repeats=2, seen=24),
    Claimed(3, 1, WORKER),  # 26
]
POINTS = [
    Point(1, 1, 0, 1, "loss", 1.0),
    Point(1, 1, 0, 2, "loss", 0.5),
    Point(1, 2, 0, 3, "loss", 0.4),
    Point(1, 3, 0, 3, "loss", 0.25),
    Point(1, 3, 0, 3, "accuracy", 0.9),
    Point(2, 2, 0, 3, "loss", 0.9),
    Point(2, 2, 0, 4, "loss", 0.75),
    Point(3, 1, 1, 1, "loss", float("nan")),
    Point(3, 1, 1, 2, "loss", float("inf")),
]
LEASES = {(3, 1)}

Book = tuple[list[Entry], list[Point], set[tuple[int, int]]]


def numbered(facts: list[Fact]) -> list[Entry]:
    return [Entry(version, 1000.0 + version, fact) for version, fact in enumerate(facts, 1)]


def book() -> Book:
    return numbered(list(FACTS)), list(POINTS), set(LEASES)


def check(entries: list[Entry], points: list[Point], leases: set[tuple[int, int]]) -> list[Violation]:
    return violations(entries, points, leases)


def without(*versions: int) -> Callable[[Book], Book]:
    return lambda b: (numbered([e.fact for e in b[0] if e.version not in versions]), *b[1:])


def changed(version: int, **changes: object) -> Callable[[Book], Book]:
    def change(b: Book) -> Book:
        entry = b[0][version - 1]
        b[0][version - 1] = Entry(version, entry.time, msgspec.structs.replace(entry.fact, **changes))
        return b

    return change


def then(*facts: Fact) -> Callable[[Book], Book]:
    return lambda b: (numbered([e.fact for e in b[0]] + list(facts)), *b[1:])


def pointed(*points: Point) -> Callable[[Book], Book]:
    return lambda b: (b[0], [*b[1], *points], b[2])


def leased(*leases: tuple[int, int]) -> Callable[[Book], Book]:
    return lambda b: (b[0], b[1], set(leases))


def torn(b: Book) -> Book:
    return [e for e in b[0] if e.version != 9], *b[1:]


def set_back(b: Book) -> Book:
    b[0][8] = Entry(9, 10.0, b[0][8].fact)
    return b


BROKEN: dict[str, tuple[Callable[[Book], Book], str]] = {
    "a version is missing": (torn, "version 10 follows version 8; versions have no gaps"),
    "no opening": (without(1), "the log begins with noted/target/3, not with the opening"),
    "opened late": (
        lambda b: (numbered([e.fact for e in b[0][1:]] + [b[0][0].fact]), *b[1:]),
        "the study is opened after facts have been written",
    ),
    "a key twice": (then(Claimed(3, 1, WORKER)), "claimed/3/1 is established a second time; version 26"),
    "a trial is missing": (without(16, *range(17, 25)), "trial 3 is suggested where trial 2 was due"),
    "a trial nobody suggested": (
        then(Claimed(7, 1, WORKER)),
        "claimed/7/1 is about trial 7, which nobody suggested",
    ),
    "a repeat of nothing": (changed(25, repeats=9), "trial 3 repeats trial 9, which did not exist"),
    "decided in the future": (changed(25, seen=25), "trial 3 was decided on version 25, which did not exist"),
    "a branch of nothing": (
        changed(16, parent=Source(1, 1, 0, 7)),
        "trial 2 goes on from checkpointed/1/1/0/7, which nobody kept",
    ),
    "an attempt left out": (without(4, 5, 6), "trial 1, attempt 2 is claimed where attempt 1 was due"),
    "two workers at once": (
        then(Claimed(3, 2, WORKER)),
        "trial 3, attempt 2 is claimed while the one before it is still running",
    ),
    "claimed after its end": (
        then(Claimed(1, 4, WORKER)),
        "trial 1, attempt 4 is claimed, and the trial is finished",
    ),
    "goes on from nothing": (
        changed(7, source=Source(1, 1, 0, 9)),
        "trial 1, attempt 2 goes on from checkpointed/1/1/0/9, which nobody kept",
    ),
    "a zombie's checkpoint": (
        then(_kept(1, 1, 5)),
        "trial 1, attempt 1 kept a checkpoint after step 5, and had ended with version 6",
    ),
    "a checkpoint without a claim": (
        then(_kept(1, 9, 5)),
        "trial 1, attempt 9 kept a checkpoint after step 5 and was never claimed",
    ),
    "a checkpoint elsewhere": (
        changed(5, file="../../x.npz"),
        "names a checkpoint outside the study's folder",
    ),
    "an order left out": (without(8, 9, 10), "trial 1: order 2 follows 0 orders"),
    "seen without an order": (then(Seen(3, 4)), "trial 3: order 4 was seen, and nobody gave it"),
    "obeyed without an order": (then(Obeyed(3, 1, 1, 1)), "trial 3: order 1 was obeyed, and nobody gave it"),
    "a zombie obeys": (
        then(Ordered(1, 3, "set", {}), Obeyed(1, 3, 3, 9)),
        "trial 1, attempt 3 obeyed order 3, and had ended with version 15",
    ),
    "ended without a claim": (
        then(ended(3, 2, "lost")),
        "trial 3, attempt 2 ended (lost) and was never claimed",
    ),
    "a second result": (
        then(Claimed(1, 4, WORKER), ended(1, 4, "finished", 0.1)),
        "trial 1, attempt 4 ended (finished) after the trial had finished: a trial has one result",
    ),
    "finished with nothing": (changed(15, value=None), "trial 1, attempt 3 finished without a finite value"),
    "two values": (changed(15, kind="inf"), "trial 1, attempt 3 ended with two values"),
    "rewound unasked": (
        changed(11, verb="pause"),
        "trial 1, attempt 2 ended (rewound) without an order to rollback",
    ),
    "stopped unasked": (
        changed(22, verb="pause"),
        "trial 2, attempt 2 ended (stopped) without an order to stop",
    ),
    "a note without its number": (changed(2, data={}), "the note target/3 holds no whole number of trials"),
    "what is accepted has no names": (
        changed(2, topic="accepts", data={"names": "lr"}),
        "the note accepts/3 holds no list of names",
    ),
    "points of nobody": (
        pointed(Point(1, 7, 0, 1, "loss", 0.1)),
        "trial 1, attempt 7: loss was reported at step 1, and nobody ever claimed it",
    ),
    "steps go back": (
        pointed(Point(2, 2, 0, 2, "loss", 0.1)),
        "trial 2, attempt 2: loss was reported at step 2 after step 4",
    ),
    "a point twice": (
        pointed(Point(2, 2, 0, 4, "loss", 0.1)),
        "trial 2, attempt 2: loss of step 4 is there twice",
    ),
    "lost points": (
        lambda b: (b[0], [p for p in b[1] if p[:2] != (1, 1)], b[2]),
        "trial 1, attempt 1: its checkpoint after step 2 has a value of loss, and no report",
    ),
    "another trial's value": (
        changed(15, value=0.9),
        "trial 1, attempt 3 ended with 0.9, and its reports of loss say otherwise",
    ),
    "another trial's report": (
        lambda b: (b[0], [p._replace(value=0.1) if p[:2] == (2, 2) else p for p in b[1]], b[2]),
        "trial 2, attempt 2 ended with 0.75, and its reports of loss say otherwise",
    ),
    "a lease too many": (leased((3, 1), (1, 3)), "trial 1, attempt 3 has ended, and still holds a lease"),
    "a lease of nobody": (leased((3, 1), (3, 2)), "trial 3, attempt 2 was never claimed, and still holds"),
    "a lease is missing": (leased(), "trial 3, attempt 1 is claimed and has not ended, and holds no lease"),
}


def test_a_log_with_everything_in_it_is_sound() -> None:
    assert check(*book()) == []


def test_an_empty_log_is_sound() -> None:
    assert violations([]) == []


@pytest.mark.parametrize("name", BROKEN)
def test_every_break_is_named(name: str) -> None:
    breaking, sentence = BROKEN[name]
    found = check(*breaking(book()))
    assert any(sentence in violation.text and violation.grave for violation in found), found
    assert all(f"trial {v.trial}" in v.text or v.trial is None or f"/{v.trial}" in v.text for v in found)


def test_a_clock_that_was_set_back_is_told_and_not_grave() -> None:
    (found,) = check(*set_back(book()))
    assert not found.grave
    assert "the clock of version 9 is 998.0 s behind" in found.text


def test_an_expired_lease_of_an_ended_attempt_is_named_where_the_store_lists_no_others() -> None:
    entries, points, _ = book()
    assert violations(entries, points, expired=[(3, 1)]) == []
    (found,) = violations(entries, points, expired=[(1, 1)])
    assert (found.trial, found.attempt) == (1, 1)


@settings(max_examples=200)
@given(st.data())
def test_a_log_with_a_fact_left_out_or_doubled_is_never_sound(data: st.DataObject) -> None:
    entries, points, leases = book()
    place = data.draw(st.integers(0, len(entries) - 1))
    if data.draw(st.booleans()):
        broken = [*entries[:place], *entries[place + 1 :]]
        # A log that is cut at its end is a sound log of an earlier moment but for what points tell.
        assert place == len(entries) - 1 or any(v.grave for v in check(broken, points, leases))
    else:
        broken = [*entries[: place + 1], entries[place], *entries[place + 1 :]]
        assert any(v.grave for v in check(broken, points, leases))


@settings(max_examples=200)
@given(st.permutations(range(len(FACTS))))
def test_a_shuffled_log_is_judged_without_a_crash(order: list[int]) -> None:
    entries = numbered([FACTS[place] for place in order])
    found = violations(entries, POINTS, LEASES)
    assert found == [] if order == sorted(order) else all(isinstance(v.text, str) for v in found)


@pytest.mark.parametrize("name", list(SCHEDULERS))
@pytest.mark.parametrize("keeps", [True, False])
def test_searches_under_every_scheduler_are_sound(name: str, keeps: bool) -> None:
    problem = Problem(
        ose.Space(lr=ose.Float(0, 1)), Objective(metric="loss", direction="minimize", pick="best")
    )
    search = SimulatedSearch(
        problem,
        by_name(name),
        lambda trial: [1 / step + (trial * 7 % 5) for step in range(1, 10)],
        steps=9,
        trials=9,
        workers=3,
        keeps=keeps,
        held=2,
    )
    search.run()
    open_ = {(e.fact.trial, e.fact.attempt) for e in search.log.entries if isinstance(e.fact, Claimed)} - {
        (e.fact.trial, e.fact.attempt) for e in search.log.entries if isinstance(e.fact, Ended)
    }
    assert violations(search.log.entries, search.log.points, open_) == []


def test_every_prefix_of_a_sound_log_is_sound() -> None:
    """Whoever was killed between two transactions leaves a prefix behind."""
    entries, _, _ = book()
    for cut in range(len(entries)):
        known = entries[:cut]
        claimed = {(e.fact.trial, e.fact.attempt) for e in known if isinstance(e.fact, Claimed)}
        over = {(e.fact.trial, e.fact.attempt) for e in known if isinstance(e.fact, Ended)}
        there = [point for point in POINTS if point[:2] in claimed]
        assert violations(known, there, claimed - over) == []


def test_the_place_of_a_violation_is_given_beside_its_sentence() -> None:
    entries, points, leases = then(_kept(1, 1, 5))(book())
    (found,) = violations(entries, points, leases)
    assert replace(found, text="") == Violation("", trial=1, attempt=1, version=27)


def test_trials_that_diverged_to_nan_are_sound(tmp_path):
    def train(run):
        for step in run.steps(2):
            run.report(loss=math.nan if run.config["x"] > 0.5 else 1 / step)

    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")
    study.run(train, trials=6)
    assert {trial.state for trial in study.trials} >= {"diverged"}
    assert violations(study._store.read(), study._store.read_points()[0]) == []


@pytest.mark.parametrize("restores", [True, False])
@pytest.mark.parametrize("keeps_first", [True, False])
@pytest.mark.parametrize("folds", [1, 3])
@pytest.mark.parametrize("pick", ["best", "last"])
def test_the_values_of_interrupted_trainings_agree_with_their_reports(
    tmp_path, restores, keeps_first, folds, pick
):
    """However a training keeps and restores: what it counts is what the checker counts."""

    def train(run):
        asked = run.attempt < 4
        for fold in run.folds(folds):
            if restores:
                run.restore()
            for step in run.steps(7):
                if keeps_first:
                    run.checkpoint({"step": step})
                run.report(loss=run.trial + (step * 5 % 7) / 10 + fold)
                if not keeps_first:
                    run.checkpoint({"step": step})
                if asked and step == 2 + run.attempt and fold == folds - 1:
                    raise ose.Interrupted("for now")

    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", scheduler="full", pick=pick)
    study.run(train, trials=2, checkpoints=ose.Checkpoints(every=0))
    entries, points = study._store.read(), study._store.read_points()[0]
    assert {len(trial.attempts) for trial in study.trials} == {4}
    assert [v.text for v in violations(entries, points)] == []
    end = next(e for e in entries if isinstance(e.fact, Ended) and e.fact.outcome == "finished")
    entries[end.version - 1] = Entry(end.version, end.time, msgspec.structs.replace(end.fact, value=0.125))
    assert [v.trial for v in violations(entries, points)] == [1]
