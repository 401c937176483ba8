"""What open pages are sent: put together, it is always what they would fetch."""

import asyncio
import json
import threading
import time

import pytest

pytest.importorskip("anyio")

import osetra as ose
from dashboard.loops import run
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Suggested
from osetra.core.finding import Finding
from osetra.dashboard import follow, stream
from osetra.dashboard.follow import Follower
from osetra.dashboard.news import Advice, Newsroom, event_of, news, place_of
from osetra.dashboard.stream import StudyChannel, Subscriber
from osetra.executors.identity import this_process
from osetra.stores import open_store
from osetra.stores.address import Address
from osetra.views.panels.trials import trials_panel


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(follow, "AGAIN", 0.0)
    monkeypatch.setattr(stream, "LOOK", 0.01)


def study_at(path):
    space = ose.Space(lr=ose.Float(1e-4, 1.0, scale="log"))
    return ose.Study(path, space, minimize="val_loss", searcher="random", scheduler="full")


def read(event):
    """Return the kind, the data and the id of an event as a browser reads it."""
    fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return fields["event"], json.loads(fields["data"]), fields.get("id", "")


def grown(rows, document):
    """Return rows by trial after a document of changes."""
    trials = document["trials"]
    names = [
        name for name, column in trials.items() if isinstance(column, list) and name not in ("spark", "rank")
    ]
    new = {
        number: {name: trials[name][place] for name in names} | {"lr": trials["config"]["lr"][place]}
        for place, number in enumerate(trials["numbers"])
    }
    return rows | new


class OpenPage:
    """What a page knows from events alone."""

    def __init__(self, follower):
        self.follower, self.view = follower, follower.look()
        self.rows, self.curves, self.kinds = {}, {}, []

    def look(self):
        view = self.follower.look()
        for event in news(self.view, view) if view is not self.view else ():
            self.hear(*read(event)[:2])
        self.view = view

    def hear(self, kind, data):
        self.kinds.append(kind)
        if kind == "facts":
            self.rows = grown(self.rows, data)
        if kind == "points" and data["metric"] == "val_loss":
            for number, curve in data["curves"].items():
                self.curves.setdefault(number, {}).update(zip(curve["steps"], curve["values"], strict=True))


def test_changes_add_up_to_the_whole_table_whatever_happens_between_two_looks(tmp_path):
    study = study_at(tmp_path / "s.db")
    page = OpenPage(Follower(Address(str(tmp_path / "s.db"))))

    def train(run):
        for step in run.steps(3):
            run.report(val_loss=run.config["lr"] + step, train_loss=step)
            if step == 2:
                page.look()
        if run.trial == 3:
            raise ValueError("odd")

    study.run(train, trials=6, progress=False, keep_going=True)
    study.enqueue(lr=0.5)
    study.order(7, "set", lr=0.25)
    page.look()
    whole = {"trials": trials_panel(page.view.problem, page.view.history)}
    assert page.rows == grown({}, whole)
    for trial in study.trials:
        steps, values = study.curve(trial, "val_loss")
        assert page.curves.get(str(trial.number), {}) == dict(zip(steps, values, strict=True))
    assert set(page.kinds) == {"facts", "points"}


def test_a_page_goes_on_where_it_was_and_starts_anew_where_nobody_knows(tmp_path):
    study = study_at(tmp_path / "s.db")
    study.run(lambda run: run.config["lr"], trials=2, progress=False)

    async def said():
        channel = StudyChannel(Follower(Address(str(tmp_path / "s.db"))))
        first = await channel.look()
        study.run(lambda run: run.config["lr"], trials=4, progress=False)

        async def heard(last, count):
            events, found = channel.events(last), []
            async with asyncio.timeout(20):
                async for event in events:
                    found.append(read(event))
                    if len(found) == count:
                        break
            await events.aclose()
            return found

        known = await heard(place_of(first), 1)
        by_version = await heard(str(first.history.version), 1)
        strange = await heard("0:99999:3", 1)
        assert channel.subscribers == set()
        await channel.close()
        return known, by_version, strange

    known, by_version, strange = run(said())
    assert known[0][0] == "facts" and known[0][1]["trials"]["numbers"] == [3, 4]
    assert by_version[0][1] == known[0][1]
    assert strange[0][0] == "reset"


def test_a_store_that_goes_and_comes_back_is_told(tmp_path):
    file = tmp_path / "s.db"
    study = study_at(file)
    study.run(lambda run: run.config["lr"], trials=2, progress=False)
    study.close()

    async def said():
        channel = StudyChannel(Follower(Address(str(file))))
        found, events = [], channel.events("")

        async def goes():
            while channel.follower.view is None:
                await asyncio.sleep(0.01)
            file.rename(tmp_path / "away.db")

        going = asyncio.create_task(goes())
        async with asyncio.timeout(20):
            async for event in events:
                kind, data, _ = read(event)
                found.append((kind, data.get("text", "")))
                if kind == "gone":
                    await going
                    (tmp_path / "away.db").rename(file)
                if kind == "back":
                    break
        await events.aclose()
        await channel.close()
        return found

    kinds = run(said())
    assert ("gone" in [kind for kind, _ in kinds]) and kinds[-1][0] == "back"
    assert "no such file" in next(text for kind, text in kinds if kind == "gone")


def test_rows_of_trials_that_only_report_come_once_a_second_and_a_page_goes_on_behind_them(tmp_path):
    file = str(tmp_path / "s.db")
    study_at(file).close()
    store, follower = open_store(file, "main"), Follower(Address(file))
    store.append([Suggested(1, {"lr": 0.1}, 1), Claimed(1, 1, this_process())], lease=60.0)
    first = follower.look()
    room, heard = Newsroom(follower, Advice(), first, first, ""), []
    for step in range(1, 7):
        store.append([], [Point(1, 1, 0, step, "val_loss", 1 / step)])
        heard.append([read(event) for event in room.look()])
    kinds = [[kind for kind, _, _ in events] for events in heard]
    assert kinds[0] == ["points", "facts", "cockpit"] and kinds[1:] == [["points"]] * 5
    assert heard[0][1][2] == place_of(room.whole)
    assert room.whole is not room.told, "a page that was away begins where it has all rows"
    caught_up = {kind: data for kind, data, _ in map(read, news(room.whole, room.told))}
    assert caught_up["facts"]["trials"]["steps"] == [6]
    assert caught_up["points"]["curves"]["1"]["steps"] == [2, 3, 4, 5, 6]


def test_nobody_waits_for_advice_and_it_is_told_when_it_is_there(tmp_path, monkeypatch):
    file, told, asked = str(tmp_path / "s.db"), threading.Event(), []

    def slowly(problem, history):
        asked.append(history.version)
        assert told.wait(60)
        return [Finding(rule="noise", level="advice", text=f"of version {history.version}", action="")]

    monkeypatch.setattr("osetra.dashboard.news.findings", slowly)
    monkeypatch.setattr("osetra.dashboard.news.PATIENCE", 0.01)
    study_at(file).close()
    store, follower = open_store(file, "main"), Follower(Address(file))
    first, advice = follower.look(), Advice()
    assert list(advice.of(first)) == []
    room = Newsroom(follower, advice, first, first, "")
    store.append([Suggested(1, {"lr": 0.1}, 1)])
    events = [read(event) for event in room.look()]
    assert [kind for kind, _, _ in events][-1] == "cockpit"
    told.set()
    texts = []
    while f"of version {follower.view.history.version}" not in texts:  # pages are told without any news
        told_now = [read(event) for event in room.look()]
        texts += [f["text"] for kind, data, _ in told_now if kind == "cockpit" for f in data["findings"]]
        time.sleep(0.02)
    assert asked == [first.history.version, follower.view.history.version]


def test_a_hundred_stalled_pages_hold_nobody_up():
    stalled = [Subscriber() for _ in range(100)]
    for _ in range(1000):
        for page in stalled:
            page.give(b"event: facts\ndata: {}\n\n")
    assert all(page.events.qsize() <= stream.WAITING for page in stalled)
    waiting = [stalled[0].events.get_nowait() for _ in range(stalled[0].events.qsize())]
    assert waiting[0] == event_of("reset", {})


@pytest.mark.parametrize("text", ["a\nb", "data: x\n\nevent: evil", "\udc80", "\x00", "</script>", "\r\n"])
def test_no_text_breaks_out_of_an_event(text):
    kind, data, _ = read(event_of("facts", {"text": text}))
    assert kind == "facts" and data == {"text": text}
