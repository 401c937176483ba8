"""The jobs of docs/lines-of-code.md: counted as it says, run, and no longer than in any other tuner."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "jobs"


@pytest.fixture(scope="module")
def count() -> Iterator[ModuleType]:
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("count")
    sys.path.remove(str(FOLDER))


def test_the_table_is_what_is_counted(count: ModuleType) -> None:
    assert count.table() in (ROOT / "docs" / "lines-of-code.md").read_text("utf-8")


def test_no_job_is_longer_than_in_any_other_tuner(count: ModuleType) -> None:
    counts = {tuner: count.jobs(tuner) for tuner in count.TUNERS}
    ours = counts.pop("osetra")
    assert len(ours) == 13
    assert all(set(other) <= set(ours) for other in counts.values())
    assert [
        job for job, lines in ours.items() for other in counts.values() if other.get(job, lines) < lines
    ] == []


def test_a_job_is_counted_with_its_helpers_and_imports_alone(
    count: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import json\nimport ose\n\n\ndef _help():\n    return 1\n\n\n"
    text += "def one():\n    # a comment\n    a = (\n        1,\n    )\n\n    return a\n\n\n"
    text += "def two():\n    return json.dumps(_help())\n"
    (tmp_path / "in_this.py").write_text(text)
    monkeypatch.setattr(count, "HERE", tmp_path)
    monkeypatch.setattr(count, "TUNERS", {"this": "in_this"})
    assert count.jobs("this") == {"one": 4, "two": 4}


@pytest.mark.filterwarnings("ignore")
def test_the_jobs_run(count: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("in_osetra")
    for job in count.jobs("osetra"):
        if job != "train_two_at_a_time":  # a lambda of a script: it needs that script as __main__
            assert getattr(module, job)(), job
