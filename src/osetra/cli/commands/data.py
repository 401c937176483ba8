"""`osetra data`: the real data sets that are at hand by name, and what is in a file of your own."""

from __future__ import annotations

import click
from rich import box
from rich.table import Table
from rich.text import Text

from osetra.cli.options import json_option
from osetra.cli.output import Output


@click.command("data", short_help="List the data sets known by name, or look into your own.")
@click.argument("source", required=False, metavar="[DATA]")
@click.option("-t", "--target", metavar="COLUMN", help="The column to predict.")
@json_option
@click.pass_obj
def command(output: Output, source: str | None, target: str | None, as_json: bool) -> None:
    """List the data sets that `osetra tune` knows by name, or look into DATA before tuning on it.

    The data sets are carried by other packages; osetra reads them where those are installed and
    holds no copy.
    """
    if source is None:
        _list(output, as_json)
    else:
        _describe(output, source, target, as_json)


def _list(output: Output, as_json: bool) -> None:
    from osetra.data.sources import known

    if as_json:
        sets = [
            {
                "name": s.name,
                "shape": s.shape,
                "task": s.task,
                "about": s.about,
                "licence": s.licence,
                "installed": s.installed,
                "install": s.install,
            }
            for s in known()
        ]
        output.document("data", {"sets": sets})
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("name", "size", "task", "about", "licence"):
        table.add_column(heading)
    for s in known():
        style = "" if s.installed else "dim"
        about = s.about if s.installed else f"{s.about} (needs: {s.install})"
        table.add_row(s.name, s.shape, s.task, about, s.licence, style=style)
    output.show(table)
    output.say(Text("to tune on one: osetra tune digits; your own: osetra tune FILE --target COLUMN", "dim"))


def _describe(output: Output, source: str, target: str | None, as_json: bool) -> None:
    from osetra.data.dataset import NumberColumn
    from osetra.data.loading import load

    dataset = load(source, target=target)
    columns = [
        {"name": c.name, "kind": "number"}
        if isinstance(c, NumberColumn)
        else {"name": c.name, "kind": "category", "levels": list(c.levels)}
        for c in dataset.columns
    ]
    if as_json:
        output.document(
            "dataset",
            {
                "name": dataset.name,
                "rows": len(dataset),
                "task": dataset.task,
                "target": dataset.target_name,
                "classes": list(dataset.classes),
                "columns": columns,
                "fingerprint": dataset.fingerprint,
                "notes": [note.text for note in dataset.notes],
            },
        )
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_row(Text("data", "dim"), Text(f"{dataset.name}: {dataset.shape}", "bold"))
    grid.add_row(Text("task", "dim"), f"{dataset.task}, predicts {dataset.target_name}")
    if dataset.classes:
        shown = ", ".join(dataset.classes[:12]) + (" …" if len(dataset.classes) > 12 else "")
        grid.add_row(Text("classes", "dim"), shown)
    for column in columns:
        levels = column.get("levels", ())
        detail = f" of {len(levels)}: {', '.join(list(levels)[:6])}" if levels else ""
        grid.add_row(Text(str(column["name"]), "dim"), f"{column['kind']}{detail}")
    for note in dataset.notes:
        grid.add_row(Text("note", "yellow"), note.text)
    output.show(grid)
