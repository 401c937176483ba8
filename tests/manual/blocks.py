"""Blocks of code in a page, and how each is checked.

    python     runs, all of a page in one namespace and one empty folder
    console    lines behind "$ " run in that folder
    text       behind either of them: what it printed, "…" standing for anything, any number for any number
    toml json  is read
    others     each line that begins with `osetra` names a verb that there is, with options that it has

A comment before a block says otherwise: `<!-- parsed: needs a cluster -->` has it parsed alone, for a reason;
and `<!-- hidden` … `-->` is code that runs where it stands and is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE = re.compile(
    r"^<!-- hidden\n(?P<hidden>.*?)^-->\n"
    r"|(?:^<!-- parsed: (?P<why>[^\n]+) -->\n+)?"
    r"^(?P<fence>`{3,})(?P<kind>[a-z]*)[^\n]*\n(?P<code>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?")
PADDING = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Block:
    """One block of a page."""

    kind: str
    code: str
    line: int
    """Where its first line of code stands."""
    parsed: bool = False
    """Whether it is parsed alone."""
    prints: str | None = None
    """What it prints, where the page says so."""


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page; output belongs to the block right before it."""
    text = page.read_text("utf-8")
    pieces = list(PIECE.finditer(text))
    for at, piece in enumerate(pieces):
        group = "hidden" if piece["hidden"] is not None else "code"
        line = text.count("\n", 0, piece.start(group)) + 1
        if group == "hidden":
            yield Block("python", piece["hidden"], line)
            continue
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        near = after is not None and after["kind"] == "text" and not text[piece.end() : after.start()].strip()
        prints = after["code"] if near and after is not None and piece["kind"] == "python" else None
        yield Block(piece["kind"], piece["code"], line, piece["why"] is not None, prints)


def commands(code: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console with what the page says that it prints."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def alike(said: str, printed: str) -> bool:
    """Whether output is what a page says, but for numbers and blanks."""
    parts = [re.escape(_bare(part)) for part in said.strip().split("…")]
    return re.fullmatch(".*?".join(parts), _bare(printed.strip()), re.DOTALL) is not None


def _bare(text: str) -> str:
    lines = (PADDING.sub(" ", line).rstrip() for line in NUMBER.sub("0", text).splitlines())
    return "\n".join(lines)
