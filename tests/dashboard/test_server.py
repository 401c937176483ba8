"""The server as people start it: a process of its own, asked over the wire while a study runs."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("uvicorn")

import osetra as ose
from osetra.dashboard import serve
from osetra.dashboard.analysis import MAKERS
from osetra.dashboard.serve import Serving, check_host, listen, names_of
from osetra.dashboard.token import FILE, token
from osetra.errors import StudyError

CODE = "import sys; from osetra.cli import main; main(sys.argv[1:], prog_name='osetra')"
START = 60.0


class Page:
    """A running server and its address."""

    def __init__(self, process, address):
        self.process = process
        where, _, self.token = address.partition("/?token=")
        self.host = where.removeprefix("http://")

    def ask(self, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=30)
        own = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            own |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, data, {**own, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
        return answer.status, json.loads(text) if text.startswith("{") else text

    def events(self, path):
        """Yield (kind, data) for ever."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer, fields = connection.getresponse(), {}
        with contextlib.closing(connection):
            while line := answer.readline().decode():
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
                if line == "\n":
                    if "event" in fields:
                        yield fields["event"], json.loads(fields["data"])
                    fields = {}


@pytest.fixture
def started(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    running = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, "dashboard", "--no-open", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        running.append(process)
        address = process.stdout.readline().strip()
        if not address:
            process.wait(START)
            return process
        page = Page(process, address)
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                page.ask("/api/studies")
                return page
            time.sleep(0.05)
        raise AssertionError(process.stderr.read())

    yield start
    for process in running:
        process.kill()
        process.communicate()


def study_at(path, name="main"):
    space = ose.Space(lr=ose.Float(1e-4, 1.0, scale="log"), units=ose.Int(8, 64))
    return ose.Study(path, space, minimize="val_loss", name=name, searcher="random", scheduler="full")


def quick(run):
    for step in run.steps(3):
        run.report(val_loss=1.0 / step)


def until(done, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_an_order_given_on_the_page_is_obeyed_by_the_training(tmp_path, started):
    study = study_at(tmp_path / "s.db")
    page = started(tmp_path / "s.db")
    (listed,) = page.ask("/api/studies")[1]["studies"]
    base, rates, go_on = f"/api/studies/{listed['id']}", [], threading.Event()

    def train(run):
        for step in run.steps(400):
            rates.append(run.live("lr"))
            run.report(val_loss=1.0 / step)
            time.sleep(0.02)
            if go_on.is_set():
                break

    runner = threading.Thread(target=study.run, args=(train,), kwargs={"trials": 1, "progress": False})
    runner.start()
    try:
        seen = page.events(f"{base}/events")
        kinds = {next(seen)[0] for _ in range(6)}
        assert kinds >= {"points", "facts"}
        order = {"trial": 1, "verb": "set", "args": {"lr": 0.5}, "key": "once"}
        status, first = page.ask(f"{base}/orders", order)
        assert status == 200 and page.ask(f"{base}/orders", order)[1] == first, "twice is once"
        until(lambda: rates[-1] == 0.5)
        done = until(lambda: page.ask(f"{base}/trials/1")[1]["orders"][0]["obeyed"])
        assert done >= first["order"]["requested"]
        assert len(study.history.trials[1].orders) == 1
        status, late = page.ask(f"{base}/orders/undo", {"trial": 1, "number": 1})
        assert status == 409 and "too late" in late["error"]
    finally:
        go_on.set()
        runner.join(30)


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("orders", {"trial": 1, "verb": "explode"}, 409, "no such order"),
        ("orders", {"trial": 9, "verb": "stop"}, 409, "no such trial"),
        ("orders", {"trial": True, "verb": "stop"}, 409, "trial"),
        ("orders", {"verb": "stop"}, 409, "trial"),
        ("orders", {"trial": 1, "verb": ["stop"]}, 409, "no such order"),
        ("orders", {"trial": 1, "verb": "set", "args": "lr"}, 409, "args"),
        ("orders", {"trial": 1, "verb": "note", "args": {"text": "x", "actor": "root"}}, 409, "actor"),
        ("orders", {"trial": 1, "verb": "note", "args": {"text": ["x"]}}, 409, "text"),
        ("orders", {"trial": 1, "verb": "note", "args": {"text": "x"}, "key": "k" * 201}, 409, "key"),
        ("queue", {"config": {"lr": 5}}, 400, "lr"),
        ("queue", {"config": {"nothing": 5}}, 400, "nothing"),
        ("queue", {"config": [1]}, 409, "config"),
        ("target", {"trials": 1}, 409, "only grows"),
        ("target", {"trials": "many"}, 409, "trials"),
        ("orders", [1], 400, "object"),
        ("space", {"params": {"lr": "log(1, 0)"}}, 400, "lr"),
        ("space", {"params": {"lr": "__import__('os')"}}, 400, "lr"),
        ("space", {"params": {"momentum": "float(0, 1)"}}, 400, "default"),
        ("space", {"params": {}}, 409, "nothing would change"),
        ("space", {"params": {"lr": "log(0.0001, 1.0)"}}, 409, "nothing would change"),
        ("space", {"params": "lr"}, 409, "params"),
        ("space", {"params": {"x": "1"}, "was": [1]}, 409, "was"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence_and_nothing_is_written(
    page_of_two, path, body, status, text
):
    page, base, study = page_of_two
    before = study.history.version
    found, said = page.ask(f"{base}/{path}", body)
    assert found == status and text in said["error"]
    assert study.history.version == before


@pytest.fixture(scope="module")
def page_of_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    study = study_at(folder / "s.db")
    study.run(quick, trials=2, progress=False)
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "dashboard", "--no-open", str(folder / "s.db")],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    page = Page(process, process.stdout.readline().strip())

    def answers():
        with contextlib.suppress(OSError):
            return page.ask("/api/studies")[1]["studies"]

    (listed,) = until(answers)
    yield page, f"/api/studies/{listed['id']}", study
    process.kill()
    process.communicate()


def test_a_configuration_is_queued_and_the_total_raised(tmp_path, started):
    study = study_at(tmp_path / "s.db")
    study.run(quick, trials=2, progress=False)
    page = started(tmp_path / "s.db")
    base = f"/api/studies/{page.ask('/api/studies')[1]['studies'][0]['id']}"
    assert page.ask(f"{base}/queue", {"config": {"lr": 0.5}, "key": "a"}) == (200, {"trial": 3})
    assert page.ask(f"{base}/queue", {"config": {"lr": 0.5}, "key": "a"}) == (200, {"trial": 3})
    assert page.ask(f"{base}/target", {"trials": 9}) == (200, {"trials": 9})
    assert study.history.target == 9 and study.history.trials[3].config["lr"] == 0.5
    rows = page.ask(f"{base}/trials")[1]
    assert rows["numbers"] == [1, 2, 3]


def test_the_space_is_changed_once_and_who_did_it_is_kept(tmp_path, started):
    study = study_at(tmp_path / "s.db")
    study.run(quick, trials=2, progress=False)
    page = started(tmp_path / "s.db")
    base = f"/api/studies/{page.ask('/api/studies')[1]['studies'][0]['id']}"
    asked = {"params": {"lr": "log(0.0001, 10.0)"}, "why": "best at its end", "key": "a"}
    status, first = page.ask(f"{base}/space", asked)
    assert status == 200 and first["space"]["lr"] == "log(0.0001, 10.0)"
    assert page.ask(f"{base}/space", asked) == (200, first)
    (edit,) = study.history.edits
    assert edit.fact.why == "best at its end" and edit.fact.actor.endswith("(page)")
    assert page.ask(base)[1]["params"][0]["high"] == 10.0


ALONE = [name for name in MAKERS if name != "front"]  # which needs several objectives


@pytest.mark.parametrize(
    "name",
    ["study", "cockpit", "trials", "trials/1", "trials/1/log", "curves", *ALONE, "contour?x=lr&y=units"],
)
def test_documents_are_there_and_what_is_not_is_named(page_of_two, name):
    page, base, _ = page_of_two
    status, document = page.ask(base if name == "study" else f"{base}/{name}")
    assert status == 200 and isinstance(document, dict)
    for wrong in (
        "nothing",
        "front",
        "trials/77",
        "curves?metric=none",
        "curves?points=-1",
        "curves?trials=a",
    ):
        status, said = page.ask(f"{base}/{wrong}")
        assert status in (400, 404) and said["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../guard.py", "/assets/%2e%2e/guard.py", "/assets/..%2fguard.py", "/assets//etc/passwd",
        "/assets/....//guard.py", "/assets/%00", "/api/studies/..%2f..%2fetc", "/api/studies/../../x",
    ],
)  # fmt: skip
def test_no_path_leads_out(page_of_two, path):
    page, _, _ = page_of_two
    status, text = page.ask(path)
    assert status in (404, 400)
    assert "import" not in str(text) and "root:" not in str(text)


def test_read_only_means_it(tmp_path, started):
    study = study_at(tmp_path / "s.db")
    study.run(quick, trials=1, progress=False)
    page = started(tmp_path / "s.db", "--read-only")
    listed = page.ask("/api/studies")[1]
    base = f"/api/studies/{listed['studies'][0]['id']}"
    assert listed["read_only"] and page.ask(base)[1]["verbs"] == []
    status, said = page.ask(f"{base}/orders", {"trial": 1, "verb": "note", "args": {"text": "x"}})
    assert status == 403 and "read-only" in said["error"]


def test_a_killed_server_harms_nothing_and_its_address_opens_the_next_one(tmp_path, started):
    study = study_at(tmp_path / "s.db")
    study.run(quick, trials=2, progress=False)
    port = listen("127.0.0.1", 0)
    number = port.getsockname()[1]
    port.close()
    page = started(tmp_path / "s.db", "--port", number)
    base = f"/api/studies/{page.ask('/api/studies')[1]['studies'][0]['id']}"
    waiting = page.events(f"{base}/events")
    # Of a study in which nothing happens nothing is said.
    news = threading.Timer(1.0, lambda: study.enqueue(lr=0.5))
    news.start()
    next(waiting)
    news.join()
    page.process.send_signal(signal.SIGKILL)
    page.process.wait()
    again = started(tmp_path / "s.db", "--port", number)
    again.token = page.token
    assert again.ask(base)[1]["version"] == study.history.version
    study.run(quick, trials=4, progress=False)
    assert len(study.trials) == 4


def test_a_second_page_takes_the_next_port_and_a_named_one_says_which_is_free(tmp_path, started, monkeypatch):
    monkeypatch.setattr(serve, "PORT", 0)
    first = listen("127.0.0.1", None)
    taken = first.getsockname()[1]
    monkeypatch.setattr(serve, "PORT", taken)
    second = listen("127.0.0.1", None)
    assert second.getsockname()[1] > taken
    with pytest.raises(StudyError, match=rf"port {taken} is taken.*--port {taken + 1}|--port \d+"):
        listen("127.0.0.1", taken)
    first.close()
    second.close()


def test_many_studies_of_a_folder_and_of_a_file_are_listed(tmp_path, started):
    folder = tmp_path / "many"
    folder.mkdir()
    for name in ("a", "b"):
        study_at(folder / "two.db", name).close()
    study_at(folder / "one.db").close()
    (folder / "other.db").write_text("not ours")
    page = started(folder)
    names = sorted(each["name"] for each in page.ask("/api/studies")[1]["studies"])
    assert names == ["a", "b", "one"]


def test_nothing_to_show_is_said_before_a_server_starts(tmp_path, started):
    process = started(tmp_path / "missing.db")
    assert process.returncode != 0
    assert "no such study" in process.stderr.read()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_other_machines_are_served_by_tls_or_knowingly(host, tmp_path):
    with pytest.raises(StudyError, match=r"ssh -L.*--certificate.*--insecure-http"):
        check_host(Serving(host=host))
    check_host(Serving(host=host, insecure=True))
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).touch()
    check_host(Serving(host=host, certificate=tmp_path / "c.pem", key=tmp_path / "k.pem"))
    with pytest.raises(StudyError, match="belong together"):
        check_host(Serving(host=host, certificate=tmp_path / "c.pem"))
    assert not any(name.startswith(("0.0.0.0", "[::]")) for name in names_of(host, 1))


def test_the_token_is_kept_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = token()
    file = tmp_path / "osetra" / FILE
    assert token() == first and file.stat().st_mode & 0o777 == 0o600 and len(first) == 43
    file.chmod(0o644)
    second = token()
    assert second != first, "others could read it"
    file.unlink()
    (tmp_path / "elsewhere").write_text("x" * 43)
    file.symlink_to(tmp_path / "elsewhere")
    assert token() != "x" * 43
    assert (tmp_path / "elsewhere").read_text() == "x" * 43


def test_a_study_made_later_is_shown_beside_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "dashboard", "--beside"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    process.stdin.write(f"{tmp_path / 's.db'}#main\n")
    process.stdin.flush()
    page = Page(process, process.stdout.readline().strip())

    def listed():
        with contextlib.suppress(OSError):
            return page.ask("/api/studies")[0] == 200

    until(listed)
    assert page.ask("/api/studies")[1]["studies"] == []
    study_at(tmp_path / "s.db").run(quick, trials=1, progress=False)
    until(lambda: page.ask("/api/studies")[1]["studies"])
    process.communicate(timeout=30)  # its pipe ends, and so does it


def test_a_socket_that_says_nothing_and_one_that_reads_nothing_hold_nobody_up(page_of_two):
    page, base, _ = page_of_two
    host, _, port = page.host.partition(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(100)]
    for connection in silent[:50]:
        asked = (
            f"GET {base}/events HTTP/1.1\r\nHost: {page.host}\r\nAuthorization: Bearer {page.token}\r\n\r\n"
        )
        connection.sendall(asked.encode())
    begun = time.monotonic()
    assert page.ask(f"{base}/trials")[0] == 200
    assert time.monotonic() - begun < 20
    for connection in silent:
        connection.close()
