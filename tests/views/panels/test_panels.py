"""Panels against formulas written anew: what they say is what the log says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy import stats

from osetra.core.facts import Claimed, Noted, Obeyed, Ordered, Suggested, Worker, ended
from osetra.core.params import Choice, Float, Int, Normal, Param
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.testing.histories import Log
from osetra.views.events import events, latest_events
from osetra.views.panels.boxes import boxes_panel
from osetra.views.panels.cockpit import best_document, cockpit_panel
from osetra.views.panels.compare import Compared, compare_panel
from osetra.views.panels.contour import contour_panel
from osetra.views.panels.curves import curves_panel, tails_panel
from osetra.views.panels.decimation import kept
from osetra.views.panels.fidelity import fidelity_panel, spearman
from osetra.views.panels.history import history_panel
from osetra.views.panels.importance import importance_panel
from osetra.views.panels.parallel import parallel_panel
from osetra.views.panels.parameters import parameter
from osetra.views.panels.rungs import rungs
from osetra.views.panels.slices import slices_panel
from osetra.views.panels.study import study_entry, study_panel
from osetra.views.panels.timeline import timeline_panel
from osetra.views.panels.trial import trial_panel
from osetra.views.panels.trials import changed, trials_panel
from osetra.views.plain import plain_numbers
from osetra.views.series import curve, planned
from views.histories import PROBLEM as TWO
from views.histories import Book, busy
from views.panels.odd import PROBLEM, STUDIES, steered

UNIT = Problem(Space(a=Float(0, 1), b=Float(0, 1)), Objective(metric="loss"))
NOW = 2_000.0
numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(numbers, max_size=300), st.integers(8, 60))
def test_decimation_keeps_ends_and_extremes(values: list[float], most: int) -> None:
    array = np.array(values)
    places = kept(array, most)
    assert len(places) <= max(most, 4) and np.all(np.diff(places) > 0)
    finite = array[np.isfinite(array)]
    if len(finite):
        left = array[places][np.isfinite(array[places])]
        assert left.min() == finite.min() and left.max() == finite.max()
    if values:
        assert places[0] == 0 and places[-1] == len(values) - 1
        broken = np.flatnonzero(~np.isfinite(array))
        assert not len(broken) or broken[0] in places


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=40))
def test_spearman_is_scipys(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    found = spearman(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


OUTCOMES = st.one_of(
    st.none(), numbers.filter(lambda value: not (abs(value) > 1e300 and abs(value) < math.inf))
)


def random_log(draws: list[tuple[float | None, int, int]]) -> Log:
    """Return a study of trials that report in two metrics and end in any way, some of them again."""
    log = Log(UNIT, target=50)
    for value, steps, kind in draws:
        repeats = 1 if kind == 3 and log.trials else None
        trial = log.start({"a": steps / 10}, repeats=repeats)
        reported = [(value or 0.0) + 1 / (i + 1) for i in range(steps)]
        log.report(trial, "loss", reported)
        log.report(trial, "accuracy", [-v for v in reported[: kind + 1]])
        if kind == 0:
            continue
        if value is None:
            log.end(trial, "failed", None, "RuntimeError: broken")
        else:
            log.end(trial, "finished" if math.isfinite(value) else "diverged", value, "why")
    return log


STORIES = st.lists(st.tuples(OUTCOMES, st.integers(0, 6), st.integers(0, 3)), max_size=90)


@given(STORIES)
def test_the_table_says_of_each_trial_what_it_says_of_it_alone(draws: Any) -> None:
    history = random_log(draws).history
    whole = trials_panel(UNIT, history)
    for number in list(history.trials)[:: max(1, len(history.trials) // 5)]:
        alone = trials_panel(UNIT, history, only=[number], scale=whole["scale"])  # type: ignore[arg-type]
        row = number - 1
        for name in ("numbers", "state", "value", "steps", "cost", "spark", "reason", "ended"):
            assert alone[name] == [whole[name][row]], name  # type: ignore[index]
        for metric, columns in whole["metrics"].items():  # type: ignore[attr-defined]
            for kind in ("last", "best"):
                assert alone["metrics"][metric][kind] == [columns[kind][row]]  # type: ignore[index]


@given(STORIES)
def test_the_table_agrees_with_the_curves(draws: Any) -> None:
    history = random_log(draws).history
    table: Any = trials_panel(UNIT, history)
    for row, trial in enumerate(history.trials.values()):
        _, values = curve(history, trial, "loss")
        assert table["steps"][row] == len(values)
        last = table["metrics"]["loss"]["last"][row] if "loss" in table["metrics"] else None
        assert last == (plain_numbers(values[-1:])[0] if len(values) else None)
        finite = values[np.isfinite(values)]
        if len(finite):
            assert table["metrics"]["loss"]["best"][row] == finite.min()
    ranked = [trial.number for trial in history.ranked(UNIT.objective)]
    places = {n: rank for n, rank in zip(table["numbers"], table["rank"], strict=True) if rank}
    assert sorted(places) == sorted(ranked)
    values_in_order = [history.trials[n].value for n in sorted(places, key=places.__getitem__)]
    assert values_in_order == [history.trials[n].value for n in ranked]


@given(STORIES)
def test_the_best_so_far_is_counted_by_hand(draws: Any) -> None:
    history = random_log(draws).history
    panel: Any = history_panel(UNIT, history)
    best, seen = math.inf, []
    over = [t for t in history.trials.values() if t.state in ("finished", "diverged", "failed")]
    for trial in sorted(over, key=lambda t: t.attempts[-1].ended or 0.0):
        if trial.repeats is None and trial.state == "finished" and trial.value is not None:
            best = min(best, trial.value)
        seen.append(None if best == math.inf else best)
    assert panel["best"] == seen
    assert panel["cost"] == sorted(panel["cost"])


@given(STORIES, st.integers(1, 12))
def test_the_latest_events_are_the_end_of_all_events(draws: Any, count: int) -> None:
    history = random_log(draws).history
    whole = {event.key: event for event in events(UNIT, history)}
    latest = latest_events(UNIT, history, count)
    assert [event.time for event in latest] == sorted((e.time for e in whole.values()), reverse=True)[:count]
    assert all(whole[event.key] == event for event in latest)


@given(STORIES, st.integers(0, 90))
def test_changed_trials_and_tails_make_an_old_view_new(draws: Any, cut: int) -> None:
    log = random_log(draws)
    early = Log(UNIT)
    early.entries, early.points = log.entries[: 3 * cut], log.points[: 5 * cut]
    known = {e.fact.trial for e in early.entries if isinstance(e.fact, Suggested)}
    early.points = [p for p in early.points if p.trial in known]
    before = early.history
    rest = log.points[len(early.points) :] if log.points[: len(early.points)] == early.points else []
    after = before.extend(log.entries, rest, len(early.points) + len(rest))
    numbers = changed(after, before)
    for trial in after.trials.values():
        if trial.number not in numbers:
            assert before.trials[trial.number] is trial
            assert len(curve(before, trial, "loss")[0]) == len(curve(after, trial, "loss")[0])
    tails: Any = tails_panel(after, before.curves.size, "loss")
    for number, news in tails["curves"].items():
        trial = after.trials[int(number)]
        was = before.trials.get(trial.number)
        old = np.empty(0) if was is None else curve(before, was, "loss")[1]
        assert [*plain_numbers(old), *news["values"]] == plain_numbers(curve(after, trial, "loss")[1])


def test_curves_show_the_best_the_running_and_a_band_of_the_rest() -> None:
    log = Log(UNIT)
    for n in range(30):
        log.report(trial := log.start(), "loss", [n + 3.0, n + 2.0, n + 1.0])
        log.end(trial, "finished", n + 1.0)
    log.report(running := log.start(), "loss", [50.0])
    panel: Any = curves_panel(UNIT, log.history, NOW)
    assert [c["trial"] for c in panel["curves"]] == [*range(1, 11), running]
    rest = np.arange(10, 30)
    assert panel["band"]["n"] == 20 and panel["band"]["steps"] == [1, 2, 3]
    assert panel["band"]["low"] == pytest.approx([np.quantile(rest + v, 0.1) for v in (3, 2, 1)])
    assert panel["band"]["high"] == pytest.approx([np.quantile(rest + v, 0.9) for v in (3, 2, 1)])
    assert panel["curves"][-1]["end"] is None
    assert panel["curves"][0]["end"] == {"kind": "finished", "step": 3, "value": 1.0, "text": ""}
    with pytest.raises(
        StudyError, match=r"no such metric was reported; reported: loss\. Did you mean 'loss'"
    ):
        curves_panel(UNIT, log.history, NOW, metric="los")


def test_rungs_have_the_cut_that_the_scheduler_stated() -> None:
    problem, history = steered()
    panel: Any = curves_panel(problem, history, NOW)
    assert panel["rungs"] == [{"step": 3, "cut": 1.0, "n": 6}]
    ends = {c["trial"]: c["end"] for c in panel["curves"]}
    assert ends[2]["kind"] == "paused"
    fidelity: Any = fidelity_panel(problem, history)
    assert fidelity["rungs"] == [{"step": 3, "started": 5, "promoted": 0, "stopped": 1}]


def test_a_training_that_blew_up_makes_no_rung() -> None:
    log = Log(UNIT)
    compared = "goes on to step 9 from step 3: loss 1, cut 1, rank 1 of 2"
    for loss, why in ((1.0, compared), (math.nan, "stopped at step 8: loss nan, cut nan, rank 1 of 1")):
        log.report(trial := log.start(), "loss", [loss] * 8)
        log.write(Ordered(trial, 1, "stop", by="scheduler", why=why), Obeyed(trial, 1, 1, 8))
        log.end(trial, "diverged", None)
    assert [rung.step for rung in rungs(UNIT, log.history)] == [3]


def test_a_trial_that_a_person_paused_between_two_rungs_makes_none() -> None:
    log = Log(UNIT)
    for step in (3, 3, 9, 5):
        log.report(trial := log.start(), "loss", [1.0] * step)
        args, why = {"until": step}, f"is compared at step {step}"
        if step == 5:
            args, why = {}, "stopped at step 5: loss 1, cut 0.5, rank 4 of 4"
        log.write(Ordered(trial, 1, "stop" if step == 5 else "resume", args, by="scheduler", why=why))
        log.write(Obeyed(trial, 1, 1, step))
        log.end(trial, "stopped", 1.0)
    assert [rung.step for rung in rungs(UNIT, log.history)] == [3, 9]


def test_what_was_given_up_is_measured_by_a_whole_training() -> None:
    log = Log(UNIT)
    log.write(Noted("steps", "27", "", {"steps": 27}))
    log.report(trial := log.start(), "loss", [1.0] * 9)
    log.end(trial, "stopped", 1.0)
    panel: Any = trial_panel(UNIT, log.history, trial)
    assert (panel["step"], panel["of"]) == (9, 27)
    early = replace(log.history.trials[trial], until=9)
    assert planned(log.history, early, 9) == 27


def test_a_list_of_studies_says_what_their_cockpits_say() -> None:
    log = Log(UNIT, target=1)
    first = log.run({"a": 0.2}, 1.0)
    for value in (1.2, 1.4):
        log.run({"a": 0.2}, value, repeats=first)
    entry: Any = study_entry(UNIT, log.history, id="1", name="one")
    cockpit: Any = cockpit_panel(UNIT, log.history, NOW)
    assert (entry["best"], entry["ended"], entry["target"]) == (pytest.approx(1.3), 1, 1)
    assert entry["best"] == cockpit["best"]["value"]
    assert entry["ended"] == cockpit["progress"]["spent"]["trials"]


def test_times_of_reports_lie_within_their_attempts() -> None:
    book = Book()
    trial = book.train([3.0, 2.0, 1.0])
    panel: Any = curves_panel(TWO, book.history, NOW)
    attempt = book.history.trials[trial].attempts[0]
    assert attempt.ended is not None
    times = panel["curves"][0]["times"]
    assert times[-1] == attempt.ended and attempt.started < times[0] < times[1]


def test_early_ranks_that_foretell_late_ones_have_rho_one() -> None:
    log = Log(UNIT)
    log.write(Noted("steps", "8", "", {"steps": 8}))
    for n in range(8):
        log.report(trial := log.start(), "loss", [n + 1 / (i + 1) for i in range(8)])
        log.end(trial, "finished", n + 1 / 8)
    panel: Any = fidelity_panel(UNIT, log.history)
    assert panel["steps"] == [1, 2, 4, 8] and panel["rho"][0][3] == 1.0 and panel["n"][0][3] == 8
    assert "agree by 1.00" in panel["note"]


def test_the_interval_of_the_best_is_students() -> None:
    log = Log(UNIT)
    first = log.run({"a": 0.2}, 1.0)
    assert (best_document(UNIT, log.history) or {})["low"] is None
    again = [1.2, 1.4, 1.1, 1.3]
    for value in again:
        log.run({"a": 0.2}, value, repeats=first)
    best: Any = best_document(UNIT, log.history)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(again), scale=stats.sem(again))
    assert (best["value"], best["seeds"]) == (pytest.approx(1.25), 4)
    assert (best["low"], best["high"]) == (pytest.approx(low), pytest.approx(high))
    assert best["changed"] == ["a"]


def test_the_cockpit_counts_and_tells_what_runs() -> None:
    book = busy()
    history = book.history
    panel: Any = cockpit_panel(TWO, history, book.time + 30, heard={5: book.time + 20})
    assert panel["counts"] == {"finished": 2, "diverged": 1, "failed": 1, "running": 1, "queued": 1}
    (running,) = panel["running"]
    assert (running["trial"], running["step"], running["age_seconds"]) == (5, 7, 10.0)
    assert panel["progress"]["target"] == 8 and panel["progress"]["share"] == 0.5
    assert [event["level"] for event in panel["recent"]].count("error") == 1
    assert panel["recent"][0]["time"] >= panel["recent"][-1]["time"]


def worker(pid: int, slot: int) -> Worker:
    return Worker("here", "b", pid, float(pid), slot)


def test_a_program_that_takes_an_ended_ones_slot_goes_on_in_its_lane() -> None:
    log = Log(UNIT)
    for pid, slot in ((1, 0), (2, 1), (3, 0)):
        number = log.queue()
        log.write(Claimed(number, 1, worker(pid, slot)))
        if pid != 2:
            log.write(ended(number, 1, "finished", 1.0))
    panel: Any = timeline_panel(log.history, now=20.0)
    assert panel["lanes"] == [{"worker": "here", "slot": 0}, {"worker": "here", "slot": 1}]
    assert [bar["lane"] for bar in panel["bars"]] == [0, 1, 0]
    assert panel["bars"][1]["end"] is None
    spans = [(bar["start"], bar["end"] or 20.0) for bar in panel["bars"]]
    there = (spans[2][1] - spans[0][0]) + (spans[1][1] - spans[1][0])
    assert panel["utilisation"] == pytest.approx(sum(end - start for start, end in spans) / there)


def test_importance_names_what_matters_with_an_interval_that_holds_its_share() -> None:
    log, rng = Log(UNIT), np.random.default_rng(0)
    for a, b in rng.random((60, 2)).tolist():
        log.run({"a": a, "b": b}, (a - 0.3) ** 2)
    first, second = importance_panel(UNIT, log.history)["rows"]  # type: ignore[misc]
    assert (first["name"], second["name"]) == ("a", "b")
    assert first["low"] <= first["share"] <= first["high"] and first["low"] > second["high"]
    assert first["trials"] == 60
    assert "8 are needed" in str(importance_panel(UNIT, busy().history)["note"])


def test_slices_have_the_best_of_each_stretch() -> None:
    log = Log(UNIT)
    for n in range(40):
        log.run({"a": n / 40, "b": (n * 7 % 40) / 40}, abs(n / 40 - 0.5) + (n % 2))
    params = slices_panel(UNIT, log.history)["params"]
    assert isinstance(params, list)
    assert len(params[0]["points"]) == 40 and len(params[0]["envelope"]) == 6
    by_cell = {}
    for x, value, _ in params[0]["points"]:
        by_cell[int(x * 6)] = min(value, by_cell.get(int(x * 6), math.inf))
    assert [value for _, value in params[0]["envelope"]] == [by_cell[cell] for cell in sorted(by_cell)]


def test_the_contour_falls_towards_the_best() -> None:
    log, rng = Log(UNIT), np.random.default_rng(0)
    for a, b in rng.random((30, 2)).tolist():
        log.run({"a": a, "b": b}, (a - 0.2) ** 2 + (b - 0.8) ** 2)
    panel: Any = contour_panel(UNIT, log.history, "a", "b")
    mean = np.array(panel["mean"])
    row, column = np.unravel_index(np.argmin(mean), mean.shape)
    assert panel["grid_x"][column] == pytest.approx(0.2, abs=0.1)
    assert panel["grid_y"][row] == pytest.approx(0.8, abs=0.1)
    assert np.all(np.array(panel["sd"]) > 0) and len(panel["points"]) == 30
    with pytest.raises(StudyError, match="no such searched hyperparameter; there are a, b"):
        contour_panel(UNIT, log.history, "c", "b")
    with pytest.raises(StudyError, match="choose two"):
        contour_panel(UNIT, log.history, "a", "a")


@pytest.mark.parametrize("power", [1, 3, 8])
def test_no_contour_of_a_loss_goes_below_zero(power: int) -> None:
    log, rng = Log(UNIT), np.random.default_rng(power)
    for a, b in rng.random((12, 2)).tolist():
        log.run({"a": 0.5 + a / 2, "b": b}, 4.0 * (a * b) ** power)  # falls towards where no trial was
    mean = np.array(contour_panel(UNIT, log.history, "a", "b")["mean"])
    assert np.all(mean >= 0) and np.ptp(mean) > 0


@pytest.mark.parametrize(
    ("param", "said"),
    [
        (Float(1e-4, 1, scale="log"), None),
        (Float(1e-4, 1, scale="log", prior=Normal(1e-2, decades=0.5)), "near 0.01, ± 0.5 decades"),
        (Int(1, 99, prior=Normal(20, sd=4)), "near 20, ± 4"),
        (Choice("sgd", "adam"), None),
        (Choice("sgd", "adam", weights=(1, 3)), "sgd 25.0 %, adam 75.0 %"),
    ],
)
def test_what_a_person_believes_stands_with_the_parameter(param: Param, said: str | None) -> None:
    assert parameter("x", param, "x")["belief"] == said


def test_a_conditional_hyperparameter_has_a_contour_where_it_exists() -> None:
    log = Log(PROBLEM)
    for n in range(12):
        log.run({"optimizer": "adam" if n % 2 else "sgd", "lr": 10 ** (-n / 4)}, float(n))
    panel: Any = contour_panel(PROBLEM, log.history, "momentum", "optimizer")
    by_option = dict(zip(panel["grid_y"], panel["mean"], strict=True))
    assert set(by_option["adam"]) == {"nan"} and "nan" not in by_option["sgd"]


def test_options_of_parallel_coordinates_stand_by_their_median() -> None:
    log = Log(PROBLEM)
    for n in range(8):
        log.run({"optimizer": "adam" if n % 2 else "sgd"}, 1.0 + (n % 2 == 0))
    axes: Any = parallel_panel(PROBLEM, log.history)["axes"]
    assert [axis["name"] for axis in axes] == ["lr", "optimizer", "momentum", "batch", "layers", "val_loss"]
    assert axes[1]["values"] == ["adam", "sgd"] and axes[2]["when"] == {"optimizer": ["sgd"]}


def test_boxes_are_those_of_the_notes() -> None:
    log = Log(UNIT)
    box = {"a": {"unit": [0.25, 0.5], "values": [0.25, 0.5]}}
    log.write(Noted("zoom", "2", "a 0…1 → 0.25…0.5", {"from": 21, "box": box}))
    assert boxes_panel(UNIT, log.history)["zooms"] == [
        {"after": 20, "ranges": {"a": [0.25, 0.5]}, "options": {}, "text": "a 0…1 → 0.25…0.5"}
    ]


def test_studies_that_ask_otherwise_say_where() -> None:
    one = Compared(id="1", name="one", problem=UNIT, history=Log(UNIT).history)
    other = Compared(id="2", name="other", problem=TWO, history=busy().history)
    assert compare_panel([one, one])["same_question"] is True
    panel = compare_panel([one, other])
    assert panel["same_question"] is False and "one and other" in str(panel["note"])


def test_a_trial_tells_what_was_changed_and_how_to_train_it_again() -> None:
    problem, history = STUDIES["steered"]()
    panel: Any = trial_panel(problem, history, 1, reference="digits")
    assert panel["changed"] == ["lr"] and panel["pending_undo"] == [3]
    assert [order["asked"] is not None for order in panel["orders"]] == [True] * 3
    assert panel["curves"] == {"val_loss": {"0": [[1, 2, 3], [3.0, 2.0, 1.0]]}}
    assert "osetra replay digits 1" in panel["reproduce"] and "'lr': 0.1" in panel["reproduce"]
    assert panel["attempts"][0]["worker"] == "here/0"


def test_the_study_says_what_is_searched() -> None:
    panel: Any = study_panel(PROBLEM, Log(PROBLEM, seed=4, target=9).history, id="ab", name="digits")
    kinds = {param["name"]: (param["kind"], param["scale"]) for param in panel["params"]}
    assert kinds["momentum"] == ("float", "one_minus_log") and kinds["width"] == ("constant", None)
    assert kinds["batch"] == ("ordinal", None) and kinds["optimizer"] == ("choice", None)
    assert (panel["seed"], panel["target"], panel["metric"]) == (4, 9, "val_loss")


def test_advice_that_can_be_followed_at_once_has_a_move() -> None:
    log = Log(PROBLEM, target=12)
    for n in range(12):
        log.run({"lr": 0.01}, 12.0 - n)
    log.report(wild := log.start({"lr": 0.5}), "val_loss", [1.0, 0.5, math.nan])
    panel: Any = cockpit_panel(PROBLEM, log.history, NOW)
    moves = {finding["rule"]: finding["move"] for finding in panel["findings"]}
    assert moves["diverged"] == {
        "text": f"trial {wild}: stop; there is no checkpoint to go back to",
        "verb": "stop",
        "trial": wild,
        "args": {},
        "command": f"osetra steer STUDY {wild} stop",
        "call": f"study.order({wild}, 'stop')",
    }
    more = [f["move"]["args"] for f in panel["findings"] if f["move"] and f["move"]["verb"] == "target"]
    assert more == [{"trials": 18}]


def test_a_training_that_ran_on_beyond_where_it_was_told_to_wait_is_measured_by_a_full_one() -> None:
    log = Log(PROBLEM)
    log.run({"lr": 0.01}, 1.0)
    trial = log.history.trials[1]
    early = replace(trial, until=3)
    assert planned(log.history, early, 2) == planned(log.history, early, 3) == 3
    assert planned(log.history, early, 5) == (log.history.steps or None)
