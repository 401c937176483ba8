"""Card checks: what a card without checksums, written by hand, must say so that answers follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

from osetra.data.moments import CLOCK_PARTS, LENGTHS, PARTS, Order
from osetra.data.schema import Category, Date, Number, Recipe
from osetra.nets.prepare import Numbers, Preparation


def check_card(threshold: object, inputs: Mapping[str, Any], preparation: Preparation) -> None:
    """Raise ValueError where a threshold, what is known of inputs, a recipe or a scaling makes no sense."""
    shares = threshold if isinstance(threshold, (list, tuple)) else [threshold]
    classes = len(preparation.multi.names) if preparation.multi else len(preparation.classes)
    several = isinstance(threshold, (list, tuple))
    if threshold is not None and not (
        all(map(_is_number, shares)) and (len(shares) == classes or not several)
    ):
        raise ValueError(f"threshold {threshold!r}")
    if not isinstance(inputs, Mapping) or not all(isinstance(each, Mapping) for each in inputs.values()):
        raise ValueError("what it knows of the inputs")
    for recipe in preparation.schema:
        _check_recipe(recipe)
    for how in preparation.columns:
        if isinstance(how, Numbers) and not (
            all(map(_is_number, (how.fill, how.shift, how.scale))) and how.scale != 0.0
        ):
            raise ValueError(f"the scaling of {how.name!r}")


def _check_recipe(recipe: Recipe) -> None:
    if isinstance(recipe, Number) and recipe.decimal not in (".", ","):
        raise ValueError(f"decimal {recipe.decimal!r} of {recipe.name!r}")
    if isinstance(recipe, Category) and len(recipe.truth) not in (0, 2):
        raise ValueError(f"spellings {recipe.truth!r} of {recipe.name!r}")
    if not isinstance(recipe, Date):
        return
    known = CLOCK_PARTS if recipe.order == "clock" else ("hours",) if recipe.order in LENGTHS else PARTS
    if recipe.order not in get_args(Order) or not set(recipe.parts) <= set(known):
        raise ValueError(f"{recipe.order!r}, {recipe.parts!r} of {recipe.name!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
