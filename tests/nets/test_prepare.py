"""Preparation learnt on the training part only."""

import json

import numpy as np
import pytest

from nets.tables_for_tests import flowers, line
from osetra.data.dataset import CategoryColumn, NumberColumn
from osetra.data.images import as_images
from osetra.data.table import Table, Texts
from osetra.errors import DataError
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.prepare import apply, fit
from osetra.nets.rows import read_columns
from osetra.nets.targets import outputs

ROWS = np.arange(0, 60)


def test_standardising_uses_the_training_rows_and_no_others():
    data = flowers()
    prepared = fit(data, ROWS)
    changed = flowers()
    changed.columns[0].values[60:] = 1e6
    assert fit(changed, ROWS) == prepared
    scaled = apply(prepared, data.columns).values[:60, 0]
    assert abs(scaled.mean()) < 1e-6
    assert abs(scaled.std() - 1) < 1e-6


def test_a_missing_number_becomes_the_training_median_beside_an_indicator():
    data = flowers()
    prepared = fit(data, ROWS)
    how = prepared.columns[1]
    median = np.nanmedian(data.columns[1].values[:60])
    inputs = apply(prepared, data.columns).values
    assert inputs[0, 2] == 1.0
    assert inputs[1, 2] == 0.0
    assert inputs[0, 1] == np.float32((median - how.shift) / how.scale)


def test_a_number_never_missing_in_training_has_no_indicator():
    assert not fit(flowers(), ROWS).columns[0].indicator


def test_few_levels_become_one_hot_columns_and_many_an_embedding():
    many = CategoryColumn("town", np.arange(60) % 12, tuple(f"t{i:02}" for i in range(12)))
    data = flowers(60)
    object.__setattr__(data, "columns", (*data.columns, many))
    prepared = fit(data, np.arange(60))
    inputs = apply(prepared, data.columns)
    assert inputs.values.shape == (60, 1 + 2 + 3)
    assert np.array_equal(inputs.values[:, 3:].sum(axis=1), np.ones(60))
    assert prepared.embedded == (13,)
    assert inputs.codes[:13, 0].tolist() == [*range(1, 13), 1]


def test_an_unseen_category_is_all_zeros_and_code_zero():
    prepared = fit(flowers(), ROWS)
    new = (NumberColumn("first", np.zeros(1)), NumberColumn("second", np.zeros(1)))
    place = CategoryColumn("place", np.zeros(1, dtype=np.int64), ("sea",))
    assert apply(prepared, (*new, place)).values[0, 3:].tolist() == [0.0, 0.0, 0.0]


def test_a_missing_category_is_a_level_of_its_own_when_training_had_it():
    data = flowers()
    data.columns[2].codes[0] = -1
    prepared = fit(data, ROWS)
    assert prepared.columns[2].levels == ("(missing)", "hill", "lake", "moor")
    assert apply(prepared, data.columns).values[0, 3:].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_constant_column_stays_finite():
    data = line()
    data.columns[0].values[:] = 3.0
    assert np.all(apply(fit(data, ROWS), data.columns).values[:, 0] == 0.0)


def test_pictures_are_scaled_per_channel_by_the_training_part():
    rng = np.random.default_rng(0)
    data = flowers(50)
    images = as_images(rng.integers(0, 255, (50, 3, 6, 6), dtype=np.uint8), "test")
    object.__setattr__(data, "images", images)
    object.__setattr__(data, "columns", ())
    rows = np.arange(30)
    scaled = apply(fit(data, rows), (), images).values[rows]
    np.testing.assert_allclose(scaled.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_a_regression_target_is_standardised_by_the_training_part():
    data = line()
    learnt = outputs(fit(data, ROWS), data.target[ROWS])
    assert abs(learnt.mean()) < 1e-6
    assert abs(learnt.std() - 1) < 1e-6


@pytest.mark.parametrize(("scaling", "low", "high"), [("minmax", 0.0, 1.0), ("none", None, None)])
def test_other_scalings_do_what_they_say(scaling, low, high):
    data = line()
    scaled = apply(fit(data, ROWS, scaling=scaling), data.columns).values[ROWS, 0]
    raw = data.columns[0].values[ROWS].astype(np.float32)
    assert scaled.min() == (raw.min() if low is None else low)
    assert scaled.max() == (raw.max() if high is None else high)


def test_the_state_survives_json_exactly():
    prepared = fit(flowers(), ROWS)
    assert from_json(json.loads(json.dumps(to_json(prepared)))) == prepared


def test_an_unknown_scaling_is_refused():
    with pytest.raises(DataError, match="choose one of standard, robust, quantile, minmax, none"):
        fit(flowers(), ROWS, scaling="rubust")


def test_new_data_may_have_more_columns_in_another_order():
    prepared = fit(flowers(), ROWS)
    table = Table(
        "new", ("place", "x", "second", "first"), tuple(map(Texts, (("lake",), ("?",), ("1",), ("2",))))
    )
    assert [column.name for column in read_columns(prepared, table)] == ["first", "second", "place"]


def test_a_missing_column_in_new_data_is_named_with_the_nearest():
    prepared = fit(flowers(), ROWS)
    table = Table("new.csv", ("frist", "second", "place"), tuple(map(Texts, (("1",), ("2",), ("lake",)))))
    with pytest.raises(DataError) as error:
        read_columns(prepared, table)
    assert str(error.value) == (
        "new.csv: the model needs the column 'first', found frist, second, place. Did you mean 'frist'?"
    )


def test_text_in_new_data_where_numbers_were_is_named():
    prepared = fit(flowers(), ROWS)
    table = Table(
        "new.csv",
        ("first", "second", "place"),
        tuple(map(Texts, (("1", "big"), ("2", "2"), ("lake", "lake")))),
    )
    with pytest.raises(DataError, match="first: row 2 holds 'big', which is not a finite number"):
        read_columns(prepared, table)
