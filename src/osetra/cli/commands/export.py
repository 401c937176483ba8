"""`osetra export`: all trials as CSV or JSON lines, or one as a plain configuration that can be replayed."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from osetra.cli.options import study_argument
from osetra.cli.output import VERSION, Output, to_json
from osetra.core.clean import cell
from osetra.training.replay import recipe
from osetra.tuning.locations import find
from osetra.views.json import pieces_document

if TYPE_CHECKING:
    from osetra.study.study import Study


@click.command("export")
@study_argument
@click.argument("trial", required=False, type=int)
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
def command(output: Output, study: str, trial: int | None, form: str, out: Path | None) -> None:
    """Write every trial of STUDY, finished or not, one row each; or one TRIAL as a plain configuration.

    A steered trial is a configuration with values that change after some steps; `pieces` holds it.

    Cells of a CSV that a spreadsheet would run as a formula are prefixed with an apostrophe, and
    control characters are dropped; JSON lines hold everything exactly.
    """
    opened = find(study).open()
    if trial is not None:
        text, what = to_json(_plain(opened, trial), indent=2) + "\n", f"trial {trial}"
    else:
        records = _records(opened)
        rows = "".join(to_json(record) + "\n" for record in records)
        text, what = _csv(records) if form == "csv" else rows, f"{len(records)} trials"
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    output.say(Text(f"{what} written to {out}"))


def _records(study: Study) -> list[dict[str, Any]]:
    """Return one row per trial; those of a study with steered trials say what was changed."""
    history, records = study.history, study.records()
    if not any(trial.steered for trial in history.trials.values()):
        return records
    for record in records:
        trial = history.trials[record["trial"]]
        record["steered"] = trial.steered
        record["pieces"] = pieces_document(history, trial) if trial.steered else None
    return records


def _plain(study: Study, number: int) -> dict[str, Any]:
    """Return a trial as a plain configuration with piecewise values, ready to be replayed."""
    history, objective = study.history, study.problem.objective
    told = recipe(history, number, objective.metric)
    trial = history.trials[number]
    return {
        "schema": f"osetra.plain/{VERSION}",
        "trial": number,
        "steered": trial.steered,
        "state": str(trial.state),
        "metric": objective.metric,
        "value": trial.value,
        "seed": told.seed,
        "steps": told.steps,
        "config": {**told.config, **told.live},
        "changes": [{"after": after, "values": values} for after, values in told.changes],
        "task": history.opened.task if history.opened else {},
    }


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
    return cell(to_json(value) if isinstance(value, (list, dict)) else value)
