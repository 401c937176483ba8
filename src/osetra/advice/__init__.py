"""Advice: what a history means, one rule per file. A rule is `find(problem, history) -> findings`."""

from __future__ import annotations

from collections.abc import Callable

from osetra.advice import (
    curves,
    edges,
    failures,
    good_rates,
    importance,
    jitter,
    noise,
    plateau,
    remaining,
    rising_loss,
    sawtooth,
    seed_searched,
    space_lint,
    uneven,
    worse_training,
)
from osetra.advice.space_lint import lint
from osetra.core.arguments import instance, text
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.errors import StudyError, nearest

__all__ = ["RULES", "SILENCE", "findings", "known_rule", "lint", "silenced"]

Rule = Callable[[Problem, History], list[Finding]]

RULES: tuple[tuple[str, Rule], ...] = (
    (failures.RULE, failures.find),
    (space_lint.RULE, space_lint.find),
    (seed_searched.RULE, seed_searched.find),
    (rising_loss.RULE, rising_loss.find),
    (edges.RULE, edges.find),
    (curves.RULE, curves.find),
    (worse_training.RULE, worse_training.find),
    (sawtooth.RULE, sawtooth.find),
    (jitter.RULE, jitter.find),
    (uneven.RULE, uneven.find),
    (noise.RULE, noise.find),
    (plateau.RULE, plateau.find),
    (remaining.RULE, remaining.find),
    (importance.RULE, importance.find),
    (good_rates.RULE, good_rates.find),
)
"""All rules by name, the weightiest first."""

SILENCE = "silence"
"""Topic of the notes that say which rules are silent."""
_LEVELS = ("warning", "advice", "info")


def findings(problem: Problem, history: History) -> list[Finding]:
    """Return all advice on a study: warnings, then advice, then information, each by weight of rule.

    Rules that somebody silenced in this study say nothing.

    Raises:
        StudyError: what is given is no problem, or no history.
    """
    instance("problem", problem, Problem)
    instance("history", history, History)
    silent = silenced(history)
    found = [finding for name, rule in RULES if name not in silent for finding in rule(problem, history)]
    return sorted(found, key=lambda finding: _LEVELS.index(finding.level))


def known_rule(name: str) -> str:
    """Return the name of a rule, as it was given.

    Raises:
        StudyError: there is no rule of that name.
    """
    known = [rule for rule, _ in RULES]
    if text("rule", name, "the name of a rule is needed, such as plateau") not in known:
        raise StudyError(f"{name!r} is no rule of advice; rules: {', '.join(known)}.{nearest(name, known)}")
    return name


def silenced(history: History) -> frozenset[str]:
    """Return the names of the rules that are silent in a study: the last word on each counts."""
    last = {str(note.data["rule"]): bool(note.data["silent"]) for note in history.noted(SILENCE)}
    return frozenset(name for name, silent in last.items() if silent)
