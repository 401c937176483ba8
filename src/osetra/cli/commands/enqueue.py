"""`osetra enqueue`: try this configuration next."""

from __future__ import annotations

import click
from rich.text import Text

from osetra.cli.going_on import how_to_go_on
from osetra.cli.options import json_option, parse_pairs, study_argument
from osetra.cli.output import Output
from osetra.core.numbers import settings
from osetra.tuning.locations import find
from osetra.views.json import trial_document


@click.command("enqueue")
@study_argument
@click.argument("values", nargs=-1, metavar="NAME=VALUE…")
@json_option
@click.pass_obj
def command(output: Output, study: str, values: tuple[str, ...], as_json: bool) -> None:
    """Queue a configuration in STUDY before everything the searcher suggests.

    Hyperparameters left out take their defaults. It runs when the study runs: now, if another
    program is tuning it, or with `osetra resume`.
    """
    location = find(study)
    opened = location.open()
    trial = opened.enqueue(parse_pairs(values))
    if as_json:
        output.document("trial", trial_document(opened.history, trial))
        return
    shown = settings(trial.config, list(opened.problem.space.names))
    output.show(Text(f"queued as trial {trial.number}: {shown}"))
    output.say(Text(f"to run it: {how_to_go_on(location, opened.history)}", "dim"))
