"""Studies that version 0.1.0 left behind: newer code reads them, says the same of them and goes on alike.

A test that fails here has found something that people's studies would notice. Files and expectations
are never made again; `make.py` shows how they came to be.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from golden.problems import SLOW, STUDIES, Golden
from golden.reading import FILES, command, compare, compare_told, go_on, told, wanted

GOING_ON = [
    pytest.param(golden, id=golden.label, marks=[pytest.mark.slow] if golden.label in SLOW else [])
    for golden in STUDIES
    if golden.goes_on
]


def brought(golden: Golden, folder: Path) -> Path:
    """Return a copy of a study's file, with its checkpoints beside it, brought up to date."""
    file = Path(shutil.copy(FILES / f"{golden.file}.sqlite", folder))
    beside = FILES / f"{golden.file}.checkpoints"
    if beside.exists():
        shutil.copytree(beside, folder / beside.name)
    command("db", "migrate", file)
    return file


@pytest.mark.parametrize("golden", [pytest.param(golden, id=golden.label) for golden in STUDIES])
def test_a_study_says_of_itself_what_it_said(golden: Golden, tmp_path: Path) -> None:
    file = brought(golden, tmp_path)
    compare_told(wanted(golden.label), told(f"{file}#{golden.name}", str(file), golden.name))


@pytest.mark.parametrize("golden", GOING_ON)
def test_a_study_goes_on_as_it_would_have(golden: Golden, tmp_path: Path) -> None:
    file = brought(golden, tmp_path)
    compare(wanted(f"{golden.label}, gone on"), go_on(golden, str(file)), golden.rel)
    command("db", "check", file)
