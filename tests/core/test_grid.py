from osetra.core.grid import grid_size, grid_space
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal
from osetra.core.space import Space


def test_a_log_range_becomes_evenly_spaced_decades_with_both_ends() -> None:
    space = grid_space(Space(lr=Float(1e-4, 1, scale="log")), 5)
    assert space.branches("lr") == (Ordinal(1e-4, 1e-3, 1e-2, 1e-1, 1.0),)


def test_a_single_point_is_the_middle() -> None:
    assert grid_space(Space(lr=Float(1e-4, 1, scale="log")), 1).branches("lr") == (Fixed(0.01),)


def test_few_whole_numbers_are_all_kept_and_many_are_thinned() -> None:
    space = grid_space(Space(layers=Int(2, 4), units=Int(10, 410)), 5)
    assert space.branches("layers") == (Int(2, 4),)
    assert space.branches("units") == (Ordinal(10, 110, 210, 310, 410),)


def test_a_whole_number_on_which_a_condition_depends_keeps_its_values() -> None:
    space = Space(layers=Int(1, 9), units9=Int(1, 4, when={"layers": (8, 9)}))
    assert grid_size(space, 3) == 7 + 2 * 3


def test_the_size_of_a_grid_is_exact_over_conditions() -> None:
    space = Space(
        optimizer=Choice("sgd", "adam"),
        momentum=Float(0.5, 0.99, when={"optimizer": "sgd"}),
        lr=Float(1e-4, 1, scale="log"),
    )
    assert grid_size(space, 5) == 5 * (5 + 1)


def test_the_values_of_a_grid_lie_inside_the_range() -> None:
    space = Space(lr=Float(1.23456789012345e-4, 0.987654321098765, scale="log"))
    values = grid_space(space, 7).branches("lr")[0].options  # type: ignore[union-attr]
    assert all(space.complete({"lr": v}) == {"lr": v} for v in values)
