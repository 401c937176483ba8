"""Addresses: what they name, and that no password is ever shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.params import Float
from osetra.core.space import Space
from osetra.errors import StoreError, StudyError
from osetra.stores import studies
from osetra.stores.address import MAIN, Address, check_path, mask, parse
from osetra.study.study import Study
from osetra.tuning.locations import find


@pytest.mark.parametrize(
    ("text", "url", "study"),
    [
        ("studies.db", "studies.db", "main"),
        ("studies.db#digits", "studies.db", "digits"),
        ("sqlite:///a/b.db#my study", "sqlite:///a/b.db", "my study"),
        ("postgresql://host/db", "postgresql://host/db", "main"),
        (
            "postgresql://u:p%23w@host/db?sslmode=require#d",
            "postgresql://u:p%23w@host/db?sslmode=require",
            "d",
        ),
        ("studies.db#", "studies.db", "main"),
    ],
)
def test_a_text_names_a_store_and_a_study(text: str, url: str, study: str) -> None:
    address = parse(text)
    assert (address.url, address.study) == (url, study)


def test_a_file_with_a_hash_in_its_name_is_that_file(tmp_path: Path) -> None:
    file = tmp_path / "a#b.db"
    file.touch()
    assert parse(str(file)) == Address(str(file))


def test_the_name_may_come_from_another_place_but_not_contradict() -> None:
    assert parse("postgresql://host/db", "digits").study == "digits"
    assert parse("x.db#digits", "digits").study == "digits"
    with pytest.raises(StoreError, match=r"names the study 'digits', .* 'wine'"):
        parse("x.db#digits", "wine")


@pytest.mark.parametrize("text", ["postgresql://u:se#cret@host/db", "postgresql://u:#secret@host/db"])
def test_a_hash_in_a_password_is_told_how_to_be_written_and_not_shown(text: str) -> None:
    with pytest.raises(StoreError, match="%23") as caught:
        parse(text)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("a.db", Path("a.db")),
        ("sqlite:///a.db", Path("a.db")),
        ("sqlite:////tmp/a.db", Path("/tmp/a.db")),
        ("postgresql://h/d", None),
        ("memory:", None),
    ],
)
def test_which_file_it_is(url: str, file: Path | None) -> None:
    assert Address(url).file == file


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://ann:s3cret@host:5432/db", "postgresql://ann:***@host:5432/db"),
        ("postgresql://:s3cret@host/db#d", "postgresql://:***@host/db#d"),
        ("postgresql://ann:a:b@c@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:a/b?c@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann@host:5432/db", "postgresql://ann@host:5432/db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        (
            "postgresql://h/db?user=ann&password=s3cret&sslmode=require#d",
            "postgresql://h/db?user=ann&password=***&sslmode=require#d",
        ),
        ("postgresql://h/db?sslpassword=x", "postgresql://h/db?sslpassword=***"),
        (r"host=h password='it\'s se cret' dbname=d", "host=h password=*** dbname=d"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_passwords_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("postgresql://ann:s3cret@host/db#d", "postgresql://ann@host/db#d"),
        ("postgresql://ann@h/db?password=x&sslmode=require", "postgresql://ann@h/db?sslmode=require#main"),
        ("postgresql://h/db?sslmode=require&password=x#d", "postgresql://h/db?sslmode=require#d"),
        ("postgresql://h/db?password=x#d", "postgresql://h/db#d"),
        ("a.db#d", "a.db#d"),
    ],
)
def test_what_is_written_down_has_no_password_and_names_the_same(text: str, bare: str) -> None:
    assert parse(text).bare == bare
    assert parse(bare).bare == bare


def test_an_address_prints_itself_without_its_password() -> None:
    address = parse("postgresql://ann:s3cret@host/db#digits")
    assert str(address) == repr(address) == f"{address}" == "postgresql://ann:***@host/db#digits"


@given(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1).map(lambda s: f"<{s}>"))
def test_no_password_without_blanks_survives(password: str) -> None:
    assert password not in mask(f"postgresql://ann:{password}@host/db")
    assert mask(mask(f"x://a:{password}@h/d")) == mask(f"x://a:{password}@h/d")


def test_a_name_behind_a_mark_means_the_same_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Study("s.db#one", Space(x=Float(0, 1)), minimize="loss").close()
    assert studies("s.db") == ["one"]
    for text in ("s.db#one", "sqlite:///s.db#one", f"{tmp_path}/s.db#one"):
        assert Study(text).name == "one"
        assert find(text).address.study == "one"
    assert Study(Path("s.db"), name="one").name == "one"
    with pytest.raises(StoreError, match="names the study 'one', and the other name given is 'two'"):
        Study("s.db#one", name="two")
    with pytest.raises(StudyError, match="there is no study 'main'"):
        Study("s.db")


def test_a_mark_in_the_name_of_a_folder_or_a_file_is_none_of_a_study(tmp_path: Path) -> None:
    folder = tmp_path / "a#b"
    folder.mkdir()
    for file in (folder / "s.db", folder / "c#d"):
        file.touch()
        for text in (str(file), f"sqlite:///{file}"):
            assert parse(text).study == MAIN
            assert parse(text).file == file


@pytest.mark.parametrize("before", ["", "sqlite:///"])
def test_a_mark_in_a_name_that_ends_as_files_do_is_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse(f"{before}a#b.db").file == Path("a#b.db")
    assert parse(f"{before}a#b.db#c").study == "c"
    assert parse(f"{before}a.db#b.db").study == "b.db"
    Path("a").touch()  # a file of that name was made by somebody
    assert parse(f"{before}a#b.db").study == "b.db"


@pytest.mark.parametrize("text", [" ", "\t", " .db", "folder/ "])
def test_a_name_of_blanks_is_none(text: str) -> None:
    with pytest.raises(StoreError, match="all blanks"):
        check_path(text)
