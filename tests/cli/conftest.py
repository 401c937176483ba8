"""What the tests of the command line share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from cli.programs import write_programs
from cli.studies import make_study

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"


@pytest.fixture
def text() -> Callable[..., str]:
    """Return what a renderable looks like on a terminal without colours, trailing blanks removed."""

    def render(view: RenderableType, width: int = 80) -> str:
        file = StringIO()
        console = Console(file=file, width=width, markup=False, highlight=False, emoji=False)
        console.print(view)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"

    return render


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Return a check of a text against the file of the test's name; OSETRA_GOLDEN=write makes it."""
    import os

    name = request.node.name.removeprefix("test_")
    file = GOLDEN / f"{name}.txt"

    def check(shown: str) -> None:
        if os.environ.get("OSETRA_GOLDEN") == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown, encoding="utf-8")
        assert shown == file.read_text(encoding="utf-8")

    yield check


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
