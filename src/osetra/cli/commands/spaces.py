"""`osetra spaces`: what is worth tuning in a network, over which range, and who says so."""

from __future__ import annotations

import click
from rich import box
from rich.table import Table
from rich.text import Text

from osetra.catalogue import Catalogue, by_name, catalogues
from osetra.catalogue.entry import TIERS
from osetra.cli.options import json_option
from osetra.cli.output import Output
from osetra.cli.views.numbers import setting


@click.command("spaces")
@click.argument("name", required=False)
@click.option("--sources", is_flag=True, help="Also say where each range comes from.")
@json_option
@click.pass_obj
def command(output: Output, name: str | None, sources: bool, as_json: bool) -> None:
    """Print the hyperparameters of the built-in networks: tier, range and scale, default, meaning.

    NAME is mlp (tables, small pictures) or cnn (pictures). Tier 1 is always searched; the others as
    trials allow, or with --tune and --all.
    """
    chosen = (by_name(name),) if name else catalogues()
    if as_json:
        output.document("spaces", {"tiers": TIERS, "spaces": [_document(c) for c in chosen]})
        return
    for catalogue in chosen:
        output.show(Text.assemble((catalogue.name, "bold"), f"  {catalogue.about}"))
        output.show(_table(catalogue, sources))
    output.say(*(Text(f"tier {tier}: {text}", "dim") for tier, text in TIERS.items()))


def _table(catalogue: Catalogue, sources: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("tier", justify="right")
    table.add_column("name", no_wrap=True)
    table.add_column("searched over", overflow="fold")
    table.add_column("default")
    table.add_column("what it does")
    if sources:
        table.add_column("source")
    for entry in catalogue.entries:
        cells = [str(entry.tier), entry.name, "\n".join(map(_without_default, entry.text))]
        cells += ["\n".join(map(setting, entry.defaults)), entry.help]
        table.add_row(*cells, *([entry.source] if sources else []))
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
                "group": entry.group,
                "space": list(entry.text),
                "default": list(entry.defaults),
                "help": entry.help,
                "source": entry.source,
            }
            for entry in catalogue.entries
        ],
    }
