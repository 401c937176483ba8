"""`osetra status`: which studies there are, or how far one is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from osetra.cli.going_on import how_to_go_on, is_left_alone
from osetra.cli.options import complete_study, json_option
from osetra.cli.output import Output
from osetra.core.numbers import number
from osetra.errors import OsetraError
from osetra.tuning.circumstances import why_due
from osetra.tuning.locations import RUNS, Location, find, known
from osetra.views.json import study_document
from osetra.views.lines import best_text, goals_text
from osetra.views.terminal.tables import counts_text, study_summary

if TYPE_CHECKING:
    from osetra.study.study import Study


@click.command("status")
@click.argument("study", required=False, shell_complete=complete_study)
@json_option
@click.pass_obj
def command(output: Output, study: str | None, as_json: bool) -> None:
    """Show how far STUDY is, or list all studies under ./osetra-runs."""
    if study is None:
        _all(output, as_json)
        return
    location = find(study)
    opened = location.open()
    history = opened.history
    if as_json:
        body = study_document(location.name, location.address, opened.problem, history)
        output.document("status", body | {"retest": _due_document(location, opened)})
    else:
        output.show(study_summary(opened.problem, history, location.name))
        if told := _due_text(location, opened):
            output.show(told)
        if is_left_alone(history):
            output.say(Text(f"nobody works on it; to go on: {how_to_go_on(location, history)}", "dim"))


def _all(output: Output, as_json: bool) -> None:
    locations = [find(name) for name in known()]
    documents, broken = [], []
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("study", "goal", "trials", "best", "re-test"):
        table.add_column(heading, justify="right" if heading == "best" else "left")
    for location in locations:
        try:
            documents.append(_row(table, location))
        except OsetraError as error:
            broken.append(f"{location.name}: {error}")
    if as_json:
        output.document("studies", {"studies": documents, "unreadable": broken})
        return
    if documents:
        output.show(table)
    elif not broken:
        output.show(Text(f"no study under ./{RUNS} yet; start one: osetra tune digits"))
    for line in broken:
        output.say(Text(line, "yellow"))


def _row(table: Table, location: Location) -> dict[str, object]:
    opened = location.open()
    history, objective = opened.history, opened.problem.objective
    best = history.best(objective)
    worth = number(best.value if best else None)
    if opened.problem.others and best is not None:
        worth = best_text(opened.problem, history).partition(";")[0]
    document = _due_document(location, opened)
    why = "; ".join(document["why"]) if document else ""
    table.add_row(location.name, goals_text(opened.problem), counts_text(history), worth, Text(why, "yellow"))
    body = study_document(location.name, location.address, opened.problem, history)
    return {**body, "retest": document}


def _due_document(location: Location, study: Study) -> dict[str, Any] | None:
    """Return when the study's choice is to be tested again, and why by now; None while nothing was chosen."""
    due = study.due
    return None if due is None else {**asdict(due), "why": list(why_due(study, location))}


def _due_text(location: Location, study: Study) -> Text | None:
    document = _due_document(location, study)
    if document is None:
        return None
    last = f"last time: {document['outcome']}; " if document["outcome"] else ""
    if document["why"]:
        return Text(
            f"re-test due: {'; '.join(document['why'])}; {last}osetra retest {location.reference}", "yellow"
        )
    return Text(f"re-test: {last}next on {document['date']}", "dim")
