"""What is readable of the studies in a damaged file, and the keys of what is not.

A fact proves itself, by its checksum and since its JSON says under which key it stands. Facts of studies that
earlier versions opened may have no checksum, and points have none at all: what a flipped bit changed inside a
number of those cannot be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import CHECKED, Entry, Opened, has_checksum
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.pages import StoredRow, carve
from osetra.stores.sqlite.reading import point_of
from osetra.stores.validation import entry_of

_KINDS = {
    "opened",
    "edited",
    "suggested",
    "claimed",
    "checkpointed",
    "ordered",
    "seen",
    "obeyed",
    "ended",
    "noted",
}
"""How keys of facts begin, which tells their index from that of the metrics."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of one study."""

    number: int
    """The study's, in the file."""
    study: str
    """Its name, or one made of its number when the name is lost."""
    entries: list[Entry]
    points: list[Point]
    keys: set[str]
    """Keys of all facts that an index or a row names."""
    named_points: int
    """How many points an index or a row names."""


@dataclass(slots=True)
class _Rows:
    """Everything that could be read, sorted by what it is."""

    studies: dict[int, str] = field(default_factory=dict)
    metrics: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    facts: dict[int, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))
    keys: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Keys that an index or a row names."""
    unchecked: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Versions of the facts without a checksum."""
    points: dict[int, tuple[object, ...]] = field(default_factory=dict)
    numbers: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Numbers of the points that an index or a row names, by study."""


def salvage(path: Path) -> list[Remains]:
    """Return what is left of every study in a file, which is read page by page and not by SQLite.

    Raises:
        StoreError: the file cannot be read.
    """
    with explain_errors(path):
        rows = _sorted(carve(path))
    return [
        Remains(
            study,
            rows.studies.get(study, f"recovered-{study}"),
            _proven(rows, study),
            _points(rows, study),
            rows.keys[study],
            len(rows.numbers[study]),
        )
        for study in sorted({*rows.facts, *rows.studies})
    ]


def _sorted(found: Iterable[StoredRow]) -> _Rows:
    rows = _Rows()
    for item in found:
        match item.row:
            case (int(study), int(version), float() | int() as time, str(), str()) if item.number is None:
                entry = entry_of((version, float(time), *item.row[3:]))
                if isinstance(entry, Entry):
                    rows.facts[study].setdefault(version, entry)
                    if not has_checksum(str(item.row[4])):
                        rows.unchecked[study].add(version)
                    rows.keys[study].add(str(item.row[3]))
            case (int(study), str(name), int()) if item.number is None and name.partition("/")[0] in _KINDS:
                rows.keys[study].add(name)
            case (None, str(name)) if item.number is not None:
                rows.studies[item.number] = name
            case (None, int(study), str(name)) if item.number is not None:
                rows.metrics[study][item.number] = name
            case (None, int(study), *_) if item.number is not None and len(item.row) == 9:
                rows.points[item.number] = item.row
                rows.numbers[study].add(item.number)
            case (int(study), int(), int(), int(), int(), int(), int(number)) if item.number is None:
                rows.numbers[study].add(number)
    return rows


def _proven(rows: _Rows, study: int) -> list[Entry]:
    """Return a study's facts but for those that have lost the checksum that they were written with."""
    facts = rows.facts[study]
    opened = (entry.fact for entry in facts.values() if isinstance(entry.fact, Opened))
    checked = any(fact.format >= CHECKED for fact in opened)
    return [entry for version, entry in facts.items() if not checked or version not in rows.unchecked[study]]


def _points(rows: _Rows, study: int) -> list[Point]:
    names = rows.metrics[study]
    points = []
    for number in sorted(rows.points):
        _, owner, trial, attempt, instance, metric, step, value, kind = rows.points[number]
        if owner != study:
            continue
        if isinstance(metric, int) and metric not in names:
            names[metric] = f"metric-{metric}"  # its name is lost
        amount = float(value) if isinstance(value, int) else value
        point = point_of((trial, attempt, instance, step, metric, amount, kind), names)
        if isinstance(point, Point):
            points.append(point)
    return points
