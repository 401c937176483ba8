"""Sequences: from arrays, lists and the rows of a table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.data.description import views
from osetra.data.loading import load, load_all
from osetra.data.options import DataOptions
from osetra.data.series import LONGEST, SeriesRecipe, from_array, is_ragged, padded
from osetra.data.split import split
from osetra.errors import DataError

RNG = np.random.default_rng(0)


def table(path, rows, header="id,t,a,kind,y"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def made(count=12, shuffled=True):
    rows = [
        (f"s{i}", t, round(float(i + 10 * t), 3), "up" if t % 2 else "down", "ab"[i % 2])
        for i in range(count)
        for t in range(3 + i % 4)
    ]
    if shuffled:
        rows = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    return rows


SERIES = DataOptions(series="id", time="t")


def test_rows_of_a_series_are_steps_ordered_by_time(tmp_path):
    data = load(table(tmp_path / "a.csv", made()), target="y", reading=SERIES)
    assert data.kind == "sequences"
    assert data.sequences.recipe.channels == ("a", "kind", "kind")
    assert data.sequences.recipe.levels == (None, "down", "up")
    assert sorted(data.sequences.lengths.tolist()) == sorted(3 + i % 4 for i in range(12))
    for values, length in zip(data.sequences.values, data.sequences.lengths, strict=True):
        assert np.all(np.diff(values[0, :length]) == 10)
        assert values[1:, :length].sum(axis=0).tolist() == [1.0] * length
        assert not values[:, length:].any()
    said = " ".join(note.text for note in data.notes)
    assert "rows with the same 'id' are one sequence, ordered by 't'" in said
    assert "sequences of 3 to 6 steps: shorter ones are padded at the end" in said
    assert data.shape == "12 sequences of 3 to 6 steps of 3 channels, 2 classes"


def test_dates_order_the_steps_too(tmp_path):
    rows = [(f"s{i}", f"2024-{1 + t:02d}-01", t, "x", "ab"[i % 2]) for i in range(8) for t in (3, 1, 2, 0)]
    data = load(table(tmp_path / "a.csv", rows), target="y", reading=SERIES)
    assert data.sequences.values[0, 0].tolist() == [0, 1, 2, 3]


def test_without_a_time_the_order_is_that_of_the_file(tmp_path):
    rows = [
        ("s1", 0, 3, "x", "a"),
        ("s2", 0, 5, "x", "b"),
        ("s1", 0, 1, "x", "a"),
        ("s2", 0, 4, "x", "b"),
    ] * 1
    rows += [(f"s{i}", 0, v, "x", "ab"[i % 2]) for i in range(3, 8) for v in (2, i)]
    data = load(table(tmp_path / "a.csv", rows), target="y", reading=DataOptions(series="id", drop=("t",)))
    assert data.sequences.values[:2, 0].tolist() == [[3, 1], [5, 4]]
    assert any("--time COLUMN orders them" in note.text for note in data.notes)


def test_a_target_that_changes_within_a_series_is_named(tmp_path):
    rows = made(shuffled=False)
    rows[4] = (*rows[4][:4], "a" if rows[4][4] == "b" else "b")
    with pytest.raises(DataError, match=r"y: changes within series 's1': 'b' in row 4, 'a' in row 5"):
        load(table(tmp_path / "a.csv", rows), target="y", reading=SERIES)


def test_a_target_may_stand_in_one_row_of_its_series(tmp_path):
    rows = [(*row[:4], row[4] if row[1] == 1 else "") for row in made(shuffled=False)]
    assert len(load(table(tmp_path / "a.csv", rows), target="y", reading=SERIES)) == 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"series": "nowhere"}, "'nowhere': no such column"),
        ({"series": "y"}, "the target cannot be what tells series apart"),
        ({"time": "kind"}, "kind: neither dates nor numbers"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, change, said):
    path = table(tmp_path / "a.csv", made())
    with pytest.raises(DataError, match=said):
        load(path, target="y", reading=DataOptions(**{"series": "id", "time": "t", **change}))


def test_rows_without_series_or_time_are_named(tmp_path):
    rows = made(shuffled=False)
    with pytest.raises(DataError, match="id: row 3 belongs to no series"):
        bad = [("", *row[1:]) if i == 2 else row for i, row in enumerate(rows)]
        load(table(tmp_path / "a.csv", bad), target="y", reading=SERIES)
    with pytest.raises(DataError, match="t: row 3 has no time"):
        bad = [(row[0], "", *row[2:]) if i == 2 else row for i, row in enumerate(rows)]
        load(table(tmp_path / "b.csv", bad), target="y", reading=SERIES)


def test_missing_steps_lie_between_their_neighbours_and_are_said(tmp_path):
    values = RNG.normal(size=(20, 6, 2))
    values[3, 2, 0] = np.nan
    values[4, :2, 1] = np.nan
    values[5, :, 1] = np.nan
    sequences, notes = from_array(values, "x")
    assert sequences.values[3, 0, 2] == pytest.approx((values[3, 1, 0] + values[3, 3, 0]) / 2, rel=1e-6)
    assert np.all(sequences.values[4, 1, :2] == np.float32(values[4, 2, 1]))
    assert np.all(np.isnan(sequences.values[5, 1]))
    assert "9 missing values in steps (3.8%)" in notes[0].text


def test_steps_without_any_value_at_the_end_are_padding():
    values = RNG.normal(size=(4, 6, 2))
    values[1, 4:] = np.nan
    values[2] = np.nan
    sequences, notes = from_array(values, "x")
    assert sequences.lengths.tolist() == [6, 4, 1, 6]
    assert "sequences of 1 to 6 steps" in notes[-1].text


def test_long_sequences_become_means_of_steps_in_a_row():
    values = RNG.normal(size=(3, 2 * LONGEST + 1, 1))
    values[1, 7:] = np.nan
    sequences, notes = from_array(values, "x")
    assert sequences.recipe.merged == 3
    assert sequences.values[0, 0, 1] == pytest.approx(values[0, 3:6, 0].mean(), rel=1e-5)
    assert sequences.lengths[1] == 3
    assert sequences.values[1, 0, 2] == pytest.approx(values[1, 6, 0], rel=1e-6)
    assert "3 steps in a row become one" in notes[0].text
    again, _ = from_array(values[:1, :9], "y", sequences.recipe)
    assert again.values.shape == (1, 1, 3)
    with pytest.raises(DataError, match="2 channels; the model learnt from 1"):
        from_array(np.zeros((1, 9, 2)), "y", SeriesRecipe(("a",)))


def test_values_beyond_all_bounds_and_shapes_that_are_none_are_refused():
    with pytest.raises(DataError, match="infinite or beyond"):
        from_array(np.full((3, 2, 1), np.inf), "x")
    for wrong in (np.zeros((3, 0, 2)), np.zeros((3, 2, 2), dtype="U1"), np.zeros((2, 2, 2, 2))):
        with pytest.raises(DataError, match="holds no sequences"):
            from_array(wrong, "x")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.integers(1, 3))
def test_a_ragged_list_is_padded_and_read_back(lengths, channels):
    several = [np.random.default_rng(i).normal(size=(n, channels)) for i, n in enumerate(lengths)]
    assert is_ragged(several) == (len(set(lengths)) > 1)
    sequences, _ = from_array(padded(several, "list"), "list")
    assert sequences.lengths.tolist() == lengths
    for found, given_, n in zip(sequences.values, several, lengths, strict=True):
        assert np.allclose(found[:, :n], given_.T, atol=1e-6)
    with pytest.raises(DataError, match="different channels"):
        padded([*several, np.zeros((2, channels + 1))], "list")


def test_names_and_shapes_say_that_an_array_holds_sequences(tmp_path):
    y = np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x=RNG.normal(size=(20, 30, 3)), y=y)
    np.savez(tmp_path / "b.npz", series=RNG.normal(size=(20, 30)), y=y)
    np.savez(tmp_path / "c.npz", x=RNG.normal(size=(20, 30)), y=y)
    assert load(tmp_path / "a.npz").sequences.values.shape == (20, 3, 30)
    assert load(tmp_path / "b.npz").sequences.values.shape == (20, 1, 30)
    assert load(tmp_path / "c.npz").kind == "table"


def test_the_split_keeps_series_whole_and_may_be_given(tmp_path):
    rows = [(*row, "test" if row[0] in ("s1", "s2", "s3") else "train") for row in made()]
    path = table(tmp_path / "a.csv", rows, "id,t,a,kind,y,part")
    data = load(path, target="y", reading=DataOptions(series="id", time="t", split="part"))
    assert len(data) == 12
    assert len(split(data).test) == 3


def test_a_file_of_sealed_series_may_count_from_the_beginning_again(tmp_path):
    path = table(tmp_path / "a.csv", made())
    other = table(tmp_path / "b.csv", made(6))
    data = load(path, target="y", reading=DataOptions(series="id", time="t", test=str(other)))
    assert len(data) == 18
    assert len(split(data).test) == 6


def test_a_look_shows_the_columns_of_series(tmp_path):
    loaded = load_all(table(tmp_path / "a.csv", made()), target="y", reading=SERIES)
    assert [(view.name, view.kind) for view in views(loaded)] == [("a", "number"), ("kind", "category")]


def test_the_fingerprint_knows_every_step(tmp_path):
    rows = made()
    before = load(table(tmp_path / "a.csv", rows), target="y", reading=SERIES).fingerprint
    rows[5] = (*rows[5][:2], rows[5][2] + 1, *rows[5][3:])
    assert load(table(tmp_path / "a.csv", rows), target="y", reading=SERIES).fingerprint != before


def test_steps_of_free_text_are_left_out_and_said(tmp_path):
    rng = np.random.default_rng(0)
    words = np.array(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"])
    rows = [(*row[:3], " ".join(rng.choice(words, 6)), row[4]) for row in made(30)]
    path = table(tmp_path / "a.csv", rows)
    data = load(path, target="y", reading=SERIES)
    assert data.sequences.recipe.channels == ("a",)
    assert any("'kind' left out: steps of free text are not read" in note.text for note in data.notes)
    with pytest.raises(DataError, match="no column of numbers or categories is left"):
        load(path, target="y", reading=DataOptions(series="id", time="t", drop=("a",)))
