"""Configurations: a training's own can be changed, a history's cannot, and neither is anybody else's."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from osetra.core.config import RunConfig, TrialConfig
from osetra.errors import StudyError

CHANGES: list[Callable[[Any], Any]] = [
    lambda config: config.pop("lr"),
    lambda config: config.popitem(),
    lambda config: config.clear(),
    lambda config: config.update(lr=2),
    lambda config: config.setdefault("units", 2),
    lambda config: operator.setitem(config, "lr", 2),
    lambda config: operator.delitem(config, "lr"),
    lambda config: operator.ior(config, {"lr": 2}),
    lambda config: setattr(config, "lr", 2),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_history_holds_is_not_changed(change: Callable[[Any], Any]) -> None:
    config = TrialConfig(lr=0.1, momentum=0.9)
    with pytest.raises((StudyError, AttributeError)):
        change(config)
    assert config == {"lr": 0.1, "momentum": 0.9}


@pytest.mark.parametrize("kind", [RunConfig, TrialConfig])
def test_copies_are_plain_dictionaries(kind: type[RunConfig]) -> None:
    config = kind(lr=0.1)
    copies: list[Any] = [
        config.copy(), copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config)),
        dict(config), {**config}, config | {}, json.loads(json.dumps(config)),
    ]  # fmt: skip
    for one in copies:
        assert type(one) is dict and one == {"lr": 0.1}
        one["lr"] = 3.0
    assert config == {"lr": 0.1}


def test_names_are_attributes_and_a_wrong_one_is_named() -> None:
    config = RunConfig(lr=0.1, hidden_size=3)
    assert (config.lr, config.hidden_size) == (0.1, 3)
    with pytest.raises(
        AttributeError, match=r"no hyperparameter 'hiden_size'; there are lr, hidden_size. Did"
    ):
        _ = config.hiden_size
    assert not hasattr(config, "units")
