"""`osetra plot`: a picture of a study for a paper, a report or a slide."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from osetra.cli.failures import typed
from osetra.cli.options import study_argument
from osetra.cli.output import Output
from osetra.core.registry import check_name
from osetra.tuning.locations import find

KINDS = (
    *("curves", "history", "parallel", "slice", "contour", "importance"),
    *("timeline", "incumbent", "front", "overview"),
)
"""As in `osetra.views.figures.kinds`, which is imported when something is drawn."""
FORMATS = (".png", ".svg", ".pdf")


@click.command("plot")
@study_argument
@click.argument("kind", type=click.UNPROCESSED, metavar=f"[{'|'.join(KINDS)}]", default="overview")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The file: .png, .svg or .pdf.")
@click.option("--metric", help="curves: of this metric instead of the objective.")
@click.option("--trial", "trials", multiple=True, type=int, help="curves: of this trial; may be repeated.")
@click.option("--by", help="history: by trials, time or cost.")
@click.option("--x", help="contour: this hyperparameter to the right.")
@click.option("--y", help="contour: this hyperparameter upwards.")
@click.pass_obj
def command(output: Output, /, study: str, kind: str, out: Path | None, **options: object) -> None:
    """Draw STUDY and write the picture to a file, by default KIND.png beside you.

    curves: cost curves side by side. history: the best so far. parallel: parallel coordinates. slice: each
    hyperparameter against the value. contour: what the model expects of two. importance: what mattered.
    timeline: who trained what and when. incumbent: the setting in use, at each re-test. front: of several
    objectives, what none beats in all of them. overview: curves and history.
    """
    with typed():
        check_name("figure", kind, dict.fromkeys(KINDS))
    given = _given(kind, options)
    file = Path(f"{kind}.png") if out is None else out
    if file.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{file}: the name of a picture ends in {', '.join(FORMATS)}")
    opened = find(study).open()
    from osetra.views.figures.drawing import save
    from osetra.views.figures.kinds import KINDS as DRAWN

    figure = DRAWN[kind](opened.problem, opened.history, **given)
    save(figure, [file])
    output.say(Text(f"{kind} of {study} written to {file}"))


_TAKES = {"curves": ("metric", "trials"), "history": ("by",), "contour": ("x", "y")}


def _given(kind: str, options: dict[str, object]) -> dict[str, object]:
    """Return the options that were given; one that belongs to another figure is refused."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in given:
        if name not in _TAKES.get(kind, ()):
            mine = next(other for other, names in _TAKES.items() if name in names)
            written = "trial" if name == "trials" else name
            raise click.UsageError(f"--{written} is an option of {mine}, not of {kind}; leave it out")
    return given
