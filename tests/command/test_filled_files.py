"""Configuration files of a program: placeholders, dotted names, and what readers make of the copies."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import osetra as ose
from osetra.command.filled_files import FilledFile, check_files, with_files
from osetra.errors import StudyError

SPACE = ose.Space(
    lr=ose.Float(1e-6, 1, scale="log", default=1e-5),
    opt=ose.Choice("adam", "on"),
    amp=ose.Choice(False, True),
)
VALUES = {"lr": 1e-5, "opt": "on", "amp": True}
READERS = {".json": json.loads, ".toml": tomllib.loads, ".yaml": yaml.safe_load}


def filled(folder: Path, name: str, text: str, values=VALUES, names=("lr", "opt", "amp")):
    (folder / name).write_text(text)
    return FilledFile.read(name, str(folder)).filled(values, names)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"lr": {lr}, "opt": "{opt}", "x": {"amp": "{ amp }", "run": "lr={lr} {opt}, {epoch}"}}'),
        (
            "a.yaml",
            "lr: {lr}  # a comment\nopt: '{opt}'\nx:\n  amp: {amp}\n  run: \"lr={lr} {opt}, {epoch}\"\n",
        ),
        ("a.yml", '{lr: {lr}, opt: {opt}, x: {amp: {amp}, run: "lr={lr} {opt}, {epoch}"}}'),
        ("a.toml", 'lr = {lr}\nopt = "{opt}"\n[x]\namp = {amp}\nrun = "lr={lr} {opt}, {epoch}"\n'),
    ],
)
def test_placeholders_become_values_as_the_format_writes_them(tmp_path: Path, name: str, text: str) -> None:
    read = READERS[Path(name).suffix.replace(".yml", ".yaml")](filled(tmp_path, name, text))
    assert read == {"lr": 1e-5, "opt": "on", "x": {"amp": True, "run": "lr=1.0e-05 on, {epoch}"}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"o": {"lr": 1, "k": [1, {"amp": null}]}, "opt": "x", "d": "kept"}'),
        ("a.yaml", "o:\n  lr: 1\n  k: [1, {amp: no}]\nopt: x\nd: kept\n"),
        ("a.toml", 'opt = "x"\nd = "kept"\n[o]\nlr = 1\nk = [1, {amp = 0}]\n'),
    ],
)
def test_dotted_names_are_set_where_they_lead(tmp_path: Path, name: str, text: str) -> None:
    values = {"o.lr": 1e-5, "opt": "on", "o.k.1.amp": True}
    read = READERS[Path(name).suffix](filled(tmp_path, name, text, values, tuple(values)))
    assert read == {"o": {"lr": 1e-5, "k": [1, {"amp": True}]}, "opt": "on", "d": "kept"}


json_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    rest=st.dictionaries(st.text(max_size=5).filter(lambda key: key != "lr"), json_trees, max_size=3),
    value=st.floats(1e-300, 1e300) | st.text(max_size=12) | st.booleans() | st.none(),
    suffix=st.sampled_from([".json", ".yaml"]),
)
def test_whatever_else_is_in_a_file_stays(tmp_path_factory, rest, value, suffix) -> None:
    folder = tmp_path_factory.mktemp("fill")
    # A name in braces is a placeholder; keys and texts of this test have none of lr.
    text = json.dumps({**rest, "lr": 0})
    read = READERS[suffix]
    try:
        before = read(text)
    except yaml.YAMLError:
        return  # some characters of JSON are none of YAML
    after = read(filled(folder, f"a{suffix}", text, {"lr": value}, ("lr",)))
    assert after == {**before, "lr": value}


@given(value=st.text(max_size=12))
def test_any_text_gets_through_quotes(tmp_path_factory, value) -> None:
    folder = tmp_path_factory.mktemp("fill")
    for name, text in (
        ("a.json", '{"opt": "{opt}", "in": "a {opt}"}'),
        ("a.toml", 'opt = "{opt}"\nin = "a {opt}"'),
    ):
        read = READERS[Path(name).suffix](filled(folder, name, text, {"opt": value}, ("opt",)))
        assert read == {"opt": value, "in": f"a {value}"}


def test_what_is_inactive_is_null_or_left_out(tmp_path: Path) -> None:
    values = {"opt": "adam"}
    assert json.loads(filled(tmp_path, "a.json", '{"lr": {lr}, "opt": "{opt}"}', values)) == {
        "lr": None,
        "opt": "adam",
    }
    assert yaml.safe_load(filled(tmp_path, "a.yaml", "lr: {lr}\nopt: {opt}\n", values)) == {
        "lr": None,
        "opt": "adam",
    }
    assert tomllib.loads(filled(tmp_path, "a.toml", 'lr = {lr}\nopt = "{opt}"\n', values)) == {"opt": "adam"}
    assert tomllib.loads(filled(tmp_path, "b.toml", 'lr = 1\nopt = "x"\n', values)) == {"opt": "adam"}
    assert filled(tmp_path, "a.ini", "[x]\nlr={lr}\nopt={opt}\n", values) == "[x]\nopt=adam\n"


def test_copies_stand_in_place_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "conf.json").write_text('{"lr": 1}')
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = with_files(
        ["python", "conf.json.py", "--config=conf.json", "conf.json"],
        ["conf.json"],
        str(tmp_path),
        {"lr": 0.5},
        ("lr",),
        scratch,
    )
    assert words[1] == "conf.json.py" and words[2] == f"--config={words[3]}"
    assert json.loads(Path(words[3]).read_text()) == {"lr": 0.5}
    assert (tmp_path / "conf.json").read_text() == '{"lr": 1}'


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.json", "{", "is no valid JSON"),
        (
            "a.json",
            '{"learning_rate": 1}',
            "none of lr, opt, amp has a place in it; its keys are learning_rate",
        ),
        ("a.toml", "lr == 1", "is no valid TOML"),
        ("a.yaml", "a: [1", "is no valid YAML"),
        ("a.yaml", "a: !mine 1\nlr: 1", "is no valid YAML"),
        ("a.ini", "[x]\nlr=3", "it has no {placeholder}"),
        ("b.yaml", None, "No such file"),
        ("a.bin.json", b"\xff\xfe\x00", "is no text in UTF-8"),
    ],
)
def test_files_that_cannot_be_filled_are_refused_before_anything_runs(
    tmp_path: Path, name, text, sentence
) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudyError) as refused:
        check_files(["python", name], [name], str(tmp_path), SPACE)
    assert sentence in str(refused.value)


def test_a_file_that_no_argument_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"lr": 1}')
    with pytest.raises(StudyError, match="no argument of the program names it"):
        check_files(["python", "train.py"], ["a.json"], str(tmp_path), SPACE)
    assert check_files(["python", "--c=a.json"], ["a.json"], str(tmp_path), SPACE) == {"lr"}


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(StudyError, match="a named pipe"):
        check_files(["python", "a.json"], ["a.json"], str(tmp_path), SPACE)
