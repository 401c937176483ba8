"""What has to be installed beside osetra."""

import pytest

from osetra.errors import MissingExtra
from osetra.nets import extras


def test_without_pytorch_the_one_command_is_shown(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(MissingExtra) as error:
        extras.require_torch()
    assert str(error.value) == "the built-in network needs torch: pip install 'osetra[torch]'"


def test_with_pytorch_nothing_is_said():
    extras.require_torch()
