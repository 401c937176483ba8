"""`osetra spaces`: what is worth tuning in a network, over which range, and who says so."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from osetra.catalogue import Catalogue, by_name, catalogues
from osetra.catalogue.entry import TIERS
from osetra.catalogue.orders import BLEND, NG_COLOURS, place_of
from osetra.cli.options import json_option
from osetra.cli.output import Output
from osetra.core.numbers import setting


@click.command("spaces", short_help="Print what is worth tuning: tier, range, default, source.")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def command(output: Output, name: str | None, as_json: bool) -> None:
    """Print the hyperparameters of the built-in networks: tier, meaning, range and scale, default, source.

    NAME is table, mlp (small pictures), cnn (pictures), sequence or sound. Tier 1 is always searched; the
    others as trials allow, or with --tune and --all.
    """
    chosen = (by_name(name),) if name else catalogues()
    if as_json:
        output.document("spaces", {"tiers": TIERS, "spaces": [_document(c) for c in chosen]})
        return
    output.show(_blend(), "")
    for catalogue in chosen:
        output.show(Text.assemble((catalogue.name, "bold"), f"  {catalogue.about}"), "")
        output.show(_table(catalogue))
    output.say(
        *(Text(f"tier {tier}: {text}", "dim") for tier, text in TIERS.items()),
        Text(
            "Ng's order (--order ng): red first, then yellow, then magenta; β₁, β₂ and ε never; "
            "letters are those of BLEND",
            "dim",
        ),
    )


def _blend() -> Text:
    """Return BLEND in Ng's colours; epochs are the budget, and early stopping finds them."""
    words = {"batch_size": "batch size", "lr": "learning rate", "": "epochs", "layers": "number of layers",
             "dropout": "dropout"}  # fmt: skip
    text = Text("BLEND: ")
    for number, (name, word) in enumerate(words.items()):
        text.append(", " if number else "").append(word, _colour(name))
    return text


def _colour(name: str) -> str:
    place = place_of(name)
    return "bold" if place is None else f"bold {NG_COLOURS[place - 1]}"


def _table(catalogue: Catalogue) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
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
        letter = Text(BLEND.get(entry.name, " "), "bold")
        table.add_row(Text(str(entry.tier), "cyan"), letter, Text(entry.name, _colour(entry.name)), text)
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
                "ng": place_of(entry.name),
                "blend": BLEND.get(entry.name),
                "live": entry.live,
                "space": list(entry.text),
                "default": list(entry.defaults),
                "help": entry.help,
                "source": entry.source,
            }
            for entry in catalogue.entries
        ],
    }
