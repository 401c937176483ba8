"""What a given value must obey before any time is spent on it."""

from __future__ import annotations

import pytest

from osetra.catalogue import by_name, catalogues, select_space
from osetra.catalogue.bounds import BOUNDS, check_given
from osetra.core.params import Choice, Float
from osetra.core.text import parse_param
from osetra.errors import SpaceError

ENTRIES = {entry.name: entry for catalogue in catalogues() for entry in catalogue.entries}


def test_every_hyperparameter_has_either_options_or_bounds() -> None:
    for name, entry in ENTRIES.items():
        assert (name in BOUNDS) != any(isinstance(param, Choice) for param in entry.params), name


@pytest.mark.parametrize("name", ENTRIES)
def test_what_the_catalogue_itself_says_is_within_the_bounds(name: str) -> None:
    for param in (*ENTRIES[name].params, *ENTRIES[name].fixed):
        check_given(ENTRIES[name], param)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr=abc", "lr=abc: a number above 0 to 1000 is needed; usual is log(0.0001, 0.1"),
        ("lr=-1", "lr=-1: a number above 0 to 1000 is needed"),
        ("lr=log(1e-4, 1e9)", "lr=1e+09: a number above 0 to 1000 is needed"),
        ("dropout=1.5", "dropout=1.5: a number from 0 to below 1 is needed"),
        ("dropout=float(0, 1)", "dropout=1: a number from 0 to below 1 is needed"),
        ("layers=-3", "layers=-3: a whole number from 1 to 32 is needed"),
        ("layers=2.5", "layers=2.5: a whole number from 1 to 32 is needed"),
        ("units=log(16, 64)", "units: a whole number from 1 to 16384 is needed; use int(16, 64)"),
        ("batch_size=0", "batch_size=0: a whole number from 1 up is needed"),
        ("batch_size=true", "batch_size=True: a whole number from 1 up is needed"),
        ("kernel=4", "kernel=4: an odd whole number from 1 to 31 is needed"),
        ("optimizer=adamm", "optimizer=adamm: choose one of sgd, momentum"),
        ("optimizer=adamm", "Did you mean 'adam'?"),
        ("optimizer=choice(adam, lion)", "optimizer=lion: choose one of sgd"),
    ],
)
def test_what_no_training_can_use_is_refused_and_the_allowed_named(text: str, message: str) -> None:
    name, _, value = text.partition("=")
    with pytest.raises(SpaceError) as error:
        check_given(ENTRIES[name], parse_param(name, value))
    assert message in str(error.value)


@pytest.mark.parametrize(
    "text", ["lr=5", "layers=12", "units=3", "batch_size=7", "dropout=0", "optimizer=sgd"]
)
def test_a_value_outside_the_usual_range_is_taken_when_it_can_be_trained(text: str) -> None:
    name, _, value = text.partition("=")
    check_given(ENTRIES[name], parse_param(name, value))


def test_a_plain_value_and_a_range_are_both_checked_when_a_space_is_opened() -> None:
    with pytest.raises(SpaceError, match=r"dropout=1\.5"):
        select_space(by_name("mlp"), 5, given={"dropout": 1.5})
    with pytest.raises(SpaceError, match=r"dropout=2"):
        select_space(by_name("mlp"), 5, given={"dropout": Float(0, 2)})


def test_a_limit_of_time_is_not_told_as_a_number_of_trials_that_was_asked() -> None:
    sentence = select_space(by_name("mlp"), 30, minutes=0.5).sentence
    assert sentence.startswith("0.5 minutes, taken for 30 trials: searching lr,")
