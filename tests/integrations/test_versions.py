"""A framework that is absent, too old or untested is told by name, with the version that was tested."""

from __future__ import annotations

import logging
import re
import sys
from types import ModuleType

import pytest

from osetra.errors import MissingExtra
from osetra.installing import install_line
from osetra.integrations import versions
from osetra.integrations.versions import FRAMEWORKS, framework


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A framework of the name of LightGBM, whose version a test sets."""
    module = ModuleType("lightgbm")
    monkeypatch.setitem(sys.modules, "lightgbm", module)
    monkeypatch.setattr(versions, "version", lambda package: module.__version__)
    monkeypatch.setattr(versions, "_said", set())
    return module


def test_an_absent_framework_is_asked_for_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, known in FRAMEWORKS.items():
        monkeypatch.setitem(sys.modules, name, None)
        sentence = f"{install_line(known.extra)} (tested with {known.title} {known.tested})"
        with pytest.raises(MissingExtra, match=re.escape(sentence)):
            framework(name)


def test_an_old_framework_is_refused(library: ModuleType) -> None:
    library.__version__ = "3.3.5"
    with pytest.raises(MissingExtra, match=r"LightGBM 3\.3\.5 is older than 4\.0, .*with LightGBM 4\.7\.0"):
        framework("lightgbm")


def test_an_untested_framework_is_named_once(library: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    library.__version__ = "5.0.1"
    with caplog.at_level(logging.WARNING, "osetra"):
        assert framework("lightgbm") is library
        assert framework("lightgbm") is library
    assert caplog.messages == ["LightGBM 5.0.1 is untested; osetra was tested with 4.7.0"]


def test_another_patch_of_the_tested_version_and_a_local_build_are_no_news(
    library: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    library.__version__ = "4.7.3+cpu"
    with caplog.at_level(logging.WARNING, "osetra"):
        framework("lightgbm")
    assert caplog.messages == []


def test_a_framework_under_another_package_name_tells_its_own_version(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(package: str) -> str:
        raise versions.PackageNotFoundError(package)

    monkeypatch.setattr(versions, "version", absent)
    library.__version__ = "2.0"
    with pytest.raises(MissingExtra, match=r"LightGBM 2\.0 is older"):
        framework("lightgbm")
