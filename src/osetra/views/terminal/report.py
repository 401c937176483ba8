"""The end of a study: the best trials, their curves, what mattered and what to try next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from osetra.core.clean import name_text, one_line
from osetra.core.finding import MARKS, Finding
from osetra.core.history import History
from osetra.core.numbers import number, searched_names, settings
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.effects.front import front_of, nothing_fits
from osetra.errors import NothingFinished
from osetra.views.lines import best_text
from osetra.views.terminal.curves import curves_picture
from osetra.views.terminal.tables import (
    counts_text,
    front_table,
    repeats_mean,
    seeds_text,
    trials_table,
)

_STYLES = {"info": "cyan", "advice": "bold green", "warning": "bold yellow"}
_ORDER = {"warning": 0, "advice": 1, "info": 2}


def study_report(
    problem: Problem,
    history: History,
    findings: Sequence[Finding],
    *,
    width: int = 100,
    top: int = 5,
    reference: str = "",
) -> Group:
    """Return the report of a study that came to an end; `reference` as for `findings_view`."""
    objective = problem.objective
    ranked = history.ranked(objective)
    if not ranked:
        return Group(Text("No trial gave a valid result.", "bold red"), failures(history))
    best = history.best(objective)
    if best is None:
        return Group(
            Text(nothing_fits(problem, history) or "No trial can be the best.", "bold red"),
            Text("      ") + counts_text(history),
            trials_table(problem, history, ranked[:top], width=width),
        )
    if problem.others:
        return _of_several(problem, history, findings, width, reference)
    leaders = [best, *(trial for trial in ranked if trial.number != best.number)][:top]
    parts: list[RenderableType] = [
        _headline(history, best, objective.metric),
        Padding(Text(settings(best.config, searched_names(problem.space)), "green"), (0, 0, 0, 6)),
        Text("      ") + counts_text(history),
        trials_table(problem, history, leaders, width=width),
    ]
    if any(len(history.curves.rows(trial.number)) > 1 for trial in leaders):
        behind = _contrast(problem, history, leaders[:3])
        parts += [curves_picture(problem, history, leaders[:3], contrast=behind, width=width), Text()]
    if findings:
        parts += [findings_view(findings, reference), Text()]
    return Group(*parts)


def _of_several(
    problem: Problem, history: History, findings: Sequence[Finding], width: int, reference: str
) -> Group:
    """Return the report of a study of several objectives: its front, and no best one."""
    try:
        front = front_of(problem, history)
    except NothingFinished as error:
        return Group(Text(f"{error}", "bold red"), Text("      ") + counts_text(history))
    parts: list[RenderableType] = [
        Text.assemble(("Front  ", "bold"), best_text(problem, history)),
        Text("      ") + counts_text(history),
        front_table(problem, history, front, width=width),
    ]
    parts += [findings_view(findings, reference), Text()] if findings else []
    return Group(*parts)


def _contrast(problem: Problem, history: History, shown: Sequence[Trial]) -> list[Trial]:
    """Return a middling trial, and the latest that blew up or the worst, to see the best ones against."""
    diverged = [
        trial
        for trial in history.ended
        if trial.state == "diverged" and trial.repeats is None and len(history.curves.rows(trial.number))
    ]
    ranked = history.ranked(problem.objective)
    behind = [ranked[len(ranked) // 2], (diverged or ranked)[-1]]
    return [trial for trial in behind if trial not in shown]


def _headline(history: History, best: Trial, metric: str) -> Text:
    """Return the best result; its mean over fresh seeds where there is one, for that is the honest figure."""
    repeats = history.repeats(best.number)
    lost = history.lost.get(best.number, [])
    seeds = seeds_text(repeats, lost) if lost else f"{len(repeats)} fresh seed{'s' * (len(repeats) > 1)}"
    found = f" over {seeds} (found at {number(best.value)})" if repeats else f" ({seeds})" if lost else ""
    return Text.assemble(
        ("Best  ", "bold"),
        f"trial {best.number} of {len(history.searched)}: {name_text(metric)} ",
        (repeats_mean(repeats) if repeats else number(best.value), "bold green"),
        found,
    )


def findings_view(findings: Sequence[Finding], reference: str = "") -> Group:
    """Return advice: warnings first, then what to do, then what was seen.

    Moves stand there as commands where `reference` says how a person names the study, else as calls in
    Python.
    """
    grid = Table.grid(padding=(0, 1))
    for finding in sorted(findings, key=lambda f: _ORDER[f.level]):
        text = Text(one_line(finding.text))
        move = finding.move
        typed = "" if move is None else move.command(reference) if reference else move.call
        for line in finding.todo(typed):
            text.append(f"\n{one_line(line)}", "dim")
        grid.add_row(Text(f" {MARKS[finding.level]}", _STYLES[finding.level]), text)
    return Group(Text("What the trials say", "bold"), grid)


def failures(history: History, most: int = 5) -> Group:
    """Return the different reasons for which trials did not end well, the most frequent first."""
    reasons: dict[str, list[int]] = {}
    for trial in history.ended:
        if trial.state != "finished":
            reasons.setdefault(f"{trial.state}: {one_line(trial.reason) or 'no reason given'}", []).append(
                trial.number
            )
    ordered = sorted(reasons.items(), key=lambda item: -len(item[1]))[:most]
    return Group(*(Text(f"  {len(numbers)} x {reason} (trial {numbers[0]})") for reason, numbers in ordered))
