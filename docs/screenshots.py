"""The pictures of the live page in README: a study of short trainings at work, watched in a browser.

    python docs/screenshots.py [FOLDER]

Needs Chromium and `pip install playwright pillow`; the study is made anew, and a minute of its training
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
NAMED = f"import socket; socket.gethostname = lambda: {HOST!r}"
TRAIN = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
OSETRA = "from osetra.cli import main; main(prog_name='osetra')"
WIDTH = 1360
SHOTS = {"page-cockpit.png": ("light", "cockpit", 1040), "page-search.png": ("dark", "search", 800)}
LARGEST = 150_000
"""Bytes of a picture at most; one above gets along with fewer colours."""
FIRST, THEN = ("72", "0.01"), ("130", "0.7")
"""Trials in all and seconds of a step: many that have ended, then some that run while they are looked at."""
WARM = 12.0
"""Seconds after which those that run have curves."""
BUSY = (
    "(b => Boolean(b) && !document.querySelector('[aria-busy=true]'))(document.querySelector('main canvas'))"
)


def main(folder: Path) -> None:
    """Train, open the page, and photograph two of its views."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        file = Path("osetra-runs") / STUDY / "study.db"
        (place / file).parent.mkdir(parents=True)
        (place / "sitecustomize.py").write_text(NAMED)  # for the programs and their workers alike
        with running(place, "first.log", TRAIN, str(PROGRAM), str(file), *FIRST) as process:
            process.wait(300)
        with running(place, "train.log", TRAIN, str(PROGRAM), str(file), *THEN):
            time.sleep(WARM)
            with running(place, "page.log", OSETRA, "dashboard", STUDY, "--no-open"):
                photograph(address(place / "page.log"), folder)


@contextmanager
def running(place: Path, log: str, program: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program in a folder, with its home there as well, and end it afterwards."""
    paths = os.pathsep.join(filter(None, [str(place), str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
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
        yield process
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
        for name, (theme, view, height) in SHOTS.items():
            size = {"width": WIDTH, "height": height}
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
    if tab.locator(".best-value").count():  # advice is worked out beside, and comes when it is there
        tab.wait_for_selector(".findings li", timeout=60_000)
    tab.wait_for_timeout(2000)


def lighten(picture: Path) -> None:
    """Write a picture with as many colours as its bytes allow."""
    whole = Image.open(picture).convert("RGB")
    # Each colour once more, so that a line's and a button's are among the few as well as the ground's.
    every = whole.getcolors(whole.width * whole.height) or []
    rows = -(-len(every) // whole.width)
    sample = Image.new("RGB", (whole.width, whole.height + rows))
    sample.paste(whole)
    for place, (_, colour) in enumerate(every):
        sample.putpixel((place % whole.width, whole.height + place // whole.width), colour)
    for colours in (256, 192, 128, 96, 64):
        if picture.stat().st_size <= LARGEST:
            return
        palette = sample.quantize(colours)
        few = whole.quantize(palette=palette, dither=Image.Dither.NONE)
        few.save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
