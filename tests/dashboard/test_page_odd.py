"""Studies that nobody wants, on the page: each has a designed state, and nothing breaks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

import osetra as ose
from dashboard.conftest import Opener
from dashboard.documents import ID, documents
from dashboard.embedded import served, with_documents
from dashboard.test_page import BEYOND, PARTS, look_at

pytestmark = pytest.mark.slow

LR = ose.Float(1e-4, 1, scale="log", default=0.01)
NASTY = '<img src=x onerror="document.title=1"><b>‮gnp.exe</b>' + "x" * 1000
ODD_VIEWS = (
    "#/",
    *(f"#/{ID}/{view}" for view in ("cockpit", "trials", "trial/1", "timeline", "search", "panda/1")),
    *(f"#/{ID}/search?part={part}" for part in PARTS),
    f"#/{ID}/compare?sel=1,2,3",
)
Build = Callable[[str], ose.Study]


def empty(url: str) -> ose.Study:
    return ose.Study(url, ose.Space(lr=LR), minimize="loss")


def told(url: str, curves: list[list[float]], space: ose.Space | None = None) -> ose.Study:
    study = ose.Study(url, space or ose.Space(lr=LR), minimize="loss", searcher="random")
    for curve in curves:
        run = study.ask()
        for value in curve:
            run.report(loss=value)
        study.tell(run, min(curve))
    return study


def only_failed(url: str) -> ose.Study:
    study = empty(url)

    def broken(run: ose.Run) -> None:
        raise ValueError(NASTY if run.config else "")

    for _ in range(2):
        study.enqueue()
    study.run(broken, trials=2, keep_going=True, progress=False)
    return study


def only_nan(url: str) -> ose.Study:
    study = empty(url)

    def hopeless(run: ose.Run) -> None:
        for _ in run.steps(3):
            run.report(loss=math.nan)

    study.run(hopeless, trials=3, progress=False, keep_going=True)
    return study


def one_step(url: str) -> ose.Study:
    return told(url, [[0.5]])


def huge(url: str) -> ose.Study:
    return told(url, [[1e308, -1e308, 1e308], [-1e308, 1e308], [1.0, 2.0]])


def wide(url: str) -> ose.Study:
    names = {f"parameter_{i:03}": ose.Float(0, 1) for i in range(199)}
    return told(url, [[0.5, 0.4], [0.3, 0.2], [0.9, 0.8]], ose.Space(lr=LR, **names))


def long_names(url: str) -> ose.Study:
    """No name has a limit: a metric, hyperparameters and an option of a thousand characters, after a zoom."""
    space = ose.Space(
        {
            "x" * 1000: LR,
            "model.encoder.layers.11.attention.output.dropout": ose.Float(0, 1),
            "kind_" + "k" * 995: ose.Choice("short", "o" * 1000),
            "under_" + "u" * 994: ose.Int(1, 9, when={"kind_" + "k" * 995: "short"}),
        }
    )
    metric = "m" * 1000
    study = ose.Study(url, space, minimize=metric, searcher="zoom")
    for n in range(20):
        run = study.ask()
        run.report({metric: 2.0 + n})
        run.report({metric: 1.0 + abs(n - 7)})
        study.tell(run, 1.0 + abs(n - 7))
    assert study.history.noted("zoom")
    return study


def remembered(url: str) -> ose.Study:
    """What people want remembered is theirs: names and values with markup, of every kind, long and many."""
    study = told(url, [[0.5], [0.4], [0.3]])
    study.remember(1, {NASTY[:100]: NASTY, "rows": 2**60, "none": None, "deep": {"<b>": [NASTY]}})
    study.remember(2, {f"name {n} <i>": n for n in range(150)})
    study.remember(3, note="<script>document.title=1</script>\n" * 500, empty="", rows=3)
    return study


def many_choices(url: str) -> ose.Study:
    words = [f"choice number {i}" for i in range(100)]
    return told(url, [[0.5, 0.4], [0.3, 0.2], [0.9, 0.8]], ose.Space(lr=LR, word=ose.Choice(*words)))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (empty, "No trial yet"),
        (only_failed, "failed or diverged"),
        (only_nan, "failed or diverged"),
        (one_step, "0.5"),
        (huge, "1e308"),
        (wide, "0.2"),
        (many_choices, "0.2"),
        (remembered, "0.3"),
        (long_names, "mmm…mmm"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_odd_studies_have_designed_states(opened: Opener, tmp_path: Path, build: Build, said: str) -> None:
    url = str(tmp_path / "odd.db")
    build(url).close()
    found = json.dumps(documents(url, NASTY), allow_nan=False)
    watched = opened(360)
    page = watched.page
    with served({"": with_documents(found)}) as address:
        for place in ODD_VIEWS:
            look_at(watched, address + place)
            assert page.evaluate(BEYOND) == [], place
            assert page.locator("main img").count() == 0, "a name became markup"
            if place.endswith("cockpit"):
                assert said in page.inner_text("main")
    assert page.title() != "1"


def test_a_document_that_is_missing_is_an_error_with_a_way_on(opened: Opener, tmp_path: Path) -> None:
    url = str(tmp_path / "study.db")
    one_step(url).close()
    held = {path: doc for path, doc in documents(url).items() if "timeline" not in path}
    watched = opened()
    with served({"": with_documents(json.dumps(held))}) as address:
        look_at(watched, address + f"#/{ID}/timeline")
        assert "cannot be shown" in watched.page.inner_text("main")
        assert "Try again" in watched.page.inner_text("main")
        look_at(watched, address + f"#/{ID}/trial/999")
        assert "cannot be shown" in watched.page.inner_text("main")
        look_at(watched, address + "#/nonsense/cockpit")
        assert "This study cannot be shown" in watched.page.inner_text("main")
