"""`osetra advice`: what a study's results suggest, and which rules are silent."""

from __future__ import annotations

import click
from rich.text import Text

from osetra.advice import silenced
from osetra.cli.options import json_option, study_argument
from osetra.cli.output import Output
from osetra.core.finding import NOTHING
from osetra.tuning.locations import find
from osetra.views.json import finding_document
from osetra.views.terminal.report import findings_view


@click.command("advice")
@study_argument
@click.option("--silence", "quiet", multiple=True, metavar="RULE", help="Say nothing by this rule any more.")
@click.option("--hear", "loud", multiple=True, metavar="RULE", help="Hear a silenced rule again.")
@json_option
@click.pass_obj
def command(output: Output, study: str, quiet: tuple[str, ...], loud: tuple[str, ...], as_json: bool) -> None:
    """Say what the results of STUDY suggest, each with the name of its rule.

    \b
      osetra advice digits
      osetra advice digits --silence plateau --silence noise
    """  # noqa: D301 - click reads \b as "do not rewrap"
    location = find(study)
    opened = location.open()
    if quiet:
        opened.silence(*quiet)
    if loud:
        opened.silence(*loud, silent=False)
    found, silent = opened.advice, sorted(silenced(opened.history))
    if as_json:
        rows = [finding_document(finding, location.reference) for finding in found]
        output.document("advice", {"findings": rows, "silenced": silent})
        return
    output.show(findings_view(found, location.reference) if found else Text(NOTHING))
    output.say(Text(f"rules: {', '.join(dict.fromkeys(f.rule for f in found)) or 'none fired'}", "dim"))
    if silent:
        output.say(Text(f"silent: {', '.join(silent)}; hear one again with --hear RULE", "dim"))
