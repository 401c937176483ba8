"""Requests: what was asked is kept whole, and typed again whole."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.cli.commands.tune import command
from osetra.core.limits import Limits
from osetra.data.options import DataOptions
from osetra.tuning.request import Request

WORDS = st.lists(st.from_regex(r"[a-zA-Z][\w .'\"$-]{0,8}", fullmatch=True).map(str.strip), max_size=3).map(
    tuple
)
WORD = st.from_regex(r"[a-z][\w .'\"$]{0,8}", fullmatch=True).map(str.strip)
ABOVE_0 = st.floats(0.01, 1e6)
LIMITS = st.builds(
    Limits,
    trials=st.none() | st.integers(1, 10**6),
    trainings=st.none() | ABOVE_0,
    minutes=st.none() | ABOVE_0,
    workers=st.integers(1, 64),
    report_timeout=st.none() | ABOVE_0,
    confirm=st.none() | st.integers(0, 9),
)
READINGS = st.builds(
    DataOptions,
    delimiter=st.sampled_from(["", ";", "tab"]),
    decimal=st.sampled_from(["", ".", ","]),
    header=st.sampled_from(["", "yes", "no", "3"]),
    na=st.lists(st.sampled_from(["999", "age=-1", "not, known"]), max_size=2).map(tuple),
    number=WORDS,
    category=WORDS,
    text=WORDS,
    date=st.lists(st.sampled_from(["day", "day=dmy"]), max_size=2).map(tuple),
    drop=WORDS,
    group=st.none() | WORD,
    time=st.none() | WORD,
    weight=st.none() | WORD,
    split=st.none() | WORD,
    test=st.sampled_from([None, "/sealed.csv"]),
    ignore_case=st.booleans(),
    log_target=st.booleans(),
)
REQUESTS = st.builds(
    Request,
    source=st.just("data.csv"),
    target=st.none() | WORD,
    task=st.sampled_from([None, "binary", "multiclass", "regression"]),
    reading=READINGS,
    limits=LIMITS,
    searcher=st.sampled_from([None, "auto", "tpe"]),
    scheduler=st.sampled_from([None, "auto", "asha"]),
    tune=WORDS,
    all=st.booleans(),
    set=st.lists(st.sampled_from(["lr=log(1e-4, 0.1)", "layers=2", "activation=choice(relu, tanh)"])).map(
        tuple
    ),
    folds=st.integers(1, 9),
    epochs=st.none() | st.integers(1, 99),
    seed=st.integers(0, 2**40),
    minimize=st.none() | st.sampled_from(["val_loss", "val_error"]),
)


def typed(line: str) -> Request:
    """Return the request that the command line makes of some words."""
    words = shlex.split(line)
    assert words[:2] == ["osetra", "tune"]
    options: dict[str, Any] = command.make_context("tune", words[2:]).params
    return Request.of(options)


@given(REQUESTS)
def test_the_command_that_makes_a_model_again_asks_the_same(request: Request) -> None:
    assert typed(request.command_line) == request


@given(REQUESTS)
def test_a_stored_request_is_read_back(request: Request) -> None:
    stored = request.stored(Path("osetra-runs/a"))
    read = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    assert Request.of(read) == request


@pytest.mark.parametrize("name", [limit.name for limit in fields(Limits)])
def test_each_limit_is_an_option_a_line_of_the_study_file_and_stands_in_the_command(name: str) -> None:
    from osetra.tuning.studyfile import _KINDS

    assert name in _KINDS
    assert name in {parameter.name for parameter in command.params}
    request = replace(Request(source="digits"), limits=Limits(**{name: 2}))
    assert f"--{name.replace('_', '-')} 2" in request.command_line


@pytest.mark.parametrize("name", ["trials", "workers", "confirm"])
@pytest.mark.parametrize("value", [True, 1.5, "3", -1])
def test_whole_limits_are_whole(name: str, value: object) -> None:
    with pytest.raises(Exception, match=f"{name}="):
        Limits(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["trainings", "minutes", "report_timeout"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), True, "3"])
def test_other_limits_are_above_0(name: str, value: object) -> None:
    with pytest.raises(Exception, match=f"{name}=.*must be above 0"):
        Limits(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [option.name for option in fields(DataOptions)])
def test_each_option_of_reading_has_one_name_everywhere(name: str) -> None:
    from inspect import signature

    from osetra.cli.commands.babysit import command as babysit
    from osetra.cli.commands.data import command as data
    from osetra.tuning.tune import tune

    assert name in signature(tune).parameters
    for verb in (command, babysit, data):
        assert name in {parameter.name for parameter in verb.params}
