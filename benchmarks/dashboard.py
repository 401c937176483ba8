"""The live page beside Optuna Dashboard, in a real browser: 10,000 trials with 1,000,000 reports in SQLite.

    python benchmarks/dashboard.py            a table, some minutes
    python benchmarks/dashboard.py --quick    1,000 trials, shorter streams
    python benchmarks/dashboard.py --json     one JSON object on stdout

Needs Chromium, Playwright (pip install playwright) and optuna-dashboard. Both studies hold the same numbers;
Optuna's tables are filled by SQL, since its own way takes most of an hour. What is measured:

- first paint, and when everything of the first view is there: the page's own clock, from the navigation
  on; "there" means that the best value and the curves are drawn and nothing is fetched any more;
- report to pixel: 100 running trainings report the time; what the page writes beside a curve is compared
  with the clock of the machine at every frame in which it changes;
- frames: the time from one frame to the next while these 100 curves stream, and while the table of all trials
  scrolls by seven rows a frame;
- the server's share of a core and its memory meanwhile, and Chromium's share of one;
- by how much four trainings that compute 5 ms for each report, and four that report as fast as they can, are
  slowed by the server, streaming to a reader that draws nothing, and by an open page; and how much of a core each
  has then. Where cores are few, a browser on the same machine takes what it draws with from the trainings,
  whatever the server does.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from scale import SPACE, configs

STEPS = 100
STREAMED = 100
WORK = 0.005
"""Seconds that a training computes for each report."""
CODE = "import sys; from osetra.cli import main; main(sys.argv[1:], prog_name='osetra')"
BROWSER = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
OBSERVE = """
window.__frames = []; window.__lags = []; let last = performance.now();
const shown = new Map();
const frame = () => {
  const now = performance.now(); window.__frames.push(now - last); last = now;
  for (const button of document.querySelectorAll('.legend button')) {
    const text = button.querySelector('.muted')?.textContent?.trim() ?? '';
    const key = button.textContent.replace(text, '');
    if (text && shown.get(key) !== text) {
      if (shown.has(key)) window.__lags.push(Date.now() / 1000 - START - Number(text));
      shown.set(key, text);
    }
  }
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""
SCROLL = """
window.__frames = []; window.__done = false; let last = 0, count = 0;
const box = document.querySelector('.rows');
const frame = () => {
  const now = performance.now(); if (last) window.__frames.push(now - last); last = now;
  if ((count += 1) > 300) { window.__done = true; return; }
  box.scrollTop += 224; requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""


def build(file: Path, trials: int, running: int = 0) -> None:
    """Write a study of finished trials, and of some that run."""
    import osetra as ose
    from osetra.core.curves import Point
    from osetra.core.facts import Claimed, Noted, Suggested, ended
    from osetra.executors.identity import this_process
    from osetra.stores import open_store

    ose.Study(file, ose.Space.parse(SPACE), minimize="loss", searcher="auto", scheduler="full").close()
    store, worker = open_store(str(file), "main"), this_process()
    store.append([Noted("steps", str(STEPS), "", {"steps": STEPS})])
    found, worth = configs(trials + running)
    for start in range(0, trials, 100):
        facts: list[Any] = []
        points = []
        for n in range(start + 1, min(start + 100, trials) + 1):
            facts += [Suggested(n, found[n - 1], n), Claimed(n, 1, worker)]
            points += curve(n, float(worth[n - 1]))
            facts.append(ended(n, 1, "finished", points[-1].value))
        store.append(facts, [Point(*point) for point in points])
    for n in range(trials + 1, trials + running + 1):
        store.append([Suggested(n, found[n - 1], n), Claimed(n, 1, worker)], lease=3600.0)
    store.close()


def curve(trial: int, value: float) -> list[Any]:
    """Return the reports of one trial."""
    from osetra.core.curves import Point

    return [Point(trial, 1, 0, step, "loss", value + math.exp(-0.05 * step)) for step in range(1, STEPS + 1)]


def build_optuna(file: Path, trials: int) -> None:
    """Write the same study as Optuna keeps it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="bench", storage=f"sqlite:///{file}")
    study.ask({"lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True)})
    found, worth = configs(trials)
    connection = sqlite3.connect(file)
    ((distribution,),) = connection.execute("SELECT distribution_json FROM trial_params LIMIT 1").fetchall()
    for table in ("trial_params", "trials"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our two names
    when = "2026-01-01 00:00:00"
    rows = range(1, trials + 1)
    connection.executemany(
        "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) "
        "VALUES (?, ?, 1, 'COMPLETE', ?, ?)",
        [(n, n - 1, when, when) for n in rows],
    )
    connection.executemany(
        "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
        [(n, "lr", float(found[n - 1]["lr"]), distribution) for n in rows],
    )
    connection.executemany(
        "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
        [(n, curve(n, float(worth[n - 1]))[-1].value) for n in rows],
    )
    connection.executemany(
        "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
        "VALUES (?, ?, ?, 'FINITE')",
        [(n, p.step, p.value) for n in rows for p in curve(n, float(worth[n - 1]))],
    )
    connection.commit()
    connection.close()


@contextmanager
def ours(file: Path) -> Iterator[tuple[str, int]]:
    """Serve our page; yield its address and the process's number."""
    command = [sys.executable, "-c", CODE, "dashboard", str(file), "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        wait_for(address)
        yield address, process.pid
    finally:
        process.kill()
        process.communicate()


@contextmanager
def optunas(file: Path) -> Iterator[tuple[str, int]]:
    """Serve Optuna Dashboard on its study."""
    command = [sys.executable, "-c", "from optuna_dashboard._cli import main; main()"]
    process = subprocess.Popen(
        [*command, f"sqlite:///{file}", "--port", "8931"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for("http://127.0.0.1:8931/dashboard/")
        yield "http://127.0.0.1:8931/dashboard/studies/1", process.pid
    finally:
        process.kill()
        process.wait()


def wait_for(address: str, seconds: float = 60.0) -> None:
    """Wait until a server answers."""
    import http.client
    from urllib.parse import urlsplit

    parts, deadline = urlsplit(address), time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
            connection.request("GET", parts.path)
            connection.getresponse().read()
            connection.close()
            return
        time.sleep(0.1)
    raise SystemExit(f"{address} does not answer")


def opened(browser: Any, address: str, there: str) -> dict[str, float]:
    """Open a page in a fresh browser and return when it painted, when all was there, and its bytes."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    client, received = page.context.new_cdp_session(page), [0.0]
    client.send("Network.enable")
    client.on(
        "Network.loadingFinished",
        lambda e: received.__setitem__(0, received[0] + e["encodedDataLength"]),
    )
    begun = time.monotonic()
    page.goto(address, wait_until="commit", timeout=120_000)
    page.wait_for_selector(there, timeout=300_000)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    all_there = time.monotonic() - begun
    paint = page.evaluate(
        "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    )
    page.wait_for_timeout(300)
    page.context.close()
    return {"first_paint_s": (paint or math.nan) / 1000, "interactive_s": all_there, "bytes": received[0]}


def stream(browser: Any, file: Path, trials: int, seconds: float) -> dict[str, float]:
    """Let 100 trainings report to a study that a page shows, and measure what the page does with it."""
    from osetra.core.curves import Point
    from osetra.stores import open_store

    with ours(file) as (address, pid):
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(address)
        page.wait_for_selector("a")
        key = page.evaluate("() => fetch('/api/studies').then(r => r.json()).then(d => d.studies[0].id)")
        page.goto(f"{address.split('/?')[0]}/#/{key}/cockpit")
        page.wait_for_selector("canvas", timeout=60_000)
        page.wait_for_timeout(2000)
        start = time.time()
        page.evaluate(OBSERVE.replace("START", repr(start)))
        store, before, drawn, step = open_store(str(file), "main"), cpu(pid), chromium_cpu(), 0
        while time.time() - start < seconds:
            step += 1
            value = time.time() - start
            numbers = range(trials + 1, trials + STREAMED + 1)
            store.append([], [Point(n, 1, 0, step, "loss", value) for n in numbers])
            page.wait_for_timeout(100)
        used, drawn = cpu(pid) - before, chromium_cpu() - drawn
        took = time.time() - start
        frames, lags = page.evaluate("() => [window.__frames, window.__lags]")
        memory = resident(pid)
        page.context.close()
        store.close()
    return {
        "lag_p50_s": quantile(lags, 0.5),
        "lag_p95_s": quantile(lags, 0.95),
        "lags": len(lags),
        "frame_p50_ms": quantile(frames, 0.5),
        "frame_p95_ms": quantile(frames, 0.95),
        "frame_max_ms": max(frames, default=math.nan),
        "server_core_share": used / took,
        "chromium_core_share": drawn / took,
        "server_mb": memory,
    }


def scroll(browser: Any, address: str, key: str) -> dict[str, float]:
    """Return how long frames take while the table of all trials scrolls, and what each costs the browser."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"{address.replace('/?', '/?go=1&')}#/{key}/trials")
    page.wait_for_selector(".rows tbody tr:nth-child(10)", timeout=120_000)
    page.wait_for_timeout(1000)
    page.evaluate(SCROLL)
    before = chromium_cpu()
    while not page.evaluate("window.__done"):
        page.wait_for_timeout(200)
    used, frames = chromium_cpu() - before, page.evaluate("window.__frames")
    page.context.close()
    return {
        "frame_p50_ms": quantile(frames, 0.5),
        "frame_p95_ms": quantile(frames, 0.95),
        "cpu_per_frame_ms": 1000 * used / len(frames),
    }


def slowdown(browser: Any, repeats: int, trials: int, work: float) -> dict[str, Any]:
    """Return reports per second of four processes alone, beside a streaming server and an open page, in turn.

    Each computes so many seconds before each report, on two cores for all.
    """
    watchers = {"alone": watched_by_nobody, "reader": watched_by_reader, "page": watched_by(browser)}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in watchers}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeats):
            for name in list(watchers)[:: 1 if turn % 2 else -1]:
                file = Path(folder, f"{turn}-{name}.db")
                reporting_study(file).close()
                command = [sys.executable, __file__, "--report", str(file), str(trials), str(work)]
                with watchers[name](file) as pid:
                    begun, drawn, started = (cpu(pid) if pid else 0.0), chromium_cpu(), time.monotonic()
                    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
                    took = time.monotonic() - started
                    server = (cpu(pid) if pid else 0.0) - begun
                    chromium = chromium_cpu() - drawn
                rate, used = map(float, output.split()[-2:])
                run = {"rate": rate, "cpu_s": used, "server": server / took, "chromium": chromium / took}
                runs[name].append(run)
    median = {
        name: {key: statistics.median(run[key] for run in each) for key in each[0]}
        for name, each in runs.items()
    }
    return {
        "reports_per_s": {name: [round(run["rate"]) for run in each] for name, each in runs.items()},
        "ratio_reader": median["reader"]["rate"] / median["alone"]["rate"],
        "ratio_page": median["page"]["rate"] / median["alone"]["rate"],
        "reporters_cpu_s": {name: each["cpu_s"] for name, each in median.items()},
        "server_core_share": {name: median[name]["server"] for name in ("reader", "page")},
        "chromium_core_share": median["page"]["chromium"],
    }


@contextmanager
def watched_by_nobody(_: Path) -> Iterator[int]:
    """Let nobody look on."""
    yield 0


@contextmanager
def watched_by_reader(file: Path) -> Iterator[int]:
    """Serve the page, and let somebody read the stream who draws nothing."""
    with ours(file) as (address, pid):
        reader = subprocess.Popen([sys.executable, __file__, "--read", address])
        time.sleep(1.0)
        try:
            yield pid
        finally:
            reader.kill()
            reader.wait()


def watched_by(browser: Any) -> Any:
    """Return how the page is opened in a browser."""

    @contextmanager
    def watch(file: Path) -> Iterator[int]:
        with ours(file) as (address, pid):
            key = study_of(browser, address)
            page = browser.new_page()
            page.goto(f"{address.replace('/?', '/?go=1&')}#/{key}/cockpit")
            page.wait_for_selector("main > *")
            yield pid
            page.close()

    return watch


def read_stream(address: str) -> None:
    """Read the events of the one study of a page until killed."""
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(address)

    def ask(path: str, cookie: str = "") -> Any:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        connection.request("GET", path, headers={"Cookie": cookie})
        return connection.getresponse()

    cookie = ask(f"/?{parts.query}").getheader("set-cookie").partition(";")[0]
    key = json.loads(ask("/api/studies", cookie).read())["studies"][0]["id"]
    events = ask(f"/api/studies/{key}/events", cookie)
    while events.read1(65536):
        pass


def report(file: Path, trials: int, work: float) -> None:
    """Be a study whose four workers compute a little before each report; print reports per second."""
    study = reporting_study(file)
    study.run(partial(reporting, work=work), trials=trials, workers=4, progress=False)
    attempts = [attempt for trial in study.trials for attempt in trial.attempts]
    seconds = max(a.ended or 0 for a in attempts) - min(a.started for a in attempts)
    print(trials * 200 / seconds, sum(os.times()[:4]))


def reporting_study(file: Path) -> Any:
    """Return the study of the processes that only report."""
    import osetra as ose

    space = ose.Space({f"x{i}": ose.Float(0, 1) for i in range(4)})
    return ose.Study(file, space, minimize="loss", searcher="random", scheduler="full")


def reporting(run: Any, work: float) -> None:
    """Use a core so many seconds before each report."""
    for _ in range(200):
        begun = time.process_time()
        while time.process_time() - begun < work:
            pass
        run.report(loss=1.0)


def cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def chromium_cpu() -> float:
    """Return the seconds of processor time that the browsers of this process have used."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))

    def below(pid: int) -> Iterator[int]:
        for child in children.get(pid, ()):
            yield child
            yield from below(child)

    used = 0.0
    for pid in below(os.getpid()):
        with suppress(OSError):
            if b"chrom" in Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0]:
                used += cpu(pid)
    return used


def resident(pid: int) -> float:
    """Return the megabytes that a process holds in memory."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def quantile(values: list[float], share: float) -> float:
    """Return a quantile of some numbers; NaN of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


def measure(
    trials: int, seconds: float, repeats: int, flooding_trials: int, working_trials: int
) -> dict[str, Any]:
    """Return all figures."""
    from playwright.sync_api import sync_playwright

    program = next(path for path in BROWSER if Path(path).exists())
    found: dict[str, Any] = {"trials": trials, "reports": trials * STEPS, "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file, other = Path(folder, "ours.db"), Path(folder, "optuna.db")
        build(file, trials, STREAMED)
        build_optuna(other, trials)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        with ours(file) as (address, _), optunas(other) as (theirs, _):
            sides: dict[str, list[dict[str, float]]] = {"osetra": [], "optuna_dashboard": []}
            for _ in range(repeats):
                sides["osetra"].append(opened(browser, address, "a[href*='cockpit'], .studies a, main a"))
                sides["optuna_dashboard"].append(opened(browser, theirs, ".js-plotly-plot .main-svg"))
            key = study_of(browser, address)
            cockpit = f"{address.replace('/?', '/?go=1&')}#/{key}/cockpit"
            sides["osetra_cockpit"] = [
                opened(browser, cockpit, ".best-value canvas, .u-wrap canvas, canvas") for _ in range(repeats)
            ]
            found["scroll"] = scroll(browser, address, key)
            found["opening"] = {
                side: {name: statistics.median(each[name] for each in runs) for name in runs[0]}
                for side, runs in sides.items()
            }
        found["stream"] = stream(browser, file, trials, seconds)
        found["slowdown"] = slowdown(browser, repeats, working_trials, WORK)
        found["slowdown_of_a_flood"] = slowdown(browser, repeats, flooding_trials, 0.0)
        browser.close()
    return found


def study_of(browser: Any, address: str) -> str:
    """Return the id of the one study of our page."""
    page = browser.new_page()
    page.goto(address)
    key: str = page.evaluate("() => fetch('/api/studies').then(r => r.json()).then(d => d.studies[0].id)")
    page.close()
    return key


def table(found: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{found['trials']:,} trials, {found['reports']:,} reports; load {found['load']:.1f}"]
    for side, figures in found["opening"].items():
        paint, there = figures["first_paint_s"], figures["interactive_s"]
        lines.append(
            f"{side:20} first paint {paint:.2f} s, all there {there:.2f} s, {figures['bytes'] / 1000:,.0f} kB"
        )
    for group in ("scroll", "stream", "slowdown", "slowdown_of_a_flood"):
        lines += [f"{name:26} {value}" for name, value in found[group].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--report", nargs=3, metavar=("FILE", "TRIALS", "WORK"), help=argparse.SUPPRESS)
    parser.add_argument("--read", metavar="ADDRESS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read_stream(options.read)
        return
    if options.report:
        report(Path(options.report[0]), int(options.report[1]), float(options.report[2]))
        return
    sizes = (1_000, 10.0, 2, 300, 12) if options.quick else (10_000, 30.0, 5, 400, 32)
    found = measure(*sizes)
    print(json.dumps(found) if options.json else table(found))


if __name__ == "__main__":
    main()
