"""`osetra retest`: is what was chosen some time ago still the best?"""

from __future__ import annotations

from functools import partial

import click
from rich.text import Text

from osetra.cli.options import Above, Whole, complete_study, json_option, tracker_option
from osetra.cli.output import Output
from osetra.study.tracking import listeners
from osetra.tuning.retest import located, plan_retest
from osetra.views.terminal.opening import labelled
from osetra.views.terminal.study_display import study_display


@click.command("retest", short_help="Ask whether the best of STUDY is still the best, on today's DATA.")
@click.argument("study", metavar="STUDY|MODEL", shell_complete=complete_study)
@click.argument("data", required=False)
@click.option("-w", "--workers", type=Whole(1), default=1, show_default=True, help="Trainings at once.")
@click.option(
    "--delta",
    type=Above(),
    default=1.0,
    show_default=True,
    help="The smallest gain that matters, in deviations of the seed noise.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be trained and what it costs; train nothing.")
@click.option(
    "--accept", is_flag=True, help="The last one was too good, and the data is sound: go by it from now on."
)
@tracker_option
@json_option
@click.pass_obj
def command(
    output: Output,
    study: str,
    data: str | None,
    workers: int,
    delta: float,
    dry_run: bool,
    accept: bool,
    trackers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Train the best setting of STUDY again beside up to three challengers, and say what to do.

    DATA is the data of today; left out, that of the study as its file is now. What it costs is said first.
    The verdict is one of five: still the best; the world changed, train again; use another setting; tune
    again; too good to be true. It is kept in the study with the date of the next; `osetra status` says what
    is due.

    \b
      osetra retest flights june.csv --dry-run
      osetra retest flights june.csv
    """  # noqa: D301 - click reads \b as "do not rewrap"
    location = located(study)
    if accept:
        if data is not None or dry_run or trackers:
            raise click.UsageError("--accept trains nothing: give no data, --dry-run or --tracker with it")
        said = location.open().accept()
        output.show(Text(said))
        return
    told = listeners(trackers)
    planned = plan_retest(location, data)
    output.say(Text(f"{location.name}: re-test", "bold"), labelled(planned.rows(workers)))
    if dry_run:
        if as_json:
            output.document("retest", {**planned.document, "verdict": None})
        output.say(Text("nothing was trained (--dry-run)", "dim"))
        return
    display = partial(study_display, name=f"{location.name}: re-test", console=output.eyes, closing=False)
    result = planned.run(delta=delta, workers=workers, progress=display, trackers=told)
    if as_json:
        output.document("retest", result.document)
        return
    output.show(labelled(result.rows))
