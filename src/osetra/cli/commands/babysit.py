"""`osetra babysit`: train one configuration, watch it, and turn its knobs while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from osetra.cli.options import (
    Whole,
    check_goal,
    confirm,
    json_option,
    parse_pairs,
    plain_name,
    store_option,
    tracker_option,
)
from osetra.cli.output import Output
from osetra.cli.reading import reading_options
from osetra.errors import OsetraError
from osetra.files import real_path
from osetra.tuning.locations import Location, create, find, name_for
from osetra.tuning.request import Request


@click.command("babysit")
@click.argument("source", metavar="DATA|SCRIPT.py:FUNCTION|STUDY")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE…|TRIAL]")
@click.option("--autopilot", is_flag=True, help="Follow the advice by rule, and say so.")
@click.option(
    "-t",
    "--target",
    multiple=True,
    metavar="COLUMN",
    help="The column to predict [default: target, label, class or y]; A,B or repeated for several.",
)
@click.option("--task", type=click.Choice(["binary", "multiclass", "regression"]), help="What to predict.")
@reading_options
@click.option("--epochs", type=Whole(1), help="Passes over the data.")
@click.option("--minimize", metavar="METRIC", help="For a script: the metric to watch [default: val_loss].")
@click.option("--maximize", metavar="METRIC", help="For a script: a metric that is to be large.")
@click.option("--seed", type=int, default=0, show_default=True, help="Makes everything repeatable.")
@click.option(
    "--name", callback=plain_name, help="Name of the study [default: from DATA or SCRIPT, with -babysit]."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Its folder [default: osetra-runs/NAME].")
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="A study.toml with [space], for a script."
)
@tracker_option
@store_option
@json_option
@click.pass_obj
def command(output: Output, /, **options: Any) -> None:
    """Train one network and steer it: the defaults, but for the values given.

    \b
    While it trains, keys give orders, which are obeyed at the next report:
      + -  learning rate × 1.5, ÷ 1.5        f  branch with a changed value
      p    pause, and go on                  s  stop, keep the result so far
      b    back to the best checkpoint       n  note
      a    follow the advice                 q  leave; it can be resumed

    \b
      osetra babysit digits lr=0.01
      osetra babysit train.py:train lr=0.1 --autopilot
      osetra babysit digits 7                take over a trial that another program trains

    The same orders come from elsewhere with osetra steer. What came of it all is a plain configuration
    with values that change after some steps; osetra replay trains that unattended.
    """  # noqa: D301 - click reads \b as "do not rewrap"
    from osetra.cli.babysit import babysit, watch

    check_goal(options)
    found = _begun_study(options["source"], options["values"])
    if found is not None:
        if options["trackers"]:
            raise click.UsageError(
                "--tracker: another program trains it, and trackers are told by the program that trains"
            )
        watch(output, *found, autopilot=options["autopilot"], as_json=options["as_json"])
        return
    source, values = options["source"], parse_pairs(options["values"])
    file, colon, function = source.partition(":")
    if Path(file).exists():
        source = f"{real_path(file)}{colon}{function}"
    given = {**options, "source": source, "verb": "babysit"}
    if options["config"] is not None:
        given["config"] = str(real_path(options["config"]))
    request = Request.of(given)
    name = options["name"] or f"{name_for(source)}-babysit"
    location = create(name, options["out"], store=options["store"], confirm=confirm)
    babysit(output, location, request, values, autopilot=options["autopilot"], as_json=options["as_json"])


def _begun_study(text: str, words: tuple[str, ...]) -> tuple[Location, int | None] | None:
    """Return the study at work that is meant, and its trial; None when a training is to be started.

    A number behind a name means a study's trial. A name alone means a study while it is at work, even if
    a data set has that name, too.
    """
    numbered = len(words) == 1 and words[0].isdecimal()
    if words and not numbered:
        return None
    try:
        location = find(text)
    except OsetraError:
        if numbered:
            raise
        return None
    if numbered:
        return location, int(words[0])
    study = location.open()
    running = study.history.running
    study.close()
    return (location, None) if running else None
