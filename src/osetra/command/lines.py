"""Lines: what a program says about its training: JSON objects, or `name=value` pairs, one step a line.

    {"step": 3, "val_loss": 0.5, "train_loss": 0.4}    metrics after a step
    {"val_loss": 0.5}                                  the same, after the step that follows the last one
    {"steps": 20}                                      how many steps a full training has
    {"step": 3, "checkpoint": true}                    the files in OSETRA_CHECKPOINT_DIR are that step's

    step=3 val_loss=0.5, train_loss: 0.4               such pairs and nothing else, the objective among them

Every other line is output like any other. Numbers that are not finite are NaN, Infinity, null or text
such as "nan" and "-inf".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from osetra.command.patterns import read_patterns
from osetra.core.arguments import is_number
from osetra.errors import StudyError

LONGEST = 1 << 16
"""Bytes; a longer line is output, never a report."""
_WORDS = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
_RESERVED = ("step", "steps", "checkpoint")
_LARGEST = 2**53
_PAIR = re.compile(
    r"([^\W\d][\w./-]*)\s*[=:]\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity))(?:\s*[,;|]\s*|\s+|$)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line that reports something."""

    metrics: dict[str, float]
    step: int | None = None
    steps: int | None = None
    checkpoint: bool = False
    ignored: tuple[str, ...] = ()
    """Entries that are no numbers."""
    json: bool = True
    """Whether it is a JSON object, which nobody prints by chance."""

    def says_something(self, objective: str) -> bool:
        """Whether it says what a training has reached: a metric after a step, or what comes of it."""
        return self.step is not None or objective in self.metrics or bool(self.steps) or self.checkpoint


@dataclass(slots=True)
class Lines:
    """Cuts a stream of bytes into numbered lines, in bounded memory."""

    number: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the lines that are complete now; those that are too long are counted and left out."""
        whole: list[tuple[int, bytes]] = []
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        for line in lines:
            self.number += 1
            if not self._skipping and len(line) <= LONGEST:
                whole.append((self.number, bytes(line)))
            self._skipping = False
        self._rest = rest
        if len(rest) > LONGEST:
            self._rest, self._skipping = bytearray(), True
        return whole

    def end(self) -> list[tuple[int, bytes]]:
        """Return the last line when no line end follows it."""
        return self.feed(b"\n") if self._rest else []


def read_line(line: bytes, objective: str, patterns: Sequence[str] = ()) -> ReportLine | None:
    """Return what a line reports, or None for output like any other.

    Args:
        line: as it was written.
        objective: the study's metric.
        patterns: where numbers stand in lines that are neither JSON nor pairs; see `command.patterns`.

    Raises:
        StudyError: it is a report, and the objective or the step in it is no number.
    """
    found = _object(line)
    if found is None:
        return _matched(line, objective, patterns) or _pairs(line, objective)
    metrics, ignored = {}, []
    for name, value in found.items():
        if name in _RESERVED:
            continue
        number = _number(value)
        if number is not None and name.isprintable() and 0 < len(name) <= 200:
            metrics[name] = number
        else:
            ignored.append(f"{name}={json.dumps(value)[:60]}")
    if objective in found and objective not in metrics:
        quoted = json.dumps(found[objective])[:60]
        raise StudyError(f"{objective} is {quoted}; a metric is one number, such as 0.3, without quotes")
    checkpoint, steps = found.get("checkpoint") is True, _whole(found.get("steps"))
    if not metrics and not checkpoint and not steps:
        return None
    step = _whole(found.get("step"))
    if "step" in found and step is None:
        raise StudyError(f"step is {json.dumps(found['step'])[:60]}; a whole number from 0 on is needed")
    return ReportLine(metrics, step, steps or None, checkpoint, tuple(ignored))


def looks_like_report(line: bytes, objective: str) -> bool:
    """Whether a line that is none seems to have been meant as a report."""
    text = line.decode(errors="replace")
    return objective in text and (
        "{" in text or re.search(rf"{re.escape(objective)}\s*[=:]", text) is not None
    )


def _matched(line: bytes, objective: str, patterns: Sequence[str]) -> ReportLine | None:
    """Return what patterns find in a line, the objective among it."""
    found = read_patterns(line.decode(errors="replace"), patterns) if patterns else {}
    if objective not in found:
        return None
    step = _whole(found.pop("step", None))
    return ReportLine({n: v for n, v in found.items() if n not in _RESERVED}, step, json=False)


def _pairs(line: bytes, objective: str) -> ReportLine | None:
    """Return what a line of nothing but `name=number` pairs reports, the objective among them."""
    text = line.decode(errors="replace").strip()
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None or pair[1] in found:
            return None
        found[pair[1]], at = pair[2], pair.end()
    if objective not in found:
        return None
    metrics = {name: float(number) for name, number in found.items() if name not in _RESERVED}
    step, steps = (_whole(float(found[name])) if name in found else None for name in ("step", "steps"))
    if "step" in found and step is None:
        raise StudyError(f"step is {found['step']}; a whole number from 0 on is needed")
    return ReportLine(metrics, step, steps or None, json=False)


def _object(line: bytes) -> dict[str, Any] | None:
    line = line.strip()
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(value: object) -> float | None:
    if value is None:
        return float("nan")
    if isinstance(value, str):
        return float(value) if value.strip().lower() in _WORDS else None
    if not is_number(value):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _whole(value: object) -> int | None:
    number = None if isinstance(value, str) or value is None else _number(value)
    if number is None or not 0 <= number <= _LARGEST or number != int(number):
        return None
    return int(number)
