"""`osetra predict`: answers of a saved model for new data."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
from rich.text import Text

from osetra.cli.options import complete_study, json_option
from osetra.cli.output import Output
from osetra.cli.reading import later_reading, later_reading_options
from osetra.core.clean import cell
from osetra.tuning.extras import require_torch
from osetra.tuning.locations import FILE, RUNS

if TYPE_CHECKING:
    from osetra.nets.model import Model
    from osetra.nets.predict import Predictions
    from osetra.nets.recommend import Recommendations


@click.command("predict", short_help="Predict every row of DATA with a saved MODEL.")
@click.argument("model", shell_complete=complete_study)
@click.argument("data")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write to this file, not to stdout.")
@click.option("--keep", multiple=True, metavar="A,B", help="Columns of DATA to write beside the answers.")
@click.option(
    "--interval",
    type=float,
    metavar="SHARE",
    help="Of numbers: low and high, between which so many truths lie, such as 0.9.",
)
@click.option(
    "--top", type=int, metavar="N", help="Of ratings: the N best items for each user in DATA, past ratings."
)
@click.option("--for", "users", metavar="FILE", help="With --top: only for the users in this file.")
@later_reading_options
@json_option
@click.pass_obj
def command(
    output: Output,
    /,
    model: str,
    data: str,
    out: Path | None,
    keep: tuple[str, ...],
    interval: float | None,
    top: int | None,
    users: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Predict every row of DATA with MODEL and write a CSV: row, answer, probability of each class.

    MODEL is a folder with weights.safetensors and card.json, or the name of a study that has one. It
    is all that is needed, and loading it never runs code. DATA needs no target column. Columns that name
    rows, such as an id, are written as well. DATA is read as the data of the training was, but for what the
    options say.
    """
    require_torch()
    from osetra.nets.model import load
    from osetra.nets.predict import predict
    from osetra.nets.targets import said_units

    if out is not None and out.is_file() and Path(data).is_file() and out.samefile(data):
        raise click.UsageError(f"-o {out}: this is DATA itself, which would be replaced; name another file")
    folder = model_folder(model)
    names = [name.strip() for word in keep for name in word.split(",") if name.strip()]
    loaded = load(folder)
    if users is not None and top is None:
        raise click.UsageError("--for goes with --top, the number of items for each user")
    predictions: Predictions | Recommendations
    if top is not None:
        from osetra.nets.recommend import recommend

        predictions = recommend(loaded, data, top, users, **later_reading(reading))
    else:
        predictions = predict(loaded, data, keep=names, interval=interval, **later_reading(reading))
    if loaded.kind == "linear":
        output.say(Text(loaded.card.answer or "the linear model answers", "dim"))
    if units := said_units(loaded.preparation):
        output.say(Text(units, "dim"))
    for warning in predictions.warnings:
        output.say(Text(warning, "yellow"))
    if as_json:
        output.document("predictions", _document(folder, loaded, predictions))
    elif out is None:
        _write_csv(predictions, sys.stdout)
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            _write_csv(predictions, file)
        written = sum(1 for _ in predictions.rows())
        output.say(Text(f"{written} predictions of {loaded.preparation.target} written to {out}"))


def _write_csv(predictions: Predictions | Recommendations, file: TextIO) -> None:
    """Write all rows as CSV with a header; no cell is a formula to a spreadsheet."""
    writer = csv.writer(file, lineterminator="\n")
    for row in (predictions.header, *predictions.rows()):
        writer.writerow([cell(value) for value in row])


def model_folder(text: str, root: Path = RUNS) -> Path:
    """Return the folder of a model, given as itself, as its study's folder, or by the study's name."""
    for folder in (Path(text), Path(text) / "model", root / text / "model"):
        if (folder / "card.json").is_file():
            return folder
    for folder in (Path(text), root / text):
        if (folder / FILE).is_file():
            return folder / "model"  # no model yet: reading it says so
    return Path(text)


def _document(folder: Path, model: Model, predictions: Predictions | Recommendations) -> dict[str, object]:
    return {
        "model": str(folder),
        "target": model.preparation.target,
        "classes": list(model.preparation.classes),
        "units": list(model.preparation.target_units),
        "columns": list(predictions.header),
        "warnings": list(predictions.warnings),
        "rows": [list(row) for row in predictions.rows()],
    }
