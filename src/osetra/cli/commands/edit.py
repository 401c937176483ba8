"""`osetra edit`: change what a study searches, while it runs or later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from osetra.cli.going_on import how_to_go_on
from osetra.cli.options import json_option, parse_pairs, study_argument
from osetra.cli.output import Output
from osetra.core.bounds import written_bounds
from osetra.core.declarations import params_from_lines
from osetra.core.edits import readable
from osetra.core.space import difference
from osetra.tuning.locations import find

if TYPE_CHECKING:
    from osetra.study.study import Study


@click.command("edit")
@study_argument
@click.argument("words", nargs=-1, metavar="[NAME=RANGE…]")
@click.option(
    "--limit", multiple=True, metavar="METRIC<=NUMBER", help="What trials must keep to; replaces all."
)
@click.option("--no-limits", is_flag=True, help="Trials need not keep to anything any more.")
@click.option("--was", multiple=True, metavar="NAME=VALUE", help="What the trials so far had of a new one.")
@click.option("--why", default="", metavar="TEXT", help="Remembered with the change.")
@click.option("--actor", default="", metavar="NAME", help="Who makes it [default: your login name].")
@json_option
@click.pass_obj
def command(
    output: Output,
    study: str,
    words: tuple[str, ...],
    limit: tuple[str, ...],
    no_limits: bool,
    was: tuple[str, ...],
    why: str,
    actor: str,
    as_json: bool,
) -> None:
    """Change the space of STUDY, or its limits; without a change, show it and how it was changed before.

    The trials so far stay. Those whose values lie outside the new ranges may stay the best, but teach the
    search no more. Programs that run the study now go on in the new space.

    \b
      osetra edit digits 'units=int(16, 1024, log)'                 another range
      osetra edit digits 'dropout=float(0, 0.5, default=0)'         one more; so far it was 0
      osetra edit digits 'wd=log(1e-6, 1e-1)' --was wd=0            the same, with another default
      osetra edit digits optimizer=adam                             searched no more
      osetra edit phone --limit 'latency_ms<=5'                     other limits, for all trials
    """  # noqa: D301 - click reads \b as "do not rewrap"
    location = find(study)
    opened = location.open()
    before, new_limits = opened.problem.space, bool(limit or no_limits)
    if limit and no_limits:
        raise click.UsageError("--limit and --no-limits at once: give one of them")
    bounds = written_bounds(limit)
    if words:
        opened.edit(params_from_lines(_lines(words)), was=parse_pairs(was), actor=actor, why=why)
    elif was or ((why or actor) and not new_limits):
        raise click.UsageError("say what is to change, such as 'units=int(16, 1024, log)'")
    if new_limits:
        opened.limit(bounds, actor=actor, why=why)
    changes = difference(before, opened.problem.space)
    if as_json:
        output.document("space", _document(opened, changes))
        return
    for line in changes if words else [f"{name}={text}" for name, text in opened.problem.space.spec.items()]:
        output.show(Text(line))
    for bound in opened.problem.bounds:
        output.show(Text(f"limit {bound}"))
    inside, total = _inside(opened)
    if words:
        output.say(Text(f"{inside} of {total} trials lie in the new space, and all are kept", "dim"))
        output.say(Text(f"to go on: {how_to_go_on(location, opened.history)}", "dim"))
    else:
        _show_edits(output, opened)


def _lines(words: Sequence[str]) -> dict[str, Any]:
    lines: dict[str, Any] = {}
    for word in words:
        name, equals, text = (part.strip() for part in word.partition("="))
        if not equals or not name or not text:
            raise click.BadParameter(f"{word!r}: write name=range, for example 'units=int(16, 1024, log)'")
        if name in lines:
            raise click.BadParameter(f"{word!r}: {name} is given twice")
        lines[name] = text
    return lines


def _inside(study: Study) -> tuple[int, int]:
    """Return how many trials lie in the space as it is now, and how many there are."""
    history = study.history
    return len(readable(study.problem.space, history, history.searched)), history.begun


def _document(study: Study, changes: list[str]) -> dict[str, Any]:
    inside, total = _inside(study)
    return {
        "space": study.problem.space.spec,
        "edits": len(study.history.edits),
        "changes": changes,
        "limits": [str(bound) for bound in study.problem.bounds],
        "trials": total,
        "trials_inside": inside,
    }


def _show_edits(output: Output, study: Study) -> None:
    """Show how the space was changed before."""
    from osetra.views.events import edits
    from osetra.views.orders import clock

    for event in edits(study.history, 0):
        output.show(Text(f"{clock(event.time)}  {event.text}", "dim"))
    if not study.history.edits:
        output.say(Text("it was never changed", "dim"))
