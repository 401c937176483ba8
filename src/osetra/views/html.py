"""What notebooks show of a study: static HTML with an inline picture, no script, escaped."""

from __future__ import annotations

import math
from html import escape

from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.markup import note, table
from osetra.core.numbers import mean_text, number, searched_names, setting
from osetra.core.problem import Objective, Problem
from osetra.core.trial import Trial
from osetra.views.lines import best_text, goals_text
from osetra.views.orders import STEERED, STEERED_LEGEND

_WIDTH, _HEIGHT, _ROWS = 460, 96, 8
_COLUMNS = 12
"""Hyperparameters in the table."""
_LEFT, _BELOW = 64, 16
"""Pixels beside and below the picture for its words."""
_INK, _LINE = "currentColor", "#2a8fc7"
"""The words' colour is the notebook's; the line is seen on a light and on a dark ground."""


def study_html(problem: Problem, history: History, name: str) -> str:
    """Return how a study stands, a picture of the best value so far, and a table of the best trials."""
    ranked = history.ranked(problem.objective)[:_ROWS]
    names = _telling(searched_names(problem.space), ranked)
    hidden = len(searched_names(problem.space)) - len(names)
    heads = ["trial", "state", problem.objective.metric, *names]
    below = [f"{hidden} further hyperparameters are left out"] if hidden else []
    below += [STEERED_LEGEND] if any(trial.steered for trial in ranked) else []
    rows = [_row(trial, names) for trial in ranked]
    return (
        f"<div>{_headline(problem, history, name)}{_best_so_far(history, problem.objective)}"
        f"{table(heads, rows) if rows else ''}{note('; '.join(below))}</div>"
    )


def _headline(problem: Problem, history: History, name: str) -> str:
    best = history.best(problem.objective)
    states = {state: sum(t.state == state for t in history.trials.values()) for state in _states(history)}
    counts = ", ".join(f"{count} {state}" for state, count in states.items()) or "no trials yet"
    parts = [f"<b>{escape(name_text(name, 80))}</b>: {escape(goals_text(problem))}", counts]
    if problem.others or (best is None and history.finished):
        parts.append(escape(best_text(problem, history)))
    elif best is not None and best.value is not None:
        again = [trial.value for trial in history.repeats(best.number) if trial.value is not None]
        seeds = f" (mean of {len(again)} fresh seed{'s' if len(again) > 1 else ''})" if again else ""
        value = mean_text(again) if again else number(best.value)
        parts.append(f"best <b>{value}</b>{seeds} in trial {best.number}")
    return f"<p>{'; '.join(parts)}</p>"


def _states(history: History) -> list[str]:
    return sorted({trial.state for trial in history.trials.values()})


def _telling(names: list[str], trials: list[Trial]) -> list[str]:
    """Return the names that a table has room for: those first whose values differ."""
    varies = {name: len({str(trial.config.get(name)) for trial in trials}) > 1 for name in names}
    chosen = set(sorted(names, key=lambda name: not varies[name])[:_COLUMNS])
    return [name for name in names if name in chosen]


def _row(trial: Trial, names: list[str]) -> list[object]:
    values = [name_text(setting(trial.config[name])) if name in trial.config else "" for name in names]
    state = f"{trial.state} {STEERED}" if trial.steered else trial.state
    return [trial.number, state, number(trial.value), *values]


def _best_so_far(history: History, objective: Objective) -> str:
    """Return the best value so far by ended trials as steps, both ends of both axes in figures."""
    done = (t for t in history.searched if t.state == "finished" and t.number not in history.unfit)
    values = [t.value for t in done if t.value is not None]
    best: list[float] = []
    for value in values:
        if math.isfinite(value):
            best.append(value if not best or objective.better(value, best[-1]) else best[-1])
    if len(best) < 2:
        return ""
    low, high = min(best), max(best)
    span = high / 2 - low / 2 or 1.0  # ends such as ±1e308 lie further apart than a number can say
    across = [_LEFT + (_WIDTH - _LEFT - 8) * i / (len(best) - 1) for i in range(len(best))]
    up = [8 + (_HEIGHT - _BELOW - 16) * ((high / 2 - value / 2) / span) for value in best]
    corners = [f"{across[0]:.1f},{up[0]:.1f}"]
    for i in range(1, len(best)):
        if up[i] != up[i - 1]:
            corners += [f"{across[i]:.1f},{up[i - 1]:.1f}", f"{across[i]:.1f},{up[i]:.1f}"]
    corners.append(f"{across[-1]:.1f},{up[-1]:.1f}")
    ends = {up[0]: best[0], up[-1]: best[-1]}
    figures = "".join(_text(_LEFT - 6, y + 4, number(value), "end") for y, value in ends.items())
    figures += _text(_LEFT, _HEIGHT - 4, "best so far, by finished trials", "start")
    figures += _text(_WIDTH - 8, _HEIGHT - 4, str(len(best)), "end")
    label = escape(f"the best value so far: {number(best[0])} at first, {number(best[-1])} after {len(best)}")
    return (
        f'<div><svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{label}">'
        f'<polyline points="{" ".join(corners)}" fill="none" stroke="{_LINE}" stroke-width="2"/>'
        f"{figures}</svg></div>"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="11" fill="{_INK}">{escape(text)}</text>'
