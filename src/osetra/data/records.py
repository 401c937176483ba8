"""Records: JSON as a table, in each of the ways in which programs write one.

A record a line, a list of records, a list of rows below their names, columns by name, what pandas writes
in any orientation, and places on a map (GeoJSON). Records within records become columns such as `in.b`,
lists of equally many numbers a column each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from osetra.data.delimited import finished
from osetra.data.encoding import decoded
from osetra.data.table import EXACT, Cells, Table, Texts, text_of
from osetra.errors import DataError

LONGEST_LIST = 4096
"""Numbers of a list that become columns; longer ones are sequences or pictures, and belong into arrays."""


def parse_records(raw: bytes, source: str) -> Table:
    """Return the table in the bytes of a JSON file.

    Raises:
        DataError: no JSON, or none that holds a table; the text names the line.
    """
    records = _read(decoded(raw, source)[0], source)
    if len(records) == 1 and isinstance(records[0], dict):
        found = _whole(records[0])
        if isinstance(found, dict):
            return _named(source, found)
        records = found or records
    if not records:
        raise DataError(f"{source}: the file holds no records; nothing to learn from")
    if all(isinstance(record, list) for record in records):
        return _rows(records, source)
    if not all(isinstance(record, dict) for record in records):
        raise DataError(f"{source}: each line is to hold one JSON object with the columns of a row")
    flat = [dict(_flat(record)) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    return _named(source, {name: [record.get(name) for record in flat] for name in names})


def _read(text: str, source: str) -> list[Any]:
    records: list[Any] = []
    lines = text.split("\n")
    number = 0
    try:
        if text.lstrip().startswith("[") and not _list_a_line(lines):
            records = json.loads(text)
        elif text.lstrip().startswith("{") and not _object_a_line(lines):
            records = [json.loads(text)]
        else:
            for line in lines:
                records += [json.loads(line)] if line.strip() else []
                number += 1
    except json.JSONDecodeError as error:
        what = f"{error.msg} at its character {error.colno}"
        raise DataError(
            f"{source}: line {number + error.lineno}: not readable as JSON ({what}); each "
            'line is to hold one record, such as {"a": 1, "y": "yes"}'
        ) from None
    except ValueError as error:  # a whole number of very many digits
        raise DataError(f"{source}: line {number + 1}: not readable as JSON ({error})") from None
    except RecursionError:
        raise DataError(f"{source}: the JSON is nested too deeply to be a table") from None
    return records


def _list_a_line(lines: Sequence[str]) -> bool:
    filled = [line.strip() for line in lines[:100] if line.strip()]
    first = filled[0]
    return len(filled) > 1 and first.endswith("]") and not first.startswith("[[")


def _object_a_line(lines: Sequence[str]) -> bool:
    return next(line.strip() for line in lines if line.strip()).endswith("}")


def _whole(record: Mapping[str, Any]) -> dict[str, list[Any]] | list[Any] | None:
    """Return the columns, or the records, of one object that holds a whole table; None when it holds none."""
    values = list(record.values())
    names, data = record.get("columns"), record.get("data")
    if isinstance(names, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return [dict(zip(map(str, names), row, strict=False)) for row in data]
    if record.get("type") == "FeatureCollection" and isinstance(record.get("features"), list):
        return [_feature(feature) for feature in record["features"]]
    if values and all(isinstance(value, dict) for value in values):
        return _oriented(record)
    lists = [value for value in values if isinstance(value, list)]
    if lists and len(lists) == len(values):
        return {str(name): value for name, value in record.items()}
    if len(lists) == 1 and lists[0] and isinstance(lists[0][0], dict):
        return lists[0]
    return None


def _oriented(record: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return the records of an object of objects, rows by their index or columns by their name."""
    inner = list(dict.fromkeys(key for value in record.values() for key in value))
    by_row = all(map(str.isdigit, record)) or (not all(map(str.isdigit, inner)) and len(record) > len(inner))
    if by_row:
        return list(record.values())
    return [{name: column.get(key) for name, column in record.items()} for key in inner]


def _feature(feature: Any) -> dict[str, Any]:
    feature = feature if isinstance(feature, dict) else {}
    place = feature.get("geometry") or {}
    found = dict(feature.get("properties") or {})
    if place.get("type") == "Point" and len(place.get("coordinates") or ()) >= 2:
        found = {"longitude": place["coordinates"][0], "latitude": place["coordinates"][1], **found}
    return found


def _rows(rows: list[list[Any]], source: str) -> Table:
    width = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise DataError(f"{source}: row {number} has {len(row)} cells and the first has {width}")
    header = all(isinstance(cell, str) for cell in rows[0]) and any(
        not isinstance(cell, str) for row in rows[1:] for cell in row
    )
    names = rows[0] if header else [f"x{i}" for i in range(1, width + 1)]
    body = rows[1:] if header else rows
    columns = [_column(list(column)) for column in zip(*body, strict=True)]
    if not columns:
        raise DataError(f"{source}: the file has column names and no rows; nothing to learn from")
    return finished(source, names, columns, ())


def _named(source: str, columns: Mapping[str, list[Any]]) -> Table:
    made = [one for name, values in columns.items() for one in _expanded(name, values)]
    return finished(source, [name for name, _ in made], [column for _, column in made], ())


def _flat(record: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _expanded(name: str, values: list[Any]) -> Iterable[tuple[str, Cells]]:
    """Return a column, or one for each place of lists of equally many numbers."""
    width = width_of(values, name)
    if not width:
        return [(name, _column(values))]
    nothing = [None] * width
    places = zip(*(nothing if value is None else value for value in values), strict=True)
    return [(f"{name}.{i}", _column(list(column))) for i, column in enumerate(places)]


def width_of(values: Sequence[Any], name: str) -> int:
    """Return how many numbers each list of a column has; 0 where they are no such lists.

    Raises:
        DataError: a list is too long to be columns.
    """
    present = [value for value in values if value is not None]
    longest = max((len(value) for value in present if isinstance(value, list)), default=0)
    if longest > LONGEST_LIST:
        raise DataError(
            f"{name!r} holds a list of {longest} values; at most {LONGEST_LIST} are read as columns: save "
            "sequences and pictures with numpy.savez(path, x=..., y=...)"
        )
    if not present or not all(isinstance(value, list) for value in present):
        return 0
    width = len(present[0])
    alike = width > 0 and all(len(value) == width for value in present)
    return width if alike and all(_is_number(item) for value in present for item in value) else 0


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _column(values: list[Any]) -> Cells:
    present = [value for value in values if value is not None]
    numbers = all(_is_number(value) for value in present)
    if present and numbers and all(abs(v) <= EXACT for v in present if isinstance(v, int)):
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    return Texts([text_of(value) for value in values])
