"""Predicts with an exported model; needs NumPy and onnxruntime, and Pillow for pictures. Nothing else.

    python predict.py new_rows.csv > answers.csv       a table with a line of names, or JSON lines
    python predict.py pictures/ -o answers.csv         a folder of pictures, one picture, or an array (.npy)
    python predict.py sounds/                          a folder of sounds, or one
    python predict.py sequences.npz                    an array of sequences, or a table of their steps

From another program: `Predictor(folder).table(columns)` with cells by column, or `.pictures(array)`; both
return the answers, and the probabilities (n, C) of classes. `.rows(path)` reads a file as this script does.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import json
import re
import sys
import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

LARGEST_NUMBER = 1e150
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
MARKS = {"comma": ",", "semicolon": ";", "tab": "\t", "space": " ", "pipe": "|", "\\t": "\t"}
LENGTHS = ("duration", "lap")
EPOCH = datetime.datetime(1970, 1, 1)
PLAIN = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Predictor:
    """The model of a folder with model.onnx and preparation.json."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self.notes: list[str] = []
        """Cells that could not be read, a sentence for each column."""
        self.state = json.loads((folder / "preparation.json").read_text("utf-8"))
        self.reading = self.state["reading"]
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        self.signals: Any = _signals(folder) if self.state["sequences"] or self.state["sound"] else None

    def rows(self, path: Path) -> tuple[list[str], list[Any], Any]:
        """Return the names of the rows of a file or folder, their answers, and the probabilities (n, C)."""
        if self.state["sequences"]:
            names, values, lengths = self._sequences(path)
            return names, *self._answers(values, lengths)
        if self.state["sound"]:
            if not path.is_dir() and path.suffix.lower() not in self.signals.SOUNDS:
                raise ValueError("the model learnt from sounds; give a folder of them, or one")
            names, images = self.signals.read_sounds(path, self.state["sound"])
            return names, *self.pictures(images)
        if self.state["pictures"] is not None:
            names, images = read_pictures(path, self.state["pictures"]["shape"])
            return names, *self.pictures(images)
        if path.is_dir():
            names, texts = read_texts(path)
            return names, *self.table({"text": texts})
        answers, shares = self.table(self._table_in(path))
        return [str(row + 1) for row in range(len(answers))], answers, shares

    def _table_in(self, path: Path) -> dict[str, list[Any]]:
        needed = [recipe["name"] for recipe in self.state["schema"]]
        return read_table(path, self.state["dialect"], self.state["manner"], needed)

    def _sequences(self, path: Path) -> tuple[list[str], Any, Any]:
        """Return the names, values (n, channels, steps) and lengths (n, 1) of the sequences of a file."""
        how = self.state["sequences"]
        series, time = how["recipe"]["series"], how["recipe"]["time"]
        if path.suffix.lower() in self.signals.ARRAYS:
            values, lengths = self.signals.from_array(self.signals.read_array(path), how)
            return [str(row + 1) for row in range(len(values))], values, lengths
        if not series:
            raise ValueError("the model learnt from arrays of sequences; give one as .npy or .npz")
        columns = self._table_in(path)
        self._check(columns, [series])
        found: dict[str, Any] = {}
        for recipe in self.state["schema"]:
            cells = _cells(columns[recipe["name"]])
            if recipe["name"] != time:
                found |= self._columns(recipe, cells)
            elif recipe["kind"] == "date":
                found[time] = self._days(recipe, cells)
            else:
                found[time] = self._columns(recipe, cells)[time]
        named = [_written(cell) for cell in _cells(columns[series])]
        named = [None if name is None or name.lower() in self.reading["missing"] else name for name in named]
        names, values, lengths = self.signals.from_columns(found, named, found.get(time), how)
        return names, values, lengths

    def table(self, columns: Mapping[str, Sequence[Any]]) -> tuple[list[Any], Any]:
        """Return an answer for each row, and the probabilities (n, C); cells are texts, numbers or None."""
        if self.state["pictures"] is not None:
            raise ValueError("the model learnt from pictures, and this is a table")
        self._check(columns, [])
        found: dict[str, Any] = {}
        for recipe in self.state["schema"]:
            found |= self._columns(recipe, _cells(columns[recipe["name"]]))
        n = len(next(iter(columns.values())))
        values, codes = [np.zeros((n, 0), np.float32)], [np.zeros((n, 0), np.int64)]
        numbers: list[Any] = []
        for how in self.state["columns"]:
            if "text" in how:
                numbers.append(self._tokens(how, found[how["text"]]))
                continue
            if "number" in how:
                values.append(self._scaled(how, found[how["number"]]))
                continue
            seen = self._coded(how, found[how["category"]])
            if how["embedded"]:
                codes.append(seen[:, None])
            elif how["inputs"]:
                zeros = [0.0] * len(how["inputs"][0])
                values.append(np.array([zeros, *how["inputs"]], np.float32)[seen])
            else:
                values.append((seen[:, None] == np.arange(1, len(how["levels"]) + 1)).astype(np.float32))
        return self._answers(np.concatenate(values, axis=1), np.concatenate([*codes, *numbers], axis=1))

    def _check(self, columns: Mapping[str, Sequence[Any]], more: Sequence[str]) -> None:
        """Raise ValueError where a column is missing that the model needs."""
        needed = [*(each["name"] for each in self.state["schema"]), *more]
        missing = [name for name in needed if name not in columns]
        if missing:
            raise ValueError(f"the model needs the columns {', '.join(missing)}; found {', '.join(columns)}")

    def pictures(self, images: Any) -> tuple[list[Any], Any]:
        """Return an answer for each picture (n, channels, height, width), pixels in 0 … 255."""
        how = self.state["pictures"]
        if how is None:
            raise ValueError("the model learnt from a table, and this is pictures")
        if list(images.shape[1:]) != how["shape"]:
            raise ValueError(f"pictures of {images.shape[1:]}; the model learnt from {how['shape']}")
        shift, scale = (np.array(how[key], np.float32)[:, None, None] for key in ("shift", "scale"))
        return self._answers(
            (images.astype(np.float32) - shift) / scale, np.zeros((len(images), 0), np.int64)
        )

    def _answers(self, values: Any, codes: Any) -> tuple[list[Any], Any]:
        given = {"values": values, "codes": codes} if codes.shape[1] else {"values": values}
        told = self.session.run(None, given)[0] if len(values) else np.zeros((0, 1))
        classes, threshold = self.state["classes"], self.state["threshold"]
        if self.state["multi"] is not None:
            return self._several(told, threshold)
        if not classes:
            return told[:, 0].tolist(), np.zeros((len(told), 0))
        if isinstance(threshold, list):  # one of each class
            told_beside = told / np.array(threshold)
            return [classes[code] for code in told_beside.argmax(axis=1)], told
        chosen = told.argmax(axis=1) if threshold is None else (told[:, 1] >= threshold).astype(int)
        return [classes[code] for code in chosen], told

    @property
    def header(self) -> list[str]:
        """Names of what `table` and `pictures` return: of each answer, and of each probability."""
        multi = self.state["multi"]
        if multi is None:
            return [self.state["target"], *(f"p({name})" for name in self.state["classes"])]
        shares = [f"p({name})" for name in multi["names"]] if self.state["task"] == "multilabel" else []
        return [*([self.state["target"]] if multi["mark"] else multi["names"]), *shares]

    def _several(self, told: Any, threshold: Any) -> tuple[list[Any], Any]:
        """Return the answers of several targets, of each row a tuple, or one text of its labels."""
        multi = self.state["multi"]
        told = told.reshape(len(told), -1) if len(told) else np.zeros((0, len(multi["names"])))
        if self.state["task"] == "multioutput":
            return [tuple(row) for row in told.tolist()], np.zeros((len(told), 0))
        there = told >= (np.array(threshold) if isinstance(threshold, list) else 0.5)
        if not multi["mark"]:
            written = [
                [pair[yes] for pair, yes in zip(multi["answers"], row, strict=True)]
                for row in there.astype(int)
            ]
            return [tuple(row) for row in written], told
        empty = "" if "none" in multi["names"] else "none"
        labels = [[name for name, yes in zip(multi["names"], row, strict=True) if yes] for row in there]
        return [multi["mark"].join(row) or empty for row in labels], told

    def _tokens(self, how: Mapping[str, Any], texts: list[str | None]) -> Any:
        """Return the numbers (n, length) of each row's words, filled up with 0."""
        words = how["words"].split(" ") if how["counts"] else []
        place = {word: number for number, word in enumerate(words, start=1)}
        first, numbers = len(words) + 1, np.zeros((len(texts), how["length"]), np.int64)
        for row, text in enumerate(texts):
            for at, word in enumerate(self._cut(text or "")[: how["length"]]):
                hashed = first + zlib.crc32(word.encode("utf-8", "replace")) % how["buckets"]
                numbers[row, at] = place.get(word, hashed)
        return numbers

    def _cut(self, text: str) -> list[str]:
        """Return the words and marks of a text; long numbers keep their length only."""
        most, digits = self.reading["longest_token"], self.reading["longest_number"]
        found = re.findall(self.reading["token"], text[: self.reading["longest_text"]].lower())
        return ["0" * min(len(t), most) if len(t) > digits and t.isdigit() else t[:most] for t in found]

    def _columns(self, recipe: Mapping[str, Any], cells: list[Any]) -> dict[str, Any]:
        """Return the columns that a recipe makes of cells: numbers, or texts with None where missing."""
        name, marks = recipe["name"], set(self.reading["missing"]) | set(recipe.get("marks", ()))
        if recipe["kind"] == "number":
            words, lower = recipe.get("words", ()), [str(cell).lower() for cell in cells]
            held = {f"{name}: {word}": np.array([float(cell == word) for cell in lower]) for word in words}
            return {name: self._numbers(recipe, cells, marks | set(words)), **held}
        if recipe["kind"] == "date":
            return self._moments(recipe, cells)
        texts = [_written(cell) for cell in cells]
        if recipe["kind"] == "words":
            bags = [None if text is None else set(self._words(text)) for text in texts]
            return {
                f"{name}: {word}": np.array([np.nan if bag is None else float(word in bag) for bag in bags])
                for word in recipe["words"]
            }
        kept = set(recipe.get("keep", ()))
        gone = (set(self.reading["missing"]) - kept) | set(recipe["marks"])
        levels = [None if text is None or text.lower() in gone else text for text in texts]
        if recipe.get("truth"):
            sides = {level: self.reading["answers"].get((level or "").casefold()) for level in set(levels)}
            levels = [level if (side := sides[level]) is None else recipe["truth"][side] for level in levels]
        if recipe.get("ignore_case"):
            counts = Counter(level for level in levels if level is not None)
            best: dict[str, tuple[int, str]] = {}
            for level, count in counts.items():
                best[level.casefold()] = max(best.get(level.casefold(), (0, "")), (count, level))
            levels = [None if level is None else best[level.casefold()][1] for level in levels]
        return {name: levels}

    def _words(self, text: str) -> list[str]:
        return [word.lower() for word in re.findall(self.reading["word"], text)]

    def _numbers(self, recipe: Mapping[str, Any], cells: list[Any], marks: set[str]) -> Any:
        mark, unit = recipe["decimal"], self._unit_key(recipe.get("unit", ""))
        bare = [self._undressed(cell, recipe) for cell in cells]
        read = [self._number(cell, mark, marks, unit) for cell in bare]
        if None in read and not recipe["loose"]:
            # A later file may come from a place with another mark before decimals.
            again = [self._number(cell, "," if mark == "." else ".", marks, unit) for cell in bare]
            read = min(read, again, key=lambda each: each.count(None))
            self._note(recipe["name"], cells, [each is None for each in read])
        values = np.array([np.nan if each is None else each for each in read], np.float64)
        large = np.abs(values) > LARGEST_NUMBER
        self._note(recipe["name"], cells, large.tolist())
        values = np.where(large, np.nan, values)
        declared = [float(m) for m in recipe["marks"] if m.lstrip("-").replace(".", "", 1).isdigit()]
        return np.where(np.isin(values, declared), np.nan, values) if declared else values

    def _note(self, name: str, cells: list[Any], bad: Sequence[bool]) -> None:
        """Note which cells cannot be read, and are taken as missing; refuse a column of nothing else."""
        if not any(bad):
            return
        first = list(bad).index(True)
        said = f"{name}: row {first + 1} holds {cells[first]!r}, which cannot be read"
        if sum(bad) == sum(cell is not None for cell in cells) and (sum(bad) > 1 or len(cells) == 1):
            raise ValueError(f"{said}, and so does every other cell" if sum(bad) > 1 else said)
        more = f", and so do {sum(bad) - 1} more" if sum(bad) > 1 else ""
        self.notes.append(f"{said}{more}: taken as missing")

    def _undressed(self, cell: Any, recipe: Mapping[str, Any]) -> Any:
        """Return a cell without what stands around the numbers of its column."""
        pattern = self.reading["dressing"].get(recipe["name"])
        found = re.fullmatch(pattern, cell, re.IGNORECASE) if pattern and isinstance(cell, str) else None
        return cell if found is None else "".join(found.groups())

    def _unit_key(self, unit: str) -> str:
        """Return what is the same for all spellings of a unit."""
        plain = unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit
        plain = plain.rstrip(".").replace(" ", "")
        same, lower = self.reading["same_units"], plain.casefold()
        key: str = same.get(plain) or same.get(lower, lower)
        return key

    def _number(self, cell: Any, decimal: str, marks: set[str], unit: str) -> float | None:
        """Return the number of a cell, NaN where it is missing, None for what is none of its unit."""
        if cell is None or (isinstance(cell, str) and cell.lower() in marks):
            return np.nan
        if isinstance(cell, (int, float)):
            return float(cell)
        if decimal == "." and PLAIN.fullmatch(cell):
            return float(cell)
        if len(cell) > self.reading["longest_cell"]:
            return None
        found = re.fullmatch(self.reading["numbers"][decimal], cell)
        if found is None or bool(found["open"]) != bool(found["close"]):
            return None
        after = found["after"] or ""
        before = found["outside"] or found["before"] or ""
        if found["before"] and after and (after != "%" or before == "%"):
            return None
        given = self._unit_key(before or after)
        if unit and given and given not in (unit, "st", "nd", "rd", "th"):
            return None
        digits = re.sub(
            r"[.'’ \u00a0\u202f]" if decimal == "," else r"[,'’ \u00a0\u202f]", "", found["digits"]
        )
        value = float(digits.replace(",", ".") + (found["exponent"] or ""))
        negative = (found["sign"] in ("-", "−", "–")) != bool(found["minus"] or found["behind"]) or bool(
            found["open"]
        )
        times = (found["times"] or "").rstrip(".").lower()
        return (-value if negative else value) * float(self.reading["times"].get(times, 1.0))

    def _moments(self, recipe: Mapping[str, Any], cells: list[Any]) -> dict[str, Any]:
        at, order = self._days(recipe, cells), recipe["order"]
        parts = _clock(at) if order == "clock" else {"hours": at} if order in LENGTHS else _dates(at)
        names = {part: recipe["name"] if part == "hours" else f"{recipe['name']} {part}" for part in parts}
        return {names[part]: parts[part] for part in recipe["parts"]}

    def _days(self, recipe: Mapping[str, Any], cells: list[Any]) -> Any:
        """Return days since 1970, of times of day and durations their hours."""
        order = recipe["order"]
        known: dict[Any, float | None] = {}
        for cell in set(cells):
            number = isinstance(cell, float) and order not in ("compact", "epoch")
            known[cell] = cell if number or cell is None else self._read_moment(_written(cell) or "", order)
        words = set(self.reading["missing"]) | set(self.reading["words_for_missing"]) | set(recipe["marks"])
        self._note(recipe["name"], cells, [
            cell is not None and known[cell] is None and str(cell).lower() not in words for cell in cells
        ])  # fmt: skip
        return np.array([np.nan if known[cell] is None else known[cell] for cell in cells], np.float64)

    def _read_moment(self, text: str, order: str) -> float | None:
        """Return what `_moment` does; a date that cannot be mistaken is one in any order of dates."""
        orders = [order] if order in ("clock", *LENGTHS) else [order, *self.reading["unambiguous"]]
        if len(text) > self.reading["longest_cell"]:
            return None
        found = (self._moment(text, each) for each in orders)
        return next((each for each in found if each is not None), None)

    def _moment(self, text: str, order: str) -> float | None:
        """Return days since 1970; of a time of day or a duration its hours; None when it is none."""
        if order in LENGTHS:
            return self._duration(text, order)
        if order == "epoch":
            return _epoch_days(text)
        for pattern in self.reading["moments"][order]:
            found = re.fullmatch(pattern, text)
            if found is None:
                continue
            parts = found.groupdict()
            hours = _hours(parts)
            if order == "clock" or hours is None:
                return hours
            day = self._day(parts)
            if day is not None:
                return (day - EPOCH).days + hours / 24
        return None

    def _day(self, parts: Mapping[str, Any]) -> datetime.datetime | None:
        """Return the day that the parts of a date name; of a month, a quarter or a week the first."""
        year, week, quarter = int(parts["year"]), parts.get("week"), parts.get("quarter")
        year += (2000 if year < 70 else 1900) if len(parts["year"]) == 2 else 0
        month = (
            3 * int(quarter) - 2 if quarter else parts.get("month") or self._month(parts.get("name") or "")
        )
        try:
            if week:
                return datetime.datetime.fromisocalendar(year, int(week), int(parts.get("weekday") or 1))
            return None if month is None else datetime.datetime(year, int(month), int(parts.get("day") or 1))
        except ValueError:
            return None

    def _month(self, name: str) -> int | None:
        start = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("ı", "i"))
        start = "".join(letter for letter in start if not unicodedata.combining(letter))
        months: dict[str, int] = self.reading["months"]
        if len(start) < 3 or start in months:
            return months.get(start)
        found = {number for full, number in months.items() if full.startswith(start)}
        return found.pop() if len(found) == 1 else None

    def _duration(self, text: str, order: str) -> float | None:
        for pattern in self.reading["durations"][order]:
            found = re.fullmatch(pattern, text)
            parts = found.groupdict() if found else {}
            units: dict[str, float] = self.reading["units"]
            given = {name: float(count.replace(",", ".")) for name in units if (count := parts.get(name))}
            if given:
                sign = -1.0 if parts["minus"] else 1.0
                forward = bool(parts.get("plus"))  # of -1 days +23:59:59, all but the days
                return sum((1.0 if forward and name != "days" else sign) * units[name] * value
                           for name, value in given.items())  # fmt: skip
        return None

    def _scaled(self, how: Mapping[str, Any], values: Any) -> Any:
        absent = np.isnan(values)
        filled = np.where(absent, how["fill"], values)
        if how["knots"]:
            scaled = np.interp(filled, [at for at, _ in how["knots"]], [normal for _, normal in how["knots"]])
        else:
            most = self.reading["largest"]
            with np.errstate(over="ignore"):
                scaled = np.clip((filled - how["shift"]) / how["scale"], -most, most)
        if how["smooth"]:
            scaled = scaled / np.sqrt(1.0 + (scaled / self.reading["reach"]) ** 2)
        return np.stack([scaled, absent][: 1 + how["indicator"]], axis=1).astype(np.float32)

    def _coded(self, how: Mapping[str, Any], levels: list[str | None]) -> Any:
        """Return the place of each level, from 1; 0 was never seen, rarer ones share places by their hash."""
        place: dict[str | None, int] = {level: code for code, level in enumerate(how["levels"], start=1)}
        place[None] = place.get(self.reading["missing_level"], 0)
        first, buckets = len(how["levels"]) + 1, how["buckets"]
        for level in set(levels) - set(place):
            place[level] = first + zlib.crc32(str(level).encode()) % buckets if buckets else 0
        return np.array([place[level] for level in levels], np.int64)


def read_table(
    path: Path, said: Sequence[str] = (), learnt: Sequence[str] = (), needed: Sequence[str] = ()
) -> dict[str, list[Any]]:
    """Return the cells of a delimited text, or of one JSON object per line, by column.

    Args:
        path: the file.
        said: its delimiter, decimal mark, header and encoding, where a person named them.
        learnt: the same of the file that was learnt from, for what neither the person nor this file tells.
        needed: columns; the line with most of their names holds the names.
    """
    said, learnt = ([*each, "", "", "", ""][:4] for each in (said, learnt))
    text = _decoded(path.read_bytes(), said[3], learnt[3])
    if text.lstrip().startswith("{"):
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
        names = list(dict.fromkeys(name for record in records for name in record))
        return {name: [record.get(name) for record in records] for name in names}
    known = MARKS.get(said[0].lower(), said[0])
    marks = [known] if known else [mark for mark in dict.fromkeys((learnt[0], *",;\t|")) if mark]
    cut = {mark: _cut_rows(text, mark) for mark in marks}
    places = {mark: _names_place(rows, needed) for mark, rows in cut.items()}
    mark = max(marks, key=lambda each: places[each][:2])
    (count, _, place), rows = places[mark], cut[mark]
    if not rows:
        raise ValueError("the file is empty")
    if said[2] == "no" or (not said[2] and learnt[2] == "no" and not count):
        return {f"x{i + 1}": [row[i] if i < len(row) else None for row in rows] for i in range(len(rows[0]))}
    names, rows = rows[place], rows[place + 1 :]
    return {
        str(_unquoted(name) or f"column {i + 1}"): [row[i] if i < len(row) else None for row in rows]
        for i, name in enumerate(names)
    }


def _decoded(raw: bytes, said: str, learnt: str) -> str:
    """Return a text: as said, by its mark, UTF-8 where that fits, or in what the learnt file was written."""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = raw.decode(said or ("utf-16" if wide else "utf-8-sig")).removeprefix("\ufeff")
    except UnicodeDecodeError:
        old_mac = b"\r" in raw and b"\n" not in raw
        usual = "mac-roman" if old_mac else "cp1252" if learnt in ("", "utf-8", "utf-16") else learnt
        text = raw.decode(said or usual)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cut_rows(text: str, mark: str) -> list[list[str]]:
    lines = [line + "\n" for line in text.split("\n") if not re.match('"?sep=', line, re.IGNORECASE)]
    try:
        rows = [row for row in csv.reader(lines, delimiter=mark, skipinitialspace=mark == " ") if row]
    except csv.Error:
        rows = []
    return [row for row in rows if len(row) > 1 or row[0].strip()]


def _names_place(rows: Sequence[Sequence[str]], needed: Sequence[str]) -> tuple[int, bool, int]:
    """Return how many needed names one row holds, whether those below are as wide, and its place."""
    best, widest = (0, False, 0), 0
    for place, row in enumerate(rows[:60]):
        names = {_unquoted(cell) or f"column {i}" for i, cell in enumerate(row, start=1)}
        count, filled = sum(name in names for name in needed), sum(bool(cell.strip()) for cell in row)
        if count > best[0] and filled > widest:  # lines above names are titles, and narrower
            best = count, all(len(row) == len(below) for below in rows[place + 1 : place + 60]), place
        widest = max(widest, filled)
    return best


def read_texts(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names and the texts of a folder, those that hold any."""
    names, texts = [], []
    for file in sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".txt", ".text")):
        raw = file.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", "replace")
        if text.strip():
            names.append(str(file.relative_to(folder)))
            texts.append(text.replace("\r\n", "\n").replace("\r", "\n").strip())
    if not names:
        raise ValueError("no texts in this folder (.txt)")
    return names, texts


def read_pictures(path: Path, shape: Sequence[int]) -> tuple[list[str], Any]:
    """Return names and pixels (n, channels, height, width) of a folder, a picture, or an array."""
    if path.suffix == ".npy":
        array = np.load(path, allow_pickle=False)
        array = array[:, None] if array.ndim == 3 else array
        array = np.moveaxis(array, 3, 1) if list(array.shape[1:]) != list(shape) else array
        return [str(row + 1) for row in range(len(array))], array
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES)
    names = [str(file.relative_to(path)) if path.is_dir() else file.name for file in files]
    return names, np.stack([_pixels(file, shape) for file in files])


def _pixels(file: Path, shape: Sequence[int]) -> Any:
    from PIL import Image, ImageOps

    mode, size = {1: "L", 3: "RGB", 4: "RGBA"}[shape[0]], (shape[2], shape[1])
    with Image.open(file) as opened:
        opened.draft("L" if mode == "L" else "RGB", (4 * size[0], 4 * size[1]))
        opened.load()
        picture: Any = ImageOps.exif_transpose(opened)
        if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
            deep = np.asarray(picture, np.float32)
            most, sixteen = float(deep.max(initial=0.0)), picture.mode.startswith("I;16")
            if picture.mode == "F" and most <= 1.0:
                deep = deep * np.float32(255.0)
            elif sixteen or most > 255.0:
                deep = deep / np.float32(257.0)
            deep = deep if picture.size == size else np.asarray(Image.fromarray(deep).resize(size))
            return np.broadcast_to(deep[None], tuple(shape))
        if mode != "RGBA" and ("A" in picture.mode or "transparency" in picture.info):
            clear = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
        picture = picture if picture.mode == mode else picture.convert(mode)
        picture = picture if picture.size == size else picture.resize(size)
        array = np.asarray(picture, np.float32)
    return array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0)


def _unquoted(text: str) -> str | None:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return (text[1:-1].strip() if quoted else text) or None


def _cells(cells: Sequence[Any]) -> list[Any]:
    """Return cells as texts without spaces around them; as numbers where all of them are; None is missing."""
    present = [cell for cell in cells if cell is not None and cell == cell]
    if present and all(isinstance(cell, (int, float, np.number)) and cell is not True and cell is not False
                       for cell in present):  # fmt: skip
        return [None if cell is None or cell != cell else float(cell) for cell in cells]
    return [None if cell is None or cell != cell else _unquoted(str(_written(cell))) for cell in cells]


def _written(cell: Any) -> str | None:
    """Return a cell as text: whole numbers with all their digits."""
    if not isinstance(cell, float):
        return None if cell is None else str(cell)
    return f"{cell:.0f}" if cell == np.rint(cell) and abs(cell) < 1e16 else f"{cell:.12g}"


def _hours(parts: Mapping[str, str | None]) -> float | None:
    hour, half = parts.get("hour") or parts.get("hour12"), parts.get("half") or parts.get("half12")
    if hour is None:
        return 0.0
    value = int(hour)
    if half:
        if not 1 <= value <= 12:
            return None
        value = value % 12 + (12 if half[0] in "Pp" else 0)
    minute, second = int(parts.get("minute") or 0), float((parts.get("second") or "0").replace(",", "."))
    if value > 24 or minute > 59 or second >= 61:
        return None
    return value + minute / 60 + second / 3600


def _epoch_days(text: str) -> float | None:
    """Return a count of seconds since 1970, or of finer ticks as its size says, in days."""
    if not re.fullmatch(r"-?\d{1,19}(?:\.\d+)?", text):
        return None
    ticks = (86_400e9, 86_400e6, 86_400e3, 86_400.0)[sum(abs(float(text)) < 10**n for n in (11, 14, 17))]
    return float(text) / ticks


def _dates(days: Any) -> dict[str, Any]:
    known = np.isfinite(days)
    filled = np.where(known, days, 0.0)
    dates = np.floor(filled).astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    into = (dates - years.astype("datetime64[D]")).astype(np.float64) / 365.25
    week, hour = (np.floor(filled) + 3) % 7 / 7, filled % 1.0
    parts = {"year": years.astype(np.int64) + 1970.0, "elapsed": filled}
    for name, angle in (("season", into), ("weekday", week), ("hour", hour)):
        parts |= {f"{name} sin": np.sin(2 * np.pi * angle), f"{name} cos": np.cos(2 * np.pi * angle)}
    return {name: np.where(known, each, np.nan) for name, each in parts.items()}


def _clock(hours: Any) -> dict[str, Any]:
    angle = 2 * np.pi * hours / 24
    return {"hour sin": np.sin(angle), "hour cos": np.cos(angle), "hours": hours}


def _signals(folder: Path) -> Any:
    """Return the module that reads sequences and sounds, which stands beside this one."""
    found = importlib.util.spec_from_file_location("signals", folder / "signals.py")
    if found is None or found.loader is None:
        raise FileNotFoundError(f"{folder / 'signals.py'} is missing; export the model again")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def main() -> None:
    """Predict every row of a file and write a CSV: row, answer, probability of each class."""
    parser = argparse.ArgumentParser(
        description="Predict every row of DATA with the model beside this script."
    )
    parser.add_argument("data", type=Path, help="a table, or a folder of pictures, texts or sounds")
    parser.add_argument("-o", "--out", type=Path, help="write to this file, not to stdout")
    given = parser.parse_args()
    try:
        predictor = Predictor(Path(__file__).parent)
        names, answers, shares = predictor.rows(given.data)
    except (OSError, ValueError) as error:
        sys.exit(f"{given.data}: {error}")
    for note in predictor.notes:
        print(note, file=sys.stderr)
    file = sys.stdout if given.out is None else given.out.open("w", encoding="utf-8", newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["row", *predictor.header])
    for name, answer, share in zip(names, answers, shares.tolist(), strict=True):
        writer.writerow([name, *(answer if isinstance(answer, tuple) else [answer]), *share])


if __name__ == "__main__":
    main()
