from collections.abc import Callable

import numpy as np
import pytest

from osetra.core.params import Choice, Fixed, Float, Int, Ordinal
from osetra.core.space import Space, difference
from osetra.errors import SpaceError

SPACE = Space(
    lr=Float(1e-4, 1, scale="log", default=0.01),
    optimizer=Choice("sgd", "adam"),
    momentum=Float(0.5, 0.99, default=0.9, when={"optimizer": "sgd"}),
    epochs=Fixed(10),
)
BRANCHED = Space(
    {
        "optimizer": Choice("sgd", "adam"),
        "lr": [
            Float(1e-3, 1, scale="log", when={"optimizer": "sgd"}),
            Float(1e-5, 1e-2, scale="log", when={"optimizer": "adam"}),
        ],
    }
)


def test_only_what_is_searched_is_a_column() -> None:
    assert [column.name for column in SPACE.columns] == ["lr", "momentum", "optimizer"]
    assert SPACE.names == ("lr", "optimizer", "momentum", "epochs")


def test_a_plain_value_is_fixed() -> None:
    assert Space(dropout=0.2) == Space(dropout=Fixed(0.2))


def test_names_that_are_no_identifiers_come_in_a_mapping() -> None:
    assert Space({"adam.lr": Float(0, 1)}).names == ("adam.lr",)


def test_an_inactive_parameter_is_absent_from_configs_and_nan_in_points() -> None:
    config = SPACE.complete({"optimizer": "adam"})
    assert config == {"lr": 0.01, "optimizer": "adam", "epochs": 10}
    assert np.isnan(SPACE.encode([config])[0, 1])


def test_points_are_one_row_per_config_and_one_column_per_dimension() -> None:
    assert SPACE.encode([]).shape == (0, 3)
    assert SPACE.encode([SPACE.default] * 4).shape == (4, 3)
    assert SPACE.decode(np.empty((0, 3))) == []


def test_the_default_config_holds_all_defaults() -> None:
    assert SPACE.default == {"lr": 0.01, "optimizer": "sgd", "momentum": 0.9, "epochs": 10}


def test_points_do_not_depend_on_the_order_of_declaration() -> None:
    other = Space({name: list(SPACE.branches(name)) for name in reversed(SPACE.names)})
    points = np.random.default_rng(0).random((20, len(SPACE.columns)))
    np.testing.assert_array_equal(SPACE.snap(points), other.snap(points))
    for one, same in zip(SPACE.decode(points), other.decode(points), strict=True):
        assert one == same
        assert list(same) == [name for name in reversed(SPACE.names) if name in same]
    assert SPACE.searched == tuple(reversed(other.searched))


def test_branches_of_one_name_are_separate_columns() -> None:
    assert [c.name for c in BRANCHED.columns] == ["lr[optimizer=adam]", "lr[optimizer=sgd]", "optimizer"]
    points = BRANCHED.encode([{"optimizer": "sgd", "lr": 0.005}, {"optimizer": "adam", "lr": 0.005}])
    assert np.isnan(points).tolist() == [[True, False, False], [False, True, False]]
    assert points[0, 1] != points[1, 2]


def test_a_value_is_checked_against_the_active_branch() -> None:
    assert BRANCHED.complete({"optimizer": "sgd", "lr": 0.5})["lr"] == 0.5
    with pytest.raises(SpaceError, match=r"lr: 0\.5 is outside 1e-05 … 0\.01"):
        BRANCHED.complete({"optimizer": "adam", "lr": 0.5})


def test_a_chain_of_conditions_switches_off_from_the_top() -> None:
    space = Space(
        a=Choice("on", "off"),
        b=Choice("on", "off", when={"a": "on"}),
        c=Int(1, 3, when={"b": "on"}),
    )
    assert space.complete({"a": "off"}) == {"a": "off"}
    assert space.complete({"b": "off"}) == {"a": "on", "b": "off"}
    assert np.isnan(space.snap(np.array([[0.9, 0.1, 0.5]]))).tolist() == [[False, True, True]]


def test_a_child_may_be_declared_before_its_parent() -> None:
    space = Space(momentum=Float(0, 1, when={"optimizer": "sgd"}), optimizer=Choice("adam", "sgd"))
    assert space.default == {"optimizer": "adam"}


def test_a_condition_on_a_whole_number_holds_for_the_listed_ones() -> None:
    space = Space(layers=Int(1, 3), units2=Int(8, 64, when={"layers": (2, 3)}))
    points = np.array([[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]])
    assert ["units2" in config for config in space.decode(points)] == [False, True, True]


def test_a_parameter_whose_parent_is_fixed_elsewhere_is_dropped() -> None:
    space = Space(optimizer="adam", momentum=Float(0, 1, when={"optimizer": "sgd"}))
    assert space.names == ("optimizer",)


def test_a_space_is_what_its_text_says() -> None:
    assert Space.parse(SPACE.spec) == SPACE
    assert Space.parse(BRANCHED.spec) == BRANCHED
    assert hash(Space.parse(SPACE.spec)) == hash(SPACE)


def test_numbers_in_a_parsed_space_are_fixed_values() -> None:
    assert Space.parse({"dropout": 0.2, "norm": True}) == Space(dropout=0.2, norm=True)


def test_differences_are_listed_by_name() -> None:
    other = Space(lr=Float(1e-3, 1, scale="log"), depth=Int(1, 3))
    assert difference(Space(lr=Float(1e-4, 1, scale="log")), other) == [
        "lr: log(0.0001, 1.0) → log(0.001, 1.0)",
        "depth: absent → int(1, 3)",
    ]
    assert difference(SPACE, Space.parse(SPACE.spec)) == []


def test_the_html_of_a_space_escapes_what_it_shows() -> None:
    assert "<b>" not in Space(a=Choice("<b>", "c"))._repr_html_()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Space(seed=Int(1, 9)),
            "seed: a seed is not a hyperparameter; searching over it rewards luck",
        ),
        (
            lambda: Space(lr=Float(0, 1, when={"optimiser": "sgd"}), optimizer=Choice("sgd", "adam")),
            "lr: its condition names 'optimiser', which is not in the space. Did you mean 'optimizer'?",
        ),
        (
            lambda: Space(a=Int(1, 2, when={"b": 1}), b=Int(1, 2, when={"a": 1})),
            "a: its condition on 'b' leads back to itself",
        ),
        (
            lambda: Space(lr=Float(0, 1), b=Int(1, 2, when={"lr": 0.5})),
            "b: its condition names 'lr', a continuous range; a condition needs a Choice",
        ),
        (
            lambda: Space(o=Choice("sgd", "adam"), m=Int(1, 2, when={"o": "lion"})),
            "m: its condition o=lion can never hold; options: sgd, adam",
        ),
        (
            lambda: Space({"o": Choice("a", "b", "c"), "x": [Int(1, 2), Int(3, 4, when={"o": "a"})]}),
            "x: two branches can be active at once; give them conditions on one parent that exclude each",
        ),
        (
            lambda: Space(
                {
                    "o": Choice("a", "b", "c"),
                    "x": [Int(1, 2, when={"o": ("a", "b")}), Int(3, 4, when={"o": ("b", "c")})],
                }
            ),
            "x: two branches can be active at once",
        ),
        (lambda: Space({"learning rate": 1}), "'learning rate': a name holds no spaces"),
        (lambda: Space(x={"a": 1}), "x: {'a': 1}: options with names are written Choice({…})"),  # type: ignore[arg-type]
        (
            lambda: Space.parse({"lr": "log(0, 1)"}),
            "lr=log(0, 1): Float(0, 1, scale='log'): a log scale needs",
        ),
    ],
)
def test_a_space_that_makes_no_sense_says_why(make: Callable[[], Space], message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("partial", "message"),
    [
        ({"momentm": 0.9}, "momentm: no such hyperparameter; known: lr, optimizer, momentum, epochs. "),
        ({"lr": 2}, "lr: 2 is outside 0.0001 … 1"),
        ({"optimizer": "lion"}, "optimizer: 'lion' is not one of sgd, adam"),
        ({"epochs": 5}, "epochs: 5 given, but it is fixed at 10"),
        (
            {"optimizer": "adam", "momentum": 0.9},
            "momentum: it exists only if optimizer=sgd; leave it out or change that",
        ),
    ],
)
def test_a_config_that_does_not_fit_says_why(partial: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        SPACE.complete(partial)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(SpaceError, match=r"Did you mean 'momentum'\?"):
        SPACE.branches("momentm")


def test_an_ordinal_keeps_its_order_in_the_cube() -> None:
    points = Space(b=Ordinal(16, 32, 64)).encode([{"b": v} for v in (16, 32, 64)])
    assert np.all(np.diff(points[:, 0]) > 0)


def test_the_branch_behind_a_name_follows_the_configuration():
    slow, fast = Float(0, 1, when={"kind": "a"}), Float(1, 2, when={"kind": "b"})
    space = Space(kind=Choice("a", "b", "c"), rate=[slow, fast])
    assert space.branch("rate", {"kind": "b"}) == fast
    assert space.branch("rate", {"kind": "a"}) == slow
    assert space.branch("rate", {"kind": "c"}) is None


@pytest.mark.parametrize(
    "text", ["float(0, 1)", "log(1e-4, 1)", " int(1,5)", "choice(a, b)", "CHOICE(a)".lower(), "logit(.1,.9) "]
)
def test_a_text_that_looks_like_a_range_is_no_value_in_python(text: str) -> None:
    for given in (text, [text, "b"]):
        with pytest.raises(SpaceError, match="looks like a range or options"):
            Space(x=given)
    kept = Space(x=Fixed(text))
    assert Space.parse(kept.spec) == kept and kept.default == {"x": text}
