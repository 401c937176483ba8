"""A psycopg connection that notices when the other side has gone silent.

The keep-alives of TCP do not see a server that is stopped, nor what lies behind a proxy. So an answer
of which nothing arrives for a while counts as lost.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from osetra.errors import StoreError
from osetra.stores.address import SERVER, mask

T = TypeVar("T")

SILENCE = 15.0
"""Seconds without a byte from the server after which it counts as gone."""
OPTIONS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    # Of several hosts the one that takes writes; a copy that was promoted is found again.
    "target_session_attrs": "read-write",
    "client_encoding": "utf8",
    "application_name": "osetra",
}
"""What we ask of libpq where the URL says nothing."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which every call fails after a silence of `silence` seconds."""

    silence = SILENCE

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        """Drive one exchange with the server, as psycopg asks for it."""
        return super().wait(_until_silent(gen, self.silence), *args, **options)


def parameters(url: str) -> dict[str, str]:
    """Return what a URL tells libpq, each part looked at before anything is looked up.

    What libpq says of a part that it cannot read quotes it, and it may be a piece of the password.

    Raises:
        StoreError: it is no address of a server.
    """
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", url):
        raise _malformed(url, "it holds a control character")
    if url.partition("?")[0].count("@") > 1:
        raise _malformed(url, "it has more than one @")
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error as error:
        reason = re.split("[\"'(:]", " ".join(str(error).split()))[0].strip()
        raise _malformed(url, reason) from None
    for name, text, right in (
        ("host", given.get("host", ""), r"/.*|[^@/\s]*"),
        ("port", given.get("port", ""), r"[\d,]*"),
        ("database", re.sub(r"^[^/]*//[^/]*", "", url.partition("?")[0]), r"[^@]*"),
    ):
        if not re.fullmatch(right, text, re.DOTALL):
            raise _malformed(url, f"its {name} is none")
    return given


def _malformed(url: str, reason: str) -> StoreError:
    return StoreError(
        f"{mask(url)}: this is no address of a server ({reason}); write {SERVER}, and in names and passwords "
        "% as %25, @ as %40, / as %2F, : as %3A, # as %23, ? as %3F and a blank as %20"
    )


def connect(url: str) -> Connection:
    """Return a new connection; every statement is a transaction of its own.

    Raises:
        StoreError: the URL is no address of a server.
        psycopg.Error: no connection came about.
    """
    given = parameters(url)
    options = {name: value for name, value in OPTIONS.items() if name not in given}
    return Connection.connect(url, autocommit=True, **options)  # type: ignore[arg-type]


def _until_silent(exchange: Generator[Any, Any, T], seconds: float) -> Generator[Any, Any, T]:
    heard = time.monotonic()
    try:
        wanted = next(exchange)
        while True:
            ready = yield wanted  # 0 now and then while nothing happens
            now = time.monotonic()
            if ready:
                heard = now
            elif now - heard > seconds:
                raise psycopg.OperationalError(f"no answer for {seconds:g} s")
            wanted = exchange.send(ready)
    except StopIteration as done:
        result: T = done.value
        return result
