"""Data of later is compared with a record of data of earlier, column by column."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from osetra.data.drift import drift_of, record_of
from osetra.data.loading import Loaded, load_all
from osetra.errors import DataError


def table(file: Path, seed: int, rows: int = 600, **changes: object) -> Loaded:
    """Write and read a table of a number, a category, a text, a date and a target."""
    rng = np.random.default_rng(seed)
    age = rng.normal(float(str(changes.get("age", 40))), 10, rows)
    colours = ["red", "green", "blue"] if changes.get("red") is None else ["red"] * 8 + ["green", "blue"]
    lines = ["age,colour,note,day,extra,price" if changes.get("extra") else "age,colour,note,day,price"]
    for i in range(rows):
        words = " ".join(rng.choice(["good", "bad", "old", "new", "warm", "late"], rng.integers(4, 12)))
        day = f"{changes.get('year', 2024)}-{rng.integers(1, 13):02d}-{rng.integers(1, 28):02d}"
        extra = f"{rng.normal():.3f}," if changes.get("extra") else ""
        price = age[i] * 2 + rng.normal()
        lines.append(f"{age[i]:.2f},{rng.choice(colours)},{words},{day},{extra}{price:.3f}")
    file.write_text("\n".join(lines) + "\n")
    return load_all(file, target="price")


def test_rows_of_one_world_are_as_they_were(tmp_path: Path) -> None:
    record = json.loads(json.dumps(record_of(table(tmp_path / "a.csv", 0).dataset)))
    drift = drift_of(record, table(tmp_path / "b.csv", 1, year=2027))
    assert (drift.changed, drift.columns, drift.rows_then) == ((), 4, 600)  # dates move on by themselves
    assert "none of 4 columns" in drift.sentence and drift.remarks == ()


def test_what_moved_is_named_and_what_did_not_is_not(tmp_path: Path) -> None:
    record = record_of(table(tmp_path / "a.csv", 0).dataset)
    drift = drift_of(record, table(tmp_path / "b.csv", 1, age=46, red=True))
    assert {each.column for each in drift.changed} == {"age", "colour", "price"}
    assert drift.sentence.startswith("data changed: 3 of 4 columns (")
    assert all(each.p < 0.05 and each.index > 0.1 for each in drift.changed)


def test_false_alarms_are_rarer_than_the_level(tmp_path: Path) -> None:
    record = record_of(table(tmp_path / "a.csv", 0, rows=200).dataset)
    alarms = [drift_of(record, table(tmp_path / "b.csv", seed, rows=200)).changed for seed in range(1, 41)]
    assert sum(map(bool, alarms)) <= 5


def test_columns_that_are_gone_are_named_with_the_nearest_one(tmp_path: Path) -> None:
    record = record_of(table(tmp_path / "a.csv", 0).dataset)
    text = (tmp_path / "a.csv").read_text().replace("age,colour", "ages,colour", 1)
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(DataError, match=r"1 of 4 columns gone: 'age'.*put it back.*ages"):
        drift_of(record, load_all(tmp_path / "b.csv", target="price"))


def test_fewer_rows_and_new_columns_are_said(tmp_path: Path) -> None:
    record = record_of(table(tmp_path / "a.csv", 0).dataset)
    drift = drift_of(record, table(tmp_path / "b.csv", 1, rows=120, extra=True))
    assert drift.new == ("extra",)
    few, new = drift.remarks
    assert few.startswith("only 120 rows, 600 when the setting was chosen") and "extra" in new


def test_a_column_that_became_something_else_is_refused(tmp_path: Path) -> None:
    record = record_of(table(tmp_path / "a.csv", 0).dataset)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    other = [lines[0], *(f"old{line[line.index(',') :]}" for line in lines[1:])]
    (tmp_path / "b.csv").write_text("\n".join(other) + "\n")
    with pytest.raises(DataError, match=r"age: row .* holds 'old', which is not a finite number"):
        drift_of(record, load_all(tmp_path / "b.csv", target="price"))


def test_pictures_are_compared_by_what_they_are_like(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def pictures(name: str, light: int) -> Loaded:
        images = rng.integers(light, light + 100, (200, 1, 8, 8)).astype(np.uint8)
        np.savez(tmp_path / name, images=images, label=np.arange(200) % 2)
        return load_all(tmp_path / name)

    record = record_of(pictures("a.npz", 20).dataset)
    assert drift_of(record, pictures("b.npz", 20)).changed == ()
    assert [each.column for each in drift_of(record, pictures("c.npz", 90)).changed] == ["brightness"]
    with pytest.raises(DataError, match="table where the setting was chosen for images"):
        drift_of(record, table(tmp_path / "d.csv", 0, rows=50))
