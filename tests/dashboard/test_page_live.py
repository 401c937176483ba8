"""The page on a study at work: it moves by itself, orders are obeyed, and a lost server is borne."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import osetra as ose
from dashboard.conftest import Opener, until
from dashboard.test_page import serious_faults
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Suggested
from osetra.executors.identity import this_process
from osetra.stores import open_store

pytestmark = pytest.mark.slow

OSETRA = [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')"]
TRAINING = """
import time
import osetra as ose

def train(run):
    state = run.restore() or {"value": 2.0}
    value = float(state["value"])
    for step in run.steps(4000):
        time.sleep(0.1)
        value *= 0.999
        run.checkpoint({"value": value})
        run.report(train_loss=0.8 * value, val_loss=value + float(run.live("lr")))

if __name__ == "__main__":
    import sys
    space = ose.Space(lr=ose.Float(1e-4, 1.0, scale="log", default=0.1), units=ose.Int(8, 64, default=16))
    study = ose.Study(sys.argv[1], space, minimize="val_loss", scheduler="full", searcher="random")
    if not study.trials:
        study.enqueue(lr=0.1)
    study.run(train, trials=2, workers=2, progress=False)
"""


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Path]:
    """A study whose trainings take minutes, at work in another process."""
    script = tmp_path / "train.py"
    script.write_text(TRAINING)
    with running([sys.executable, str(script), str(tmp_path / "work.db")], tmp_path / "train.log"):
        deadline = time.monotonic() + 60
        while not (tmp_path / "work.db").exists():
            assert time.monotonic() < deadline, (tmp_path / "train.log").read_text()
            time.sleep(0.2)
        yield tmp_path / "work.db"


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def dashboard(study: Path, port: int, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`osetra dashboard`, and the address that it prints."""
    log = study.with_name(f"dashboard-{time.monotonic()}.log")
    command = [*OSETRA, "dashboard", str(study), "--no-open", "--port", str(port), *options]
    with running(command, log) as process:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"http://\S+", log.read_text())):
            assert time.monotonic() < deadline and process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield found[0], process


def test_the_page_moves_and_its_orders_are_obeyed(opened: Opener, training: Path) -> None:
    watched = opened()
    page = watched.page
    page.set_default_timeout(40_000)
    with dashboard(training, free_port()) as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.wait_for_selector(".running .trial-link")
        until(page, "document.querySelector('.link-state').innerText === 'live'")
        step = "parseInt(document.querySelector('.running .step-cell').innerText)"
        before = page.evaluate(step)
        until(page, f"{step} > {before + 10}")
        page.click(".running .trial-link:text-is('1')")
        until(page, "parseFloat(document.querySelector('.trial-figures dd')?.innerText) > 0")
        assert "–" not in page.inner_text(".trial-figures > div:last-child"), "it trains for some time"
        page.click(".order-bar >> text=Set")
        page.select_option("dialog select", "lr")
        page.fill("dialog .number-field input >> nth=0", "0.02")
        assert "sets lr = 0.02 in trial 1" in page.inner_text("dialog .stake")
        page.click("dialog button.primary")
        page.wait_for_selector(".order .stages li.done:nth-child(3)")
        assert "now 0.02" in page.inner_text(".config")
        page.click(".order-bar >> text=Scale")
        page.select_option("dialog select", "lr")
        assert "lr, now 0.02, times" in page.inner_text("dialog"), "what is in force counts"
        page.keyboard.press("Escape")
        page.keyboard.press("p")
        page.wait_for_selector("dialog")
        assert re.search(r"pauses trial 1 after \d+", page.inner_text("dialog"))
        page.click("dialog button.primary")
        page.wait_for_selector(".trial-title .is-paused")
        page.keyboard.press("w")
        page.wait_for_selector(".key-line")
        page.keyboard.press("p")
        page.wait_for_selector(".panda-head .is-running")
        page.keyboard.press("+")
        until(page, "document.querySelector('.panda-values').innerText.includes('0.03')")
        page.keyboard.press("n")
        page.keyboard.type("odd <b>spike</b>")
        page.keyboard.press("Enter")
        page.wait_for_selector(".order q")
        assert page.inner_text(".order q") == "odd <b>spike</b>"


def test_an_order_that_nobody_has_seen_is_taken_back_and_never_obeyed(opened: Opener, tmp_path: Path) -> None:
    file = tmp_path / "silent.db"
    ose.Study(
        file, ose.Space(lr=ose.Float(1e-4, 1.0, scale="log")), minimize="loss", scheduler="full"
    ).close()
    store = open_store(str(file), "main")
    store.append([Suggested(1, {"lr": 0.1}, 1), Claimed(1, 1, this_process())], lease=600.0)
    store.append([], [Point(1, 1, 0, step, "loss", 1 / step) for step in range(1, 5)])
    page = opened().page
    page.set_default_timeout(40_000)
    with dashboard(file, free_port()) as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.click(".running .trial-link")
        page.click(".order-bar >> text=Stop")
        assert "stops trial 1 after 4" in page.inner_text("dialog .stake")
        page.click("dialog button.primary")
        page.click(".order >> text=Take it back")
        page.wait_for_selector(".sayings >> text=nobody had seen it")
        page.wait_for_selector(".order >> text=Take it back", state="detached")
        assert "taken back by" in page.inner_text(".order")
        assert "refused" not in page.inner_text(".order")
        assert page.locator(".trial-title .is-running").count() == 1
        store.append([Ended(1, 1, "interrupted")])
        store.close()
        steps: list[int] = []

        def train(run: ose.Run) -> None:
            for step in run.steps(6):
                steps.append(step)
                run.report(loss=1 / step)

        ose.Study(file).run(train, trials=1, progress=False)
        page.wait_for_selector(".trial-title .is-finished")
    assert steps == [1, 2, 3, 4, 5, 6], "it ran to its end, as if nothing had been ordered"
    (order,) = ose.Study(file).history.trials[1].orders
    assert order.obeyed is not None and "taken back by" in order.text


def test_what_a_finding_suggests_is_a_button(opened: Opener, tmp_path: Path) -> None:
    study = ose.Study(tmp_path / "edge.db", ose.Space(lr=ose.Float(1e-4, 1.0, scale="log")), minimize="loss")
    for i in range(30):
        study.enqueue(lr=10 ** (-4 + 4 * i / 29))
        run = study.ask()
        run.report(loss=4 - 4 * i / 29)
        study.tell(run, 4 - 4 * i / 29)
    page = opened().page
    page.set_default_timeout(40_000)
    with dashboard(tmp_path / "edge.db", free_port()) as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.click(".findings >> text=Widen lr to 0.0001 … 10")
        assert "searches lr = log(0.0001, 10.0) from now on" in page.inner_text("dialog .stake")
        page.click("dialog button.primary")
        page.wait_for_selector(".sayings >> text=the space is changed")
        page.wait_for_selector(".findings >> text=Widen lr to 0.0001 … 10", state="detached")
        assert "lr" in page.inner_text(".recent")
    assert ose.Study(tmp_path / "edge.db").problem.space.spec == {"lr": "log(0.0001, 10.0)"}
    assert study.history.edits[0].fact.why.startswith("lr is best at the upper end")  # type: ignore[union-attr]


def test_studies_side_by_side_are_for_everybody(opened: Opener, tmp_path: Path) -> None:
    for name, base in (("one", 1.0), ("two", 2.0)):
        study = ose.Study(f"{tmp_path / 'several.db'}#{name}", ose.Space(lr=ose.Float(0, 1)), minimize="loss")
        study.run(lambda run, base=base: base + run.config["lr"], trials=4, progress=False)
        study.close()
    watched = opened(1024, "dark")
    page = watched.page
    page.set_default_timeout(40_000)
    with dashboard(tmp_path / "several.db", free_port()) as (address, _):
        page.goto(address)
        for nth in (0, 1):
            page.check(f".study-line input >> nth={nth}")
        assert serious_faults(watched) == []
        page.click("text=Compare 2")
        page.wait_for_selector(".legend >> text=one")
        for _ in ("dark", "light"):
            assert serious_faults(watched) == []
            page.keyboard.press("d")


def test_what_is_queued_by_form_stands_in_the_table(opened: Opener, training: Path) -> None:
    watched = opened(360)
    page = watched.page
    page.set_default_timeout(40_000)
    with dashboard(training, free_port()) as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.wait_for_selector(".best, .message")
        page.keyboard.press("n")
        page.fill(".number-field input >> nth=0", "7")
        page.click("text=Queue it…")
        assert "between 0.0001 and 1" in page.inner_text(".new-trial")
        page.fill(".number-field input >> nth=0", "0.25")
        page.click("text=Queue it…")
        assert "but lr = 0.25" in page.inner_text("dialog")
        page.click("dialog button.primary")
        page.wait_for_selector(".trial-title")
        assert "asked for by" in page.inner_text(".trial-side")
        assert "0.25" in page.inner_text(".config")
        page.keyboard.press("Escape")
        page.evaluate("document.querySelector('.views a').click()")
        page.click("text=Change the total")
        page.fill("dialog input", "9")
        page.click("dialog button.primary")
        until(page, "document.querySelector('.budget-value').innerText.includes('9')")


def test_a_clone_begins_with_its_trial_and_is_trained_with_what_was_changed(
    opened: Opener, tmp_path: Path
) -> None:
    space = ose.Space(
        optimizer=ose.Choice("sgd", "adam"),
        lr=ose.Float(1e-4, 1.0, scale="log", default=0.01, prior=ose.Normal(0.03, decades=0.5)),
        momentum=ose.Float(0.5, 0.99, when={"optimizer": "sgd"}),
    )
    study = ose.Study(tmp_path / "s.db", space, minimize="loss", searcher="random")
    study.enqueue(optimizer="sgd", lr=0.2, momentum=0.75)
    study.run(lambda run: run.config["lr"], trials=1, progress=False)
    watched = opened()
    page = watched.page
    page.set_default_timeout(40_000)
    with dashboard(tmp_path / "s.db", free_port()) as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.wait_for_selector(".cockpit-main h2 >> text=Best so far")  # nothing was reported on the way
        page.click(".best-trial a")
        assert "believed best: near 0.03, ± 0.5 decades" in page.inner_text(".config")
        page.click(".order-bar >> text=Clone")
        page.wait_for_selector(".new-trial h2 >> text=A trial like 1, with changes")
        fields = ".number-field input[inputmode]"
        assert [page.input_value(f"{fields} >> nth={i}") for i in (0, 1)] == ["0.2", "0.75"]
        assert "believed best" in page.inner_text(".new-trial")
        page.click(".segments >> text=adam")
        page.fill(f"{fields} >> nth=0", "0,03")
        assert page.locator(fields).count() == 1, "adam has no momentum"
        assert serious_faults(watched) == []
        page.click("text=Queue it…")
        assert serious_faults(watched) == []
        stake = page.inner_text("dialog .stake")
        assert "like trial 1, but optimizer = adam, lr = 0.03; it is tried before everything" in stake
        page.click("dialog button.primary")
        page.wait_for_selector(".trial-title .is-queued")
    study.run(lambda run: run.config["lr"], trials=2, progress=False)
    assert study.history.trials[2].config == {"optimizer": "adam", "lr": 0.03}


def test_a_server_that_was_killed_is_missed_and_found_again(opened: Opener, training: Path) -> None:
    watched = opened()
    page = watched.page
    page.set_default_timeout(40_000)
    port = free_port()
    with dashboard(training, port) as (address, server):
        page.goto(address)
        page.click(".study-main a")
        until(page, "document.querySelector('.link-state').innerText === 'live'")
        page.wait_for_selector(".best-value")
        page.wait_for_selector(".running .step-cell")
        os.killpg(server.pid, signal.SIGKILL)
        page.wait_for_selector(".banner")
        assert "Connection lost" in page.inner_text(".banner")
        assert page.locator(".best-value").count() == 1, "what was there stays"
    step = page.evaluate("document.querySelector('.running .step-cell')?.innerText")
    with dashboard(training, port):
        page.wait_for_selector(".banner", state="detached")
        until(page, f"document.querySelector('.running .step-cell')?.innerText !== {step!r}")
    watched.expect("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "Failed to load resource")


def test_a_page_that_may_only_read_offers_no_order(opened: Opener, training: Path) -> None:
    watched = opened()
    page = watched.page
    page.set_default_timeout(40_000)
    with dashboard(training, free_port(), "--read-only") as (address, _):
        page.goto(address)
        page.click(".study-main a")
        page.click(".running .trial-link >> nth=0")
        page.wait_for_selector(".order-bar")
        assert page.locator(".order-bar button").count() == 0
        assert page.inner_text(".order-bar").strip() == "Watch alone"


def test_two_pages_of_a_browser_share_one_stream(opened: Opener, training: Path) -> None:
    watched = opened()
    first = watched.page
    first.set_default_timeout(40_000)
    with dashboard(training, free_port()) as (address, _):
        first.goto(address)
        first.click(".study-main a")
        until(first, "document.querySelector('.link-state').innerText === 'live'")
        second = first.context.new_page()
        asked: list[str] = []
        second.on("request", lambda request: asked.append(request.url))
        second.goto(first.url)
        second.wait_for_selector(".running .step-cell")
        step = "parseInt(document.querySelector('.running .step-cell').innerText)"
        before = second.evaluate(step)
        until(second, f"{step} > {before + 5}")
        assert not [url for url in asked if "/events" in url]
        first.close()
        before = second.evaluate(step)
        until(second, f"{step} > {before + 5}")
        assert [url for url in asked if "/events" in url], "who is left reads the stream"
        second.close()
        watched.expect("ERR_ABORTED")
