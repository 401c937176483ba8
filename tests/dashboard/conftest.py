"""A browser for the page's tests: the distribution's Chromium, which may reach this machine only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dashboard.documents import documents
from osetra.dashboard import vendor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAM = Path(__file__).with_name("digits_study.py")
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")


@dataclass
class Watched:
    """A page, and whatever it complained of."""

    page: Page
    trouble: list[str] = field(default_factory=list)

    def expect(self, *parts: str) -> None:
        """Take back complaints that were meant to come."""
        self.trouble = [one for one in self.trouble if not any(part in one for part in parts)]


Opener = Callable[..., Watched]


def until(page: Page, expression: str, seconds: float = 40.0) -> None:
    """Wait until an expression holds; the page's policy forbids the evaluation that Playwright's own uses."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < deadline, f"{expression}\n{page.inner_text('body')}"
        page.wait_for_timeout(100)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, or a skip that says how to get it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed: apt install chromium")
    if problem := vendor.ensure():
        pytest.skip(problem)
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield made
        made.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Open pages that may reach this machine only; complaints fail the test at its end."""
    made: list[tuple[Any, Watched]] = []

    def begin(width: int = 1440, theme: str = "light", height: int = 900, **options: Any) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(15_000)
        watched = Watched(context.new_page())
        made.append((context, watched))
        context.route("**/*", lambda route: _only_here(route, watched))
        page = watched.page
        page.on("console", lambda said: _hear(said.type, said.text, watched))
        page.on("pageerror", lambda error: watched.trouble.append(f"error: {error}\n{error.stack}"))
        return watched

    yield begin
    complaints = [complaint for _, watched in made for complaint in watched.trouble]
    for context, _ in made:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def study_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 60 trials with curves, rungs, orders and failures."""
    path = tmp_path_factory.mktemp("page") / "digits.db"
    subprocess.run(
        [sys.executable, PROGRAM, path, "60", "0.01"], check=True, timeout=240, capture_output=True
    )
    return path


@pytest.fixture(scope="session")
def digits(study_file: Path) -> dict[str, Any]:
    """Its documents by their paths."""
    made: dict[str, Any] = json.loads(json.dumps(documents(str(study_file)), allow_nan=False))
    return made


def _only_here(route: Any, watched: Watched) -> None:
    if "127.0.0.1" in route.request.url or route.request.url.startswith(("data:", "blob:", "file:")):
        route.continue_()
    else:
        watched.trouble.append(f"asked for {route.request.url}")
        route.abort()


def _hear(kind: str, text: str, watched: Watched) -> None:
    if kind in ("error", "warning"):
        watched.trouble.append(f"console {kind}: {text}")
