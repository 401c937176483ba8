import itertools

import pytest

from osetra.core.finite import Numbering, identity, size
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal
from osetra.core.space import Space

TREE = Space(
    optimizer=Choice("sgd", "adam"),
    momentum=Ordinal(0.5, 0.9, 0.99, when={"optimizer": "sgd"}),
    nesterov=Choice(True, False, when={"momentum": (0.9, 0.99)}),
    layers=Int(1, 3),
    units2=Int(8, 32, step=8, when={"layers": (2, 3)}),
    epochs=Fixed(5),
)


def test_a_continuous_range_has_no_size() -> None:
    assert size(Space(a=Choice(1, 2), lr=Float(0, 1))) is None


def test_a_space_of_fixed_values_has_one_config() -> None:
    assert size(Space(lr=0.1)) == 1


def test_the_size_of_a_tree_counts_only_active_parameters() -> None:
    # sgd: 0.5 alone, 0.9 and 0.99 with nesterov or not = 5, adam = 1; layers 1, or 2 and 3 with 4 widths.
    assert size(TREE) == (5 + 1) * (1 + 2 * 4)


def test_every_number_gives_another_config_and_back() -> None:
    numbering = Numbering(TREE)
    configs = [numbering.config(i) for i in range(numbering.size)]
    assert len({identity(c) for c in configs}) == numbering.size
    assert [numbering.index(c) for c in configs] == list(range(numbering.size))
    assert all(TREE.complete(c) == c for c in configs)


def test_a_huge_space_is_counted_without_listing_it() -> None:
    space = Space({f"x{i}": Int(1, 1000) for i in range(60)})
    numbering = Numbering(space)
    assert numbering.size == 1000**60
    assert numbering.index(numbering.config(10**100 + 7)) == 10**100 + 7


def test_many_parents_with_children_are_counted_quickly() -> None:
    parents = {f"p{i}": Choice("a", "b") for i in range(40)}
    children = {f"z{i}": Int(1, 9, when={f"p{i}": "a"}) for i in range(40)}
    assert size(Space({**parents, **children})) == 10**40


def test_branches_of_a_name_add_up() -> None:
    space = Space(
        {
            "kind": Choice("a", "b", "c"),
            "width": [Int(1, 3, when={"kind": "a"}), Int(10, 20, when={"kind": "b"})],
        }
    )
    assert size(space) == 3 + 11 + 1


def test_one_and_true_are_different_options() -> None:
    assert size(Space(a=Choice(1, "1.0", True))) == 3
    assert identity({"a": 1}) != identity({"a": True})


@pytest.mark.parametrize("order", list(itertools.permutations(["optimizer", "momentum", "layers"])))
def test_numbers_do_not_depend_on_the_order_of_declaration(order: tuple[str, ...]) -> None:
    given = {name: list(TREE.branches(name)) for name in (*order, "nesterov", "units2", "epochs")}
    assert Numbering(Space(given)).config(17) == Numbering(TREE).config(17)
