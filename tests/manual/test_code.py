"""What the manual shows runs, and prints what it says that it prints."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from manual.blocks import Block, alike, blocks, commands
from osetra.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
ELSEWHERE = {"frameworks.md"}
"""Pages whose Python runs where its frameworks are installed: tests/integrations/test_guide.py."""
SLOW = {"tutorial.md", "data-files.md"}
"""Pages that train networks by commands."""
SHELLS = {"", "sh", "bash", "console"}
CONTEXT = click.Context(main, info_name="osetra")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into an empty folder, with the home of nobody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["python"])
    return tmp_path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if page.name in SLOW else [], id=page.name)
        for page in PAGES
    ],
)
def test_the_code_of_a_page_runs(page: Path, place: Path) -> None:
    names: dict[str, object] = {"__name__": "__manual__"}
    for block in blocks(page):
        try:
            _check(block, page, names)
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{page.name}, line {block.line}: {error}\n{block.code}") from error


def _check(block: Block, page: Path, names: dict[str, object]) -> None:
    if block.kind == "python":
        tree = ast.parse(block.code)
        if block.parsed or page.name in ELSEWHERE:
            return
        ast.increment_lineno(tree, block.line - 1)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, page.name, "exec"), names)
        if block.prints is not None and not alike(block.prints, printed.getvalue()):
            raise AssertionError(f"it printed:\n{printed.getvalue()}\ninstead of:\n{block.prints}")
    elif block.kind == "toml":
        tomllib.loads(block.code)
    elif block.kind == "json":
        json.loads(block.code)
    elif block.kind in SHELLS:
        for line in re.findall(r"^(?:\$ )?(osetra .+)$", block.code.replace("\\\n", " "), re.MULTILINE):
            _known(line)
        if block.kind == "console" and not block.parsed:
            for command, said in commands(block.code):
                _run(command, said)


def _run(command: str, said: str) -> None:
    """Run a command of a page, in its folder."""
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=240, env=dict(os.environ), check=False
    )
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    if said.strip() and not alike(said, done.stdout):
        raise AssertionError(f"{command} printed:\n{done.stdout}\ninstead of:\n{said}")


def _known(line: str) -> None:
    """Check the verb of a command, and its options, as far as the line is one."""
    words = shlex.split(re.split(r"  +|…", line)[0], comments=True)[1:]
    names = [word for word in words if not word.startswith("-")]
    if not names or words[0].startswith("-") or not re.fullmatch(r"[a-z]+", names[0]):
        return
    group: click.Command = main
    context = CONTEXT
    while isinstance(group, click.Group) and names and re.fullmatch(r"[a-z-]+", names[0]):
        name = names.pop(0)
        found = group.get_command(context, name)
        assert found is not None, f"there is no `osetra {name}`: {line}"
        group, context = found, click.Context(found, info_name=name, parent=context)
    if group.name == "run":  # words of the program may stand anywhere
        words = words[: words.index("--")] if "--" in words else []
    options = {option for one in group.get_params(context) for option in (*one.opts, *one.secondary_opts)}
    for word in words:
        if re.match(r"--?[a-z]", word) and (name := word.split("=")[0]) not in options:
            raise AssertionError(f"`osetra {group.name}` has no option {name}: {line}")


def test_blocks_are_found_with_what_they_print(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n<!-- hidden\nx = 1\n-->\n\n```python\nprint(x)\n```\n\n```text\n1\n```\n"
        "<!-- parsed: needs a cluster -->\n```python\nray()\n```\n\nWords.\n\n```text\nnot its output\n```\n"
    )
    hidden, shown, output, parsed, _ = blocks(page)
    assert (hidden.code, shown.code, shown.prints) == ("x = 1\n", "print(x)\n", "1\n")
    assert (shown.line, output.kind, parsed.parsed, parsed.prints) == (7, "text", True, None)


@pytest.mark.parametrize(
    ("said", "printed", "same"),
    [
        ("best 0.25", "best 1e-05", True),
        ("a  b", "a b", True),
        ("a … z", "a b c\nd z", True),
        ("best 0.25", "worst 0.25", False),
        ("a\nb", "a", False),
    ],
)
def test_outputs_are_alike_but_for_numbers(said: str, printed: str, same: bool) -> None:
    assert alike(said, printed) is same


def test_an_option_that_is_gone_is_seen() -> None:
    with pytest.raises(AssertionError, match="no option --trails"):
        _known("osetra tune data.csv --trails 3")
    with pytest.raises(AssertionError, match="no `osetra tunes`"):
        _known("osetra tunes data.csv")
