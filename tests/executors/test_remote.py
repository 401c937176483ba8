"""What the executors for clusters take, with or without the cluster's package."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import numpy as np
import pytest

from osetra.errors import MissingExtra, StudyError
from osetra.executors.remote import checked_needs
from osetra.installing import install_line

SENSELESS: tuple[Any, ...] = (
    *(5, "cpu", [("cpu", 1)], {1: 1}, {"cpu": "1"}, {"cpu": -1}, {"cpu": float("nan")}),
    *({"gpu": True}, {"cpu": 1e18}, {"cpu": None}),
)


@pytest.mark.parametrize("needs", SENSELESS)
def test_senseless_needs_are_refused_by_name(needs: Any) -> None:
    with pytest.raises(StudyError, match="resources"):
        checked_needs("resources", needs)


def test_needs_are_amounts_by_name() -> None:
    assert checked_needs("resources", {"cpu": np.int64(2), "gpu": 0.5}) == {"cpu": 2, "gpu": 0.5}
    assert checked_needs("resources", None) == {}


@pytest.mark.parametrize(("module", "package"), [("ray", "ray"), ("dask", "distributed")])
def test_without_its_package_an_executor_says_how_to_get_it(module: str, package: str) -> None:
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingExtra, match=re.escape(install_line(module))):
        importlib.import_module(f"osetra.executors.{module}")
