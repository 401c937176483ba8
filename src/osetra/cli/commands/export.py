"""`osetra export`: all trials as CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from rich.text import Text

from osetra.cli.options import study_argument
from osetra.cli.output import Output, to_json
from osetra.cli.places import find
from osetra.cli.views.clean import one_line


@click.command("export")
@study_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="A table for spreadsheets, or one JSON object per line.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write to this file, not to stdout.")
@click.pass_obj
def command(output: Output, study: str, form: str, out: Path | None) -> None:
    """Write every trial of STUDY, finished or not, one row each.

    Cells of a CSV that a spreadsheet would run as a formula are prefixed with an apostrophe, and
    control characters are dropped; JSON lines hold everything exactly.
    """
    records = find(study).open().records()
    text = _csv(records) if form == "csv" else "".join(to_json(record) + "\n" for record in records)
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    output.say(Text(f"{len(records)} trials written to {out}"))


def _csv(records: list[dict[str, object]]) -> str:
    buffer = io.StringIO()
    names = list(records[0]) if records else ["trial", "state"]
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writerow({name: _cell(name) for name in names})
    writer.writerows(_row(record) for record in records)
    return buffer.getvalue()


def _row(record: Mapping[str, object]) -> dict[str, object]:
    return {name: _cell(value) for name, value in record.items()}


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    text = one_line(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
