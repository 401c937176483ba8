"""`osetra plot`: files in the format asked for, and clear words for what cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from osetra import Float, Run, Space, Study
from osetra.cli import main
from osetra.cli.commands.plot import KINDS
from osetra.views.figures.kinds import KINDS as DRAWN


def train(run: Run) -> None:
    for _ in run.steps(2):
        run.report(loss=run.config["a"])


@pytest.fixture
def study(tmp_path: Path) -> str:
    file = tmp_path / "a.db"
    made = Study(file, Space(a=Float(0, 1), b=Float(0, 1)), minimize="loss")
    made.run(train, trials=4, progress=False)
    made.close()
    return str(file)


def plot(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plot", *arguments])


def test_the_verb_knows_every_figure() -> None:
    assert tuple(DRAWN) == KINDS


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_has_the_format_of_its_name(study: str, tmp_path: Path, suffix: str, begins: bytes) -> None:
    file = tmp_path / f"out.{suffix}"
    done = plot(study, "curves", "-o", str(file))
    assert done.exit_code == 0, done.output
    assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("histroy",), "Did you mean 'history'?"),
        (("curves", "-o", "a.gif"), "ends in .png, .svg, .pdf"),
        (("slice", "--by", "cost"), "--by is an option of history, not of slice"),
        (("curves", "--trial", "99"), "no such trial"),
        (("contour", "--x", "c"), "no such searched hyperparameter"),
    ],
)
def test_what_cannot_be_drawn_is_said(study: str, arguments: tuple[str, ...], said: str) -> None:
    done = plot(study, *arguments)
    assert done.exit_code != 0
    assert said in done.output
