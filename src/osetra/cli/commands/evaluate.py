"""`osetra evaluate`: how good a saved model is on rows whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from osetra.cli.commands.predict import model_folder
from osetra.cli.options import complete_study, json_option
from osetra.cli.output import Output
from osetra.cli.reading import later_reading_options
from osetra.core.numbers import number, percent
from osetra.tuning.model import load_model
from osetra.views.terminal.opening import labelled

if TYPE_CHECKING:
    from osetra.nets.assessment import Score

SHARES = ("error", "balanced_error", "subset_error", "hit_rate")


@click.command("evaluate", short_help="Score a saved MODEL on DATA that holds the target.")
@click.argument("model", shell_complete=complete_study)
@click.argument("data")
@click.option(
    "-t", "--target", metavar="COLUMN", help="Where the truth is [default: the model's own target]."
)
@later_reading_options
@json_option
@click.pass_obj
def command(
    output: Output, /, model: str, data: str, target: str | None, as_json: bool, **reading: Any
) -> None:
    """Score MODEL on DATA, rows whose truth is known, each score with its 95 % interval.

    MODEL is a folder, or the name of a study that has a model. The intervals say what so many rows leave
    open. Rows that the model learnt from say nothing: give new ones. DATA is read as the data of the training
    was, but for what the options say.
    """
    folder = model_folder(model)
    given = {name: value for name, value in reading.items() if value not in (None, ())}
    found = load_model(folder).evaluate(data, target, **given)
    for note in found.notes:
        output.say(Text(note, "yellow"))
    if as_json:
        scores = {
            name: {"value": score.value, "low": score.low, "high": score.high}
            for name, score in found.scores.items()
        }
        document = {"model": str(folder), "rows": found.rows, "scores": scores, "notes": list(found.notes)}
        output.document("evaluation", document)
        return
    rows = [(_shown(name), _text(name, score)) for name, score in found.scores.items()]
    output.show(labelled([("rows", str(found.rows)), *rows]))


def _shown(name: str) -> str:
    from osetra.nets.ranking import OF_RANKING, TOP

    return name.replace("_", " ") + (f" at {TOP}" if name in OF_RANKING else "")


def _text(name: str, score: Score) -> str:
    show = percent if name in SHARES else number
    return f"{show(score.value)}   {show(score.low)} to {show(score.high)}"
