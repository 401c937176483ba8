"""The page where its studies cannot be read, or its visitor may not in: sentences, and a way on by itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import osetra as ose
from dashboard.conftest import Opener, until
from dashboard.test_page_live import dashboard, free_port
from osetra.dashboard.guard import HEADERS

pytestmark = pytest.mark.slow

BACKGROUND = "getComputedStyle(document.body).fontFamily"


def tuned(file: Path, trials: int = 2) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    study = ose.Study(file, ose.Space(lr=ose.Float(1e-4, 1.0, scale="log")), minimize="loss")
    study.run(lambda run: run.config["lr"], trials=trials, progress=False)
    study.close()


def test_who_comes_without_the_token_reads_where_it_is(opened: Opener, tmp_path: Path) -> None:
    tuned(tmp_path / "s.db")
    watched = opened(360)
    page = watched.page
    with dashboard(tmp_path / "s.db", free_port()) as (address, _):
        answer = page.goto(address.replace("token=", "token=wrong"))
        assert answer is not None and answer.status == 401
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == HEADERS["x-frame-options"]
        assert "it ends with the token" in page.inner_text("main")
        assert "terminal" in page.inner_text("main")
        assert "system-ui" in page.evaluate(BACKGROUND), "its style passes its own policy"
        page.goto(address)
        page.wait_for_selector(".study-line")
    watched.expect("401")


def test_a_store_that_is_away_is_said_and_what_was_read_stays(opened: Opener, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "s.db", tmp_path / "elsewhere.db"
    tuned(file)
    watched = opened()
    page = watched.page
    page.set_default_timeout(40_000)
    with dashboard(file, free_port()) as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.wait_for_selector(".best-value")
        until(page, "document.querySelector('.link-state').innerText === 'live'")
        file.rename(elsewhere)
        page.wait_for_selector(".banner >> text=The store is away")
        assert page.locator(".best-value").count() == 1
        page.evaluate("document.querySelector('.views a:nth-child(2)').click()")
        page.wait_for_selector(".rows tbody .trial-link")
        elsewhere.rename(file)
        page.wait_for_selector(".banner", state="detached")
        study = ose.Study(file)
        study.run(lambda run: run.config["lr"], trials=3, progress=False)
        until(page, "document.querySelector('.views .count').innerText === '3'")
        study.close()
    watched.expect("503")


def written_by(version: int, file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_studies_that_are_being_made_or_of_another_program_stand_in_the_list(
    opened: Opener, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    for file in ("good/study.db", "newer/study.db", "older/study.db", "newest.db", "oldest.db"):
        tuned(runs / file)
    for file, version in {"newer/study.db": 99, "newest.db": 99, "older/study.db": 0, "oldest.db": 0}.items():
        written_by(version, runs / file)
    unborn = runs / "unborn" / "study.db"
    unborn.parent.mkdir()
    unborn.touch()
    page = opened(360).page
    page.set_default_timeout(40_000)
    with dashboard(runs, free_port()) as (address, _):
        page.goto(address)
        page.wait_for_selector(".study-line >> nth=5")
        said = {line.split("\n")[0].strip(): line for line in page.locator(".study-line").all_inner_texts()}
        assert all("upgrade it: pip install" in said[name] for name in ("newer", "newest"))
        assert all(
            "older osetra" in said[name] and "osetra db migrate" in said[name] for name in ("older", "oldest")
        )
        assert "being created" in said["unborn"]
        unborn.unlink()
        tuned(unborn)
        page.click(".study-main a >> text=unborn")
        page.wait_for_selector(".best-value")
        page.goto(address)
        written_by(1, runs / "older" / "study.db")  # as a migration does
        page.click(".study-main a >> text=older")
        page.wait_for_selector(".best-value")


def test_two_dashboards_of_a_machine_are_open_in_one_browser(opened: Opener, tmp_path: Path) -> None:
    files = [tmp_path / name / "s.db" for name in ("one", "two")]
    page = opened().page
    for trials, file in enumerate(files, start=1):
        tuned(file, trials)
    with dashboard(files[0], free_port()) as (first, _), dashboard(files[1], free_port()) as (second, _):
        for address in (first, second):
            page.goto(address)
            page.wait_for_selector(".study-main")
        for address, trials in ((first, "1 of 1"), (second, "2 of 2")):
            page.goto(address.partition("?")[0])  # by the cookie alone, after the other was opened
            page.wait_for_selector(f".study-progress >> text={trials} trials")
        jar = page.context.cookies()
        assert len({one["value"] for one in jar}) == 2, "what opens one page opens no other"
        assert not any(one["value"] in first for one in jar)


def test_the_live_page_without_javascript_is_a_sentence(opened: Opener, tmp_path: Path) -> None:
    tuned(tmp_path / "s.db")
    page = opened(360, java_script_enabled=False).page
    with dashboard(tmp_path / "s.db", free_port()) as (address, _):
        page.goto(address)
        assert "osetra status" in page.inner_text("body")
