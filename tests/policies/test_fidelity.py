"""The view of one fidelity, and the table behind it, against `History.curve` trial by trial."""

import math
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Claimed, Ended, Ordered, Source
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.results import results
from osetra.core.space import Space
from osetra.policies.fidelity import at_fidelity
from osetra.schedulers.table import table_of
from osetra.testing.histories import WORKER, Log

PROBLEM = Problem(Space(x=Float(0, 1)), Objective(metric="loss"))
MOST = Problem(PROBLEM.space, Objective(metric="loss", direction="maximize", pick="last"))

values = st.one_of(st.floats(-5, 5), st.sampled_from([math.nan, math.inf, -math.inf]))
segments = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.lists(values, max_size=6)), min_size=1, max_size=4
)


def write(log, number, parts):
    """Write attempts: each goes on from a step of the one before, or begins anew despite it."""
    step = 0
    for attempt, (back, anew, curve) in enumerate(parts, 1):
        source = None
        if attempt > 1:
            step = max(0, step - back)
            source = Source(number, attempt - 1, 0, step) if step else None
            log.write(Ended(number, attempt - 1, "interrupted"))
        log.write(Claimed(number, attempt, WORKER, source))
        begin = 0 if anew or source is None else step
        log.points += [Point(number, attempt, 0, begin + i, "loss", v) for i, v in enumerate(curve, 1)]
        log.points += [Point(number, attempt, 0, begin + i, "other", 7.0) for i in range(1, len(curve) + 1)]
        step = begin + len(curve)
        if step:
            log.write(Checkpointed(number, attempt, 0, step, "file", 1, ""))


@settings(max_examples=60)
@given(st.lists(segments, min_size=1, max_size=5), st.sampled_from([PROBLEM, MOST]))
def test_the_table_holds_what_the_history_says_of_each_trial(trials, problem):
    log = Log(problem)
    for parts in trials:
        write(log, log.queue({"x": 0.5}), parts)
    history = log.history
    table = table_of(problem.objective, history)
    for row, trial in enumerate(table.trials):
        steps, found = history.curve(trial, "loss")
        assert table.reached[row] == (steps[-1] if len(steps) else 0)
        for step in range(1, 14):
            upto = problem.objective.sign * found[steps <= step]
            got = table.at(step)[row]
            if table.reached[row] < step or not math.isfinite(upto[-1]):
                assert math.isnan(got)
            elif problem.objective.pick == "best":
                assert got == upto[np.isfinite(upto)].min()
            else:
                assert got == upto[-1]


def search(problem=PROBLEM, sign=1.0):
    """Return a log with trials of every kind; R = 4, compared at step 2."""
    log = Log(problem)

    def begin(*curve):
        number = log.start({"x": len(log.history.trials) / 20})
        log.report(number, "loss", [sign * value for value in curve])
        return number

    for curve in ((1.0, 0.6, 0.5, 0.4), (2.0, 1.6, 1.5, 1.4)):
        log.end(begin(*curve), "finished", sign * min(curve))  # 1, 2
    log.end(begin(1.5, 1.1), "paused", sign * 1.1)  # 3: waits at step 2
    log.end(begin(1.5), "stopped", sign * 1.5)  # 4: shorter
    begin(0.9)  # 5: on its way
    begin(0.9, 0.7, 0.65)  # 6: has passed step 2
    log.end(begin(3.0, 4.0), "diverged", math.nan)  # 7
    log.end(begin(), "failed")  # 8
    log.end(begin(1.0, math.nan), "paused", math.nan)  # 9: not finite at step 2
    log.queue({"x": 0.9})  # 10
    return log


def test_every_kind_of_trial_is_seen_as_it_should_be():
    for problem, sign in ((PROBLEM, 1.0), (MOST, -1.0)):
        history = search(problem, sign).history
        seen = at_fidelity(problem, history, 2)
        states = {n: t.state for n, t in seen.trials.items()}
        assert [states[n] for n in range(1, 11)] == [
            *("finished",) * 4,
            *("running", "finished", "diverged", "failed", "diverged", "queued"),
        ]
        found = {n: sign * t.value for n, t in seen.trials.items() if t.state == "finished"}
        assert (found[1], found[2], found[3], found[6]) == (0.6, 1.6, 1.1, 0.7)
        # Trial 4 stands at 1.5; everybody's gain from step 1 to step 2 is granted in part.
        assert 1.5 - 0.7 * 0.4 <= found[4] <= 1.5 - 0.7 * 0.2
        assert seen.unfinished == {5, 10}
        taught = results(problem, seen)
        assert len(taught.order) == 5
        assert len(taught.pending) == 2
        assert history.trials[3].state == "paused", "the history itself is as it was"
        assert seen.next_trial == history.next_trial


def test_steered_trials_and_repeats_teach_nothing_about_others():
    log = search()
    log.write(Ordered(3, 1, "resume", {}, "x", "scheduler"))
    plain = at_fidelity(PROBLEM, log.history, 2).trials[4].value
    repeat = log.start({"x": 0.0}, repeats=1)
    log.report(repeat, "loss", [9.0, 0.0, 0.0, 0.0])
    log.end(repeat, "finished", 0.0)
    assert at_fidelity(PROBLEM, log.history, 2).trials[4].value == plain


@given(st.integers(0, 40), st.integers(1, 30))
def test_what_is_seen_is_the_same_however_the_log_was_read(cut, step):
    log = search()
    whole = log.history
    again = type(whole)().extend(log.entries[:cut], log.points[:cut], cut)
    again = again.extend(log.entries, log.points[cut:], len(log.points))
    seen, expected = (at_fidelity(PROBLEM, h, step) for h in (again, whole))
    both = [[astuple(trial) for trial in history.trials.values()] for history in (seen, expected)]
    assert repr(both[0]) == repr(both[1]), "NaN is not equal to itself"


def test_a_thousand_trials_take_no_more_than_a_few_readings_of_their_curves():
    log, rng = Log(PROBLEM), np.random.default_rng(0)
    for i in range(1000):
        number = log.start({"x": float(rng.random())})
        log.report(number, "loss", rng.random(int(rng.choice([3, 6, 13, 26, 52]))).tolist())
        log.end(number, ("paused", "stopped", "finished")[i % 3], 0.5)
    taken, one_by_one = [], []
    for step in (13, 14, 26, 27, 52):
        history = log.history
        begun = time.process_time()
        at_fidelity(PROBLEM, history, step)
        between = time.process_time()
        for trial in history.trials.values():
            history.curve(trial, "loss")
        taken.append(between - begun)
        one_by_one.append(time.process_time() - between)
    # Measured on one machine at one time; a view that looks at all trials for each takes hundreds of them.
    assert min(taken) < 5 * min(one_by_one)
