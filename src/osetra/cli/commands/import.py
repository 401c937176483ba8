"""`osetra import`: trials of other tuners and trackers as trials of a new study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from osetra.cli.output import Output
from osetra.core.clean import one_line
from osetra.core.space import Space
from osetra.errors import DataError, nearest
from osetra.importers.writing import Taken, write
from osetra.stores.address import Address, mask, parse

KINDS = ("optuna", "ray", "keras-tuner", "wandb", "mlflow", "csv")


@click.command("import", short_help="Take over trials of Optuna, Ray Tune, KerasTuner, W&B, MLflow or a CSV.")
@click.argument("source", metavar="KIND:PLACE")
@click.option("--study", metavar="NAME", help="Which one of several, in a database of Optuna.")
@click.option("--to", metavar="FILE[#NAME]", help="Where the new study lives; NAME.db here unless given.")
@click.option("--metric", metavar="NAME", help="What is the value of a trial.")
@click.option("--maximize", is_flag=True, help="The larger it is the better.")
@click.option("--params", metavar="A,B", default="", help="Which columns are parameters.")
@click.option("--param", "ranges", metavar="NAME=RANGE", multiple=True, help="The space: lr='log(1e-5, 1)'.")
@click.pass_obj
def command(
    output: Output,
    source: str,
    study: str | None,
    to: str | None,
    metric: str | None,
    maximize: bool,
    params: str,
    ranges: tuple[str, ...],
) -> None:
    """Make trials that were trained elsewhere trials of a new study, to be gone on with.

    \b
      osetra import optuna://sqlite:///x.db --study digits
      osetra import ray:~/ray_results/train --metric val_loss
      osetra import keras-tuner:my_dir/project
      osetra import wandb:export.csv --metric val_loss --params lr,units
      osetra import mlflow:runs.csv --metric val_loss
      osetra import csv:trials.csv --metric val_loss

    Values, curves, states and times are taken over. The space is what was asked for, or the least that holds
    all values, unless it is given with --param.
    """  # noqa: D301 - click reads \b as "do not rewrap"
    kind, _, place = source.partition(":")
    if kind not in KINDS or not place:
        known = ", ".join(f"{each}:…" for each in KINDS)
        raise DataError(
            f"{mask(source)}: write KIND:PLACE, where the kind is one of {known}.{nearest(kind, KINDS)}"
        )
    names = [name.strip() for name in params.split(",") if name.strip()]
    taken = _taken(kind, place, study, metric, maximize, names)
    space = _space(ranges) if ranges else None
    target = parse(to) if to else Address(f"{_stem(kind, place, study)}.db")
    count = write(taken, target, space)
    for why in taken.left_out:
        output.say(Text(f"left out: {one_line(why)}", "yellow"))
    output.data.print(Text(f"{count} trials of {one_line(taken.source)} → {target}"), soft_wrap=True)
    output.say(Text(f"look at them: osetra status '{target}'; go on: osetra.Study({str(target)!r})", "dim"))


def _taken(
    kind: str, place: str, study: str | None, metric: str | None, maximize: bool, params: list[str]
) -> Taken:
    if kind == "optuna":
        from osetra.importers.optuna import read

        return read(place.removeprefix("//"), study)
    from importlib import import_module

    module = {"keras-tuner": "keras_tuner", "csv": "table"}.get(kind, kind)
    reader: Any = import_module(f"osetra.importers.{module}").read
    usual = None if kind == "keras-tuner" else "minimize"
    found: Taken = reader(Path(place).expanduser(), metric, "maximize" if maximize else usual, params)
    return found


def _space(ranges: tuple[str, ...]) -> Space:
    lines = {}
    for text in ranges:
        name, mark, line = text.partition("=")
        if not mark:
            raise DataError(f"--param {text}: write NAME=RANGE, such as lr='log(1e-5, 1)'")
        lines[name.strip()] = line.strip()
    return Space.parse(lines)


def _stem(kind: str, place: str, study: str | None) -> str:
    """Return what the file of a new study is called unless it is given."""
    name = study or Path(place.split("///")[-1]).stem or kind
    return f"{name.replace('/', '-')}-imported"
