"""Records: a finished study as data, small enough to keep for ever.

A record holds no more than what another study can learn from: the space as text, what was made better,
and the trials as configurations with their values. It is written as compressed JSON and never as code, and
read with limits, since it may come from anybody.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.core.params import Config
from osetra.core.problem import Objective, Problem
from osetra.core.results import results
from osetra.core.scales import Array
from osetra.core.values import as_value
from osetra.errors import OsetraError, StudyError
from osetra.files import read_regular
from osetra.version import __version__

FORMAT = 1
"""Version of a record's fields; readers refuse a higher one."""
SUFFIX = ".json.gz"
FEWEST = 8
"""Trials with a value, from which on a study teaches anything."""
MOST = 120
"""Trials that a record keeps: the best third, and the others evenly."""
WIDEST = 1000
"""Hyperparameters of a study that is read."""
LARGEST = 32 * 2**20
"""Bytes of JSON that a file may unpack to."""


class StudyRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One finished study."""

    study: str
    """What it was called, for people."""
    space: dict[str, str | list[str]]
    metric: str
    direction: Literal["minimize", "maximize"]
    trials: list[tuple[Config, float | None]]
    """Configurations with their values, in the user's direction; None where the training failed."""
    opened: float = 0.0
    """When the study began (Unix s), which tells it apart from others of its name."""
    osetra: str = __version__
    format: int = FORMAT

    @property
    def name(self) -> str:
        """What people call it: its study's name and a digest, the same however far the study has got."""
        letters = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in self.study[:60])
        origin = msgspec.json.encode([self.study, self.opened, self.metric, self.direction])
        return f"{letters.strip('-') or 'study'}-{hashlib.sha256(origin).hexdigest()[:8]}"

    @property
    def objective(self) -> Objective:
        """What was made better."""
        return Objective(metric=self.metric, direction=self.direction)

    @property
    def finished(self) -> int:
        """How many trials have a value."""
        return sum(value is not None for _, value in self.trials)


def record_of(problem: Problem, history: History, study: str) -> StudyRecord:
    """Return what a study taught; trials that were changed halfway or are not over are left out.

    `history` is the view in which all trials have their values at one step.
    """
    past = results(problem, history)
    sign = problem.objective.sign
    kept = _kept(past.y, MOST)
    trials: list[tuple[Config, float | None]] = [
        (dict(past.trials[row].config), sign * float(past.y[row]) if past.valid[row] else None)
        for row in kept
    ]
    objective = problem.objective
    return StudyRecord(
        study, problem.space.spec, objective.metric, objective.direction, trials, history.opened_at
    )


def _kept(y: Array, most: int) -> list[int]:
    """Return rows of outcomes y (n,) to keep, in their order: the best third of `most`, the rest evenly."""
    if len(y) <= most:
        return list(range(len(y)))
    order = np.argsort(np.nan_to_num(y, nan=np.inf), kind="stable")
    best, rest = order[: most // 3], np.sort(order[most // 3 :])
    even = rest[np.linspace(0, len(rest) - 1, most - len(best)).astype(np.int64)]
    return sorted({*best.tolist(), *even.tolist()})


def encode(record: StudyRecord) -> bytes:
    """Return a record as a file's contents; the same record gives the same bytes."""
    return gzip.compress(msgspec.json.encode(record), mtime=0)


def decode(data: bytes, where: str) -> StudyRecord:
    """Return the record in a file's contents.

    Raises:
        StudyError: it is damaged, too large, none, of a newer version, or holds numbers that are none.
    """
    text = _unpacked(data, where)
    form = _format(text)
    if form > FORMAT:
        raise StudyError(
            f"{where}: its format is {form}, and this version reads up to {FORMAT}; upgrade osetra"
        )
    try:
        found = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError(f"{where}: no record of osetra, or a damaged one ({error}); {_MEND}") from None
    wrong = _wrong(found)
    if wrong:
        raise StudyError(f"{where}: {one_line(wrong)}; {_MEND}")
    return found


def _wrong(record: StudyRecord) -> str:
    """Return what of a record no study can be; empty while all is well."""
    if len(record.space) > WIDEST:
        return f"{len(record.space)} hyperparameters, and experience reads {WIDEST} at most"
    if any(value is not None and not math.isfinite(value) for _, value in record.trials):
        return "a value that is no finite number"
    try:
        record.objective  # noqa: B018  # which looks at its metric
        for config, _ in record.trials:
            for value in config.values():
                as_value(value)
    except OsetraError as error:
        return str(error)
    return ""


def _unpacked(data: bytes, where: str) -> bytes:
    unpacker = zlib.decompressobj(31)
    try:
        text = unpacker.decompress(data, LARGEST)
    except zlib.error:
        raise StudyError(f"{where}: no record of osetra, or a damaged one; {_MEND}") from None
    if not unpacker.eof:
        wrong = "unpacks to more than 32 MB" if unpacker.unconsumed_tail else "ends too early"
        raise StudyError(f"{where}: {wrong}; {_MEND}")
    return text


def read_record(path: Path) -> StudyRecord:
    """Return the record in a file.

    Raises:
        StudyError: it cannot be read, or is no sound record.
    """
    try:
        data = read_regular(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudyError(
            f"{path}: cannot be read: {reason}; give a file that osetra experience export wrote"
        ) from None
    return decode(data, str(path))


def _format(text: bytes) -> int:
    try:
        tree: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    number = tree.get("format", 0) if isinstance(tree, dict) else 0
    return number if isinstance(number, int) else 0


_MEND = "remove it, or export it again from its study"
_decoder: msgspec.json.Decoder[StudyRecord] = msgspec.json.Decoder(StudyRecord)
