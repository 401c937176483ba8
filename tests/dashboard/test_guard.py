"""The page's door: every route, asked in every way that is not a person on the page."""

import json

import pytest

pytest.importorskip("starlette")

from starlette.applications import Starlette

from dashboard.loops import run
from osetra.dashboard.app import Dashboard
from osetra.dashboard.assets import Assets
from osetra.dashboard.guard import BODY, HEADERS, Door, RequestGuard
from osetra.dashboard.studies import Studies

TOKEN = "t" * 43
DOOR = Door(token=TOKEN, hosts=frozenset({"127.0.0.1:8765", "localhost:8765", "[::1]:8765"}))
HOST = "127.0.0.1:8765"
ORIGIN = f"http://{HOST}"
READ = {"host": HOST, "cookie": f"osetra-8765={DOOR.seal}"}
WRITE = {**READ, "origin": ORIGIN, "content-type": "application/json", "sec-fetch-site": "same-origin"}


def routes():
    shown = Dashboard(Studies("nowhere"), DOOR, Assets({}, b"<!doctype html>")).routes()
    return [(route.path, method) for route in shown for method in sorted(route.methods)]


def asked(path, method="GET", headers=READ, query=b"", body=b"", door=DOOR):
    """Ask the guard alone: what it lets through is answered with 299."""

    async def through(scope, receive, send):
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
        gone = message["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 413 if gone else 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent, parts = [], [body[i : i + 65536] for i in range(0, len(body), 65536)] or [b""]

    async def receive():
        part = parts.pop(0) if parts else b""
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
    }
    run(RequestGuard(through, door)(scope, receive, send))
    heads = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], heads, b"".join(m.get("body", b"") for m in sent[1:])


@pytest.mark.parametrize(("path", "method"), routes())
def test_every_route_answers_its_own_page_only(path, method):
    right = READ if method in ("GET", "HEAD") else WRITE
    assert asked(path, method, right)[0] == 299
    for wrong in (
        {},
        {"cookie": "osetra-8765=" + "u" * 43},
        {"cookie": f"other={DOOR.seal}"},
        {"cookie": f"osetra-8765={TOKEN}"},
        {"authorization": f"Bearer {DOOR.seal}"},
        {"cookie": "\x00=;;"},
    ):
        assert asked(path, method, {**right, "cookie": "", **wrong})[0] == 401
    names = [
        "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.:8765", "localhost.:8765",
        "0.0.0.0:8765", "[::]:8765", "127.0.0.1:8765.evil.example", "evil.example", "",
        "127.0.0.1:8765@evil.example", "2130706433:8765", "[::ffff:127.0.0.1]:8765", "127.1:8765",
        "localhost:08765", "LOCALHOST.evil:8765", "127.0.0.1:8765,evil", "xn--localhost:8765",
        "169.254.169.254:8765", "127.0.0.2:8765",
    ]  # fmt: skip
    for name in names:
        assert asked(path, method, {**right, "host": name})[0] == 403, name
    pairs = [*right.items(), ("host", "evil.example:8765")]
    assert asked(path, method, pairs)[0] == 403
    assert (
        asked(path, method, {**right, "host": "LocalHost:8765", "origin": "http://LocalHost:8765"})[0] == 299
    )


@pytest.mark.parametrize(("path", "method"), [each for each in routes() if each[1] not in ("GET", "HEAD")])
def test_every_writing_route_takes_json_of_our_own_origin_only(path, method):
    without = {name: value for name, value in WRITE.items() if name != "origin"}
    assert asked(path, method, without)[0] == 403
    origins = [
        "null", "http://evil.example", "https://127.0.0.1:8765", "http://127.0.0.1", "http://127.0.0.1:8766",
        "http://localhost:8765", "http://127.0.0.1:8765.evil.example", "", "file://", "http://127.0.0.1:8765/",
    ]  # fmt: skip
    for origin in origins:
        assert asked(path, method, {**WRITE, "origin": origin})[0] == 403, origin
    for site in ("cross-site", "same-site"):
        assert asked(path, method, {**WRITE, "sec-fetch-site": site})[0] == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"):
        assert asked(path, method, {**WRITE, "content-type": kind})[0] == 415, kind
    assert asked(path, method, {**WRITE, "content-length": str(BODY + 1)})[0] == 413
    assert asked(path, method, {**WRITE, "content-length": "-1"})[0] == 413
    assert asked(path, method, WRITE, body=b"x" * (BODY + 1))[0] == 413
    closed = Door(token=TOKEN, hosts=DOOR.hosts, read_only=True)
    assert asked(path, method, WRITE, door=closed)[0] == 403


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "post", "X"])
def test_every_other_method_counts_as_writing(method):
    assert asked("/api/studies", method)[0] == 403


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address():
    status, heads, _ = asked("/", headers={"host": HOST}, query=f"a=b&token={TOKEN}".encode())
    assert status == 303 and heads["location"] == "/?a=b"
    assert heads["set-cookie"].startswith(f"osetra-8765={DOOR.seal};") and TOKEN not in heads["set-cookie"]
    assert all(flag in heads["set-cookie"] for flag in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert asked("/", headers={"host": HOST}, query=b"token=wrong")[0] == 401
    assert asked("/", headers={"host": HOST, "authorization": f"Bearer {TOKEN}"})[0] == 299


def test_a_cookie_opens_the_port_that_it_was_made_for_and_no_other():
    other = Door(token=TOKEN, hosts=frozenset({"127.0.0.1:8766"}))
    # A browser sends both to both, since a jar knows no ports.
    both = f"osetra-8765={DOOR.seal}; osetra-8766={other.seal}"
    assert asked("/", headers={"host": HOST, "cookie": both})[0] == 299
    assert asked("/", headers={"host": "127.0.0.1:8766", "cookie": both}, door=other)[0] == 299
    assert asked("/", headers={"host": HOST, "cookie": f"osetra-8765={other.seal}"})[0] == 401


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "/\r\nx: y", "/ä"])
def test_no_path_leads_to_another_host(path):
    _, heads, _ = asked(path, headers={"host": HOST}, query=f"token={TOKEN}".encode())
    assert heads["location"].startswith("/") and not heads["location"].startswith(("//", "/\\"))
    assert heads["location"].isascii() and "\r" not in heads["location"] and "\n" not in heads["location"]


def test_every_answer_carries_the_policy():
    for headers in (READ, {"host": HOST}, {"host": "evil"}):
        _, heads, _ = asked("/", headers=headers)
        assert heads.items() >= HEADERS.items() and heads["cache-control"] == "no-store"
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_a_person_gets_a_sentence_and_a_program_gets_json():
    _, heads, body = asked("/", headers={"host": HOST, "accept": "text/html"})
    assert heads["content-type"].startswith("text/html") and b"osetra dashboard" in body
    _, heads, body = asked("/", headers={"host": HOST})
    assert "token" in json.loads(body)["error"]


def test_sockets_are_not_answered():
    sent = []

    async def send(message):
        sent.append(message)

    run(RequestGuard(Starlette(), DOOR)({"type": "websocket"}, None, send))
    assert sent == []
