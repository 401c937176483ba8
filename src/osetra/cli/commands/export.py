"""`osetra export`: trials as CSV or JSON lines, one as a plain configuration, or a model as ONNX."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from osetra.cli.commands.predict import model_folder
from osetra.cli.options import study_argument
from osetra.cli.output import VERSION, Output, to_json
from osetra.core.clean import cell
from osetra.errors import StudyError
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
    type=click.Choice(["csv", "jsonl", "onnx"]),
    help="Trials as a table for spreadsheets or one JSON object per line; or the model as ONNX "
    "[default: csv; onnx where STUDY is a folder with a model].",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Write to this file, not to stdout; of onnx, a folder.",
)
@click.pass_obj
def command(output: Output, study: str, trial: int | None, form: str | None, out: Path | None) -> None:
    """Write every trial of STUDY, finished or not, one row each; or one TRIAL as a plain configuration.

    With --format onnx, or where STUDY is a folder with a model, the model is written into the folder OUT:
    model.onnx, preparation.json, and predict.py, which needs NumPy and onnxruntime only.

    A steered trial is a configuration with values that change after some steps; `pieces` holds it.

    Cells of a CSV that a spreadsheet would run as a formula are prefixed with an apostrophe, and
    control characters are dropped; JSON lines hold everything exactly.
    """
    if form == "onnx" or (form is None and (Path(study) / "card.json").is_file()):
        _model(output, study, trial, out)
        return
    location = find(study)
    opened = location.open()
    if trial is not None:
        text, what = to_json(_plain(opened, trial), indent=2) + "\n", f"trial {trial}"
    else:
        records = _records(opened)
        rows = "".join(to_json(record) + "\n" for record in records)
        text, what = rows if form == "jsonl" else _csv(records), f"{len(records)} trials"
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    of_model = form is None and trial is None and (location.folder / "model" / "card.json").is_file()
    more = f"; its model: osetra export {study} --format onnx -o FOLDER" if of_model else ""
    output.say(Text(f"{what} written to {out}{more}"))


def _model(output: Output, model: str, trial: int | None, out: Path | None) -> None:
    from osetra.tuning.model import load_model

    if trial is not None:
        raise StudyError(f"{trial}: the model of the winner is exported, not a trial; leave the number out")
    if out is None:
        raise StudyError("a model is written into a folder: name it with -o FOLDER")
    folder = load_model(model_folder(model)).export(out)
    output.say(Text(f"model.onnx, preparation.json and predict.py written to {folder}"))


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
