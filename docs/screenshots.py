"""The pictures of the live page in README: a study of 200 short trainings, drawn by the page itself.

    python docs/screenshots.py [FOLDER]

Needs Chromium and `pip install playwright pillow`; the study is made anew, its trainings take half a minute.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "tests" / "dashboard" / "digits_study.py"
WIDTH, HEIGHT = 1360, 860
SHOTS = {"page-cockpit.png": ("light", "cockpit"), "page-search.png": ("dark", "search")}
LARGE = 250_000
"""Bytes above which a picture gets along with 256 colours."""
WARM = 22.0
"""Seconds after which enough trials have ended and some still run."""


def main(folder: Path) -> None:
    """Train, write the page into one file, and photograph two of its views."""
    with tempfile.TemporaryDirectory() as place:
        url, page = Path(place) / "digits.db", Path(place) / "digits.html"
        training = subprocess.Popen(  # noqa: S603 - our own program, our own folder
            [sys.executable, STUDY, url, "200", "0.05"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            time.sleep(WARM)
            program = "from osetra.cli import main; main(prog_name='osetra')"
            show = ["show", str(url), "--html", str(page)]
            command = [sys.executable, "-c", program, *show]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - likewise
        finally:
            training.send_signal(signal.SIGINT)
            training.wait(60)
        with sync_playwright() as driver:
            path = shutil.which("chromium") or shutil.which("google-chrome")
            browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for name, (theme, view) in SHOTS.items():
                photograph(browser, page, folder / name, theme, view)
            browser.close()


def photograph(browser: Any, page: Path, picture: Path, theme: str, view: str) -> None:
    """Write a picture of a view."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme, reduced_motion="reduce"
    )
    tab = context.new_page()
    tab.goto(f"{page.as_uri()}#/study/{view}")
    tab.wait_for_selector("main canvas")
    tab.wait_for_timeout(1000)
    tab.screenshot(path=picture)
    context.close()
    if picture.stat().st_size > LARGE:
        from PIL import Image

        Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            picture, optimize=True
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
