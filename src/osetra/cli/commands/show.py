"""`osetra show`: a study's trials by rank with their curves, or one trial in full."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from pathlib import Path

import click
from rich.text import Text

from osetra.cli.options import Whole, json_option, study_argument
from osetra.cli.output import Output
from osetra.core.clean import name_text
from osetra.core.due import CHECKED
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.effects.front import front_of
from osetra.errors import NothingFinished, StudyError
from osetra.tuning.functions import program_logs
from osetra.tuning.locations import Location, find
from osetra.views.json import finding_document, study_document, trial_document
from osetra.views.terminal.curves import curves_picture
from osetra.views.terminal.report import findings_view
from osetra.views.terminal.retests import retests_table
from osetra.views.terminal.tables import front_table, study_summary, trial_page, trials_table


@click.command("show")
@study_argument
@click.argument("trial", required=False, type=int)
@click.option("--metric", help="Draw this metric's curves instead of the objective's.")
@click.option("--top", default=10, show_default=True, help="How many trials to list.", type=Whole(1))
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the live page as it is now into one file that needs no server.",
)
@click.option(
    "--importance",
    is_flag=True,
    help="Show which hyperparameters matter, and which change from the defaults brought what.",
)
@json_option
@click.pass_obj
def command(
    output: Output,
    study: str,
    trial: int | None,
    metric: str | None,
    top: int,
    html: Path | None,
    importance: bool,
    as_json: bool,
) -> None:
    """Show STUDY: its best trials, their curves and what they say; or one TRIAL in full."""
    location = find(study)
    opened = location.open()
    problem, history = opened.problem, opened.history
    _check_metric(metric, history)
    if html is not None:
        _write_page(output, location, problem, history, html)
        return
    if importance:
        if trial is not None:
            raise StudyError("--importance is about a whole study; leave the trial out")
        _show_importance(output, location, problem, history, as_json)
        return
    if trial is None:
        _show_study(output, location, problem, history, metric, top, as_json)
        return
    if trial not in history.trials:
        raise StudyError(f"{location.name} has no trial {trial}; it has 1 to {len(history.trials)}")
    chosen, expected, logs = history.trials[trial], opened.explain(trial), program_logs(location, trial)
    if as_json:
        document = trial_document(history, chosen, curves=True)
        document["expected"] = None if expected is None else asdict(expected)
        document["logs"] = [str(log) for log in logs]
        output.document("trial", document)
        return
    output.show(trial_page(problem, history, chosen))
    told = chosen.attempt.detail if chosen.attempt is not None else ""
    for log in (log for log in logs if str(log) not in told):
        output.show(Text(f"output of the program: {log}", "dim"))
    if expected is not None and f"± {expected.deviation:.2g} expected" not in chosen.why:
        mean, deviation = expected.predicted, expected.deviation
        what = f"{name_text(problem.objective.metric)} {mean:.4g} ± {deviation:.2g}"
        text = f"when suggested, a model expected {what} ({expected.reason})"
        output.show(Text(text, "dim"), "")
    output.show(curves_picture(problem, history, [chosen], metric=metric, width=output.data.width))


def _show_importance(
    output: Output, location: Location, problem: Problem, history: History, as_json: bool
) -> None:
    from osetra.effects.ablation import ablation  # with SciPy
    from osetra.effects.importance import importance
    from osetra.views.panels.importance import ablation_document, importance_document

    found, way = importance(problem, history), ablation(problem, history)
    if as_json:
        body = {**importance_document(found), "ablation": ablation_document(way)}
        output.document("importance", {"study": location.name, **body})
        return
    output.show(Text(str(found)))
    if not way.doubt:
        output.show(Text(), Text(str(way)))


def _write_page(output: Output, location: Location, problem: Problem, history: History, file: Path) -> None:
    from osetra.dashboard.follow import View
    from osetra.dashboard.onefile import write

    try:
        write(View(problem, history), file, location.name, location.reference)
    except OSError as error:
        raise StudyError(f"{file}: cannot be written ({error.strerror or error})") from None
    output.show(Text(f"{file}: the study as it is now; open it in a browser"))


def _show_study(
    output: Output,
    location: Location,
    problem: Problem,
    history: History,
    metric: str | None,
    top: int,
    as_json: bool,
) -> None:
    from osetra.advice import findings
    from osetra.views.panels.incumbent import incumbent_panel  # with SciPy

    listed = _ordered(problem, history)[:top]
    advice = findings(problem, history)
    if as_json:
        body = study_document(location.name, location.address, problem, history)
        body["trials"] = [trial_document(history, trial) for trial in _ordered(problem, history)]
        body["incumbent"] = incumbent_panel(problem, history, time.time())
        body["findings"] = [finding_document(finding, location.reference) for finding in advice]
        output.document("study", body)
        return
    width = output.data.width
    output.show(study_summary(problem, history, location.name))
    if problem.others:
        with suppress(NothingFinished):
            output.show(front_table(problem, history, front_of(problem, history), width=width))
    output.show(trials_table(problem, history, listed, width=width))
    if more := _more(_ordered(problem, history), top):
        output.show(Text(f"  {more}", "dim"))
    if listed:
        output.show(curves_picture(problem, history, listed[:5], metric=metric, width=width), "")
    if history.noted(CHECKED):
        output.show(retests_table(incumbent_panel(problem, history, time.time())), "")
    if advice:
        output.show(findings_view(advice, location.reference))


def _ordered(problem: Problem, history: History) -> list[Trial]:
    """Return first runs: the incumbent, then by rank, stopped ones by value, then those without one."""
    ranked = history.ranked(problem.objective)
    best = history.best(problem.objective)
    ahead = [best] if best is not None else []
    ahead += [trial for trial in ranked if best is None or trial.number != best.number]
    numbers = {trial.number for trial in ahead}
    rest = [t for t in history.trials.values() if t.number not in numbers and t.repeats is None]
    return ahead + sorted(rest, key=lambda trial: _by_value(trial, problem.objective.sign))


def _by_value(trial: Trial, sign: float) -> tuple[bool, float]:
    """Order stopped trials by their value, behind them the others as they came."""
    known = trial.state == "stopped" and trial.value is not None and isfinite(trial.value)
    return not known, sign * trial.value if known and trial.value is not None else 0.0


def _more(ordered: list[Trial], top: int) -> str:
    """Say what is not listed: `… 6 more: 4 stopped, 2 failed`."""
    rest = ordered[top:]
    counts = Counter(trial.state for trial in rest)
    listed = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"… {len(rest)} more: {listed}; --top {len(ordered)} lists all" if rest else ""


def _check_metric(metric: str | None, history: History) -> None:
    known = history.curves.metrics
    if metric is not None and metric not in known:
        raise StudyError(f"{metric}: no such metric was reported; reported: {', '.join(known) or 'none'}")
