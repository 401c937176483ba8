"""Splits along groups, along time, and as they are given; what is sealed stays sealed in all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.split import folds, split
from osetra.errors import DataError

N = 200


def dataset(tmp_path, column, name="g", **said):
    rng = np.random.default_rng(0)
    y = np.where(rng.integers(0, 2, N), "yes", "no")
    rows = "".join(f"{a:.3f},{c},{k}\n" for a, c, k in zip(rng.normal(size=N), column, y, strict=True))
    path = tmp_path / "data.csv"
    path.write_text(f"a,{name},y\n" + rows)
    return load(path, reading=DataOptions(**said))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), count=st.integers(5, 60))
def test_groups_stay_whole(tmp_path_factory, seed, count):
    column = np.random.default_rng(seed).integers(0, count, N)
    data = dataset(tmp_path_factory.mktemp("d"), column, group="g")
    assert [c.name for c in data.columns] == ["a"]
    parts = split(data, seed=seed)
    held = [set(data.groups[rows]) for rows in (parts.train, parts.validation, parts.test)]
    assert all(held) and not (held[0] & held[1] or held[0] & held[2] or held[1] & held[2])
    assert sorted(np.concatenate([parts.train, parts.validation, parts.test])) == list(range(N))
    for fold in folds(data, 3, seed=seed) if count > 12 else ():
        assert not set(data.groups[fold.train]) & set(data.groups[fold.validation])
        assert np.array_equal(fold.test, parts.test)


def test_the_past_is_trained_on_and_the_future_sealed(tmp_path):
    days = np.random.default_rng(1).permutation(N)
    column = [str(np.datetime64("2020-01-01") + day) for day in days]
    data = dataset(tmp_path, column, name="day", time="day")
    parts = split(data)
    assert data.times[parts.train].max() < data.times[parts.validation].min()
    assert data.times[parts.validation].max() < data.times[parts.test].min()
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [120, 40, 40]
    # What a network cannot know of a year to come is no input.
    assert {"day year", "day elapsed"}.isdisjoint(column.name for column in data.columns)
    for fold in folds(data, 3):
        assert data.times[fold.train].max() < data.times[fold.validation].min()
        assert data.times[fold.validation].max() < data.times[parts.test].min()


def test_rows_of_one_time_are_on_one_side(tmp_path):
    data = dataset(tmp_path, np.arange(N) // 23, name="week", time="week")
    parts = split(data)
    assert set(data.times[parts.train]).isdisjoint(data.times[parts.validation])
    assert set(data.times[parts.validation]).isdisjoint(data.times[parts.test])


def test_a_single_time_has_no_past(tmp_path):
    with pytest.raises(DataError, match="no past to learn from"):
        split(dataset(tmp_path, np.full(N, 7), name="week", time="week"))


def test_a_column_gives_the_split(tmp_path):
    part = np.array(["train", "Validation", "test", "train"])[np.arange(N) % 4]
    parts = split(dataset(tmp_path, part, name="part", split="part"))
    assert parts.train.tolist() == [i for i in range(N) if i % 4 in (0, 3)]
    assert parts.validation.tolist() == [i for i in range(N) if i % 4 == 1]
    assert parts.test.tolist() == [i for i in range(N) if i % 4 == 2]


def test_without_rows_to_choose_by_they_come_from_those_to_train_on(tmp_path):
    part = np.where(np.arange(N) % 5 == 0, "test", "train")
    data = dataset(tmp_path, part, name="part", split="part")
    parts = split(data)
    assert parts.test.tolist() == [i for i in range(N) if i % 5 == 0]
    assert len(parts.validation) == 40
    assert all(np.array_equal(fold.test, parts.test) for fold in folds(data, 3))


def test_a_file_of_sealed_rows_is_the_test_part(tmp_path):
    rows = [f"{i % 13},{'yes' if i % 3 else 'no'}" for i in range(N)]
    for name, lines in (("train.csv", rows[:150]), ("test.csv", rows[150:])):
        (tmp_path / name).write_text("\n".join(["a,y", *lines, ""]))
    data = load(tmp_path / "train.csv", reading=DataOptions(test=str(tmp_path / "test.csv")))
    assert split(data).test.tolist() == list(range(150, N))
    (tmp_path / "other.csv").write_text("b,y\n1,yes\n")
    with pytest.raises(DataError, match=r"other\.csv: lacks the column 'a'"):
        load(tmp_path / "train.csv", reading=DataOptions(test=str(tmp_path / "other.csv")))


def test_weights_are_1_on_average_and_no_input(tmp_path):
    data = dataset(tmp_path, np.arange(N) % 3 + 1, name="w", weight="w")
    assert data.weights.mean() == pytest.approx(1)
    assert [column.name for column in data.columns] == ["a"]


def test_what_says_how_rows_are_split_changes_the_fingerprint(tmp_path):
    groups = np.arange(N) % 9
    plain = dataset(tmp_path, groups, drop=("g",)).fingerprint
    assert dataset(tmp_path, groups, group="g").fingerprint != plain
