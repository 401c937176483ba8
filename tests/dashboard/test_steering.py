"""What the page writes: into the log that is there now, once, and with a sentence where it cannot."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

import osetra as ose
from dashboard.loops import run
from osetra.dashboard.app import Dashboard
from osetra.dashboard.assets import Assets
from osetra.dashboard.follow import Follower
from osetra.dashboard.guard import Door
from osetra.dashboard.steering import PageSteering
from osetra.dashboard.studies import Studies
from osetra.errors import StudyError
from osetra.stores.address import parse

DOOR = Door(token="t" * 43, hosts=frozenset({"testserver"}))


def study_with(path: Path, trials: int) -> ose.Study:
    study = ose.Study(path, ose.Space(lr=ose.Float(1e-4, 1.0, scale="log")), minimize="loss")
    for _ in range(trials):
        study.enqueue()
    return study


def removed(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1)])
def test_orders_go_into_the_log_that_is_there_now(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "s.db"
    study_with(path, before).close()
    address = parse(str(path))
    steering = PageSteering(address, Follower(address))
    note = {"verb": "note", "args": {"text": "here"}}
    steering.order({"trial": before, **note})
    removed(path)
    study_with(path, after).close()
    steering.order({"trial": after, **note})
    orders = [len(trial.orders) for trial in ose.Study(path).trials]
    assert orders == [0] * (after - 1) + [1]
    with pytest.raises(StudyError):
        steering.order({"trial": max(before, after) + 1, **note})


@pytest.mark.parametrize(
    "asked", [{"args": {"text": "x" * 10_001}}, {"args": {"text": "x"}, "why": "y" * 10_001}]
)
def test_what_is_written_has_an_end(tmp_path: Path, asked: dict[str, object]) -> None:
    path = tmp_path / "s.db"
    study_with(path, 1).close()
    steering = PageSteering(parse(str(path)), Follower(parse(str(path))))
    with pytest.raises(StudyError, match="at most 10000 letters"):
        steering.order({"trial": 1, "verb": "note", **asked})
    assert not ose.Study(path).trials[0].orders
    steering.order({"trial": 1, "verb": "note", "args": {"text": "x" * 10_000}})


def test_a_follower_takes_what_comes_after_a_broken_file_for_another_log(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    study_with(path, 2).close()
    follower = Follower(parse(str(path)))
    first = follower.look()
    removed(path)
    path.write_bytes(b"no study at all, whoever looks at it" * 200)
    assert follower.look() is first and follower.trouble
    removed(path)
    study_with(path, 5).close()
    follower._tried = -1e9  # as if a second had passed
    view = follower.look()
    assert first is not None and view is not None
    assert view.generation > first.generation and len(view.history.trials) == 5


def test_a_mistake_of_the_page_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    study_with(tmp_path / "s.db", 1).close()
    monkeypatch.setattr(PageSteering, "order", lambda *_: {}["nothing"])
    app = Dashboard(Studies(str(tmp_path / "s.db")), DOOR, Assets()).app()
    study = answered(app, "GET", "/api/studies")[1]["studies"][0]["id"]
    status, said = answered(app, "POST", f"/api/studies/{study}/orders")
    assert status == 500
    assert "a mistake of the page's own: KeyError: 'nothing'" in said["error"]
    assert "Traceback" in caplog.text


def answered(app: Any, method: str, path: str) -> tuple[int, Any]:
    """Ask as our own page does; an empty object is what is sent."""
    told: list[Any] = []
    headers = {
        "host": "testserver",
        "authorization": f"Bearer {DOOR.token}",
        "origin": "http://testserver",
        "content-type": "application/json",
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": pairs}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    run(app(scope, receive, send))
    return told[0]["status"], json.loads(b"".join(one.get("body", b"") for one in told[1:]))


def test_a_study_of_a_newer_program_is_listed_with_what_to_do(tmp_path: Path) -> None:
    study_with(tmp_path / "new.db", 1).close()
    study_with(tmp_path / "own.db", 1).close()
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        connection.execute("PRAGMA user_version = 99999")
    listed = answered(Dashboard(Studies(str(tmp_path)), DOOR, Assets()).app(), "GET", "/api/studies")[1]
    entries = {entry["name"]: entry for entry in listed["studies"]}
    assert len(entries) == 2
    assert any("upgrade it" in json.dumps(entry) for entry in entries.values()), entries
