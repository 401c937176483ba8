import math

import pytest

from advice.studies import PROBLEM, place, spread
from osetra.advice import RULES, findings
from osetra.core.finding import Finding, Findings
from osetra.core.params import Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log, history_of


def test_findings_are_sorted_from_warnings_to_information() -> None:
    problem = Problem(Space(lr=Float(1e-4, 1), units=Int(16, 256)), Objective(metric="loss"))
    rows = [
        ({"lr": 1e-4 + 37 * i % 60 / 61, "units": 16 + 4 * i}, None if i < 20 else -float(i))
        for i in range(60)
    ]
    found = findings(problem, history_of(problem, rows))  # type: ignore[arg-type]
    levels = [f.level for f in found]
    assert levels == sorted(levels, key=["warning", "advice", "info"].index)
    assert {"failures", "space_lint", "edges"} <= {f.rule for f in found}


def test_an_empty_history_of_a_sound_space_says_nothing() -> None:
    assert findings(PROBLEM, Log(PROBLEM).history) == []


def test_the_same_history_gives_the_same_findings() -> None:
    history = history_of(PROBLEM, [(c, abs(place(c) - 0.6)) for c in spread(40)])
    assert findings(PROBLEM, history) == findings(PROBLEM, history)


@pytest.mark.parametrize(("columns", "longest"), [("80", 79), ("120", 119), ("300", 119)])
def test_printed_advice_keeps_to_the_width_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: str, longest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    many = Findings([Finding(rule="edges", level="advice", text="some word " * 60)])
    widths = [len(line) for line in str(many).splitlines()]
    assert longest - 10 < max(widths) <= longest


def test_what_was_widened_is_not_widened_again_before_anybody_was_there() -> None:
    rows = [(c, 4 - 4 * place(c)) for c in spread(40)]
    (found,) = (f for f in findings(PROBLEM, history_of(PROBLEM, rows)) if f.rule == "edges")
    assert found.move is not None and found.move.args == {"params": {"lr": "log(0.0001, 10.0)"}}
    wider = Problem(Space(lr=Float(1e-4, 10, scale="log"), units=Int(16, 256)), PROBLEM.objective)
    assert not [f for f in findings(wider, history_of(wider, rows)) if f.rule == "edges"]


def test_every_rule_survives_odd_histories() -> None:
    odd = [None, math.nan, math.inf, -math.inf, 1e300, -1e300, 0.0]
    for n in (1, 7, 40):
        rows = [(c, odd[i % 7]) for i, c in enumerate(spread(n))]
        for name, rule in RULES:
            for found in rule(PROBLEM, history_of(PROBLEM, rows)):
                assert found.rule == name
                assert found.text
