"""Shift: whether new rows are like those that a model learnt from.

What is unlike is said, and answered all the same. A column has shifted when its population stability index
over tenths (or levels) of the training rows is above 0.25, the usual bound, and above what so few rows give
by chance. Source: Yurdakul 2018, Statistical properties of the population stability index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from osetra.data.dataset import CategoryColumn, Column, Images, TextColumn
from osetra.data.distribution import is_missing, shares_of
from osetra.data.schema import Recipe, column_names
from osetra.data.unreadable import Unreadable
from osetra.nets.prepare import Pictures, Preparation
from osetra.nets.tokens import Tokens, share_of_new_words

FEWEST_ROWS = 50
"""Below so many rows nothing is said of their distribution."""
STABLE = 0.25
ABSURD = 3.0
"""How many times the whole range of training a number may lie outside of it."""
FACTOR = 100.0
"""Between per cent and shares, or cents and euros: columns so much off are in another unit."""
ABOUT = 2.5
"""How far from FACTOR the ratio of the medians may be: of few rows it is uncertain."""
MOSTLY_NEW = 0.5
"""Share of words that training did not know, above which answers are doubtful."""
FEW = 0.1
MOST_NAMED = 5
OF_BYTES = 4.0
"""Pixels of a larger mean or deviation are those of bytes, and not shares of the brightest."""
FEW_LEVELS = 10
"""Of a category, that are groups of their own: the index of rare ones is mostly luck."""


def warnings_of(
    known: Mapping[str, Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    schema: Sequence[Recipe] = (),
    unread: Sequence[Unreadable] = (),
) -> tuple[str, ...]:
    """Return a sentence for each way in which columns are unlike what is known of the training rows.

    Args:
        known: what each column was like in training.
        columns: those of now.
        schema: how they are made of the columns of the file, several of a date.
        unread: cells that are missing since they cannot be read, of which a person has heard.
    """
    pairs = [(column, known[column.name]) for column in columns if column.name in known]
    scaled = {c.name: ratio for c, was in pairs if (ratio := _other_unit(c, was))}
    found = [
        _of_units({name: ratio for name, ratio in scaled.items() if ratio == each}, each)
        for each in dict.fromkeys(scaled.values())
    ]
    gone = _newly_missing(pairs, schema, unread)
    pairs = [(column, was) for column, was in pairs if column.name not in scaled]
    far = {c.name: text for c, was in pairs if (text := _absurd(c, was))}
    moved = {c.name: _index(c, was) for c, was in pairs if _has_shifted(c, was)}
    if gone:
        cells = _named({name: str(count) for name, count in gone.items()})
        found.append(
            f"values are missing where none were in training ({cells}): they are taken as usual ones"
        )
    if far:
        found.append(f"values far outside of those of training ({_named(far)}): answers there are guesses")
    if moved:
        ordered = dict(sorted(moved.items(), key=lambda pair: -pair[1]))
        names = _named({name: f"{value:.1f}" for name, value in ordered.items()})
        found.append(
            f"other rows than in training (stability index, 0.25 is much: {names}): scores may not hold"
        )
    return tuple(found)


def warnings_of_words(preparation: Preparation, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return a sentence for each column of text most of whose words are new."""
    shares = {
        how.name: share_of_new_words(how, column)
        for how, column in zip(preparation.columns, columns, strict=False)
        if isinstance(how, Tokens) and isinstance(column, TextColumn)
    }
    return tuple(
        f"{share:.0%} of the words in {name!r} were never seen in training (another language or "
        "field?): answers rest on the others"
        for name, share in shares.items()
        if share > MOSTLY_NEW
    )


def _newly_missing(
    pairs: Sequence[tuple[Column, Mapping[str, Any]]], schema: Sequence[Recipe], unread: Sequence[Unreadable]
) -> dict[str, int]:
    """Return how many cells are missing in each column of the file in which none were, each cell once."""
    whole = {name: recipe.name for recipe in schema for name in column_names(recipe)}
    gone: dict[str, int] = {}
    for column, was in pairs:
        name = whole.get(column.name, column.name)
        gone[name] = max(gone.get(name, 0), 0 if was["missing"] else int(np.sum(is_missing(column))))
    for each in unread:
        gone[each.column] = gone.get(each.column, 0) - each.count
    return {name: count for name, count in gone.items() if count > 0}


def _absurd(column: Column, was: Mapping[str, Any]) -> str:
    if isinstance(column, CategoryColumn) or not was.get("tenths"):
        return ""
    low, high = was["tenths"][0], was["tenths"][-1]
    reach = ABSURD * ((high - low) or max(1.0, abs(high)))
    far = (column.values < low - reach) | (column.values > high + reach)
    if not np.any(far):
        return ""
    return f"{int(np.sum(far))}, such as {column.values[far][0]:g} where {low:g} … {high:g} was seen"


def _other_unit(column: Column, was: Mapping[str, Any]) -> float:
    """Return by what a whole column would have to be multiplied to be like that of training; 0 for nothing.

    It is off by two decades where its median is, where almost none of its values lies where nine tenths of
    those of training did, and where almost all of them would if they were multiplied.
    """
    if isinstance(column, CategoryColumn) or not was.get("tenths"):
        return 0.0
    tenths, values = np.array(was["tenths"]), column.values[~np.isnan(column.values)]
    usual = float(np.median(np.abs(tenths)))
    middle = float(np.median(np.abs(values))) if len(values) else 0.0
    if not usual or not middle:
        return 0.0
    reach = (tenths[-1] - tenths[0]) / 10
    for factor in (FACTOR, 1 / FACTOR):
        scaled = values * factor
        about = 1 / ABOUT < middle * factor / usual < ABOUT
        inside = np.mean((values >= tenths[1]) & (values <= tenths[-2]))
        would = np.mean((scaled >= tenths[0] - reach) & (scaled <= tenths[-1] + reach))
        if about and inside < FEW and would > 1 - FEW:
            return factor
    return 0.0


def _of_units(found: Mapping[str, float], factor: float) -> str:
    names = ", ".join(list(found)[:MOST_NAMED])
    names += f" and {len(found) - MOST_NAMED} more columns" if len(found) > MOST_NAMED else ""
    less, do = ("smaller", "multiply") if factor > 1 else ("larger", "divide")
    return (
        f"{names}: about {FACTOR:g} times {less} than in training, as shares and per cent are to each other; "
        f"if so, {do} by {FACTOR:g}: answers are for the numbers as they stand"
    )


def _has_shifted(column: Column, was: Mapping[str, Any]) -> bool:
    n, groups = len(is_missing(column)), 12
    return n >= FEWEST_ROWS and _index(column, was) > STABLE + 3 * groups / n


def _index(column: Column, was: Mapping[str, Any]) -> float:
    """Return the population stability index of a column; 0 of one that was never filled."""
    found = shares_of(column, was, FEW_LEVELS)
    if found is None:
        return 0.0
    before, now = (np.maximum(each, 1e-3) for each in found)
    return float(np.sum((now - before) * np.log(now / before)))


def _named(found: Mapping[str, str]) -> str:
    shown = ", ".join(f"{name} {text}" for name, text in list(found.items())[:MOST_NAMED])
    return shown + (f" and {len(found) - MOST_NAMED} more columns" if len(found) > MOST_NAMED else "")


def range_warning(pictures: Pictures, images: Images) -> tuple[str, ...]:
    """Return a sentence where pixels lie in 0 … 1 and those of training in 0 … 255, or reversely."""
    top, usual = float(images.max(initial=0)), max(map(abs, (*pictures.shift, *pictures.scale)))
    if set(pictures.shift) == {0.0} and set(pictures.scale) == {1.0}:
        return ()  # taken as they were: of what range is not known
    if 0.0 < top <= 1.0 and usual > OF_BYTES:
        return (_ranges("0 … 1", "0 … 255", "multiply them by 255"),)
    if top > OF_BYTES and usual <= 1.0:
        return (_ranges(f"0 … {top:g}", "0 … 1", "divide them by 255"),)
    return ()


def _ranges(now: str, before: str, mend: str) -> str:
    return (
        f"pixels are within {now}, those of the training within {before}; {mend} if they mean the same: "
        "answers are for the pixels as they stand"
    )
