"""Options and arguments that several commands share."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from osetra.cli.failures import typed
from osetra.core.goal import goal_text
from osetra.core.params import Value
from osetra.core.price import Price
from osetra.core.text import parse_value
from osetra.errors import DataError, StudyError, TextError
from osetra.study.tracker_names import TRACKERS
from osetra.tuning.devices import check_device
from osetra.tuning.followers import kept_names
from osetra.tuning.locations import check_name, known


class Whole(click.IntRange):
    """Whole numbers between two limits, which are shown in words."""

    name = "number"

    def _describe_range(self) -> str:
        return f"{self.min} or more" if self.max is None else f"{self.min} to {self.max}"


class PriceType(click.ParamType[Price]):
    """Money per time, such as 2.50/h."""

    name = "price"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Price:
        """Return the price."""
        try:
            return value if isinstance(value, Price) else Price.parse(value)
        except StudyError as error:
            self.fail(str(error), param, ctx)


class Above(click.FloatRange):
    """Numbers above 0."""

    name = "number"

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def _describe_range(self) -> str:
        return "above 0"


def complete_study(_: click.Context, __: click.Parameter, incomplete: str) -> Sequence[str]:
    """Offer the known studies to the shell."""
    return [name for name in known() if name.startswith(incomplete)]


def goal(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return the goal of a search in its usual spelling."""
    if value is None:
        return None
    with typed():
        return goal_text(value)


study_argument = click.argument("study", shell_complete=complete_study)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on stdout instead of text for people."
)


def _device(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else check_device(value)
    except DataError as error:
        raise click.BadParameter(str(error)) from None


device_option = click.option(
    "--device",
    metavar="NAME",
    callback=_device,
    help="Where the built-in network trains: auto, cpu, cuda, cuda:1 or mps [default: auto, a GPU if any].",
)

store_option = click.option(
    "--store",
    metavar="URL",
    help="Keep the study there, so that other machines can join: postgresql://user@host/database "
    "[default: a file in its folder].",
)


def plain_name(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse a study's name that would lead out of the folder of studies."""
    if value is not None:
        try:
            check_name(value)
        except StudyError as error:
            raise click.BadParameter(str(error)) from None
    return value


def check_goal(options: Mapping[str, Any]) -> None:
    """Raise a usage error when two goals are given."""
    if options["minimize"] is not None and options["maximize"] is not None:
        raise click.UsageError("give --minimize or --maximize, not both")


def schedulers() -> list[str]:
    """Return the names of everything that decides how long to train, the usual ones first."""
    from osetra.policies import DESCRIPTIONS

    return list(DESCRIPTIONS)


def check_searcher(name: str | None) -> None:
    """Raise StudyError when there is no such searcher."""
    from osetra.core.registry import check_name
    from osetra.searchers import SEARCHERS

    if name is not None:
        check_name("searcher", name, SEARCHERS)


def check_scheduler(name: str | None) -> None:
    """Raise StudyError when there is no such scheduler."""
    from osetra.core.registry import check_name
    from osetra.policies import DESCRIPTIONS

    if name is not None:
        check_name("scheduler", name, DESCRIPTIONS)


def _complete_scheduler(_: click.Context, __: click.Parameter, incomplete: str) -> Sequence[str]:
    return [name for name in schedulers() if name.startswith(incomplete)]


scheduler_option = click.option(
    "--scheduler",
    metavar="NAME",
    shell_complete=_complete_scheduler,
    help="How long to train each: auto, full, asha, hyperband, median, patience … [default: auto].",
)


def _kept_names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    with typed():
        return kept_names(values)


def _complete_tracker(_: click.Context, __: click.Parameter, incomplete: str) -> Sequence[str]:
    return [name for name in TRACKERS if name.startswith(incomplete)]


tracker_option = click.option(
    "--tracker",
    "trackers",
    multiple=True,
    metavar="NAME[:PLACE]",
    callback=_kept_names,
    shell_complete=_complete_tracker,
    help="Keep records of each trial in mlflow[:URI], tensorboard[:FOLDER], wandb[:PROJECT], "
    "trackio[:PROJECT] or aim[:FOLDER], too. Repeatable.",
)


experience_option = click.option(
    "--experience/--no-experience",
    default=None,
    help="Try first what past studies say, and keep what this one teaches [default: yes].",
)


def with_experience(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in which experience is wanted unless it is not."""
    return {**options, "experience": options["experience"] is not False}


def money_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what a search may cost."""
    price = click.option(
        "--price",
        type=PriceType(),
        metavar="2.50/h",
        help="What an hour of this machine costs: told at the end.",
    )
    money = click.option(
        "--money", type=Above(), metavar="AMOUNT", help="Be done before more is spent, at that --price."
    )
    return price(money(command))


def paid(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without price and money, whose minutes are those that the money lasts for.

    Raises:
        click.UsageError: there is money without a price.
    """
    left = dict(options)
    price, money = left.pop("price"), left.pop("money")
    if money is None:
        return left
    if price is None:
        raise click.UsageError("--money needs to know what an hour costs: add --price 2.50/h")
    return {**left, "minutes": min(left["minutes"] or math.inf, price.minutes(money))}


keep_going_option = click.option(
    "--keep-going", is_flag=True, help="Go on although the first three trials fail with the same error."
)


def confirm(question: str) -> bool:
    """Ask a person who is there; without one the answer is no."""
    return sys.stdin.isatty() and sys.stderr.isatty() and click.confirm(question, err=True)


def parse_pairs(values: tuple[str, ...]) -> dict[str, Value]:
    """Read NAME=VALUE words.

    Raises:
        click.BadParameter: a word has no `=`, its value cannot be read, or its name was there before.
    """
    pairs: dict[str, Value] = {}
    for word in values:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{word!r}: write name=value, for example lr=0.01")
        if name.strip() in pairs:
            raise click.BadParameter(f"{word!r}: {name.strip()} is given twice")
        try:
            pairs[name.strip()] = parse_value(text)
        except TextError as error:
            raise click.BadParameter(f"{word}: {error}") from None
    return pairs
