"""`osetra report`: how a training that is a program says how it fares."""

from __future__ import annotations

import json
import os

import click


@click.command("report")
@click.argument("values", nargs=-1, required=True, metavar="NAME=NUMBER…")
def command(values: tuple[str, ...]) -> None:
    """Report metrics from inside a program that `osetra run` started.

    Beside metrics: step=3 says after which step, steps=20 how many a full training has, and
    checkpoint=true that the files in OSETRA_CHECKPOINT_DIR are this step's state. Outside a trial the
    line is printed, so that a script can be tried by hand.

    \b
      osetra report val_loss=0.5 accuracy=0.93 step=3
    """  # noqa: D301 - click reads \b as "do not rewrap"
    line = json.dumps({name: value for name, value in map(_pair, values)})
    file = os.environ.get("OSETRA_REPORT")
    if not file:
        click.echo(line)
        return
    # One write to a file opened for appending: lines of several processes do not mix.
    end = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(end, f"{line}\n".encode())
    finally:
        os.close(end)


def _pair(word: str) -> tuple[str, float | int | bool]:
    name, equals, text = word.partition("=")
    if not (name and equals):
        raise click.UsageError(f"{word!r} is no NAME=NUMBER, such as val_loss=0.5")
    if name == "checkpoint":
        if text not in ("true", "false"):
            raise click.UsageError(f"{word!r}: checkpoint=true is meant")
        return name, text == "true"
    try:
        return name, int(text) if name in ("step", "steps") else float(text)
    except ValueError:
        wanted = "a whole number" if name in ("step", "steps") else "a number"
        raise click.UsageError(f"{word!r}: {text!r} is not {wanted}") from None
