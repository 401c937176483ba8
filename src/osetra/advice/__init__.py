"""Advice: what a history means, one rule per file. A rule is `find(problem, history) -> findings`."""

from __future__ import annotations

from collections.abc import Callable

from osetra.advice import curves, edges, failures, importance, noise, plateau, space_lint
from osetra.advice.space_lint import lint
from osetra.core.arguments import instance
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem

__all__ = ["RULES", "findings", "lint"]

Rule = Callable[[Problem, History], list[Finding]]

RULES: tuple[tuple[str, Rule], ...] = (
    (failures.RULE, failures.find),
    (space_lint.RULE, space_lint.find),
    (edges.RULE, edges.find),
    (curves.RULE, curves.find),
    (noise.RULE, noise.find),
    (plateau.RULE, plateau.find),
    (importance.RULE, importance.find),
)
"""All rules by name, the weightiest first."""

_LEVELS = ("warning", "advice", "info")


def findings(problem: Problem, history: History) -> list[Finding]:
    """Return all advice on a study: warnings, then advice, then information, each by weight of rule.

    Raises:
        StudyError: what is given is no problem, or no history.
    """
    instance("problem", problem, Problem)
    instance("history", history, History)
    found = [finding for _, rule in RULES for finding in rule(problem, history)]
    return sorted(found, key=lambda finding: _LEVELS.index(finding.level))
