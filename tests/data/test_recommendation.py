"""Ratings of items by users, told by a person or by names; and what cannot be one."""

import pytest

from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError


def write(tmp_path, head="userId,movieId,rating", stars=lambda k: k % 5 + 1):
    rows = [f"{k % 20},{k * 7 % 30},{stars(k)}" for k in range(200)]
    path = tmp_path / "r.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def reading(**options):
    return DataOptions(**options)


@pytest.mark.parametrize(
    "head",
    ["userId,movieId,rating", "user_id,item_id,rating", "Customer,Product,stars", "user,isbn,book rating"],
)
def test_usual_names_are_known(head, tmp_path):
    users, items, target = head.split(",")
    found = load(write(tmp_path, head), target=target)
    assert found.pair == (users, items)
    assert found.task == "regression"  # five whole numbers: still a number of stars


@pytest.mark.parametrize("head", ["userId,movieId,price", "userId,age,rating", "name,movieId,rating"])
def test_other_names_are_columns_like_others(head, tmp_path):
    assert load(write(tmp_path, head), target=head.split(",")[2]).pair == ()


def test_any_columns_can_be_named(tmp_path):
    path = write(tmp_path, "who,what,grade")
    found = load(path, target="grade", reading=reading(user="who", item="what"))
    assert found.pair == ("who", "what")
    assert {column.name for column in found.columns} == {"who", "what"}


def test_none_says_that_names_mean_something_else(tmp_path):
    assert load(write(tmp_path), target="rating", reading=reading(user="none")).pair == ()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"user": "userId"}, "--user userId: a recommendation needs users and items; give --item as well"),
        ({"item": "movieId"}, "give --user as well"),
        ({"user": "userId", "item": "userId"}, "are three columns"),
        ({"user": "userId", "item": "rating"}, "are three columns"),
        ({"user": "usrId", "item": "movieId"}, "'usrId': no such column.*userId"),
    ],
)
def test_bad_input_is_named(options, wanted, tmp_path):
    with pytest.raises(DataError, match=wanted):
        load(write(tmp_path), target="rating", reading=reading(**options))


def test_a_single_user_is_no_recommendation(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("user,item,rating\n" + "".join(f"1,{k % 9},{k % 4}\n" for k in range(60)))
    with pytest.raises(DataError, match="user: fewer than two of them"):
        load(path, target="rating", reading=reading(user="user", item="item"))


def test_classes_of_texts_are_no_ratings(tmp_path):
    path = write(tmp_path, stars=lambda k: ("good", "fair", "bad")[k % 3])
    with pytest.raises(DataError, match="rating: what users think of items is a number or yes and no"):
        load(path, target="rating", reading=reading(user="userId", item="movieId"))


def test_pairs_without_a_rating_are_asked_for_one(tmp_path):
    path = write(tmp_path, "userId,movieId,rating", stars=lambda k: 1)
    with pytest.raises(DataError, match="rating: every row is '1': pairs alone say who took what"):
        load(path, target="rating", reading=reading(user="userId", item="movieId"))
