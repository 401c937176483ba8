"""Experience from the command line: kept, used, shown, forgotten, exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from osetra.cli import main
from osetra.core.facts import Noted
from osetra.experience import home
from osetra.tuning.locations import find


@pytest.fixture
def kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for experience, beside hello.py."""
    monkeypatch.setenv("OSETRA_EXPERIENCE", str(here / "kept"))
    return here / "kept"


def osetra(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def tuned(name: str, *words: str, trials: int = 9) -> None:
    told = osetra("tune", "hello.py:descend", "-c", "study.toml", "-n", str(trials), "--name", name, *words)
    assert told.exit_code == 0, told.output


def notes(name: str) -> list[Noted]:
    study = find(name).open()
    try:
        return study.history.noted("experience")
    finally:
        study.close()


def test_a_study_is_kept_and_the_next_one_begins_with_what_it_taught(kept: Path) -> None:
    tuned("first")
    assert notes("first") == []
    assert [record.study for record in home.kept()[0]] == ["first"]
    tuned("second")
    assert notes("second")[0].data["names"] == ["first"]
    shown = osetra("show", "second")
    assert "experience of 1 study: tried first" in " ".join(shown.output.split())
    study = find("second").open()
    assert study.trials[1].config == notes("second")[0].data["configs"][0]
    study.close()


def test_a_dry_run_says_what_would_be_tried_first(kept: Path) -> None:
    words = ["tune", "hello.py:descend", "-c", "study.toml", "--name", "dry", "--dry-run"]
    assert "experience" not in osetra(*words).output
    tuned("first")
    assert "experience: tried first alpha=" in osetra(*words).output
    assert "experience" not in osetra(*words, "--no-experience").output


def test_who_wants_none_has_none(kept: Path) -> None:
    tuned("first", "--no-experience")
    tuned("second", "--no-experience")
    assert not kept.exists() and notes("second") == []


def test_resuming_replaces_the_record_and_asks_no_more(kept: Path) -> None:
    tuned("other")
    tuned("first")
    before = notes("first")
    assert osetra("resume", "first", "--trials", "12").exit_code == 0
    assert before and notes("first")[: len(before)] == before
    assert {record.study: record.finished for record in home.kept()[0]} == {"other": 9, "first": 12}


def test_short_studies_and_homes_that_cannot_be_written_are_no_failure(
    kept: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned("short", trials=3)
    assert not kept.exists()
    (here / "file").write_text("")
    monkeypatch.setenv("OSETRA_EXPERIENCE", str(here / "file" / "kept"))
    tuned("unkept")


def test_the_list_says_what_there_is_and_names_what_is_damaged(kept: Path) -> None:
    assert "nothing yet" in osetra("experience", "list").output
    tuned("first")
    (kept / "broken.json.gz").write_bytes(b"no")
    told = osetra("experience", "list")
    assert "9 trials, minimize cost, over alpha" in " ".join(told.output.split())
    assert "broken.json.gz" in told.output.replace("\n", "")
    document: dict[str, Any] = json.loads(CliRunner().invoke(main, ["experience", "list", "--json"]).stdout)
    assert document["schema"].startswith("osetra.experience/") and document["records"][0]["trials"] == 9


def test_forgetting(kept: Path) -> None:
    tuned("first")
    (kept / "broken.json.gz").write_bytes(b"no")
    assert osetra("experience", "forget").exit_code == 2
    wrong = osetra("experience", "forget", "frist")
    assert wrong.exit_code != 0 and "Did you mean 'first'" in " ".join(wrong.output.split())
    assert osetra("experience", "forget", "first").exit_code == 0
    assert osetra("experience", "forget", "--all").exit_code == 0
    assert list(kept.iterdir()) == []


def test_what_is_exported_is_experience_elsewhere(kept: Path, here: Path) -> None:
    tuned("first", "--no-experience")
    assert osetra("experience", "export", "first").exit_code == 0
    study = ose.Study(
        "memory:", find("first").open().problem.space, minimize="x", experience=["first.json.gz"]
    )
    assert study.history.noted("experience")[0].data["names"] == ["first"]
    assert osetra("experience", "add", "first.json.gz").exit_code == 0
    assert [record.study for record in home.kept()[0]] == ["first"]
    refused = osetra("experience", "export", "first", "-o", "x.json")
    assert refused.exit_code == 2 and "ends with .json.gz" in refused.output


@pytest.mark.parametrize("words", [("add", "none.json.gz"), ("export", "short"), ("add", "hello.py")])
def test_what_cannot_be_is_said(kept: Path, words: tuple[str, str]) -> None:
    tuned("short", trials=3)
    told = osetra("experience", *words)
    assert told.exit_code not in (0, 2)
    assert "Traceback" not in told.output and len(told.output.splitlines()) <= 4


def test_adding_where_it_is_off_says_so(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned("first", "--no-experience")
    assert osetra("experience", "export", "first").exit_code == 0
    monkeypatch.setenv("OSETRA_EXPERIENCE", "off")
    assert "experience is off" in " ".join(osetra("experience", "add", "first.json.gz").output.split())
    assert "experience is off" in osetra("experience", "list").output
