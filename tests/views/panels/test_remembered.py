"""What people want remembered, as columns of a table and texts of a page."""

from __future__ import annotations

import json
from typing import Any

from osetra.core.attributes import attr_note
from osetra.core.facts import Noted
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.trials import BLOCK
from osetra.testing.histories import Log
from osetra.views.panels.remembered import LONGEST, MOST
from osetra.views.panels.study import study_panel
from osetra.views.panels.trial import trial_panel
from osetra.views.panels.trials import trials_panel

PROBLEM = Problem(Space.parse({"lr": "log(0.0001, 1)"}), Objective(metric="loss"))


def remembering(trials: int, of: dict[int, dict[str, Any]]) -> Log:
    log = Log(PROBLEM)
    for _ in range(trials):
        log.queue()
    for count, (trial, attrs) in enumerate(of.items(), 1):
        log.write(attr_note(trial, 0, count, attrs))
    return log


def test_each_name_is_a_column_as_long_as_the_table_and_alone_a_trial_says_the_same() -> None:
    last = BLOCK + 3
    of = {2: {"commit": "abc", "rows": 5}, last: {"rows": 7, "odd": True}}
    history = remembering(last, of).history
    whole: Any = trials_panel(PROBLEM, history)
    assert list(whole["attrs"]) == ["commit", "rows", "odd"]
    for name, column in whole["attrs"].items():
        told = {n: value for n, value in zip(whole["numbers"], column, strict=True) if value is not None}
        assert told == {trial: attrs[name] for trial, attrs in of.items() if name in attrs}
    some: Any = trials_panel(PROBLEM, history, only=[1, last])
    assert some["attrs"] == {"rows": [None, 7], "odd": [None, True]}


def test_what_is_long_is_cut_in_the_table_and_whole_on_the_page() -> None:
    of = {1: {"long": "x" * 5000, "big": 2**60, "deep": {"a": [1, "é"]}, "none": None}}
    history = remembering(1, of).history
    table: Any = trials_panel(PROBLEM, history)["attrs"]
    assert len(table["long"][0]) == LONGEST and table["long"][0].endswith("…")
    assert table["big"] == [str(2**60)], "a browser would round it"
    assert table["deep"] == ['{"a": [1, "é"]}'] and table["none"] == [None]
    page: Any = trial_panel(PROBLEM, history, 1)["attrs"]
    assert (
        page["long"] == "x" * 5000
        and page["big"] == str(2**60)
        and json.loads(page["deep"]) == {"a": [1, "é"]}
    )


def test_a_thousand_names_are_a_hundred_columns_and_all_on_the_page() -> None:
    history = remembering(1, {1: {f"n{i}": i for i in range(1000)}}).history
    assert len(trials_panel(PROBLEM, history)["attrs"]) == MOST  # type: ignore[arg-type]
    assert len(trial_panel(PROBLEM, history, 1)["attrs"]) == 1000  # type: ignore[arg-type]


def test_of_the_study_what_was_said_last_holds_and_what_is_not_the_users_is_not_shown() -> None:
    log = Log(PROBLEM)
    said = [("user", "who", "ada"), ("user", "who", "bob"), ("system", "hidden", 1)]
    for count, (kind, key, value) in enumerate(said):
        data = {"trial": None, "kind": kind, "key": key, "value": value}
        log.write(Noted("optuna-attr", f"study/{count}", "", data))
    assert study_panel(PROBLEM, log.history, id="s", name="s")["attrs"] == {"who": "bob"}
