"""`osetra spaces`: what is worth tuning in a network, over which range, and who says so."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from osetra.catalogue import Catalogue, by_name, catalogues
from osetra.catalogue.entry import TIERS
from osetra.cli.options import json_option
from osetra.cli.output import Output
from osetra.core.numbers import setting


@click.command("spaces", short_help="Print what is worth tuning: tier, range, default, source.")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def command(output: Output, name: str | None, as_json: bool) -> None:
    """Print the hyperparameters of the built-in networks: tier, meaning, range and scale, default, source.

    NAME is table, mlp (small pictures) or cnn (pictures). Tier 1 is always searched; the others as
    trials allow, or with --tune and --all.
    """
    chosen = (by_name(name),) if name else catalogues()
    if as_json:
        output.document("spaces", {"tiers": TIERS, "spaces": [_document(c) for c in chosen]})
        return
    for catalogue in chosen:
        output.show(Text.assemble((catalogue.name, "bold"), f"  {catalogue.about}"), "")
        output.show(_table(catalogue))
    output.say(*(Text(f"tier {tier}: {text}", "dim") for tier, text in TIERS.items()))


def _table(catalogue: Catalogue) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column()
    for entry in catalogue.entries:
        text = Text(f"{entry.help}\n")
        for form, default in zip(entry.text, entry.defaults, strict=True):
            body, _, condition = form.partition(" if ")
            text.append(_without_default(body), "green")
            text.append(f"  default {setting(default)}")
            text.append(f"  if {condition}\n" if condition else "\n")
        text.append(f"{entry.source}\n", "dim")
        table.add_row(Text(str(entry.tier), "cyan"), Text(entry.name, "bold"), text)
    return table


def _without_default(text: str) -> str:
    before, default, after = text.partition(", default=")
    return before + (")" + after.partition(")")[2] if default else "")


def _document(catalogue: Catalogue) -> dict[str, object]:
    return {
        "name": catalogue.name,
        "about": catalogue.about,
        "hyperparameters": [
            {
                "name": entry.name,
                "tier": entry.tier,
                "live": entry.live,
                "space": list(entry.text),
                "default": list(entry.defaults),
                "help": entry.help,
                "source": entry.source,
            }
            for entry in catalogue.entries
        ],
    }
