"""The live page beside a command that trains: a process of its own, that cannot harm the study."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
from rich.text import Text

from osetra.cli.output import Output
from osetra.errors import StudyError
from osetra.tuning.locations import Location

_KEY = "osetra.dashboard"
_CODE = "import sys; from osetra.cli import main; main(sys.argv[1:], prog_name='osetra')"
ENDING = 3.0
"""Seconds that the page has to end."""


def _remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_KEY] = True


dashboard_option = click.option(
    "--dashboard",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    help="Show the live page in a browser meanwhile.",
)


@contextmanager
def page_beside(output: Output, location: Location) -> Iterator[None]:
    """Serve the page of a study while the body runs, where --dashboard asks for it.

    Raises:
        StudyError: the page cannot be served.
    """
    if not click.get_current_context().meta.get(_KEY):
        yield
        return
    page = _started()
    try:
        output.say(Text(f"live page: {_address(page, location)}", no_wrap=True, overflow="ignore"))
        yield
    finally:
        with suppress(OSError):
            _pipe(page.stdin).close()  # its sign to end, also when this process is killed
        try:
            page.wait(ENDING)
        except subprocess.TimeoutExpired:
            page.kill()
            page.wait()


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - this program, with nothing of a user in its arguments
        [sys.executable, "-c", _CODE, "dashboard", "--beside"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the training
    )


def _address(page: subprocess.Popen[str], location: Location) -> str:
    """Tell the page what to show, by a pipe since an address may hold a password; return where it is."""
    address = location.address
    place = str(location.folder) if location.at_home else f"{address.url}#{address.study}"
    with suppress(BrokenPipeError):
        _pipe(page.stdin).write(f"{place}\n")
        _pipe(page.stdin).flush()
    line = str(_pipe(page.stdout).readline()).strip()
    if not line:
        said = str(_pipe(page.stderr).read()).strip().removeprefix("error: ")
        raise StudyError(f"--dashboard: {said or 'the page could not be served'}")
    return line


def _pipe(pipe: Any) -> Any:
    assert pipe is not None
    return pipe
