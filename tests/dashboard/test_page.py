"""The page's views in a real browser: both themes, all widths, without a complaint and for everybody."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard.conftest import Opener, Watched, until
from dashboard.documents import ID
from dashboard.embedded import served, with_documents

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PARTS = ("importance", "slices", "contour", "history", "fidelity", "boxes")
VIEWS = {
    "studies": "#/",
    "cockpit": f"#/{ID}/cockpit",
    "chosen": f"#/{ID}/cockpit?sel=2,5&x=time&log=1&ema=0.5",
    "accuracy": f"#/{ID}/cockpit?m=accuracy&x=cost",
    "trials": f"#/{ID}/trials?sel=2,5",
    "trial": f"#/{ID}/trial/2",
    "timeline": f"#/{ID}/timeline",
    "search": f"#/{ID}/search",
    **{part: f"#/{ID}/search?part={part}" for part in PARTS},
    "compare": f"#/{ID}/compare?sel=1,2,5",
    "nothing chosen": f"#/{ID}/compare",
    "panda": f"#/{ID}/panda/2",
}
BEYOND = """() => document.documentElement.scrollWidth > innerWidth
  ? [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
      .slice(0, 5).map((e) => `${e.tagName}.${e.className.baseVal ?? e.className}`) : []"""


def look_at(watched: Watched, url: str) -> None:
    """Go to a view and wait until it is drawn."""
    before, _, place = url.partition("#")
    if watched.page.url.partition("#")[0] == before:  # as a link does; nothing is loaded again
        watched.page.evaluate("place => { location.hash = place; }", place)
        watched.page.wait_for_timeout(50)
    else:
        watched.page.goto(url)
    watched.page.wait_for_selector("main > *")
    until(watched.page, "!document.querySelector('[aria-busy=true]')")
    watched.page.wait_for_timeout(150)


def serious_faults(watched: Watched) -> list[str]:
    """Return what axe-core finds wrong with what is shown; nothing where it is not installed."""
    if not AXE.is_file():
        return []
    watched.page.evaluate(AXE.read_text())
    result = watched.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    faults = [one for one in result["violations"] if one["impact"] in ("serious", "critical")]
    return [
        one["id"] + "".join(f"\n  {n['html'][:120]} {n['failureSummary'][:200]}" for n in one["nodes"][:3])
        for one in faults
    ]


# A theme is colours and nothing else (tokens.css), and no colour hangs on a width: each width is looked at in
# one theme, and faults of contrast are looked for in both themes where most is seen.
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark"), (360, "light")])
def test_every_view_fits(opened: Opener, digits: dict[str, Any], width: int, theme: str) -> None:
    watched = opened(width, theme)
    with served({"": with_documents(json.dumps(digits))}) as url:
        for name, place in VIEWS.items():
            look_at(watched, url + place)
            page = watched.page
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            assert page.evaluate(BEYOND) == [], f"{name} is wider than {width} px"
            assert page.locator(".message.error").count() == 0, page.inner_text("main")
            assert page.inner_text("main").strip(), name


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (360, "dark")])
def test_axe_finds_no_serious_fault(opened: Opener, digits: dict[str, Any], width: int, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core from npm: .ci/page test installs it")
    watched = opened(width, theme)
    found: list[str] = []
    with served({"": with_documents(json.dumps(digits))}) as url:
        for name, place in VIEWS.items():
            look_at(watched, url + place)
            found += [f"{name}: {fault}" for fault in serious_faults(watched)]
    assert not found, "\n".join(found)


def test_the_page_is_at_most_250_kilobytes(opened: Opener, digits: dict[str, Any]) -> None:
    import gzip

    watched = opened()
    bodies: dict[str, int] = {}

    def weigh(response: Any) -> None:
        if "/assets/" in response.url:
            bodies[response.url] = len(gzip.compress(response.body()))

    watched.page.on("response", weigh)
    with served({"": with_documents(json.dumps(digits))}) as url:
        look_at(watched, url + VIEWS["cockpit"])
    assert len(bodies) > 20 and sum(bodies.values()) < 250_000, sum(bodies.values())


def test_without_javascript_a_sentence_says_what_is_needed(opened: Opener, digits: dict[str, Any]) -> None:
    watched = opened(java_script_enabled=False)
    with served({"": with_documents(json.dumps(digits))}) as url:
        watched.page.goto(url)
        assert "osetra status" in watched.page.inner_text("body")


def test_a_filter_shows_where_its_mistake_is_and_travels(opened: Opener, digits: dict[str, Any]) -> None:
    watched = opened()
    page = watched.page
    with served({"": with_documents(json.dumps(digits))}) as url:
        look_at(watched, url + f"#/{ID}/trials")
        page.keyboard.press("/")
        page.keyboard.type("lrr < 1e-2")
        page.wait_for_selector(".mistake")
        assert page.inner_text(".mistake mark") == "lrr"
        assert "did you mean lr?" in page.inner_text(".mistake")
        page.fill(".filter input", "units > 100 and state = finished")
        page.wait_for_selector(".mistake", state="detached")
        until(page, "location.hash.includes('f=units')")
        until(page, "document.querySelector('tbody .state')")  # rows are drawn in the next frame
        states = set(page.locator("tbody .state").all_inner_texts())
        assert states == {"finished"}
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        until(page, "!location.hash.includes('f=')")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.wait_for_selector(".selection")
        page.keyboard.press("g")
        page.keyboard.press("m")
        page.wait_for_selector("table.compare")
        assert page.locator("table.compare thead .trial-link").count() == 2
        page.reload()
        page.wait_for_selector("table.compare")


def test_the_keyboard_reaches_every_view_and_lists_itself(opened: Opener, digits: dict[str, Any]) -> None:
    watched = opened()
    page = watched.page
    with served({"": with_documents(json.dumps(digits))}) as url:
        look_at(watched, url + f"#/{ID}/cockpit")
        for key, shown in {"t": ".rows", "l": ".utilisation", "s": ".parallel", "c": ".best-value"}.items():
            page.keyboard.press("g")
            page.keyboard.press(key)
            page.wait_for_selector(shown)
        page.keyboard.press("?")
        assert "learning rate × 1.5" in page.inner_text("dialog")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        page.keyboard.press("d")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.reload()
        page.wait_for_selector(".best-value")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_brush_keeps_trials_and_its_place_in_the_address(opened: Opener, digits: dict[str, Any]) -> None:
    watched = opened()
    page = watched.page
    with served({"": with_documents(json.dumps(digits))}) as url:
        look_at(watched, url + f"#/{ID}/search")
        box = page.locator(".parallel canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 58, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 58, box["y"] + 200, steps=4)
        page.mouse.up()
        until(page, "location.hash.includes('brush=')")
        kept, total = (int(word) for word in page.inner_text("h2 small").split() if word.isdigit())
        assert 0 < kept < total
        page.click("text=Select")
        page.wait_for_selector(".selection")


def test_one_file_shows_the_same_without_a_server(opened: Opener, study_file: Path, tmp_path: Path) -> None:
    program = "from osetra.cli import main; main(prog_name='osetra')"
    file = tmp_path / "study.html"
    command = [sys.executable, "-c", program, "show", str(study_file), "--html", str(file)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    watched = opened()
    page = watched.page
    page.goto(file.as_uri())  # a file of one study begins with it
    page.wait_for_selector(".best-value")
    assert page.inner_text(".link-state") == "a file"
    for view in ("trials", "trial/2", "timeline", "search", "compare?sel=1,2", "panda/2"):
        page.evaluate("view => { location.hash = `#/study/${view}`; }", view)
        page.wait_for_timeout(300)
        until(page, "!document.querySelector('[aria-busy=true]')")
        assert page.locator(".message.error").count() == 0, view
    page.keyboard.press("q")
    page.wait_for_selector(".order-bar")
    assert page.locator(".order-bar button").count() == 0, "nothing can be ordered in a file"
