"""Output: the two streams of the command line, and its JSON documents.

Data goes to stdout, everything for the eyes to stderr. JSON has no NaN and no infinities: they are
written as the strings "nan", "inf" and "-inf", which `float()` reads back.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console, RenderableType

from osetra.core.clean import json_text
from osetra.views.plain import plain_data
from osetra.views.terminal.console import console

VERSION = 1
"""Of the JSON documents; it grows when a field changes its meaning or goes away."""


@dataclass(frozen=True)
class Output:
    """Where a command writes."""

    debug: bool = False

    @cached_property
    def data(self) -> Console:
        """Console on stdout."""
        return console()

    @cached_property
    def eyes(self) -> Console:
        """Console on stderr."""
        return console(stderr=True)

    def show(self, *parts: RenderableType) -> None:
        """Print results for people on stdout."""
        for part in parts:
            self.data.print(part)

    def say(self, *parts: RenderableType) -> None:
        """Print a remark for people on stderr."""
        for part in parts:
            self.eyes.print(part)

    def document(self, kind: str, body: Mapping[str, object]) -> None:
        """Print one JSON document on stdout; `schema` says how to read it."""
        whole = {"schema": f"osetra.{kind}/{VERSION}", **body}
        sys.stdout.write(to_json(whole, indent=2) + "\n")


def to_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, with strings for numbers that are not finite; no terminal acts on it."""
    return json_text(plain_data(value), indent)
