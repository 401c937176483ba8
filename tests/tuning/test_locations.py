"""Places: what people call a study, wherever it lives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from osetra.cli import main
from osetra.cli.commands.tune import stored_in
from osetra.errors import StoreError, StudyError
from osetra.stores.address import Address
from osetra.tuning.locations import LINK, Location, create, find, known

SPACE = ose.Space(x=ose.Float(0, 1))

pytestmark = pytest.mark.usefixtures("here")


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def study_in(url: str, name: str = "main") -> None:
    study = ose.Study(url, SPACE, minimize="loss", name=name)
    study.enqueue(x=0.5)
    study.close()


def test_a_file_with_one_study_needs_no_name_for_it() -> None:
    study_in("several.db", "digits")
    assert find("several.db").address == Address("several.db", "digits")
    assert find("several.db").name == "digits"


def test_of_several_studies_one_has_to_be_named_and_they_are_listed() -> None:
    study_in("several.db", "digits")
    study_in("several.db", "wine")
    with pytest.raises(StudyError, match=r"several studies: digits, wine; name one: several.db#digits"):
        find("several.db")
    for text in ("several.db#wine", "sqlite:///several.db#wine"):
        assert find(text).address.study == "wine"
        assert "1 queued" in call("status", text).stdout


def test_of_several_studies_main_is_meant_when_there_is_one() -> None:
    study_in("several.db", "digits")
    study_in("several.db")
    assert find("several.db").address.study == "main"


def test_a_name_that_is_not_there_lists_those_that_are() -> None:
    study_in("several.db", "digits")
    with pytest.raises(StudyError, match=r"no study 'digit' in it; it has: digits. Did you mean 'digits'"):
        find("several.db#digit")
    with pytest.raises(StudyError, match="no study 'main' in it"):
        find("several.db#main")


def test_an_unknown_kind_of_store_lists_the_known_ones() -> None:
    with pytest.raises(StoreError, match=r"unknown kind of store 'mysql'; known: .*postgresql://"):
        find("mysql://host/db#x")


@pytest.mark.slow
def test_a_new_study_goes_where_the_store_says_and_its_name_finds_it() -> None:
    done = call("tune", "hello.py:descend", "-c", "study.toml", "--store", "shared.db", "--name", "first")
    assert done.exit_code == 0, done.output
    assert known() == ["first"]
    location = find("first")
    assert location.address == Address(str(Path("shared.db").absolute()), "first")
    assert not Path("osetra-runs/first/study.db").exists()
    assert Path("osetra-runs/first/curves.png").exists()
    assert find("shared.db#first").address.study == "first"
    assert "osetra resume first" in done.stderr
    assert create("first").address == location.address


def test_the_study_file_may_name_the_store() -> None:
    Path("study.toml").write_text('[study]\nminimize = "cost"\nstore = "shared.db#mine"\n')
    assert stored_in(Path("study.toml")) == "shared.db#mine"
    assert stored_in(None) is None
    Path("study.toml").write_text('[study]\nminimize = "cost"\nstore = "mysql://host/db"\n')
    assert "unknown kind of store 'mysql'" in call("tune", "hello.py:descend", "-c", "study.toml").stderr
    assert known() == []


def test_a_dry_run_keeps_no_address() -> None:
    words = ("--minimize", "cost", "--store", "shared.db", "--dry-run")
    assert call("tune", "hello.py:descend", *words).exit_code == 0
    assert known() == []


def test_a_folder_belongs_to_one_study() -> None:
    study = create("digits").start(SPACE, minimize="loss")
    study.close()
    with pytest.raises(StudyError, match=r"belongs to the study at .*study.db, not to .*shared.db#digits"):
        create("digits", store="shared.db")


def test_the_address_that_is_kept_has_no_password() -> None:
    location = create("digits", store="postgresql://ann:s3cret@host/db?password=other")
    assert location.address.url.startswith("postgresql://ann:s3cret@")
    location.folder.mkdir(parents=True)
    (location.folder / LINK).write_text(location.address.bare)
    assert "s3cret" not in (location.folder / LINK).read_text()
    assert create("digits", store="postgresql://ann:s3cret@host/db").at_home
    assert find("digits").address == Address("postgresql://ann@host/db", "digits")
    with pytest.raises(StudyError, match=r"belongs to .* not to postgresql://bob:\*\*\*@host/db#digits"):
        create("digits", store="postgresql://bob:s3cret@host/db")


def test_what_people_type_to_find_a_study_again() -> None:
    study_in("several.db", "digits")
    create("local").start(SPACE, minimize="loss").close()
    create("far", Path("out"), store="several.db").start(SPACE, minimize="loss").close()
    assert find("local").reference == "local"
    assert find("out").reference == "out"
    assert find("several.db#digits").reference == "'several.db#digits'"
    far = Location("x", Address("postgresql://ann:s3cret@h/db", "x"), Path("osetra-runs/x"))
    assert far.reference == "'postgresql://ann:***@h/db#x'"


def test_a_list_of_studies_names_the_one_that_cannot_be_read() -> None:
    create("local").start(SPACE, minimize="loss").close()
    create("gone", store="gone.db").start(SPACE, minimize="loss").close()
    Path("gone.db").unlink()
    shown = call("status")
    assert shown.exit_code == 0
    assert "local" in shown.stdout
    assert "gone" in shown.stderr


@pytest.mark.slow
def test_every_verb_takes_an_address() -> None:
    done = call("tune", "hello.py:descend", "-c", "study.toml", "--store", "shared.db", "--name", "first")
    assert done.exit_code == 0, done.output
    verbs = ("status", "show", "best", "export", "enqueue X alpha=0.5", "show X 1", "steer X 1")
    for count, text in enumerate(("shared.db#first", "sqlite:///shared.db#first")):
        for line in (*verbs, f"resume X --trials {8 + count}"):
            verb, _, *rest = line.split() if "X" in line else (line, "")
            result = call(verb, text, *rest)
            assert result.exit_code == 0, (line, result.output)


def test_a_file_that_a_program_made_here_is_found_without_its_ending() -> None:
    study = ose.Study("letters.db", SPACE, minimize="loss")
    study.enqueue()
    study.close()
    assert find("letters").address.file == Path("letters.db")


def test_a_store_that_no_file_can_be_is_refused() -> None:
    with pytest.raises(StudyError, match="give a shorter one"):
        create("a", store="x" * 100_000)


@pytest.mark.parametrize("verb", ["status", "show", "best", "db check", "db list"])
def test_what_is_no_study_is_said_by_every_verb(verb: str) -> None:
    os.mkfifo("f.db")
    Path("dir.db").mkdir()
    Path("loop.db").symlink_to("loop.db")
    Path("dangling.db").symlink_to("missing/x.db")
    found = {
        "f.db": "is a named pipe",
        "dir.db": "a study is a file, and this is a folder",
        "loop.db": "leads back to itself",
        "dangling.db": "missing",
    }
    for name, sentence in found.items():
        shown = call(*verb.split(), name)
        assert shown.exit_code, (verb, name)
        assert sentence in " ".join(shown.output.split()), (verb, name)


@pytest.mark.parametrize("option", ["-c", "-o"])
def test_links_that_lead_to_each_other_are_no_bug(option: str) -> None:
    Path("loop").symlink_to("loop")
    shown = call("tune", "digits", option, "loop")
    assert shown.exit_code
    assert "loop" in shown.output
    assert "bug" not in shown.output
