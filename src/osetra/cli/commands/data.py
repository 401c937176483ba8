"""`osetra data`: the real data sets that are at hand by name, and what is in a file of your own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from osetra.cli.options import json_option
from osetra.cli.output import Output
from osetra.cli.reading import reading_options

if TYPE_CHECKING:
    from osetra.core.finding import Finding
    from osetra.data.dataset import Dataset
    from osetra.data.description import ColumnView
    from osetra.data.loading import Loaded
    from osetra.data.overview import Guess, Overview

MOST_SHOWN = 60
"""Columns shown of a wide table."""
BESIDE = 55
"""Characters of a line that are not for the values of a column."""
_KINDS = {
    "binary": "classes", "multiclass": "classes", "regression": "a number", "multilabel": "labels",
    "multioutput": "numbers",
}  # fmt: skip


@click.command("data", short_help="List the data sets known by name, or look into your own.")
@click.argument("source", required=False, metavar="[DATA]")
@click.option("-t", "--target", multiple=True, metavar="COLUMN", help="The column to predict, or several.")
@click.option(
    "--task",
    type=click.Choice(["binary", "multiclass", "regression"]),
    help="What to predict.",
)
@reading_options
@json_option
@click.pass_obj
def command(output: Output, /, source: str | None, **options: Any) -> None:
    """List the data sets that `osetra tune` knows by name, or look into DATA before tuning on it.

    Of DATA it shows the type, range and share of missing cells of each column, what was assumed in
    reading it, what to beware of, and what a training would take. The options say otherwise where an
    assumption is wrong; `osetra tune` takes the same. Without --target it looks at all columns, and says
    which of them is likely to be predicted.

    The data sets are carried by other packages; osetra reads them where those are installed and
    holds no copy.
    """
    if source is None:
        _list(output, options["as_json"])
    else:
        _describe(output, source, options)


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


def _describe(output: Output, source: str, options: Mapping[str, Any]) -> None:
    from osetra.data.description import target_view, views
    from osetra.data.loading import TargetUnknown, load_all
    from osetra.data.overview import overview
    from osetra.data.split import split
    from osetra.tuning.request import Request

    asked = Request.of({**options, "source": source})
    try:
        loaded = load_all(source, target=asked.target, task=options["task"], reading=asked.reading)
    except TargetUnknown as unsaid:
        _overview(output, source, overview(unsaid.table, asked.reading), as_json=options["as_json"])
        return
    dataset, columns = loaded.dataset, views(loaded)
    if options["as_json"]:
        output.document("dataset", _document(loaded, columns))
        return
    target, parts = target_view(loaded), split(dataset)
    head = Table.grid(padding=(0, 2))
    head.add_row(Text("data", "dim"), Text(f"{dataset.name}: {dataset.shape}", "bold"))
    said = Text.assemble(
        f"{dataset.target_name}, {_KINDS[dataset.task]}: {target.values}  ", (_bars(target.bins), "cyan")
    )
    head.add_row(Text("predicts", "dim"), said)
    sizes = (
        f"{len(parts.train)} rows to train on, {len(parts.validation)} to choose by, {len(parts.test)} sealed"
    )
    head.add_row(Text("split", "dim"), sizes)
    for name, text in _expected(dataset):
        head.add_row(Text(name, "dim"), text)
    output.show(head)
    if columns:
        output.show(_columns_table(columns, output.data.width))
    _show_notes(output, dataset.notes)


def _overview(output: Output, source: str, found: Overview, *, as_json: bool) -> None:
    """Show a table of which nobody said what is to be predicted, and what to type next."""
    name = Path(source).name.split(".")[0]
    if as_json:
        output.document(
            "dataset",
            {
                "name": name,
                "rows": found.rows,
                "target": None,
                "likely_targets": [{"name": guess.name, "why": guess.why} for guess in found.guesses],
                "columns": _column_documents(found.columns),
                "notes": [note.text for note in found.notes],
            },
        )
        return
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text("data", "dim"), Text(f"{name}: {found.rows:,} rows, {len(found.columns)} columns", "bold")
    )
    head.add_row(Text("predicts", "dim"), f"not said yet; {_guessed(found.guesses)}")
    output.show(head)
    output.show(_columns_table(found.columns, output.data.width))
    _show_notes(output, found.notes)
    likely = found.guesses[0].name if found.guesses else "COLUMN"
    words = shlex.join([source, "--target", likely])
    output.show(Text("\nwhat a training takes, leaks, classes and the split:", "dim"))
    output.show(Text(f"  osetra data {words}", "green"))
    output.show(Text("and tune on it:", "dim"))
    output.show(Text(f"  osetra tune {words} --minutes 10", "green"))


def _guessed(guesses: Sequence[Guess]) -> str:
    """Return which columns are likely to be predicted, in words."""
    if not guesses:
        return "no column holds numbers, or classes with several rows each"
    first, *others = (f"{guess.name!r}, {guess.why}" for guess in guesses)
    return f"likely {first}" + "".join(f"; or {other}" for other in others)


def _show_notes(output: Output, notes: Sequence[Finding]) -> None:
    for note in notes:
        style = "yellow" if note.level == "warning" else "dim"
        action = Text(f" → {note.action}", "green") if note.action else Text()
        label = note.level if note.level == "warning" else "note"
        output.show(Text.assemble((f"{label}  ", style), note.text, action))


def _columns_table(columns: Sequence[ColumnView], width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("column", max_width=18, overflow="ellipsis", no_wrap=True)
    table.add_column("type", min_width=8, no_wrap=True)
    table.add_column("missing", justify="right", min_width=7, no_wrap=True)
    table.add_column("values", overflow="ellipsis", no_wrap=True, max_width=max(25, width - BESIDE))
    table.add_column("", min_width=12, no_wrap=True)
    for view in sorted(columns, key=lambda view: view.kind == "left out")[:MOST_SHOWN]:
        style = "dim" if view.kind == "left out" else ""
        missing = (
            ""
            if not view.missing
            else "<1 %"
            if view.missing < 0.01
            else f"{view.missing:.0%}".replace("%", " %")
        )
        table.add_row(
            Text(view.name),
            view.kind,
            missing,
            Text(view.values),
            Text(_bars(view.bins), "cyan"),
            style=style,
        )
    if len(columns) > MOST_SHOWN:
        table.add_row(f"… {len(columns) - MOST_SHOWN} more", "", "", "", "", style="dim")
    return table


def _bars(counts: Sequence[int]) -> str:
    """Return counts as bars; nothing is a space, and what there is can be seen."""
    most = max(counts, default=0)
    marks = "▁▂▃▄▅▆▇█"
    return "".join(marks[min(7, int(8 * count / most))] if count else " " for count in counts) if most else ""


def _expected(dataset: Dataset) -> list[tuple[str, str]]:
    """Return what one training would take, and what would be searched."""
    from osetra.catalogue import for_task, select_space
    from osetra.nets.cost import bytes_of, catalogue_of, epochs_for, family_of, seconds_of
    from osetra.tuning.request import DEFAULT_TRIALS

    family = family_of(dataset)
    table, texts = dataset.kind == "table", bool(dataset.texts)
    epochs = epochs_for(max(1, round(0.6 * len(dataset))), family, table=table, texts=texts)
    seconds = seconds_of(dataset)
    named = "network for sequences" if family == "sequence" else family
    article = "an" if family == "mlp" else "a"
    time = f"about {seconds:.0f} s" if seconds >= 1 else "less than a second"
    time = f"about {seconds / 60:.0f} minutes" if seconds > 120 else time
    space = catalogue_of(family, dataset.kind, texts=texts)
    selection = select_space(for_task(space, dataset.task), DEFAULT_TRIALS)
    return [
        (
            "training",
            f"{article} {named} for {epochs} epochs: {time} on one core, {bytes_of(dataset) / 1e6:.0f} MB",
        ),
        ("search", selection.sentence),
    ]


def _document(loaded: Loaded, columns: Sequence[ColumnView]) -> dict[str, object]:
    from osetra.data.dataset import CategoryColumn

    dataset = loaded.dataset
    categories = [column for column in dataset.columns if isinstance(column, CategoryColumn)]
    levels = {column.name: {"levels": list(column.levels)} for column in categories}

    return {
        "name": dataset.name,
        "rows": len(dataset),
        "task": dataset.task,
        "target": dataset.target_name,
        "classes": list(dataset.classes),
        **({} if dataset.multi is None else {"targets": list(dataset.multi.names)}),
        "columns": [{**each, **levels.get(each["name"], {})} for each in _column_documents(columns)],
        "inputs": [column.name for column in dataset.columns],
        "fingerprint": dataset.fingerprint,
        "notes": [note.text for note in dataset.notes],
    }  # fmt: skip


def _column_documents(columns: Sequence[ColumnView]) -> list[dict[str, Any]]:
    return [
        {
            "name": view.name, "kind": view.kind, "missing": view.missing, "values": view.values,
            "histogram": list(view.bins),
        }
        for view in columns
    ]  # fmt: skip
