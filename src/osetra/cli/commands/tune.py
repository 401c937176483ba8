"""`osetra tune`: from a data file, or a training function of your own, to good hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from osetra.catalogue.orders import ORDERS
from osetra.cli.failures import typed
from osetra.cli.options import (
    Whole,
    check_goal,
    check_scheduler,
    check_searcher,
    complete_study,
    confirm,
    device_option,
    experience_option,
    goal,
    json_option,
    keep_going_option,
    money_options,
    paid,
    plain_name,
    scheduler_option,
    store_option,
    tracker_option,
    with_experience,
)
from osetra.cli.output import Output
from osetra.cli.page import dashboard_option
from osetra.cli.reading import reading_options, words
from osetra.files import real_path
from osetra.tuning.followers import Followers
from osetra.tuning.locations import Location, create, name_for
from osetra.tuning.options import check_limits
from osetra.tuning.request import DEFAULT_TRIALS, Request
from osetra.tuning.script import is_script
from osetra.views.terminal.opening import labelled


def _positive(_: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    name = str(parameter.name).replace("_", "-")
    if value is not None and not isfinite(value):
        raise click.BadParameter(f"{value:g} is no limit; give a number above 0, or leave --{name} out")
    if value is not None and value <= 0:
        raise click.BadParameter(
            f"{value:g} leaves nothing to do; give a number above 0, or leave --{name} out"
        )
    return value


@click.command("tune")
@click.argument("source", metavar="DATA|SCRIPT.py:FUNCTION")
@click.option(
    "-t",
    "--target",
    multiple=True,
    metavar="COLUMN",
    help="The column to predict [default: target, label, class or y]; A,B or repeated for several.",
)
@click.option(
    "--task",
    type=click.Choice(["binary", "multiclass", "regression"]),
    help="What to predict, where the column leaves it open.",
)
@reading_options
@click.option(
    "-n",
    "--trials",
    type=int,
    callback=_positive,
    help=f"Trials in total, earlier ones of the same study included [default: {DEFAULT_TRIALS}].",
)
@click.option(
    "-m",
    "--minutes",
    type=float,
    callback=_positive,
    help="Be done after so many minutes; for a function of your own: end the search then.",
)
@click.option(
    "--trainings",
    type=float,
    callback=_positive,
    metavar="N",
    help="What the study may cost, in full trainings; those cut short count by their share.",
)
@money_options
@click.option(
    "--until",
    metavar="GOAL",
    callback=goal,
    help="Search until a trial has that: 'val_loss<0.05', or 0.05 for the metric that is tuned. "
    "Or noise: until nothing is left to gain.",
)
@click.option("-w", "--workers", type=Whole(1), default=1, show_default=True, help="Trainings at once.")
@click.option(
    "--searcher",
    metavar="NAME",
    help="What to try next: auto, bayes, tpe, cmaes, sobol, random, grid … [default: auto].",
)
@scheduler_option
@click.option("--tune", multiple=True, callback=words, metavar="A,B", help="Search these only.")
@click.option("--all", is_flag=True, help="Search every hyperparameter there is.")
@click.option(
    "--order",
    type=click.Choice(ORDERS),
    help="What is searched first: tiers, or ng for the order that Andrew Ng teaches [default: tiers].",
)
@click.option(
    "--set",
    multiple=True,
    metavar="NAME=VALUE",
    help="Fix a hyperparameter, or give its range: --set 'lr=log(1e-4, 0.1)'. Repeatable.",
)
@click.option(
    "--folds",
    type=Whole(1),
    default=1,
    show_default=True,
    help="Cross-validate each trial with so many folds; 1 is one validation part.",
)
@click.option("--epochs", type=Whole(1), help="Most passes over the data per training.")
@device_option
@click.option(
    "--minimize",
    metavar="METRIC",
    help="What to make small: loss, error, balanced_error; rmse, mae, quantile_0.9 of a number; or what "
    "a function or program reports, several with commas between them.",
)
@click.option(
    "--maximize",
    metavar="METRIC",
    help="What to make large: auc, f1, average_precision; r2 of a number; or what a function reports.",
)
@click.option(
    "--limit",
    multiple=True,
    metavar="METRIC<=VALUE",
    help="For a function or program: what a reported metric must keep to, such as 'latency_ms<=20'; a trial "
    "that does not is never the best. Repeatable.",
)
@click.option(
    "--quantile",
    type=float,
    metavar="Q",
    help="Answer this quantile of a number, such as 0.9, and not its mean.",
)
@click.option(
    "--pick",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="For a function or program: a trial is worth its best or its last report.",
)
@click.option(
    "--confirm",
    type=Whole(0),
    help="Run the best so many again with fresh seeds [default: 3 for data, else 0].",
)
@click.option(
    "--refit/--no-refit",
    default=None,
    help="Train the winner on the validation rows too [default: where the seeds agree on the epochs].",
)
@click.option(
    "--ensemble",
    type=Whole(1, 100),
    metavar="K",
    help="Let so many seeds of the winner answer together [default: those that were trained anyway].",
)
@click.option(
    "--seed", type=Whole(0, 2**63 - 1), default=0, show_default=True, help="Makes everything repeatable."
)
@click.option("--name", callback=plain_name, help="Name of the study [default: from what is tuned].")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Its folder [default: osetra-runs/NAME].")
@store_option
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="A study.toml with [study] and [space]."
)
@click.option(
    "--report-timeout",
    type=float,
    callback=_positive,
    metavar="SECONDS",
    help="End a training that reports nothing for so long.",
)
@click.option(
    "--warm-from",
    metavar="STUDY",
    shell_complete=complete_study,
    help="Search later data: as STUDY did, with its good settings first, and half its trials.",
)
@experience_option
@tracker_option
@keep_going_option
@dashboard_option
@click.option("--dry-run", is_flag=True, help="Show what would be searched and run nothing.")
@json_option
@click.pass_obj
def command(output: Output, /, **options: Any) -> None:
    """Tune a network on DATA, or a training function of your own.

    DATA is a .csv, .tsv, .parquet or .npz file, a folder of images, texts or sounds by class, or a data
    set by name (osetra data lists them). A function receives `run`, reads run.config and calls
    run.report(val_loss=...).

    Running the same command again goes on where it stopped.

    \b
      osetra tune digits --trials 24 --workers 2
      osetra tune table.csv --target price --minutes 10
      osetra tune train.py:train -c study.toml
    """  # noqa: D301 - click reads \b as "do not rewrap"
    from osetra.cli.report import say_cost

    if not is_script(options["source"]):
        check_goal(options)
    price, options = options["price"], paid(options)
    with typed():
        request = _request(options)
        check_limits(request.limits)
        check_searcher(request.searcher)
        check_scheduler(request.scheduler)
        store = options["store"] or stored_in(options["config"])
    name = options["name"] or _name(options)
    ask = None if options["dry_run"] else confirm
    location = create(name, options["out"], store=store, confirm=ask)
    if is_script(request.source):
        _tune_script(output, location, request, options)
    else:
        _tune_data(output, location, request, options)
    say_cost(output, price)


def _tune_script(output: Output, location: Location, request: Request, options: Mapping[str, Any]) -> None:
    from osetra.cli.report import print_plan, tune_own
    from osetra.tuning.program import begin, script_training

    with typed():
        training = script_training(request)
        followers = Followers.of(training.request.trackers)
    if options["dry_run"]:
        print_plan(output, training.space, training.request)
        return
    study = begin(training, location)
    tune_own(output, location, study, training, followers, as_json=options["as_json"])


def _tune_data(output: Output, location: Location, request: Request, options: Mapping[str, Any]) -> None:
    from osetra.cli.report import print_plan, tune_data
    from osetra.tuning.data import plan
    from osetra.tuning.functions import METRIC

    with typed():
        planned = plan(location, request)
        followers = Followers.of(planned.request.trackers)
    if options["dry_run"]:
        output.say(labelled(planned.rows), Text(planned.selection.sentence))
        minimize = planned.request.minimize or METRIC
        print_plan(output, planned.selection.space, replace(planned.request, minimize=minimize))
        return
    tune_data(output, location, planned, followers, as_json=options["as_json"])


def _name(options: Mapping[str, Any]) -> str:
    if options["warm_from"]:
        from osetra.tuning.warm import next_name

        return next_name(options["warm_from"])
    return name_for(options["source"])


def stored_in(config: Path | None) -> str | None:
    """Return the store that a study.toml names."""
    from osetra.tuning.studyfile import read_study_file

    return None if config is None else read_study_file(config).store


def _request(options: Mapping[str, Any]) -> Request:
    """Return what was asked for, with paths that also hold when `resume` is called elsewhere."""
    values = with_experience(options)
    source, colon, function = options["source"].partition(":")
    if Path(source).exists():
        values["source"] = f"{real_path(source)}{colon}{function}"
    if options["config"] is not None:
        values["config"] = str(real_path(options["config"]))
    return Request.of(values)
