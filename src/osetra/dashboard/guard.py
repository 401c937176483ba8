"""Guard: who may ask the page's server for anything, checked before anything else looks at a request.

| against                                    | what is asked of a request                              |
|--------------------------------------------|---------------------------------------------------------|
| other people on this machine               | the token: in a cookie, an address once, or as a bearer |
| pages of the browser that rebind a name    | Host is one of the names that the server was made for   |
| pages of the browser that send orders      | Origin and Sec-Fetch-Site are our own, the kind is JSON |
| texts of studies that hold markup          | every answer forbids what is inline or from elsewhere   |
| floods                                     | a body has at most a megabyte                           |

Every method but GET and HEAD counts as writing.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlencode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY = 2**20
"""Bytes of a request at most."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}
COOKIE_LIFE = 30 * 86400
_HELP = (
    "It stands in the terminal in which the page was started; started there once more, it is printed again. "
    "A browser that has opened it needs it no more for 30 days."
)
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;font:15px/1.5 system-ui,sans-serif;background:light-dark(#f6f5f1,#101417);"
    "color:light-dark(#1b1f24,#e9e7e1)}"
    "main{max-width:34rem;margin:18vh auto;padding:0 1.5rem}"
    "h1{font-size:1.1rem;font-weight:640;padding-bottom:.5rem;"
    "border-bottom:1px solid light-dark(#bcb8ad,#475058)}"
)
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the server was started with."""

    token: str
    hosts: frozenset[str]
    """Values of Host that are ours, ports included, in lower case."""
    secure: bool = False
    """Whether the page is reached by TLS."""
    read_only: bool = False

    @property
    def cookie(self) -> str:
        """The name of the cookie; two servers of one machine share a jar, so the port is in it."""
        return f"osetra-{self._port}"

    @property
    def seal(self) -> str:
        """What is in the cookie: a browser sends it to every port of this machine, so the token is not.

        It follows from the token and opens no other port than this one. This one it opens for whoever got it:
        docs/live-page.md says so under what is left open.
        """
        return hmac.new(self.token.encode(), f"port {self._port}".encode(), sha256).hexdigest()

    @property
    def _port(self) -> str:
        return min(host.rpartition(":")[2] for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    text: str


class RequestGuard:
    """Lets through to the app what may pass, and puts the policy on every answer."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no sockets here
        protected = _protecting(send)
        headers = _headers(scope)
        if refusal := refused(self.door, scope["method"], headers, scope.get("query_string", b"")):
            await _answer(protected, refusal, page=wants_page(headers))
            return
        if cookie := admitted(self.door, scope):
            await _redirect(protected, scope["path"], rest_of(scope), cookie)
            return
        await self.app(scope, _limited(receive), protected)


def refused(door: Door, method: str, headers: Mapping[str, Sequence[str]], query: bytes) -> Refusal | None:
    """Return why a request is refused; None when it may pass."""
    hosts = headers.get("host", ())
    if len(hosts) != 1 or hosts[0].strip().lower() not in door.hosts:
        return Refusal(403, "this server answers under its own address only; open the one that it printed")
    if not knows(door, headers, query):
        return Refusal(401, "open the address that osetra dashboard printed: it ends with the token")
    if method in ("GET", "HEAD"):
        return None
    if door.read_only:
        return Refusal(403, "this page is read-only (--read-only)")
    scheme = "https" if door.secure else "http"
    if headers.get("origin", ()) != [f"{scheme}://{hosts[0].strip()}"]:
        return Refusal(403, "orders are taken from this page only, and this request comes from elsewhere")
    if any(site not in ("same-origin", "none") for site in headers.get("sec-fetch-site", ())):
        return Refusal(403, "orders are taken from this page only, and this request comes from elsewhere")
    kinds = [kind.partition(";")[0].strip().lower() for kind in headers.get("content-type", ())]
    if kinds != ["application/json"]:
        return Refusal(415, "orders are JSON (content-type application/json)")
    sizes = headers.get("content-length", ())
    if any(not size.isdecimal() or int(size) > BODY for size in sizes):
        return Refusal(413, "a request is at most a megabyte")
    return None


def knows(door: Door, headers: Mapping[str, Sequence[str]], query: bytes) -> bool:
    """Whether a request shows the token, or the seal in its cookie, compared in constant time."""
    shown = [(each, door.token) for each in _asked(query)]
    for line in headers.get("cookie", ()):
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(line)
        except CookieError:
            continue
        if door.cookie in jar:
            shown.append((jar[door.cookie].value, door.seal))
    for line in headers.get("authorization", ()):
        kind, _, value = line.partition(" ")
        shown += [(value.strip(), door.token)] if kind.lower() == "bearer" else []
    return any([hmac.compare_digest(one.encode("utf-8", "surrogateescape"), r.encode()) for one, r in shown])


def admitted(door: Door, scope: Scope) -> str:
    """Return the cookie for who came with the token in the address; empty for others."""
    if scope["method"] != "GET" or not _asked(scope.get("query_string", b"")):
        return ""
    flags = f"Path=/; Max-Age={COOKIE_LIFE}; HttpOnly; SameSite=Strict" + ("; Secure" if door.secure else "")
    return f"{door.cookie}={door.seal}; {flags}"


def rest_of(scope: Scope) -> str:
    """Return the query without the token, which is not to stay in the address."""
    rest = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    rest.pop("token", None)
    return urlencode(rest, doseq=True)


def wants_page(headers: Mapping[str, Sequence[str]]) -> bool:
    """Whether a person asks, and not a program."""
    return any("text/html" in line for line in headers.get("accept", ()))


def _asked(query: bytes) -> list[str]:
    return parse_qs(query.decode("latin-1")).get("token", [])


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _protecting(send: Send) -> Send:
    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", ())}
            own = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in names]
            if b"cache-control" not in names:
                own.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await send(message)

    return protected


def _limited(receive: Receive) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY:  # one who named no length
            return {"type": "http.disconnect"}
        return message

    return limited


async def _answer(send: Send, refusal: Refusal, *, page: bool) -> None:
    if page:
        body, kind = _page(refusal).encode(), b"text/html; charset=utf-8"
        own = [(b"content-security-policy", _PAGE_POLICY.encode())]
    else:
        body, kind, own = json.dumps({"error": refusal.text}).encode(), b"application/json", []
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *own]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _page(refusal: Refusal) -> str:
    """Return what a person sees who may not in; nothing of the page itself may be asked for by them."""
    text = escape(refusal.text[:1].upper() + refusal.text[1:])
    help_ = f"<p>{escape(_HELP)}</p>" if refusal.status == 401 else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>osetra</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><main><h1>osetra</h1><p>{text}.</p>{help_}</main></html>"
    )


async def _redirect(send: Send, path: str, query: str, cookie: str) -> None:
    # Two slashes in front would lead to another host.
    place = "/" + quote(path.lstrip("/\\")) + (f"?{query}" if query else "")
    headers = [
        (b"location", place.encode()),
        (b"set-cookie", cookie.encode()),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
