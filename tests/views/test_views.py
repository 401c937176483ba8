"""The views on hand-made histories."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Group

from osetra.core.clean import name_text, one_line, printable
from osetra.core.facts import ended
from osetra.core.finding import Finding
from osetra.core.limits import Limits
from osetra.core.numbers import duration, number, setting, settings
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log
from osetra.views.axis import Axis, fit
from osetra.views.events import EventStream, events
from osetra.views.html import study_html
from osetra.views.lines import event_text, summary_text
from osetra.views.progress import Progress
from osetra.views.series import best_so_far, curve, partner
from osetra.views.terminal.block import BlockLayout, live_block
from osetra.views.terminal.curves import curves_picture
from osetra.views.terminal.report import study_report
from osetra.views.terminal.spark import sparkline, sparklines
from osetra.views.terminal.tables import study_summary, trial_page, trials_table
from views.histories import PROBLEM, Book, busy, descent


def progress(started: float = 1000.0, **limits: Any) -> Progress:
    return Progress(problem=PROBLEM, limits=Limits(**limits or {"trials": 8}), started=started)


def block(book: Book, width: int = 80) -> Group:
    layout = BlockLayout(
        name="digits", phase="searching", progress=progress(), now=book.time + 3, width=width
    )
    return live_block(book.history, events(PROBLEM, book.history), layout)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.041234, "0.04123"),
        (1234.5678, "1235"),
        (0.0, "0"),
        (1.5e-7, "1.5e-7"),
        (2.5e9, "2.5e9"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (None, "-"),
    ],
)
def test_a_number_has_four_digits(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.42, "0.4 s"), (9.97, "10 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")],
)
def test_a_duration_is_read_aloud(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_setting_has_no_trailing_zeros() -> None:
    assert [setting(v) for v in (0.5, 0.001, 64, True, None, "adam")] == [
        "0.5",
        "0.001",
        "64",
        "true",
        "none",
        "adam",
    ]


@pytest.mark.parametrize(
    ("value", "two", "four"),
    [
        (0.9, "0.9", "0.9"),
        (0.987654, "0.988", "0.9877"),
        (0.999, "0.999", "0.999"),
        (0.99949, "0.99949", "0.99949"),
        (0.99995, "0.99995", "0.99995"),
        (-0.9995, "-0.9995", "-0.9995"),
        (1.0, "1", "1"),
        (1 - 1e-15, "1", "1"),
        (1.0004, "1", "1"),
    ],
)
def test_what_is_nearly_one_is_not_one(value: float, two: str, four: str) -> None:
    assert (setting(value, 2), setting(value)) == (two, four)


def test_settings_are_cut_after_a_whole_pair() -> None:
    assert settings({"lr": 0.01, "units": 64}, ["lr", "units"], 12) == "lr=0.01 …"


def test_a_long_name_keeps_both_ends_and_a_long_value_its_beginning() -> None:
    name = "model.encoder.layers.11.attention.output.dropout"
    assert name_text(name) == "model.encoder.layers…tion.output.dropout"
    assert len(settings({"x" * 1000: "o" * 1000}, ["x" * 1000])) == 40 + 1 + 60


@given(st.lists(st.floats(width=32), min_size=1, max_size=60), st.integers(1, 20))
def test_a_sparkline_is_never_wider_than_asked(values: list[float], width: int) -> None:
    assert len(sparkline(np.array(values, dtype=np.float64), width)) == min(width, len(values))


def test_a_sparkline_falls_evenly_when_the_cost_falls_by_decades() -> None:
    assert sparkline(10.0 ** -np.arange(8.0), 8) == "█▇▆▅▄▃▂▁"


def test_a_sparkline_ends_in_a_cross_where_the_cost_is_no_number() -> None:
    assert sparkline(np.array([1.0, 2.0, math.nan]), 3) == "▁█×"


@given(
    st.lists(
        st.lists(st.floats(min_value=-1e30, max_value=1e30), min_size=1, max_size=9), min_size=1, max_size=5
    )
)
def test_an_axis_maps_its_ends_to_zero_and_one(curves: list[list[float]]) -> None:
    axis = fit([np.array(c) for c in curves])
    assert axis.low < axis.high
    assert axis.place(np.array([axis.low, axis.high])) == pytest.approx([0.0, 1.0])


def test_an_axis_keeps_the_good_side_whole_and_clips_what_blows_up() -> None:
    normal = [np.array(descent(2.3, 0.01, rate)) for rate in (0.1, 0.2, 0.4)]
    axis = fit([*normal, np.array([2.3, 50.0, 1e6])], descents=True)
    assert axis.low == pytest.approx(min(c.min() for c in normal))
    assert axis.high < 12


def test_an_axis_is_linear_within_a_decade() -> None:
    assert fit([np.array([0.5, 1.0])]) == Axis(0.5, 1.0, log=False)


def test_folds_are_drawn_as_their_mean_and_one_that_ended_keeps_its_last_value() -> None:
    book = Book()
    trial = book.claim(book.suggest())
    book.report(trial, [1.0, 0.5], fold=0)
    book.report(trial, [3.0], fold=1)
    steps, values = curve(book.history, book.history.trials[trial], "val_loss")
    assert (steps.tolist(), values.tolist()) == ([1.0, 2.0], [2.0, 1.75])


def test_the_training_partner_of_a_validation_metric_is_found() -> None:
    assert partner("val_loss", ("val_loss", "train_loss")) == "train_loss"
    assert partner("cost", ("cost",)) is None


def test_best_so_far_never_gets_worse() -> None:
    book = Book()
    for floor in (0.5, 0.7, 0.2, 0.4):
        book.train([floor])
    assert best_so_far(book.history, PROBLEM.objective)[1] == [0.5, 0.5, 0.2, 0.2]


def test_events_say_why_a_trial_ended() -> None:
    told = {event.subject: event.text for event in events(PROBLEM, busy().history)}
    assert told["3"].startswith("diverged after 2.0 s: val_loss became nan at step 4")
    assert told["4"].startswith("failed after 2.0 s: ValueError: bad batch")


def test_a_lost_attempt_is_told_as_back_in_the_queue() -> None:
    book = Book()
    trial = book.claim(book.suggest())
    book.end(ended(trial, 1, "lost", None, "its process was killed by signal 9"))
    (event,) = events(PROBLEM, book.history)
    assert event.kind == "lost"
    assert event.text == "lost after 2.0 s: its process was killed by signal 9; back in the queue"


def test_a_repeat_is_never_told_as_a_new_best() -> None:
    book = Book()
    first = book.train([0.5])
    again = book.claim(book.suggest({}, repeats=first))
    book.finish(again, 0.1)
    assert events(PROBLEM, book.history)[-1].kind == "finished"


def test_an_escape_sequence_in_a_reason_does_not_reach_the_terminal() -> None:
    book = Book()
    trial = book.claim(book.suggest())
    book.end(ended(trial, 1, "failed", None, "\x1b[2Jgone\x07\x1b]0;title\x07"))
    assert "\x1b" not in events(PROBLEM, book.history)[-1].text
    assert one_line("a\x1b[31mb\r\nc") == "ab c"
    assert printable("a\tb\nc") == "a\tb\nc"


def test_square_brackets_in_a_reason_are_text(text) -> None:
    book = Book()
    trial = book.claim(book.suggest())
    book.end(ended(trial, 1, "failed", None, "KeyError: [bold]x[/]"))
    assert "[bold]x[/]" in text(block(book))


def test_the_live_block(text, golden) -> None:
    book = busy()
    golden(text(block(book)))


def test_the_live_block_before_the_first_trial(text, golden) -> None:
    book = Book()
    golden(text(block(book)))


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_live_block_fits_the_terminal(text, width: int) -> None:
    book = busy()
    shown = text(block(book, width), width)
    assert max(len(line) for line in shown.splitlines()) <= width
    assert len(shown.splitlines()) <= 12


def test_many_running_trials_are_counted_not_listed(text) -> None:
    book = Book()
    for _ in range(12):
        book.claim(book.suggest())
    shown = text(block(book))
    assert shown.count("▸") == 8
    assert "… 4 more" in shown


def test_plain_lines_are_told_once(golden) -> None:
    stream, history = EventStream(PROBLEM), busy().history
    golden("".join(event_text(event) + "\n" for event in stream.new(history)))
    assert not stream.new(history)


def test_a_plain_summary_is_one_line() -> None:
    book = busy()
    shown = summary_text(progress(book.time - 40), book.history, book.time)
    assert shown == "… 4 of 8 trials  about 40 s left  1 running  best val_loss 0.05113 in trial 2"


def test_the_curves(text, golden) -> None:
    history = busy().history
    golden(text(curves_picture(PROBLEM, history, [history.trials[n] for n in (2, 1, 3)])))


def test_a_curve_that_blows_up_leaves_through_the_top(text) -> None:
    book = Book()
    for rate in (0.2, 0.4):
        book.train(descent(2.3, 0.1, rate), {"lr": 0.01})
    wild = book.claim(book.suggest({"lr": 0.9}))
    book.report(wild, [2.3, 100.0, 1e5, 1e9])
    history = book.history
    assert "▲" in text(curves_picture(PROBLEM, history, list(history.trials.values())))


def test_a_study_without_curves_says_so(text) -> None:
    book = Book()
    book.finish(book.claim(book.suggest()), 0.5)
    history = book.history
    shown = text(curves_picture(PROBLEM, history, [history.trials[1]]))
    assert shown == "no curve of val_loss was reported by these trials\n"


def test_the_trials_table(text, golden) -> None:
    history = busy().history
    golden(text(trials_table(PROBLEM, history, list(history.trials.values()))))


def test_a_narrow_table_names_the_hyperparameters_it_leaves_out(text) -> None:
    history = busy().history
    shown = text(trials_table(PROBLEM, history, [history.trials[1], history.trials[2]], width=52), 52)
    assert "not shown: units" in shown


def test_the_summary_of_a_study(text, golden) -> None:
    golden(text(study_summary(PROBLEM, busy().history, "digits")))


def test_the_page_of_a_failed_trial_shows_its_traceback(text) -> None:
    history = busy().history
    shown = text(trial_page(PROBLEM, history, history.trials[4]))
    assert "failed: ValueError: bad batch" in shown
    assert "Traceback …" in shown


def test_the_end_report(text, golden) -> None:
    book = busy()
    for value in (0.052, 0.058, 0.055):
        book.finish(book.claim(book.suggest({"lr": 0.05, "units": 128}, repeats=2)), value)
    found = [
        Finding(rule="matters", level="info", text="lr explains 80 % of the differences"),
        Finding(
            rule="edge",
            level="advice",
            text="the best lr sits near the upper end",
            action="--set 'lr=log(0.01, 10)'",
        ),
    ]
    golden(text(study_report(PROBLEM, book.history, found, width=80)))


def test_the_report_of_a_study_without_results_counts_the_reasons(text) -> None:
    book = Book()
    for _ in range(2):
        book.end(ended(book.claim(book.suggest()), 1, "failed", None, "ValueError: bad batch"))
    shown = text(study_report(PROBLEM, book.history, []))
    assert "2 x failed: ValueError: bad batch (trial 1)" in shown


def test_a_cost_that_reaches_zero_is_drawn_on_a_log_scale() -> None:
    costs = 25.0 * 0.01 ** np.arange(30.0)
    costs[20:] = -3e-15
    assert sparkline(costs, 10).startswith("█")
    assert sparkline(costs, 10).endswith("▁▁▁")


def test_the_report_draws_the_worst_trial_for_contrast(text) -> None:
    history = busy().history
    assert "── trial 3    diverged" in text(study_report(PROBLEM, history, []))


def test_a_single_training_that_blows_up_does_not_lift_the_axis() -> None:
    solved = np.concatenate([[0.7, 1e-3, 1e-6], np.zeros(57)])
    blown = 1e4 * 300.0 ** np.arange(60.0)
    axis = fit([solved, solved, solved, blown], descents=True)
    assert axis.high == pytest.approx(1.4, rel=0.05)


def test_trainings_that_report_once_are_bars_and_no_curves_of_a_dot(text) -> None:
    log = Log(PROBLEM)
    for value in (0.9, 0.03, 0.4, float("nan")):
        log.report(log.start(), "val_loss", [value])
    trials = list(log.history.trials.values())
    shown = text(curves_picture(PROBLEM, log.history, trials[:3]))
    lengths = [line.count("█") for line in shown.splitlines()[1:]]
    assert shown.startswith("val_loss of each trial") and "└" not in shown
    assert lengths[0] > lengths[2] > lengths[1]
    assert "nan" in text(curves_picture(PROBLEM, log.history, trials))
    assert "curve" not in text(trials_table(PROBLEM, log.history, trials))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_every_table_fits_its_width(width: int, text) -> None:
    history = busy().history
    shown = text(trials_table(PROBLEM, history, list(history.trials.values()), width=width), width)
    assert all(len(line) <= width for line in shown.splitlines())


def test_a_crawl_beside_a_descent_looks_flat() -> None:
    steps = np.arange(60.0)
    crawl, descent = (25 * (1 - 2 * alpha) ** (2 * steps) for alpha in (1e-4, 0.1))
    assert sparkline(crawl) != sparklines([crawl, descent])[0]  # alone it fills its own scale
    assert sparklines([crawl, descent])[0] == "█" * 10
    assert sparklines([np.empty(0), np.array([math.nan])]) == ["", "×"]


def test_a_notebook_shows_the_best_with_its_seeds_steps_with_figures_and_words_at_the_left() -> None:
    log = Log(PROBLEM, target=4)
    first = log.run({"lr": 0.1}, 0.5)
    log.run({"lr": 0.2}, 0.9)
    log.run({"lr": 0.01}, 0.25)
    log.run({"lr": 0.01}, 0.27, repeats=first + 2)
    page = study_html(PROBLEM, log.history, "<b>")
    assert "&lt;b&gt;" in page and "mean of 1 fresh seed)" in page and "<b>0.2700</b>" in page
    points = re.search(r'points="([^"]*)"', page)
    assert points is not None
    corners = [tuple(map(float, point.split(","))) for point in points[1].split()]
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(corners)), "steps, no slopes"
    assert ">0.5000</text>" in page and ">0.2500</text>" in page and ">3</text>" in page
    assert '<td style="text-align:left">finished</td>' in page
    assert '<td style="text-align:right">0.2500</td>' in page


@pytest.mark.parametrize("values", [[1e308, -1e308], [1.0, 1.0], [0.5]])
def test_a_notebook_shows_any_values(values: list[float]) -> None:
    log = Log(PROBLEM)
    for value in values:
        log.run({"lr": 0.1}, value)
    page = study_html(PROBLEM, log.history, "x")
    assert "nan" not in page and "inf" not in page and page.count("<tr>") == 1 + len(values)


def test_two_hundred_hyperparameters_make_no_table_of_two_hundred_columns() -> None:
    space = Space(**{f"p{i}": Float(0, 1) for i in range(200)})
    problem = Problem(space, Objective(metric="loss"))
    log = Log(problem)
    for value in (0.5, 0.4):
        log.run({"p150": value}, value)
    page = study_html(problem, log.history, "x")
    assert page.count("<th") == 3 + 12 and ">p150</th>" in page and "188 further" in page
    trial = log.history.trials[1]._repr_html_()
    assert trial.count("<th") == 3 + 12 and "188 further" in trial
