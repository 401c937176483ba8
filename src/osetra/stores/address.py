"""Addresses: how people write where a study is, and how that is shown without its password.

A study is named by the URL of its store and its name there: `postgresql://host/db#digits`,
`sqlite:///studies.db#digits`, `studies.db#digits`. Without `#` it is the study "main".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from osetra.errors import StoreError

MAIN = "main"
"""The name of a study that was given none."""
SCHEME = re.compile(r"([A-Za-z][\w+.-]*)://")

_LOGIN = re.compile(r"(://[^:@/\s]*):\S*@")
_FIELD = re.compile(r"(\b\w*(?:password|passwd|pwd)=)(?:'(?:[^'\\]|\\.)*'|[^&\s#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A store and the name of a study in it."""

    url: str
    study: str = MAIN

    def __str__(self) -> str:
        text = self.url if self.study == MAIN else f"{self.url}#{self.study}"
        return mask(text)

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
    is_path = not SCHEME.match(path) and ("/" in name or Path(path).expanduser().is_file())
    if not mark or is_path:
        url, name = text, ""
    if "@" in name or "/" in name:
        raise StoreError(f"{mask(text)}: what follows # is the study's name; write a # elsewhere as %23")
    if study and name and study != name:
        raise StoreError(f"{mask(text)} names the study {name!r}, and the other name given is {study!r}")
    return Address(url, study or name or MAIN)


def mask(text: str) -> str:
    """Return a URL, or any text with URLs in it, with every password replaced by ***."""
    return _FIELD.sub(r"\1***", _LOGIN.sub(r"\1:***@", text))
