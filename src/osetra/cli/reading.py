"""Options that say how data is to be read, the same for every verb that reads data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from osetra.data.options import OF_LATER_FILES, DataOptions
from osetra.errors import DataError
from osetra.files import real_path


def words(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split `a,b` and repeated options into names."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _absolute(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    return str(real_path(value)) if value and Path(value).exists() else value


def _sound(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse what no data could make sense of."""
    if value is not None and parameter.name is not None:
        given: dict[str, Any] = {parameter.name: value}
        try:
            DataOptions(**given)
        except DataError as error:
            raise click.BadParameter(str(error)) from None
    return value


def _columns(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(f"--{name}", multiple=True, callback=words, metavar="A,B", help=text)


_OPTIONS = (
    _columns("drop", "Columns to leave out."),
    _columns("number", "Columns to read as numbers; what is none is missing."),
    _columns("category", "Columns to read as categories, also where they hold numbers."),
    _columns("text", "Columns to read as free text."),
    click.option(
        "--date", multiple=True, metavar="COLUMN[=dmy]",
        help="A column of dates, and the order of day, month, year. Repeatable.",
    ),
    click.option(
        "--na", multiple=True, metavar="[COLUMN=]TEXT",
        help="A text that means missing, such as 999; in one column only, when named. Repeatable.",
    ),
    _columns("keep-na", "Columns in which NA, none and the like are levels; --na '' says so of all."),
    click.option(
        "--delimiter", metavar="MARK", callback=_sound,
        help="Between the cells of a text file: ';', tab, space …",
    ),
    click.option("--decimal", type=click.Choice([".", ","]), help="What stands before decimals."),
    click.option(
        "--encoding", metavar="NAME", callback=_sound,
        help="What a text file is written in: cp1252, utf-16 …",
    ),
    click.option(
        "--header", metavar="yes|no|LINE", callback=_sound,
        help="If there is a line of names, or which one it is.",
    ),
    click.option("--labels", metavar="COLUMN", help="Predict this column of several labels a row: red;big."),
    click.option("--ignore-case", is_flag=True, help="Labels that differ in case only are one."),
    click.option("--log-target", is_flag=True, help="Learn a number's logarithm: relative errors count."),
    click.option("--group", metavar="COLUMN", help="Rows with the same value stay in one part of the split."),
    click.option("--series", metavar="COLUMN", help="Rows with the same value are one sequence of steps."),
    click.option(
        "--time", metavar="COLUMN", help="Train on the past, seal the future; of --series the order of steps."
    ),
    click.option("--user", metavar="COLUMN", help="Of ratings: who rated; none: it is no such data."),
    click.option("--item", metavar="COLUMN", help="Of ratings: what was rated."),
    click.option("--weight", metavar="COLUMN", help="How much each row counts in training."),
    click.option("--split", metavar="COLUMN", help="The column that says train, validation or test."),
    click.option(
        "--test", metavar="FILE", callback=_absolute, help="A file of rows to seal, with the same columns."
    ),
)  # fmt: skip


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of `osetra.data.options.DataOptions`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def later_reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb those that say how rows are to be read that come after training, and --strict."""
    strict = click.option(
        "--strict", is_flag=True, help="Refuse a cell that cannot be read, instead of taking it as missing."
    )
    for option in reversed((*_OPTIONS, strict)):
        named = option(click.Command("")).params[-1].name
        if named in (*OF_LATER_FILES, "strict"):
            command = option(command)
    return command


def later_reading(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `later_reading_options` were given as `osetra.nets.predict.predict` takes it."""
    given = {name: value for name, value in options.items() if name != "strict" and value not in (None, ())}
    return {"reading": DataOptions(**given) if given else None, "strict": options["strict"]}
