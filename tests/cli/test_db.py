"""`osetra db`, as people and programs see it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from cli.studies import SPACE
from osetra.cli import main

pytestmark = pytest.mark.usefixtures("here")


def call(*words: str) -> Result:
    result = CliRunner().invoke(main, ["db", *words])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def break_(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_sound_study_is_told_so_by_name_and_by_file(digits: Path) -> None:
    for name in ("digits", str(digits), str(digits / "study.db")):
        result = call("check", name)
        assert result.exit_code == 0, result.output
        assert "main: 8 facts, 4 points: sound" in result.stdout


def test_a_fault_is_named_and_ends_with_code_1(digits: Path) -> None:
    break_(digits / "study.db", "DELETE FROM fact WHERE key = 'claimed/2/1'")
    result = call("check", "digits")
    assert result.exit_code == 1
    assert "trial 2, attempt 1 ended (failed) and was never claimed (version 8)" in result.stdout
    read = json.loads(call("check", "digits", "--json").stdout)
    assert (read["schema"], read["sound"]) == ("osetra.check/1", False)
    assert read["studies"][1]["violations"][0].keys() == {"text", "trial", "attempt", "version", "grave"}


def test_what_is_no_study_ends_with_code_5_and_what_is_newer_with_6(digits: Path, here: Path) -> None:
    (here / "notes.db").write_text("shopping list")
    assert call("check", "notes.db").exit_code == 5
    break_(digits / "study.db", "PRAGMA user_version = 99")
    for verb in ("check", "migrate"):
        assert call(verb, "digits").exit_code == 6


def test_a_backup_is_made_checked_and_never_overwritten(digits: Path, here: Path) -> None:
    result = call("backup", "digits", "copy.db")
    assert result.exit_code == 0, result.output
    assert "copy.db" in result.stdout and "8 facts, 4 points" in result.stdout
    assert call("check", "copy.db").exit_code == 0
    again = call("backup", "digits", "copy.db")
    assert again.exit_code == 5
    assert "exists and is not overwritten" in " ".join(again.stderr.split())


def test_a_damaged_file_is_recovered_and_what_was_lost_is_listed(digits: Path) -> None:
    file = digits / "study.db"
    break_(file, "UPDATE fact SET body = 'nonsense' WHERE key = 'ended/2/1'")
    assert call("check", "digits").exit_code == 1
    result = call("recover", "digits")
    assert result.exit_code == 0, result.output
    assert "main: 7 facts and 4 points saved" in result.stdout
    assert call("check", str(digits / "study-recovered.db")).exit_code == 0
    read = json.loads(call("recover", str(file), str(digits / "two.db"), "--json").stdout)
    assert read["studies"][0]["facts"] == 7


def test_gc_says_what_it_frees(digits: Path) -> None:
    result = call("gc", "digits", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "would be freed: 0 files" in result.stdout
    assert json.loads(call("gc", "digits", "--json").stdout)["running"] == []
    assert call("check", "digits").exit_code == 0


def test_migrate_has_nothing_to_do_for_a_file_of_today(digits: Path) -> None:
    assert "nothing to do" in call("migrate", "digits").stdout


def test_a_study_that_is_not_there_is_named() -> None:
    result = call("check", "absent")
    assert result.exit_code == 1
    assert "absent" in result.stderr


def test_escapes_in_a_study_do_not_reach_the_terminal(digits: Path) -> None:
    break_(digits / "study.db", "UPDATE study SET name = 'a\x1b[2J\x07b'")
    assert "\x1b" not in call("check", "digits").output


def test_studies_are_listed_by_where_they_live(digits: Path, here: Path) -> None:
    assert call("list").stdout == "digits: 2 trials, osetra-runs/digits/study.db\n"
    for name in ("one", "two"):
        ose.Study("several.db", SPACE, minimize="cost", name=name).enqueue()
    listed = json.loads(call("list", "several.db", "--json").stdout)["studies"]
    assert [(row["study"], row["trials"]) for row in listed] == [("one", 1), ("two", 1)]


def test_a_renamed_study_is_found_by_its_new_name(digits: Path, here: Path) -> None:
    (digits / "model").mkdir()
    assert call("rename", "digits", "numbers").exit_code == 0
    assert (here / "osetra-runs" / "numbers" / "model").is_dir() and not digits.exists()
    assert "numbers" in CliRunner().invoke(main, ["status"]).output
    ose.Study("several.db", SPACE, minimize="cost", name="one").enqueue()
    assert call("rename", "several.db#one", "first").exit_code == 0
    assert call("check", "several.db#first").exit_code == 0
    taken = call("rename", "numbers", "../up")
    assert taken.exit_code == 2 and "is no name" in taken.output


def test_a_study_is_deleted_after_a_yes_and_not_without(digits: Path, here: Path) -> None:
    asked = call("delete", "digits")
    assert asked.exit_code == 1 and "nothing was deleted" in asked.output and digits.exists()
    done = call("delete", "digits", "--yes")
    assert done.exit_code == 0 and not digits.exists()
    assert "deleted digits: 2 trials" in done.stdout and "folder" in done.stdout
    again = call("delete", "digits", "--yes")
    assert again.exit_code == 1 and "no such study" in again.output
