"""Options and arguments that several commands share."""

from __future__ import annotations

import click

from osetra.cli.places import complete_study

study_argument = click.argument("study", shell_complete=complete_study)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on stdout instead of text for people."
)
