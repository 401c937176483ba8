"""Written: metrics that a program leaves in files of its own, read while it runs.

    out/metrics.csv     a table that it writes line by line, or anew after each step
    out/metrics.jsonl   reports as JSON lines
    runs/               a folder of event files, as for TensorBoard; those below it count

What stood there before belongs to another training and is left out. A table's steps are in its column step,
epoch, iteration or the like; without one its rows count. Metrics wait for the study's own: it says which step
is over.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from osetra.command.events import TornRecord, read_events
from osetra.command.lines import looks_like_report, read_line
from osetra.errors import StudyError, nearest
from osetra.files import kind_of, read_regular

STEPS = ("step", "global_step", "epoch", "iteration", "iter")
"""Columns that number the rows of a table, in this order."""
LARGEST = 1 << 28
"""Bytes; a larger table is no table of metrics."""
PARTS = re.compile(r"train(ing)?|val(id(ation)?)?|test|evaluation|eval", re.IGNORECASE)
"""Folders of event files that belong to the names of metrics, as Keras writes them."""

Row = tuple[int | None, dict[str, float]]
"""Step, where it is known, and metrics."""
Mark = tuple[int, int, int]


class Source(Protocol):
    """A file or folder in which metrics appear."""

    def new(self, *, last: bool) -> list[Row]:
        """Return what has come since.

        Raises:
            StudyError: it cannot be read.
        """

    def hint(self, metric: str) -> str:
        """Return what it holds instead of a metric that never came."""


@dataclass(slots=True)
class RowsFile:
    """A table or JSON lines that grow, or are written anew."""

    path: Path
    metric: str
    """The study's metric, without which a line of JSON may be anything."""
    before: bytes = b""
    """What stood there when the training began."""
    mark: Mark | None = None
    began: Mark | None = None
    taken: int = 0
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.mark = self.began = _mark(self.path)
        self.before = b"" if self.mark is None else _read(self.path)

    def new(self, *, last: bool) -> list[Row]:
        """Return the rows that have come since."""
        mark = _mark(self.path)
        if mark is None or mark == (self.began if last else self.mark):
            return []
        data = _read(self.path)
        if not data.startswith(self.before):
            self.before = b""  # it is written anew
        rows = self._rows(data, last=last)
        if last and not rows and not self.taken and self.before:
            self.before = b""  # what stood there before was written once more, word for word
            rows = self._rows(data, last=last)
        if not last:
            self.mark = mark
        if len(rows) < self.taken:
            self.taken = 0
        fresh, self.taken = rows[self.taken :], len(rows)
        return fresh

    def hint(self, metric: str) -> str:
        """Return the columns, or that there is no file."""
        if self.mark is None and _mark(self.path) is None:
            return f"{self.path} was never written"
        if not self.columns:
            return f"nothing was written to {self.path}"
        return f"{self.path} has {', '.join(self.columns)}.{nearest(metric, self.columns)}"

    def _rows(self, data: bytes, *, last: bool) -> list[Row]:
        whole = data if last else data[: data.rfind(b"\n") + 1]
        if self.path.suffix.lower() == ".csv":
            old = len([*_table(self.before)][1:])
            return self._numbered([*_table(whole)], old)
        lines = whole[len(self.before) :].splitlines()
        return [row for line in lines if (row := self._line(line)) is not None]

    def _line(self, line: bytes) -> Row | None:
        found = read_line(line, self.metric)
        if found is None or not found.says_something(self.metric):
            if looks_like_report(line, self.metric):
                raise StudyError(f"{self.path}: {line[:80].decode(errors='replace')!r} is no JSON object")
            return None
        self.columns = tuple(dict.fromkeys((*self.columns, *found.metrics)))
        return found.step, found.metrics

    def _numbered(self, table: list[list[str]], old: int) -> list[Row]:
        """Return the rows of a table behind the old ones, with their steps."""
        self.columns = tuple(name.strip() for name in table[0]) if table else ()
        lower = [name.lower() for name in self.columns]
        counter = next((lower.index(name) for name in STEPS if name in lower), None)
        rows: list[Row] = []
        for number, cells in enumerate(table[1 + old :], start=1):
            values = [_number(cell) for cell in cells]
            place = None if counter is None or counter >= len(values) else values[counter]
            step = number if counter is None else int(place) if place is not None and place >= 0 else None
            pairs = zip(self.columns, values, strict=False)
            found = {n: v for i, (n, v) in enumerate(pairs) if v is not None and i != counter}
            rows.append((step, found))
        return rows


@dataclass(slots=True)
class EventFolder:
    """A folder of event files, as TensorBoard reads them."""

    path: Path
    read: dict[Path, int] = field(default_factory=dict)
    """How many bytes of each were read, or stood there before."""
    tags: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.read = {file: file.stat().st_size for file in self._files()}

    def new(self, *, last: bool) -> list[Row]:
        """Return what has come since."""
        found: list[Row] = []
        for file in self._files():
            try:
                with file.open("rb") as data:
                    data.seek(self.read.get(file, 0))
                    scalars, size = read_events(data.read())
            except OSError:
                continue  # it is gone
            except TornRecord as error:
                raise StudyError(f"{file} is no file of events: {error}") from None
            self.read[file] = self.read.get(file, 0) + size
            for step, tag, value in scalars:
                name = _named(file, tag)
                self.tags.add(name)
                found.append((step if step >= 0 else None, {name: value}))
        return found

    def hint(self, metric: str) -> str:
        """Return the tags, or that there are none."""
        if not self.tags:
            return f"no new event file with a scalar is below {self.path}"
        return f"{self.path} has {', '.join(sorted(self.tags))}.{nearest(metric, self.tags)}"

    def _files(self) -> Iterator[Path]:
        for parent, _, names in os.walk(self.path):
            for name in sorted(names):
                file = Path(parent, name)
                if "tfevents" in name and not kind_of(file):
                    yield file


@dataclass(slots=True)
class Written:
    """What all sources of one training say, step by step."""

    sources: Sequence[Source]
    metric: str
    latest: int = -1
    """The step that was passed on last."""
    held: dict[int, dict[str, float]] = field(default_factory=dict)
    """Metrics of steps that may not be over."""

    @classmethod
    def of(cls, paths: Sequence[str], folder: str, metric: str) -> Written:
        """Return the sources of paths: a table, JSON lines or a folder.

        Raises:
            StudyError: something there is neither.
        """
        return cls([_source(Path(folder, path), metric) for path in paths], metric)

    def new(self, *, last: bool = False) -> list[tuple[int, dict[str, float]]]:
        """Return the steps that are over; behind the last one all of them.

        Raises:
            StudyError: a source cannot be read.
        """
        for source in self.sources:
            for step, metrics in source.new(last=last):
                self._hold(step, metrics)
        over = max((s for s, found in self.held.items() if self.metric in found), default=-1)
        steps = sorted(step for step in self.held if last or step <= over)
        ready = [(step, self.held.pop(step)) for step in steps]
        fresh = [(step, found) for step, found in ready if step >= self.latest and found]
        self.latest = fresh[-1][0] if fresh else self.latest
        return fresh

    def _hold(self, step: int | None, metrics: dict[str, float]) -> None:
        if step is None:
            step = max([self.latest, *self.held]) + (self.metric in metrics)
        held = self.held.setdefault(max(step, 0), {})
        for name, value in metrics.items():
            if name != "step" and 0 < len(name.encode()) <= 200 and "\0" not in name:
                held.setdefault(name, value)

    def hints(self) -> str:
        """Return what the sources hold instead of the study's metric."""
        return "; ".join(source.hint(self.metric) for source in self.sources)


def _source(path: Path, metric: str) -> Source:
    if path.suffix.lower() in (".csv", ".jsonl"):
        if path.is_dir() or kind_of(path):
            raise StudyError(f"--reports {path} is {kind_of(path) or 'a folder'}; a file is expected")
        return RowsFile(path, metric)
    if path.exists() and not path.is_dir():
        raise StudyError(
            f"--reports {path}: a .csv or .jsonl file is read, and a folder with TensorBoard's event files"
        )
    return EventFolder(path)


def _named(file: Path, tag: str) -> str:
    """Return the name of a metric: its tag, behind the part of the data that its folder names."""
    folder = file.parent.name
    if folder.startswith(f"{tag}_"):  # add_scalars of PyTorch
        return folder
    return f"{folder}/{tag}" if PARTS.fullmatch(folder) else tag


def _table(data: bytes) -> Iterator[list[str]]:
    text = data.decode("utf-8-sig", errors="replace")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        yield from filter(None, csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise StudyError(f"a table of metrics cannot be read: {error}") from None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _mark(path: Path) -> Mark | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise StudyError(
                f"--reports {path} has more than {LARGEST >> 20} MB; a table of metrics is expected"
            )
        return read_regular(path)
    except OSError as error:
        raise StudyError(f"--reports {path}: {error.strerror or error}") from None
