"""Cells that are not what their column was learnt as are missing and named; whole columns are refused."""

import numpy as np
import pytest

from osetra.data.delimited import parse_text
from osetra.data.moments import ORDERS, order_of, read_moment
from osetra.data.schema import Category, Date, Number, read_schema
from osetra.data.table import Table
from osetra.data.unreadable import sentence, without_unreadable
from osetra.errors import DataError

SCHEMA = (Number("n"), Date("day", "dmy", parts=("elapsed",)), Category("kind"))


def table(text):
    return parse_text(text, "later.csv")


def test_unreadable_cells_are_missing_counted_and_named():
    given = table("n,day,kind\n1,02/03/2024,a\ntwo,31/31/2024,b\n1e200,03/03/2024,7\n4,,c\nx,04/03/2024,d\n")
    clean, found = without_unreadable(SCHEMA, given)
    read = read_schema(SCHEMA, clean)
    np.testing.assert_array_equal(np.isnan(read["n"].values), [False, True, True, False, True])
    np.testing.assert_array_equal(np.isnan(read["day elapsed"].values), [False, True, False, True, False])
    assert sentence(found) == (
        "4 cells cannot be read as what was learnt and are taken as missing: 'n' row 2 'two' and 2 more, "
        "'day' row 2 '31/31/2024' (--strict refuses them)"
    )
    assert given["n"][1] == "two"  # what was given is still there, to be kept beside answers


def test_a_table_without_such_cells_is_the_same_object():
    given = table("n,day,kind\n1,02/03/2024,a\n,unknown,b\n")
    assert without_unreadable(SCHEMA, given) == (given, ())


def test_numbers_of_arrays_beyond_all_measure_are_missing():
    given = Table("array", ("n",), (np.array([1.0, np.inf, np.nan]),))
    clean, (found,) = without_unreadable((Number("n"),), given)
    np.testing.assert_array_equal(np.isnan(clean["n"]), [False, True, True])
    assert (found.count, found.row) == (1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n,day,kind\na,,x\nb,,x\n", "n: row 1 holds 'a', which is not a finite number, and so do 1 more"),
        ("n,day,kind\na,,x\n", "n: row 1 holds 'a', which is not a finite number; correct that cell"),
        ("n,day,kind\n1,soon,x\n2,late,x\n", "day: row 1 holds 'soon', which is not a date, and so do 1"),
    ],
)
def test_a_column_of_which_nothing_can_be_read_is_refused(text, said):
    with pytest.raises(DataError, match=said):
        without_unreadable(SCHEMA, table(text))


def test_one_slip_does_not_hide_another_decimal_mark():
    given = table("n;day;kind\n1,5;;x\n2,25;;x\nmuch;;x\n")
    clean, (found,) = without_unreadable(SCHEMA, given)
    np.testing.assert_array_equal(read_schema(SCHEMA, clean)["n"].values, [1.5, 2.25, np.nan])
    assert found.text == "much"


@pytest.mark.parametrize("order", [order for order in ORDERS if order not in ("clock", "duration")])
@pytest.mark.parametrize(
    "text", ["2024-03-01", "2024-03-01T00:00:00Z", "1 March 2024", "Mar 1, 2024", "20240301", "2024/3/1"]
)
def test_dates_that_cannot_be_mistaken_are_read_whatever_was_learnt(order, text):
    assert read_moment(text, order) == (np.datetime64("2024-03-01") - np.datetime64("1970-01-01")).astype(int)


def test_dates_that_can_be_mistaken_are_read_as_learnt():
    assert read_moment("02/03/2024", "dmy") - read_moment("02/03/2024", "mdy") == 28
    assert read_moment("31/12/2024", "mdy") is None
    assert read_moment("2024-03-01", "clock") is None


def test_a_column_in_two_ways_is_one_of_dates():
    mixed = ["14/03/2024", "2024-03-15", "16/03/2024", "1 May 2024", "18/03/2024", "19/03/2024"]
    assert order_of(mixed) == ("dmy", False)
    assert order_of(["14/03/2024", "x", "y"]) is None
    assert order_of(["2024-03-15", "clock"]) is None
