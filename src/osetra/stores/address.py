"""Addresses: how people write where a study is, and how that is shown without its password.

A study is named by the URL of its store and its name there: `postgresql://host/db#digits`,
`sqlite:///studies.db#digits`, `studies.db#digits`. Without `#` it is the study "main".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from osetra.errors import StoreError

MAIN = "main"
"""The name of a study that was given none."""
SERVER = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
"""How the address of a server is written."""
SCHEME = re.compile(r"([A-Za-z][\w+.-]*)://")

_HEAD = re.compile(r"\s*(?:([A-Za-z][\w+.-]*):/+|postgres\w*:|/+)?")
"""What stands before a login, in all the ways in which it is mistyped."""
_PORTS = re.compile(r"(?:\[[^\]]*\]|[^:,\[\]]*)(?::\d{0,5})?(?:,(?:\[[^\]]*\]|[^:,\[\]]*)(?::\d{0,5})?)*")
_ANY = ("utf-8", "surrogateescape")
_QUERY = re.compile(r"([?&]([^=&]*)=)([^&]*(?:&(?![\w%]+=)[^&]*)*)")
_PASSWORD = re.compile(r"password|passwd|pwd", re.IGNORECASE)
_FIELD = re.compile(r"(\b\w*(?:password|passwd|pwd)\s*=\s*)(?:'(?:[^'\\]|\\.)*'?|[^&\s#]*)", re.IGNORECASE)
_MISTYPED = re.compile(r"(memory$)|(?:sqlite|file):(?:/{0,2}(?!/))(.+)|([^/]+\.db)\?.*", re.IGNORECASE)
"""What is no path, but near to another address, as other programs write them."""
_LOGIN = re.compile(r"(://[^:@/\s]*):\S*@")


@dataclass(frozen=True, slots=True)
class Address:
    """A store and the name of a study in it."""

    url: str
    study: str = MAIN

    def __str__(self) -> str:
        return mask(self.url) if self.study == MAIN else f"{mask(self.url)}#{self.study}"

    __repr__ = __str__

    @property
    def file(self) -> Path | None:
        """The file that the store is; None when it is a server or memory."""
        path = self.url.removeprefix("sqlite:///")
        return None if self.url == "memory:" or SCHEME.match(path) else Path(path).expanduser()

    @property
    def bare(self) -> str:
        """The address as it may be written to a file: without any password."""
        url = re.sub(r"[?&]+$", "", re.sub(r"(?<=[?&])\w*password=[^&]*&?", "", self.url))
        return _LOGIN.sub(r"\1@", url) + f"#{self.study}"


def parse(text: str, study: str | None = None) -> Address:
    """Return the address that a text such as `postgresql://host/db#digits` names.

    Args:
        text: a URL or a path, with or without `#STUDY`.
        study: the name given in another place; it must not contradict the one behind `#`.

    Raises:
        StoreError: two different names, or a `#` that belongs to a password.
    """
    url, mark, name = text.rpartition("#")
    path = text.removeprefix("sqlite:///")
    # A file or a folder may have a # in its name.
    is_path = not SCHEME.match(path) and ("/" in name or is_there(path) or _is_file_name(path))
    if not mark or is_path:
        url, name = text, ""
    if "@" in name or "/" in name:
        raise StoreError(f"{mask(text)}: what follows # is the study's name; write a # elsewhere as %23")
    if study and name and study != name:
        raise StoreError(f"{mask(text)} names the study {name!r}, and the other name given is {study!r}")
    return Address(url, study or name or MAIN)


def mask(address: str) -> str:
    """Return an address with its password replaced by ***, however it is mistyped: rather too much of it."""
    found = _HEAD.match(address)
    head = found[0] if found else ""
    scheme = ((found and found[1]) or "").lower()
    rest = _QUERY.sub(_mask_option, address[len(head) :])
    login, at, after = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    host = re.split(r"[/?#]", rest)[0]
    if at and colon:
        rest = f"{user}:***@{after}"
    elif not at and len(scheme) > 1 and scheme != "sqlite" and not _PORTS.fullmatch(host):
        rest = f"{host.partition(':')[0]}:***"
    return _FIELD.sub(r"\1***", head + rest)


def mask_text(text: str) -> str:
    """Return a text that somebody else wrote with the passwords of all URLs in it replaced by ***."""
    return _FIELD.sub(r"\1***", _LOGIN.sub(r"\1:***@", text))


def check_path(text: str) -> None:
    """Make sure that a text may name a file, and is no address with a password that was mistyped.

    Raises:
        StoreError: it holds what no name of a file may hold, or looks like NAME:PASSWORD@HOST.
    """
    if (found := _MISTYPED.match(text)) and not is_there(text):
        meant = "memory:" if found[1] else found[2] or found[3]
        raise StoreError(
            f"{mask(text)}: there is no such file, and it looks like another address; write {meant}, or "
            f"./{mask(text)} if that is the name of a file"
        )
    if text and not text.rpartition("/")[2].removesuffix(".db").strip() and not text.endswith("/"):
        raise StoreError(f"{text!r} is no name of a file: it is all blanks; write a name such as study.db")
    plain = re.match(r"\s*(?:/(?!/)|\.|~)", text)
    if not plain and re.match(r"[^@]*:.*@", text, re.DOTALL) and not is_there(text):
        raise StoreError(f"{mask(text)} is no file; the address of a server is {SERVER}")
    if re.search(r"[\x00\ud800-\udbff]", text) or max(len(p.encode(*_ANY)) for p in text.split("/")) > 251:
        raise StoreError(
            f"{mask(text)[:80]!r} is no name of a file: it holds what none may hold, or has a part of more "
            "than 251 bytes; choose another"
        )


def is_there(path: str | Path) -> bool:
    """Whether there is a file of that name, be it a name that no file can have."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long, or what no name holds, or nobody's home
        return False


def _is_file_name(path: str) -> bool:
    """Whether a # belongs to a file's name: `a#b.db` is a file, `studies.db#b.db` a study in one."""
    before, _, name = path.rpartition("#")
    return name.endswith(".db") and not before.endswith(".db") and not is_there(before)


def _mask_option(found: re.Match[str]) -> str:
    return f"{found[1]}***" if _PASSWORD.search(unquote(found[2])) else found[0]
