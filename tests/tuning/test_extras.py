"""What is missing is named."""

import importlib.util

import pytest

from osetra.errors import MissingExtra
from osetra.tuning import extras


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ({"torch", "safetensors"}, "needs PyTorch: pip install"),
        ({"torch"}, "needs PyTorch: pip install"),
        ({"safetensors"}, "needs safetensors, which is not installed beside PyTorch: pip install"),
    ],
)
def test_the_package_that_is_missing_is_named(
    missing: set[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in missing else there(name))
    with pytest.raises(MissingExtra, match=text):
        extras.require_torch()
