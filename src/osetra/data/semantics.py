"""Semantics: what each column of a table means, and the recipe that reads it.

A column whose present cells are all numbers is a number column, also with thousands marks, percent,
currency or a unit. One in which nearly all are numbers has a typing error, and the row is named. Dates
and times are taken apart. Texts are a category, or free text, or an identifier that is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Literal, TypeAlias, get_args

import numpy as np

from osetra.core.finding import Finding
from osetra.data.assumed import assumed
from osetra.data.booleans import answers_of
from osetra.data.dataset import FEW_CLASSES, CategoryColumn, Column
from osetra.data.dressing import FEWEST_NUMBERS, dressed
from osetra.data.moments import CLOCK_PARTS, LENGTHS, PARTS, Order, order_of
from osetra.data.numbers import MOSTLY, WORDS_FOR_MISSING, number_format, units_of
from osetra.data.options import NOBODY, DataOptions
from osetra.data.schema import Category, Date, Number, Recipe, Text, are_compact_dates, columns_of, days_of
from osetra.data.table import (
    MISSING_MARKS,
    MOST_COLUMNS,
    Cells,
    Table,
    Texts,
    as_texts,
    note,
    too_wide,
    written,
)
from osetra.data.useless import why_useless
from osetra.data.words import common_words, word_count
from osetra.errors import DataError, nearest

Kind: TypeAlias = Literal["number", "category", "date", "text", "identifier"]
ORDERS_OF_DATES = ("", *get_args(Order))
_ORDERS_OF_KINDS: dict[str, Order] = {"M": "ymd", "m": "duration"}
TEXT_WORDS = 3
"""Texts of so many words on average are free text and not identifiers."""
FEWEST_CODES = 3
"""Codes of two letters beside which NA is one more."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means, how it is read, and what a person should know about that."""

    name: str
    kind: Kind
    recipe: Recipe | None
    """None: there is nothing to learn from it."""
    remark: str = ""
    """In brackets after the column's name, such as "$" or "month/day/year"."""
    warning: str = ""
    marks: tuple[str, ...] = ()
    """Usual marks of a missing cell, as they are written in a category that has any."""
    kept: bool = False
    """Whether they are levels, since they look like the others."""
    merged: tuple[str, ...] = ()
    """Texts that are read as yes or no, of a column that spells them in several ways."""
    unit: str = ""
    """What a target of numbers is in, such as minutes or $."""
    among: tuple[str, ...] = ()
    """Words that stand among numbers, with their shares; of a category the units that its numbers are in."""


@dataclass(frozen=True, slots=True)
class Understood:
    """The columns of a table as a network learns from them."""

    columns: tuple[Column, ...]
    schema: tuple[Recipe, ...]
    meanings: tuple[Meaning, ...]
    notes: tuple[Finding, ...]


def understand(table: Table, reading: DataOptions, *, skip: Sequence[str]) -> Understood:
    """Return the input columns of a table, how each is read, and notes on what was assumed or left out.

    Args:
        table: the rows.
        reading: what a person said about columns.
        skip: the target, and columns that are no inputs; none for a look at all of them.

    Raises:
        DataError: a column that cannot be used, an unknown name, or no input column left beside a target.
    """
    check_columns(table, reading)
    columns: list[Column] = []
    schema: list[Recipe] = []
    meanings: list[Meaning] = []
    left_out: list[Finding] = []
    for name, cells in zip(table.names, table.cells, strict=True):
        if name in skip or name in reading.drop:
            continue
        meaning = meaning_of(name, cells, table, reading)
        if name == reading.time and isinstance(meaning.recipe, Date):
            # A network cannot know what years mean that it has not seen.
            parts = tuple(part for part in meaning.recipe.parts if part not in ("year", "elapsed"))
            meaning = replace(meaning, recipe=replace(meaning.recipe, parts=parts))
        made = () if meaning.recipe is None else columns_of(meaning.recipe, cells, table.row)
        forced = name in reading.category or name in reading.number
        reasons = {column.name: why_useless(column, len(table), forced=forced) for column in made}
        kept = [column for column in made if not reasons[column.name]]
        columns += kept
        meanings.append(meaning)
        if kept:
            assert meaning.recipe is not None
            schema.append(meaning.recipe)
        else:
            why = meaning.warning if meaning.recipe is None else next(iter(reasons.values()), "it is empty")
            left_out.append(note("column-left-out", f"{name!r} left out: {why}"))
    if not columns and skip:
        raise DataError(f"{table.source}: no column is left to predict {skip[0]!r} from")
    return Understood(tuple(columns), tuple(schema), tuple(meanings), (*assumed(meanings), *left_out))


def check_columns(table: Table, reading: DataOptions) -> None:
    """Raise DataError for too many columns, and for names that are no columns of the table."""
    if len(table.names) > MOST_COLUMNS:
        raise too_wide(table.source, str(len(table.names)))
    single = [name for name in _single(reading) if name]
    declared = [word.rpartition("=")[0] for word in reading.na]
    for name in (
        *reading.drop, *reading.keep_na, *reading.category, *reading.number, *reading.text, *reading.dates,
        *single,
        *(name for name in declared if name),
    ):  # fmt: skip
        if name not in table.names:
            raise DataError(f"{name!r}: no such column in {table.source}.{nearest(name, table.names)}")


def _single(reading: DataOptions) -> tuple[str | None, ...]:
    pair = (name for name in (reading.user, reading.item) if name != NOBODY)
    return (reading.group, reading.series, reading.time, reading.weight, reading.split, *pair)


def meaning_of(
    name: str, cells: Cells, table: Table, reading: DataOptions, *, target: bool = False
) -> Meaning:
    """Return what a column means: as a person said, else as its cells look.

    Raises:
        DataError: a few text cells in a column of numbers, or cells that are not what was said.
    """
    marks = tuple(sorted(reading.missing(name)))
    if name in reading.category or (name in table.categories and name not in reading.number):
        return _category_of(name, as_texts(cells), marks, reading, target=target)
    if name in reading.text:
        return _text(name, as_texts(cells), marks)
    if name in reading.dates:
        return _date(name, cells, marks, reading.dates[name])
    if name not in reading.number and are_compact_dates(cells):
        remark = f"numbers such as 20240531; --number {quote(name)} says otherwise"
        return replace(_date(name, cells, marks, "compact"), remark=remark)
    if not isinstance(cells, Texts):
        if cells.dtype.kind in "Mm":
            return _date(name, cells, marks, "ymd" if cells.dtype.kind == "M" else "duration")
        return Meaning(name, "number", Number(name, marks=marks))
    number = _number(name, cells, table, marks, loose=name in reading.number)
    if number is not None:
        return number
    texts = [level for level in cells.levels if level.lower() not in {*MISSING_MARKS, *marks}]
    said = [level for level in texts if level.lower() not in WORDS_FOR_MISSING]
    answered = _answered(name, cells, said, marks, reading, target)
    if answered is not None:
        return answered
    if said and order_of(said):
        return _date(name, cells, marks, "")
    return _dressed_number(name, cells, table, marks, target=target) or _category(
        name, cells, table, marks, reading, target=target
    )


def _number(name: str, cells: Texts, table: Table, marks: tuple[str, ...], *, loose: bool) -> Meaning | None:
    plain = cells.numbers()
    if plain is not None and table.decimal == "." and (loose or not _is_code(cells)):
        return Meaning(name, "number", Number(name, marks=marks, loose=loose))
    found = number_format(cells.levels, cells.counts, decimal=table.decimal, declared=frozenset(marks))
    if found is None:
        if plain is not None and (loose or not _is_code(cells)):
            return Meaning(name, "number", Number(name, marks=marks))
        if not loose:
            return None
        if units := units_of(cells.levels, table.decimal):
            raise DataError(f"{name}: {_several(units)}")
        missing = frozenset({*MISSING_MARKS, *WORDS_FOR_MISSING, *marks})
        told = dressed(cells.levels, cells.counts.tolist(), table.decimal, missing, loose=True)
        recipe = Number(name, table.decimal, marks, loose=True)
        if told is not None:
            recipe = replace(
                recipe, decimal=told.decimal, unit=told.unit, prefix=told.prefix, suffix=told.suffix
            )
        return Meaning(name, "number", recipe, "what is no number is missing")
    remarks = [found.unit] if found.unit else []
    remarks += ["thousands marks"] if found.thousands else []
    remarks += [f"times {', '.join(found.times)}"] if found.times else []
    remarks += [f"{found.bounds} bounds such as <1 read as the bound"] if found.bounds else []
    shown = sorted(level for level in cells.levels if level.lower() in set(found.marks) - set(marks))
    remarks += [f"{', '.join(map(repr, shown))} missing"] if shown else []
    recipe = Number(name, found.decimal, found.marks, loose, found.unit)
    return Meaning(name, "number", recipe, ", ".join(remarks))


def _answered(
    name: str, cells: Texts, said: Sequence[str], marks: tuple[str, ...], reading: DataOptions, target: bool
) -> Meaning | None:
    """Return a column of yes and no, in as many spellings as it has; None of another.

    Labels that differ in case only are left as they are until a person says so.
    """
    counts = dict(zip(cells.levels, cells.counts.tolist(), strict=True))
    answers = answers_of(said, [counts[level] for level in said])
    different = {level.casefold() for level in said}
    if not answers or (target and len(different) == 2):
        return None
    found = _category_of(name, cells, marks, reading, target=target)
    assert isinstance(found.recipe, Category)
    merged = tuple(said) if len(said) > 2 else ()
    return replace(found, recipe=replace(found.recipe, truth=answers), merged=merged)


def _is_code(cells: Texts) -> bool:
    """Whether whole numbers are codes such as 00501: equally long, some with a zero in front."""
    levels = cells.levels
    if not any(level.startswith("0") for level in levels[:1]) or not all(map(str.isdigit, levels)):
        return False
    return len({len(level) for level in levels}) == 1 and len(levels[0]) >= 3


def _dressed_number(
    name: str, cells: Texts, table: Table, marks: tuple[str, ...], *, target: bool
) -> Meaning | None:
    """Return a column of numbers with more around or among them than marks; None of another.

    Raises:
        DataError: few cells are no numbers.
    """
    missing = frozenset({*MISSING_MARKS, *WORDS_FOR_MISSING, *marks})
    fewest = max(FEWEST_NUMBERS, (FEW_CLASSES + 1) * target)
    found = dressed(cells.levels, cells.counts.tolist(), table.decimal, missing, fewest=fewest)
    if found is None:
        return None
    if found.slip:
        index = int(np.flatnonzero(cells.codes == cells.levels.index(found.slip))[0])
        raise DataError(
            f"{name}: row {table.row(index)} holds {found.slip!r}, and {found.numbers} of "
            f"{int(sum(cells.counts))} cells are numbers{f' in {found.unit}' * bool(found.unit)}; correct "
            f"that cell, empty it if the value is unknown (or say so with --na {quote(found.slip)}), or read "
            f"the column as categories with --category {quote(name)}"
        )
    here = {level.lower() for level in cells.levels} & WORDS_FOR_MISSING - MISSING_MARKS
    gone = (*marks, *here, *found.words) if target else (*marks, *here)
    recipe = Number(
        name, found.decimal, tuple(sorted({*gone})), unit=found.unit, prefix=found.prefix,
        suffix=found.suffix, words=() if target else found.words,
    )  # fmt: skip
    among = [
        f"{word!r} in {share:.0%} of the cells" for word, share in zip(found.words, found.shares, strict=True)
    ]
    if target and among:
        return Meaning(
            name, "number", recipe, ", ".join([found.unit, *among][not found.unit :]) + ", missing"
        )
    return Meaning(name, "number", recipe, found.unit, among=tuple(among))


def _date(name: str, cells: Cells, marks: tuple[str, ...], declared: str) -> Meaning:
    if declared not in ORDERS_OF_DATES:
        raise DataError(
            f"--date {name}={declared}: give one of ymd, mdy, dmy, of durations lap or duration, epoch of "
            "seconds since 1970, or leave the order out"
        )
    remark = ""
    if isinstance(cells, Texts):
        levels = [
            level
            for level in cells.levels
            if level.lower() not in {*MISSING_MARKS, *WORDS_FOR_MISSING, *marks}
        ]
        found = order_of(levels, declared=declared) or order_of(levels, declared="compact")
        if found is None:
            raise DataError(_no_date(name, levels[0] if levels else ""))
        order, ambiguous = found
        if ambiguous:
            shown = {"mdy": "month/day/year", "dmy": "day/month/year"}[order]
            other = "dmy" if order == "mdy" else "mdy"
            remark = f"read as {shown}; --date {name}={other} says otherwise"
        if order in LENGTHS:
            read, other = ("minutes:seconds", "duration") if order == "lap" else ("hours:minutes", "lap")
            unclear = any(level.count(":") == 1 for level in levels)
            remark = f"{read}; --date {name}={other} says otherwise" if unclear else ""
    else:
        order = _ORDERS_OF_KINDS.get(cells.dtype.kind, "epoch" if declared == "epoch" else "compact")
    recipe = Date(
        name, order, marks, CLOCK_PARTS if order == "clock" else ("hours",) if order in LENGTHS else PARTS
    )
    days = days_of(recipe, cells)
    absent = int(np.sum(np.isnan(days)))
    if not isinstance(cells, Texts) and absent == len(cells) > int(np.sum(np.isnan(cells))):
        raise DataError(_no_date(name, written(float(cells[~np.isnan(cells)][0]))))
    gone = int(np.sum(as_texts(cells).codes < 0)) if isinstance(cells, Texts) else absent
    if absent > gone:
        what = "durations" if order in LENGTHS else "dates"
        remark += f"{', ' if remark else ''}{absent - gone} cells that are no {what} are missing"
    return Meaning(name, "date", recipe, remark)


def _no_date(name: str, text: str) -> str:
    since = f"; seconds since 1970 are read with --date {quote(f'{name}=epoch')}" if text.isdigit() else ""
    return f"{name}: {text!r} is not readable as a date; write dates as 2024-05-31{since}"


def _category(
    name: str, cells: Texts, table: Table, marks: tuple[str, ...], reading: DataOptions, *, target: bool
) -> Meaning:
    found = _category_of(name, cells, marks, reading, target=target)
    n, levels = len(cells), len(cells.levels)
    units = tuple(units_of(cells.levels, table.decimal))
    if target and units and levels > FEW_CLASSES:
        raise DataError(f"{name}: {_several(units)}")
    if target or levels <= max(20, n // 2):
        wordy = levels > 20 and levels > n // 10 and _words(cells) >= 2 * TEXT_WORDS
        if target or not wordy:
            return replace(found, remark="codes, not quantities" if _is_code(cells) else "", among=units)
    if _words(cells) >= TEXT_WORDS:
        return _text(name, cells, marks)
    if units:
        return Meaning(name, "identifier", None, warning=f"it {_several(units)}")
    why = f"{levels} different texts in {n} rows look like an identifier or free text"
    return Meaning(name, "identifier", None, warning=why)


def _several(units: Sequence[str]) -> str:
    return f"holds numbers in several units ({', '.join(units)}); write all of them in one unit"


def _category_of(
    name: str, cells: Texts, marks: tuple[str, ...], reading: DataOptions, *, target: bool
) -> Meaning:
    """Return a column as a category, and whether the usual marks of a missing cell are levels of it."""
    usual = MISSING_MARKS - {"", *marks}
    written = tuple(level for level in cells.levels if level.lower() in usual)
    if reading.keeps_marks(name):
        keep, declared = tuple(sorted(MISSING_MARKS - {""})), tuple(mark for mark in marks if mark)
        return Meaning(name, "category", Category(name, declared, reading.ignore_case, keep))
    others = [level for level in cells.levels if level.lower() not in {*MISSING_MARKS, *marks}]
    alike = "NA" in written and _are_codes_of_two_letters(others)
    keep = ("na",) if alike else ()
    if target and others and any(level.lower() == "none" for level in written):
        keep += ("none",)
    recipe = Category(name, marks, reading.ignore_case, keep)
    if alike:
        return Meaning(name, "category", recipe, marks=("NA",), kept=True)
    return Meaning(name, "category", recipe, marks=tuple(m for m in written if m.lower() not in keep))


def _are_codes_of_two_letters(levels: Sequence[str]) -> bool:
    """Whether texts are codes such as those of countries, of which NA (Namibia) is one."""
    codes = sum(
        len(level) == 2 and level.isascii() and level.isalpha() and level.isupper() for level in levels
    )
    return codes >= FEWEST_CODES and codes > MOSTLY * len(levels)


def _words(cells: Texts) -> float:
    sample = cells.levels[:: max(1, len(cells.levels) // 200)]
    return float(np.mean([word_count(level) for level in sample])) if sample else 0.0


def _text(name: str, cells: Texts, marks: tuple[str, ...]) -> Meaning:
    common = common_words(cells.levels, cells.counts)
    if not common:
        why = f"{len(cells.levels)} different texts of which no word is common look like names or identifiers"
        return Meaning(name, "text", None, warning=why)
    return Meaning(name, "text", Text(name, marks), f"such as {', '.join(common[:3])}")


def codes_of(name: str, cells: Cells) -> CategoryColumn:
    """Return any column as groups of equal cells."""
    from osetra.data.schema import to_categories

    return to_categories(Category(name), as_texts(cells))
