"""What makes no sense on any command line ends with 2, whichever verb it is typed behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main
from osetra.errors import StudyError
from osetra.tuning.locations import check_name

ARGUMENTS = {"trial": "1"}


def leaves(command: click.Command, above: click.Context, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(above):
            below = command.get_command(above, name)
            assert below is not None
            yield from leaves(below, click.Context(below, parent=above, info_name=name), (*words, name))
    else:
        yield words


LEAVES = tuple(leaves(main, click.Context(main), ()))


def found(words: tuple[str, ...]) -> click.Command:
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)  # type: ignore[assignment]  # it is there
    return command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("usage")
    study = ose.Study(folder / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    study.run(lambda run: run.config["x"], trials=2, progress=False)
    study.close()
    return folder


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_what_no_verb_understands_ends_with_2(
    words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    command = found(words)
    needed = [p for p in command.params if isinstance(p, click.Argument) and p.required]
    right = [ARGUMENTS.get(str(p.name), "s.db") for p in needed]
    typed = [[*right, "--nonsense"], ["--nonsense", *right]]
    typed += [[]] if needed else []
    for option in command.params:
        if not isinstance(option, click.Option) or option.is_flag:
            continue
        name = max(option.opts, key=len)
        typed.append([*right, name])
        if not isinstance(option.type, (click.types.StringParamType, click.Path)):
            typed += [[*right, name, wrong] for wrong in ("@@", "")]
    for line in typed:
        ended = CliRunner().invoke(main, [*words, *line])
        assert ended.exit_code == 2, (line, ended.output)
        assert "bug of osetra" not in ended.output


@pytest.mark.parametrize(
    "line",
    [
        "tune digits --delimiter @@",
        "tune digits --encoding @@",
        "tune digits --header @@",
        "tune digits --device @@",
        "data digits --delimiter @@",
        "predict s.db d.csv --encoding @@",
        "evaluate s.db d.csv --header @@",
        "babysit digits --delimiter @@",
        "worker s.db --gpus @@",
        "steer s.db 1 halt",
        "plot s.db nothing",
        "plot s.db -o picture.txt",
        "plot s.db history --metric loss",
        "plot s.db curves --x lr",
        "dashboard --certificate a.pem",
        "dashboard --host 0.0.0.0",
        "db rename s.db a/b",
    ],
)
def test_values_that_make_no_sense_by_themselves_end_with_2(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ended = CliRunner().invoke(main, line.split())
    assert ended.exit_code == 2, ended.output


def test_a_name_that_is_no_text_is_refused_whatever_it_does() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no text")

        __repr__ = __str__

    for name in (Hostile(), None, 3, b"x", ["x"]):
        with pytest.raises(StudyError, match="is no name: letters"):
            check_name(name)


@pytest.mark.parametrize(("name", "better"), [("a/b", "b"), ("-x", "x"), ("", "study"), ("a#b", "a-b")])
def test_a_bad_name_comes_with_a_better_one(
    name: str, better: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ended = CliRunner().invoke(main, ["db", "rename", "s.db", "--", name])
    assert ended.exit_code == 2
    assert f"such as {better!r}" in " ".join(ended.output.split())
