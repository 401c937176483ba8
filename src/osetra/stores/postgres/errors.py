"""What PostgreSQL's errors mean for the user of a study, and which of them pass by waiting.

The server says by SQLSTATE what went wrong with a statement (postgresql.org/docs/current/
errcodes-appendix.html); why a connection failed libpq says in words only.
"""

from __future__ import annotations

import re

import psycopg

from osetra.errors import NoDatabase, StoreAway, StoreError, StoreFull
from osetra.stores.address import mask, mask_text

FULL = "53100"
CROWDED = "53300"
BUSY = ("40001", "40P01", "55P03", "55006")
"""Another transaction was in the way: serialization, deadlock, lock, object in use."""
DENIED = "42501"
CONFLICT, OVER = "OS001", "OS002"
"""Raised by our own function osetra.append."""

_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"password authentication failed|no password supplied|(Ident|Peer) authentication failed",
        "the server does not accept this user with this password; give it in ~/.pgpass or in the "
        "environment variable PGPASSWORD",
    ),
    (r'role "[^"]*" does not exist', "the server knows no such user; create it there: createuser NAME"),
    (
        r"no pg_hba\.conf entry",
        "the server's pg_hba.conf does not let this machine in; add a line for it there, and reload",
    ),
    (r"SSL|certificate", "the encrypted connection failed; see sslmode in PostgreSQL's manual"),
    (
        r"invalid (connection option|port|integer value)|extra key",
        "this is no address of a server; write postgresql://USER@HOST:PORT/DATABASE",
    ),
)
_CROWDED = re.compile(r"too many clients|remaining connection slots|too many connections")
_MISSING = re.compile(r'database "([^"]*)" does not exist')


def is_crowded(error: psycopg.Error) -> bool:
    """Whether the server has no connection left to give."""
    return error.sqlstate == CROWDED or bool(_CROWDED.search(str(error)))


def is_away(error: psycopg.Error) -> bool:
    """Whether the server cannot be reached, or is starting, stopping or a copy that takes no writes."""
    state = error.sqlstate or ""
    if isinstance(error, psycopg.InterfaceError) or state[:2] in ("08", "57") or state == "25006":
        return True
    return isinstance(error, psycopg.OperationalError) and not state


def unconnected(error: psycopg.Error, url: str) -> StoreError:
    """Return why no connection came about: a StoreAway when waiting may help."""
    message = _message(error)
    if missing := _MISSING.search(message):
        return NoDatabase(
            f"{mask(url)}: the server has no database {missing[1]!r}; create it: "
            f"osetra db create '{mask(url)}'"
        )
    for words, mend in _WORDS:
        if re.search(words, message, re.IGNORECASE):
            return StoreError(f"{mask(url)}: {mend} ({message})")
    if is_crowded(error):
        return StoreAway(
            f"{mask(url)}: all connections that the server allows are in use; start fewer workers or raise "
            "max_connections there"
        )
    return StoreAway(f"{mask(url)}: the server cannot be reached ({message}); check host, port and network")


def failed(error: psycopg.Error, url: str) -> StoreError:
    """Return what the failure of a statement means."""
    if error.sqlstate == FULL:
        return StoreFull(f"{mask(url)}: no space left on the server; nothing was lost, free some there")
    if error.sqlstate == DENIED:
        return StoreError(
            f"{mask(url)}: this user may not do that ({_message(error)}); the database's owner can allow "
            "it: GRANT ALL ON DATABASE name TO user; and once the tables exist: GRANT ALL ON SCHEMA osetra "
            "TO user; GRANT ALL ON ALL TABLES IN SCHEMA osetra TO user"
        )
    return StoreError(f"{mask(url)}: PostgreSQL says: {_message(error)}")


def _message(error: psycopg.Error) -> str:
    """Return the server's words in one line, without the address that libpq puts before them."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    chosen = next((line for line in lines if "FATAL" in line or "ERROR" in line), lines[0] if lines else "")
    return mask_text(re.sub(r"^.*?(FATAL|ERROR):\s*", "", chosen))[:300]
