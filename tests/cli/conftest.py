"""What the tests of the command line share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.programs import write_programs
from cli.studies import make_study


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a temporary folder that holds hello.py and study.toml."""
    write_programs(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    yield tmp_path
    for name in ("hello", "nursed", "faulty", "bare"):
        sys.modules.pop(name, None)


@pytest.fixture
def digits(here: Path) -> Path:
    """The folder of a study with two trials."""
    make_study(here / "osetra-runs" / "digits")
    return here / "osetra-runs" / "digits"
