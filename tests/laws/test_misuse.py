"""Whatever a public call is given, the answer is a result or an OsetraError, and no study suffers.

It is the experiment of benchmarks/misuse.py, with a few calls of each callable.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import osetra as ose

EXPERIMENT = Path(__file__).parents[2] / "benchmarks" / "misuse.py"


@pytest.fixture(scope="module")
def misuse() -> ModuleType:
    """The experiment, as a module."""
    spec = importlib.util.spec_from_file_location("misuse", EXPERIMENT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["misuse"] = module
    spec.loader.exec_module(module)
    return module


def test_wrong_arguments_are_refused_and_harm_no_study(
    misuse: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osetra.tuning.tune.tune_data", None)
    with caplog.at_level(logging.CRITICAL, "osetra"):
        every_so_many = itertools.islice(misuse.calls(quick=True), 0, None, 23)
        count = misuse.call_each(every_so_many)
    assert count.calls > 100
    assert count.refused > count.calls / 2
    assert (count.raw, count.unreadable, count.running) == ([], [], [])


def test_the_experiment_sees_what_it_looks_for(misuse: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: Any, **__: Any) -> None:
        raise KeyError("raw")

    monkeypatch.setattr("osetra.tuning.tune.tune_data", None)
    monkeypatch.setattr(ose.Study, "curve", raises)
    count = misuse.call_each([("Study.curve", "_", "None")])
    assert len(count.raw) == 1 and "KeyError" in count.raw[0]
