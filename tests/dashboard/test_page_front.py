"""Several objectives on the page: the front with its knee and limits, and no best trial."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import osetra as ose
from dashboard.conftest import Opener
from dashboard.documents import ID, documents
from dashboard.embedded import served, with_documents
from dashboard.test_page import BEYOND, look_at, serious_faults

pytestmark = pytest.mark.slow

SPACE = ose.Space(units=ose.Int(1, 64), dropout=ose.Float(0, 1))


def study_at(path: Path, **goal: object) -> ose.Study:
    """A study in which units make the error small and the network slow, and dropout costs recall."""
    study = ose.Study(path, SPACE, searcher="random", seed=5, **goal)  # type: ignore[arg-type]

    def train(run: ose.Run) -> dict[str, float]:
        units, dropout = run.config["units"], run.config["dropout"]
        return {
            "error": 1 / units,
            "latency": 1.0 + units,
            "recall": 1 - dropout,
            "<b>memory</b>": 2.0 * units,
        }

    study.run(train, trials=14, progress=False)
    return study


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_a_front_with_its_knee_and_limits(opened: Opener, tmp_path: Path, width: int, theme: str) -> None:
    study = study_at(
        tmp_path / "two.db",
        minimize=["error", "latency"],
        limits={"latency": "<= 40", "<b>memory</b>": "<= 100"},
    )
    members, knee = [one.number for one in study.front], study.front.knee.number
    watched = opened(width, theme)
    page = watched.page
    with served({"": with_documents(json.dumps(documents(str(tmp_path / "two.db"))))}) as url:
        look_at(watched, url + f"#/{ID}/cockpit")
        assert page.inner_text(".best-value").startswith(str(len(members)))
        assert f"the knee is trial {knee}" in " ".join(page.inner_text(".best").split())
        assert "minimizes error, latency" in page.inner_text(".study-name")
        page.click(".best-trial a")
        page.wait_for_selector(".front-key")
        assert page.evaluate("location.hash") == f"#/{ID}/search?part=front"
        look_at(watched, url + f"#/{ID}/search")
        rows = page.locator("[aria-label='Trials on the front'] tbody tr")
        assert [int(rows.nth(i).locator(".trial-link").inner_text()) for i in range(rows.count())] == members
        assert page.inner_text("tr:has(.tag)").split()[0] == str(knee)
        assert "break a limit (latency<=40, <b>memory</b><=100)" in page.inner_text(".front-key")
        assert page.get_by_role("img", name="The dominated volume grew").count() == 1
        assert page.evaluate(BEYOND) == []
        assert serious_faults(watched) == []


def test_two_of_three_objectives_are_chosen_and_stand_in_the_address(opened: Opener, tmp_path: Path) -> None:
    study_at(tmp_path / "three.db", minimize=["error", "latency"], maximize="recall").close()
    watched = opened()
    page = watched.page
    with served({"": with_documents(json.dumps(documents(str(tmp_path / "three.db"))))}) as url:
        look_at(watched, url + f"#/{ID}/search")
        assert "minimizes error, latency and maximizes recall" in page.inner_text(".study-name")
        page.select_option("label:has-text('Across') select", label="recall")
        assert "fx=2" in page.evaluate("location.hash")
        assert page.get_by_role("img", name="by recall and error").count() == 1
        page.select_option("label:has-text('Up') select", label="recall")  # what lies across changes places
        assert page.get_by_role("img", name="by error and recall").count() == 1
        assert "recall, more is better" in page.inner_text(".axis-name")


def test_where_nothing_keeps_the_limits_that_is_said(opened: Opener, tmp_path: Path) -> None:
    study_at(tmp_path / "none.db", minimize=["error", "latency"], limits={"latency": "<= 0.5"}).close()
    watched = opened()
    with served({"": with_documents(json.dumps(documents(str(tmp_path / "none.db"))))}) as url:
        for view in ("cockpit", "search"):
            look_at(watched, url + f"#/{ID}/{view}")
            assert "none of 14 finished trials keeps latency<=0.5" in watched.page.inner_text("main")


def test_what_earlier_studies_taught_is_a_line_of_the_cockpit(opened: Opener, tmp_path: Path) -> None:
    space = ose.Space(units=ose.Int(1, 64), dropout=ose.Float(0, 1))

    def train(run: ose.Run) -> float:
        return (run.config["units"] - 20) ** 2 / 400 + float(run.config["dropout"])

    old = ose.Study(tmp_path / "old.db", space, minimize="error", searcher="random", seed=1)
    old.run(train, trials=12, progress=False)
    new = ose.Study(tmp_path / "new.db", space, minimize="error", seed=2, experience=[tmp_path / "old.db"])
    new.run(train, trials=3, progress=False)
    new.close()
    watched = opened()
    with served({"": with_documents(json.dumps(documents(str(tmp_path / "new.db"))))}) as url:
        look_at(watched, url + f"#/{ID}/cockpit")
        line = watched.page.inner_text(".learnt")
        assert line.startswith("Experience of 1 study: tried first units=")
