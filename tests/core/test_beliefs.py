"""Beliefs: how they are written, what they say of the unit interval, and what is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import osetra as ose
from osetra.advice.wording import with_range
from osetra.core.beliefs import within
from osetra.core.params import default_of
from osetra.core.text import format_param, param_code, parse_param
from osetra.errors import SpaceError

LR = ose.Float(1e-4, 1, scale="log", prior=ose.Normal(1e-2, decades=0.5))


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ("log(1e-4, 1, prior=normal(1e-2, decades=.5))", LR),
        ("Float(1e-4, 1, log=True, prior=Normal(0.01, decades=0.5))", LR),
        ("log(1e-4, 1, prior = Normal ( mean=0.01, decades=0.5, ))", LR),
        ("float(0, 1, prior=normal(0.9, sd=0.05))", ose.Float(0, 1, prior=ose.Normal(0.9, sd=0.05))),
        ("int(16, 512, log, prior=normal(64, decades=0.3))",
         ose.Int(16, 512, "log", prior=ose.Normal(64, decades=0.3))),
        ("choice(sgd, adam, weights=(1, 3))", ose.Choice("sgd", "adam", weights=(1, 3))),
        ("ordinal(1, 2, 4, weights=[1, 2, 1], default=4)",
         ose.Ordinal(1, 2, 4, weights=np.array([1, 2, 1]), default=4)),
        ("choice(a=(1, 1), b=(2, 2), weights=(1, 3))",
         ose.Choice(a=(1, 1), b=(2, 2), weights=[1, 3])),
        ('choice("weights"=1, b=2)', ose.Choice({"weights": 1, "b": 2})),
    ],
)  # fmt: skip
def test_a_belief_is_written_in_text_as_in_python(text: str, param: Any) -> None:
    assert parse_param("x", text) == param
    assert parse_param("x", format_param(param)) == param


def test_the_text_is_short() -> None:
    assert format_param(LR) == "log(0.0001, 1.0, prior=normal(0.01, decades=0.5))"
    assert param_code(LR) == "Float(0.0001, 1.0, scale='log', prior=Normal(0.01, decades=0.5))"
    assert format_param(ose.Choice("a", "b", weights=(1, 2.5))) == "choice(a, b, weights=(1, 2.5))"


@pytest.mark.parametrize(
    ("param", "mean", "deviation"),
    [
        (LR, 0.5, 0.125),
        (ose.Float(0, 2, prior=ose.Normal(1.5, sd=0.2)), 0.75, 0.1),
        (ose.Float(0.0, 0.999, "one_minus_log", prior=ose.Normal(0.9, decades=0.3)), 1 / 3, 0.1),
        (ose.Float(0.1, 0.9, "logit", prior=ose.Normal(0.5, decades=np.log10(9))), 0.5, 0.5),
        (ose.Int(1, 10, prior=ose.Normal(5.5, sd=1)), 0.5, 0.1),
        (ose.Float(0, 1, prior=ose.Normal(0.5, sd=1e-200)), 0.5, 1e-3),
    ],
    ids=["log", "linear", "one-minus-log", "logit", "int", "narrow"],
)
def test_a_belief_in_the_unit_interval_is_what_a_person_calculates(
    param: Any, mean: float, deviation: float
) -> None:
    assert param.believed() == pytest.approx((mean, deviation))


def test_what_is_believed_best_is_the_default_where_none_is_given() -> None:
    space = ose.Space(
        lr=ose.Float(1e-4, 1, scale="log", prior=ose.Normal(0.003, decades=0.5)),
        units=ose.Int(8, 64, prior=ose.Normal(20.4, sd=3)),
        act=ose.Choice("relu", "gelu", "tanh", weights=(1, 1, 2)),
        momentum=ose.Float(0, 1, default=0.9, prior=ose.Normal(0.5, sd=0.1)),
        step=ose.Float(0, 1, step=0.25, prior=ose.Normal(0.6, sd=0.1)),
    )
    wanted = {"lr": 0.003, "units": 20, "act": "tanh", "momentum": 0.9, "step": 0.5}
    assert space.default == wanted
    assert space.decode(space.encode([space.default])) == [wanted]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ose.Normal(1), "one width is needed"),
        (lambda: ose.Normal(1, sd=1, decades=1), "one width is needed"),
        (lambda: ose.Normal(1, sd=0), "sd=0: a width is above 0"),
        (lambda: ose.Normal(1, decades=-1), "decades=-1: a width is above 0"),
        (lambda: ose.Normal(1, sd=float("nan")), "sd: nan is not a value"),
        (lambda: ose.Normal(float("inf"), sd=1), "mean: inf is not a value"),
        (lambda: ose.Normal("1", sd=1), "mean: '1' is not a number"),
        (lambda: ose.Normal(True, sd=1), "mean: True is not a number"),
        (lambda: ose.Normal(1, std=1), "unexpected keyword argument 'std'; it takes mean, sd, decades"),
        (lambda: ose.Normal(), "it takes mean, sd, decades"),
        (lambda: ose.Float(0, 1, prior=ose.Normal(2, sd=1)), "its mean lies outside the range 0 … 1"),
        (lambda: ose.Float(0, 1, prior=ose.Normal(0.5, decades=1)), "said in sd, in its own units"),
        (lambda: ose.Float(0.1, 1, "log", prior=ose.Normal(0.5, sd=1)), "said in decades, and not in sd"),
        (lambda: ose.Float(0, 1, prior=0.5), "a belief is needed: Normal(0.5, sd=0.1)"),
        (lambda: ose.Float(0, 1, prior={"mean": 1}), "a belief is needed"),
        (lambda: ose.Int(1, 9, prior=ose.Choice(1, 2)), "a belief is needed"),
        (lambda: ose.Choice("a", "b", weights=(1, 2, 3)), "3 weights for 2 options; one for each"),
        (lambda: ose.Choice("a", "b", weights=(1, 0)), "each weight is above 0; leave out an option"),
        (lambda: ose.Choice("a", "b", weights=(1, "2")), "weights: '2' is not a number"),
        (lambda: ose.Choice("a", "b", weights=(1, float("nan"))), "weights: nan is not a value"),
        (lambda: ose.Choice("a", "b", weights={"a": 1, "b": 2}), "a number for each option"),
        (lambda: ose.Choice(weights="imagenet", scratch=None), "an option of that name"),
        (lambda: ose.Ordinal(1, 2, weights=(1, 1e9)), "more than a million times another"),
    ],
)  # fmt: skip
def test_what_is_no_belief_is_refused_in_a_sentence(make: Any, said: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("normal(1, sd=2)", "normal(…) is a belief about a range: write log(1e-4, 1, prior=normal("),
        ("log(1e-4, 1, prior=0.01)", "a belief is needed"),
        ("log(1e-4, 1, prior=cauchy(0.01))", "a form cannot stand inside another"),
        ("log(1e-4, 1, prior=normal(0.01, 0.5))", "column 33: 0.5 needs a name"),
        ("log(1e-4, 1, prior=normal(0.01, width=1))", "'width' is not an argument here"),
        ("log(1e-4, 1, prior=normal(0.01, mean=1))", "mean is given twice"),
        ("log(1e-4, 1, prior=normal(0.01, decades=1)", "a bracket does not close"),
        ("log(1e-4, 1, prior=normal())", "it takes mean, sd, decades"),
        ("log(1e-4, 1, prior=normal(prior=normal(1, sd=1)))", "'prior' is not an argument here"),
        ("log(1e-4, 1, default=normal(1, sd=1))", "a form cannot stand inside another"),
        ("choice(a, b, prior=normal(1, sd=1))", "options take weights"),
        ("choice(a, b, weights=3)", "a number for each option"),
        ("fixed(prior=normal(1, sd=1))", "options take weights"),
    ],
)
def test_text_that_is_no_belief_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SpaceError) as caught:
        parse_param("lr", text)
    assert said in str(caught.value) and str(caught.value).startswith(f"lr={text}: ")


def test_an_option_called_weights_in_an_older_log_is_still_one() -> None:
    space = ose.Space.parse({"init": "choice(weights=imagenet, scratch=none)"}, stored=True)
    assert space == ose.Space(init=ose.Choice({"weights": "imagenet", "scratch": None}))
    assert ose.Space.parse(space.spec, stored=True) == space == ose.Space.parse(space.spec)


def test_a_belief_goes_where_its_range_goes_and_not_beyond() -> None:
    assert with_range(LR, 1e-3, 1).prior == LR.prior
    assert with_range(LR, 0.1, 1).prior is None
    assert within(LR.prior, 0.001, 0.9, "linear") is None
    assert default_of(replace(LR, prior=None)) == 0.01


def test_edits_of_ranges_and_options_keep_what_of_beliefs_still_means_something() -> None:
    study = ose.Study(
        "memory:", ose.Space(lr=LR, act=ose.Choice("a", "b", "c", weights=(1, 2, 3))), minimize="loss"
    )
    study.widen("lr", high=2.0)
    study.widen("act", options=["d"])
    assert study.problem.space.spec == {
        "lr": "log(0.0001, 2.0, prior=normal(0.01, decades=0.5))",
        "act": "choice(a, b, c, d, weights=(1, 2, 3, 2))",
    }
    study.narrow("lr", low=0.1)
    study.narrow("act", options=["a", "c"])
    assert study.problem.space.spec == {"lr": "log(0.1, 2.0)", "act": "choice(a, c, weights=(1, 3))"}
