"""The pictures of the live page in README: a study of short trainings at work, watched in a browser.

    python docs/screenshots.py [FOLDER]

Needs Chromium and `pip install playwright pillow`; the study is made anew, and half a minute of its training
is waited for. It stands in a folder of its own under a plain name and is trained on a host of a plain name,
so that nothing of the machine that makes the pictures is seen in them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "dashboard" / "digits_study.py"
STUDY, HOST = "digits", "lab"
TRAIN = f"import socket; socket.gethostname = lambda: '{HOST}'; import runpy, sys; sys.argv = sys.argv[1:]; "
TRAIN += "runpy.run_path(sys.argv[0], run_name='__main__')"
OSETRA = "from osetra.cli import main; main(prog_name='osetra')"
WIDTH, HEIGHT = 1360, 860
SHOTS = {"page-cockpit.png": ("light", "cockpit"), "page-search.png": ("dark", "search")}
LARGEST = 150_000
"""Bytes of a picture at most; one above gets along with fewer colours."""
WARM = 26.0
"""Seconds after which enough trials have ended and some still run."""
BUSY = (
    "(b => Boolean(b) && !document.querySelector('[aria-busy=true]'))(document.querySelector('main canvas'))"
)


def main(folder: Path) -> None:
    """Train, open the page, and photograph two of its views."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        file = Path("osetra-runs") / STUDY / "study.db"
        (place / file).parent.mkdir(parents=True)
        with running(place, "train.log", TRAIN, str(PROGRAM), str(file), "120", "0.06"):
            time.sleep(WARM)
            with running(place, "page.log", OSETRA, "dashboard", STUDY, "--no-open"):
                photograph(address(place / "page.log"), folder)


@contextmanager
def running(place: Path, log: str, program: str, *words: str) -> Iterator[None]:
    """Run a Python program in a folder, with its home there as well, and end it afterwards."""
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    state = {"HOME": str(place), "XDG_STATE_HOME": str(place / "state"), "PYTHONPATH": paths}
    with (place / log).open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs, our own folder
            [sys.executable, "-c", program, *words],
            cwd=place,
            env={**os.environ, **state},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def address(log: Path) -> str:
    """Return the page's address as soon as the server prints it."""
    deadline = time.monotonic() + 60
    while not (found := re.search(r"http://\S+", log.read_text("utf-8"))):
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text("utf-8"))
        time.sleep(0.1)
    return found[0]


def photograph(url: str, folder: Path) -> None:
    """Write a picture of each view."""
    with sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, (theme, view) in SHOTS.items():
            size = {"width": WIDTH, "height": HEIGHT}
            context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            tab = context.new_page()
            tab.goto(url)
            tab.click(".study-main a")
            tab.wait_for_selector(".views")
            tab.evaluate(f"location.hash = location.hash.split('/').slice(0, 2).join('/') + '/{view}'")
            wait(tab)
            tab.screenshot(path=folder / name)
            context.close()
            lighten(folder / name)
        browser.close()


def wait(tab: Any) -> None:
    """Wait until a view is drawn, and its advice is there."""
    deadline = time.monotonic() + 60
    while not tab.evaluate(BUSY):
        if time.monotonic() > deadline:
            raise TimeoutError(tab.inner_text("body"))
        tab.wait_for_timeout(200)
    tab.wait_for_timeout(4000)


def lighten(picture: Path) -> None:
    """Write a picture with as many colours as its bytes allow."""
    whole = Image.open(picture).convert("RGB")
    for colours in (256, 128, 96, 64, 48):
        if picture.stat().st_size <= LARGEST:
            return
        few = whole.quantize(colours, dither=Image.Dither.NONE)
        few.save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
