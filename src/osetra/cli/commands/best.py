"""`osetra best`: the configuration to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from osetra.cli.options import json_option, study_argument
from osetra.cli.output import Output
from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.numbers import number
from osetra.core.problem import Objective
from osetra.core.text import format_value
from osetra.core.trial import Trial
from osetra.tuning.locations import find
from osetra.views.json import trial_document
from osetra.views.terminal.tables import spread_text

if TYPE_CHECKING:
    from osetra.study.study import Study


def better_steered(history: History, objective: Objective, best: Trial) -> Trial | None:
    """Return the best steered trial when it is better than the best plain one."""
    steered = [t for t in history.finished if t.steered and t.value is not None]
    found = min(steered, key=lambda t: objective.sign * (t.value or 0.0), default=None)
    beaten = found is not None and objective.sign * (found.value or 0.0) < objective.sign * (
        best.value or 0.0
    )
    return found if beaten else None


@click.command("best", short_help="Print the best configuration of STUDY.")
@study_argument
@json_option
@click.pass_obj
def command(output: Output, study: str, as_json: bool) -> None:
    """Print the best configuration of STUDY, one name=value per line, in full precision.

    Of several objectives it is the knee of the front, which is a suggestion; osetra show has the whole front.
    """
    location = find(study)
    opened = location.open()
    if opened.problem.others:
        _knee(output, location.name, opened, as_json=as_json)
        return
    best, history = opened.best, opened.history
    if as_json:
        output.document("best", {"study": location.name, **trial_document(history, best)})
        return
    metric = opened.problem.objective.metric
    spread = spread_text(history.repeats(best.number), history.lost.get(best.number, []))
    again = f"; fresh seeds {spread}" if spread else ""
    output.say(Text(f"trial {best.number}: {name_text(metric)} {number(best.value)}{again}", "bold"))
    if best.steered:
        text = "steered: values changed while it trained, and the configuration below is what it began with; "
        output.say(
            Text(f"{text}osetra export {location.name} {best.number} has the whole schedule", "yellow")
        )
    better = better_steered(history, opened.problem.objective, best)
    if better is not None:
        text = (
            f"trial {better.number} reached {number(better.value)}, but was steered: its configuration alone "
        )
        output.say(
            Text(f"{text}does not say how; osetra export {location.name} {better.number} does", "yellow")
        )
    _config(output, best)


def _knee(output: Output, name: str, study: Study, *, as_json: bool) -> None:
    front = study.front
    knee = front.knee
    if as_json:
        told = {"study": name, **trial_document(study.history, knee), "values": knee.values}
        output.document("best", told)
        return
    worth = ", ".join(f"{metric} {number(value)}" for metric, value in knee.values.items())
    output.say(Text(f"trial {knee.number}, the knee of a front of {len(front)}: {worth}", "bold"))
    _config(output, knee)


def _config(output: Output, trial: Trial) -> None:
    for name, value in trial.config.items():
        output.show(Text(f"{name}={format_value(value)}", no_wrap=True))
