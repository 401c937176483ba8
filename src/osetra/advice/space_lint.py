"""Ranges declaration on a scale that wastes trials, and grids that cannot be finished.

On a linear scale from 0.0001 to 1, nine of ten learning rates lie above 0.1. Source: Ng, "Using an
appropriate scale to pick hyperparameters".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from osetra.advice.moves import edit_move
from osetra.advice.wording import declaration, percent, short
from osetra.core.arguments import instance, text, whole
from osetra.core.finding import Finding
from osetra.core.grid import grid_size
from osetra.core.history import History
from osetra.core.params import Float
from osetra.core.problem import Problem
from osetra.core.space import Space

RULE = "space_lint"
_DECADES = re.compile(r"(^|[._-])(lr|learning_rate|weight_decay|wd|l1|l2|eps|epsilon)($|[._\d-])")
_AVERAGES = re.compile(r"(^|[._-])(beta|beta1|beta2|betas|momentum|ema|ema_decay|rho|alpha_rms)($|[._\d-])")


def find(problem: Problem, history: History) -> list[Finding]:
    """Return what is questionable about the space, and about a grid beyond the target."""
    found = lint(problem.space, trials=history.target or 1)
    for note in history.noted("grid"):
        found += _too_large(int(note.data["combinations"]), history.target)
    return found


def lint(space: Space, *, searcher: str = "", trials: int = 0, points: int = 5) -> list[Finding]:
    """Return what is questionable about a space before anything is run.

    With searcher "grid", its combinations of `points` values per range are counted against `trials`.

    Raises:
        StudyError: an argument is none of that.
    """
    instance("space", space, Space)
    text("searcher", searcher, "the name of a searcher is needed")
    trials, points = whole("trials", trials), whole("points", points, least=1)
    if not space.columns:
        return [] if trials == 1 else [_nothing_searched()]
    found = [
        finding
        for name, p in space
        if isinstance(p, Float) and not p.levels
        for finding in _scale(space, name, p)
    ]
    return found + (_too_large(grid_size(space, points), trials) if searcher == "grid" else [])


def _nothing_searched() -> Finding:
    return Finding(
        rule=RULE,
        level="warning",
        text="the space searches nothing: there is one configuration to try, and trials beyond the first "
        "only repeat it",
        action="declare a range, such as lr=Float(1e-4, 1, log=True), or run one trial",
    )


def _scale(space: Space, name: str, param: Float) -> Iterator[Finding]:
    if param.scale != "linear":
        return
    if _DECADES.search(name) and param.low >= 0 and param.high > 10 * param.low:
        yield _not_log(space, name, param)
    elif _AVERAGES.search(name) and param.low >= 0 and 0.95 <= param.high <= 1:
        yield _not_one_minus_log(space, name, param)


def _not_log(space: Space, name: str, param: Float) -> Finding:
    low = param.low if param.low > 0 else float(f"{param.high * 1e-5:.0e}")
    default = param.default if param.default is not None and param.default >= low else None
    better = replace(param, scale="log", low=low, default=default, prior=None)
    top = (param.high - param.high / 10) / (param.high - param.low)
    return Finding(
        rule=RULE,
        level="warning",
        text=f"{name} is linear over {short(param.low)} … {short(param.high)}: {percent(top)} of the "
        f"trials would lie above {short(param.high / 10)}, and smaller values are hardly tried",
        action=declaration(name, better),
        move=edit_move(space, name, better, "search"),
    )


def _not_one_minus_log(space: Space, name: str, param: Float) -> Finding:
    high = min(param.high, 0.999)
    default = param.default if param.default is not None and param.default <= high else None
    better = replace(param, scale="one_minus_log", high=high, default=default, prior=None)
    middle = (param.low + param.high) / 2
    return Finding(
        rule=RULE,
        level="warning",
        text=f"{name} is linear up to {short(param.high)}: 1/(1-{name}) is the number of steps averaged "
        f"over, and half of the trials would average over fewer than {1 / (1 - middle):.1f} of up to "
        f"{_window(param.high)}",
        action=declaration(name, better),
        move=edit_move(space, name, better, "search"),
    )


def _window(beta: float) -> str:
    return "infinitely many" if beta >= 1 else f"{1 / (1 - beta):.0f}"


def _too_large(combinations: int, trials: int) -> list[Finding]:
    if not 0 < trials < combinations:
        return []
    many = f"{combinations:,}".replace(",", " ") if combinations < 10**15 else f"{combinations:.1e}"
    return [
        Finding(
            rule=RULE,
            level="warning",
            text=f"the grid has {many} combinations and the budget is {trials} trials: "
            f"{percent(trials / combinations)} of the grid will be seen",
            action="use searcher='sobol', or fix all but one or two hyperparameters",
        )
    ]
