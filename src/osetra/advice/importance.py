"""Which hyperparameters matter, by a model that knows that a search does not look everywhere alike.

Nothing is named that is not sure: where the trials so far look like noise the rule is silent, and where
several matter and it is open which does most, it says so.

Source: Hutter, Hoos and Leyton-Brown 2014 (functional ANOVA); `osetra.effects`.
"""

from __future__ import annotations

from collections.abc import Sequence

from osetra.advice.wording import percent, short
from osetra.core.clean import name_text
from osetra.core.finding import Finding, Move, edit_of
from osetra.core.history import History
from osetra.core.params import Choice, Fixed, Ordinal
from osetra.core.problem import Problem

RULE = "importance"
NONE = 0.05
"""A share that is surely below is one of a hyperparameter without an effect worth a trial."""
MOST = 4
"""Names in a sentence."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the hyperparameters that matter, most important first."""
    if len(problem.space.columns) < 2:
        return []
    from osetra.effects.importance import importance  # with SciPy, which most programs do not need

    found = importance(problem, history)
    matter = {name: share for name, share in found.shares.items() if share.matters}
    if found.doubt or not matter:
        return []
    if found.leading is None:
        listed = " and ".join(name_text(name) for name in list(matter)[:2])
        unsure = "which matters most cannot be told yet"
        return [Finding(rule=RULE, level="info", text=f"{listed} {_verb(matter)}; {unsure}")]
    parts = [
        f"{name_text(name)} ({percent(s.share)}, {percent(s.low)} to {percent(s.high)})"
        for name, s in matter.items()
    ]
    text = (
        f"what makes the {found.trials} trials differ is mainly {', then '.join(parts[:MOST])}, "
        "over the whole space"
    )
    rest = [name for name, share in found.shares.items() if share.reliable and share.high < NONE]
    named = ", ".join(name_text(name) for name in rest[:MOST])
    more = f" and {len(rest) - MOST} more" if len(rest) > MOST else ""
    them = "it" if len(rest) == 1 else "them"
    action = f"hardly any effect of {named}{more}: fix {them} first when trials are short" if rest else ""
    return [Finding(rule=RULE, level="info", text=text, action=action, move=_fix(problem, history, rest))]


def _fix(problem: Problem, history: History, names: Sequence[str]) -> Move | None:
    """Return the move that keeps what has no effect at its value in the best trial."""
    best = history.best(problem.objective)
    if best is None or not names or not all(name in best.config for name in names):
        return None  # one branch of several, or a name that the best does not have
    params = [param for name in names for param in problem.space.branches(name)]
    if any(isinstance(param, Choice | Ordinal) and param.meanings != param.options for param in params):
        return None  # the text of a value does not say what it stands for
    at = ", ".join(f"{name_text(name)} at {short(best.config[name])}" for name in names)
    return edit_of(f"fix {at}", {name: Fixed(best.config[name]) for name in names})


def _verb(names: object) -> str:
    return "matters" if isinstance(names, dict) and len(names) == 1 else "matter"
