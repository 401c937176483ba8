"""`osetra run`: from any program, in any language, to good hyperparameters."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from osetra.cli.commands.tune import command as tune
from osetra.cli.failures import typed
from osetra.cli.options import check_scheduler, check_searcher, confirm, paid, with_experience
from osetra.cli.output import Output
from osetra.command.patterns import compiled
from osetra.command.ranges import is_range, with_placeholders
from osetra.core.limits import Limits
from osetra.errors import StudyError
from osetra.files import real_path
from osetra.tuning.followers import Followers
from osetra.tuning.locations import create, name_for
from osetra.tuning.options import check_limits
from osetra.tuning.program import begin, program_training
from osetra.tuning.request import Request
from osetra.tuning.studyfile import StudyFile, read_study_file
from osetra.tuning.warm import next_name

SHARED = (
    *(limit.name for limit in fields(Limits)),
    *("searcher", "scheduler", "tune", "set", "minimize", "maximize", "limit", "pick", "seed"),
    *("keep_going", "warm_from", "experience", "trackers", "dashboard", "price", "money"),
    *("name", "out", "store", "dry_run", "as_json"),
)
"""The options of `osetra tune` that mean the same for a program."""


class RunCommand(click.Command):
    """Says so when the options of the program are taken for ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; an unknown option without `--` is the program's, and so is one with a range."""
        if "--" not in args and any(map(is_range, args)):
            args = [*(a for a in args if not is_range(a)), "--", *filter(is_range, args)]
        try:
            return super().parse_args(ctx, [*args])
        except click.NoSuchOption as error:
            if "--" in args:
                raise
            hint = f"{error.message} If it is the program's, write -- before the program."
            raise click.UsageError(hint, ctx) from None


@click.command("run", cls=RunCommand)
@click.argument("file", metavar="[STUDY.toml]", type=click.Path(path_type=Path))
@click.argument("words", metavar="-- PROGRAM [ARGUMENT]…", nargs=-1)
@click.option(
    "--metric",
    multiple=True,
    metavar="NAME=PATTERN",
    help="Where a metric stands in the lines that it prints, as 'val_loss=([0-9.e+-]+)'.",
)
@click.option(
    "--fill",
    multiple=True,
    metavar="FILE",
    help="A configuration file among its arguments: a copy with the values stands in its place.",
)
@click.option(
    "--reports",
    multiple=True,
    metavar="PATH",
    help="Where it writes its metrics: a .csv or .jsonl file, or a folder of TensorBoard's event files.",
)
@click.pass_obj
def command(output: Output, /, file: Path, words: tuple[str, ...], **options: Any) -> None:
    """Tune PROGRAM, in any language, over the [space] of STUDY.toml, or over ranges in place of values.

    {lr} in an argument becomes the value of lr; the program also finds it as OSETRA_LR and in the JSON
    file that OSETRA_CONFIG names. No shell is involved. It reports by printing lines such as
    {"step": 3, "val_loss": 0.5}, or by calling: osetra report val_loss=0.5 step=3

    Exit status 0 is finished, 65 diverged, 75 hands the trial back, all else failed. On SIGTERM it has
    a few seconds to leave its state in OSETRA_CHECKPOINT_DIR, from where it goes on later.

    Running the same command again goes on where it stopped.

    \b
      osetra run study.toml -- ./train --lr {lr} --layers {layers}
      osetra run study.toml --workers 4 -- node train.js {config}
      osetra run train.py --lr~'log(1e-5, 1e-1)' --layers~'int(1, 5)' --metric 'val_loss=([0-9.e+-]+)'
    """  # noqa: D301 - click reads \b as "do not rewrap"
    from osetra.cli.report import print_command, print_plan, say_cost, tune_own

    toml = file.suffix.lower() == ".toml"
    words = words if toml else program_words(file, words)
    if not words:
        raise click.UsageError(f"no program given; write: osetra run {file} -- ./train --lr {{lr}}")
    price, options = options["price"], paid(options)
    with typed():
        check_scheduler(options["scheduler"])
        check_searcher(options["searcher"])
        read = read_study_file(file) if toml else StudyFile()
        words, lines = with_placeholders(words)
        goal = goal_of(options, read)
    read = replace(read, space={**(read.space or {}), **lines}) if lines else read
    options |= goal
    own = {"source": words[0], "verb": "run", "command": words, "folder": str(Path.cwd())}
    with typed():
        config = {"config": str(real_path(file))} if toml else {}
        request = Request.of({**with_experience(options), **own, **config})
        check_limits(request.limits)
    name, store = options["name"] or _name(options, words), options["store"] or read.store
    ask = None if options["dry_run"] else confirm
    location = create(name, options["out"], store=store, confirm=ask)
    with typed():
        training = program_training(request, location, read)
        followers = Followers.of(training.request.trackers)
    for warning in training.warnings:
        output.say(Text(warning, "yellow"))
    if options["dry_run"]:
        print_plan(output, training.space, training.request)
        print_command(output, training.request, training.space)
        return
    study = begin(training, location)
    tune_own(output, location, study, training, followers, as_json=options["as_json"])
    say_cost(output, price)


command.params += [option for option in tune.params if option.name in SHARED]


def program_words(file: Path, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a program without a study file; a script of Python is run by this Python."""
    own = (sys.executable,) if file.suffix == ".py" else ()
    return (*own, str(file), *words)


def goal_of(options: Mapping[str, Any], file: StudyFile) -> dict[str, Any]:
    """Return which of the metrics with a pattern is made small, where nothing else says so.

    Raises:
        StudyError: a pattern is none, or its metric may be better when it is large.
    """
    names = [name for name, _ in map(compiled, options["metric"]) if name != "step"]
    if not names or any((options["minimize"], options["maximize"], file.minimize, file.maximize)):
        return {}
    if re.search(r"loss|err|mse|mae|nll|perplexity|ppl|wer|cost", names[0], re.IGNORECASE):
        return {"minimize": names[0]}
    raise StudyError(
        f"is {names[0]} better when it is small or large? Say --minimize {names[0]} or --maximize {names[0]}"
    )


def _name(options: Mapping[str, Any], words: tuple[str, ...]) -> str:
    return next_name(options["warm_from"]) if options["warm_from"] else name_of(words)


def name_of(words: tuple[str, ...]) -> str:
    """Return a study's name: that of the first word that is a file, else of the program."""
    script = next((word for word in words[1:] if Path(word).is_file()), words[0])
    return name_for(re.sub(r"[{}]", "", script))
