"""The contour of a pair: what the model expects between the trials, and how sure it is."""

from __future__ import annotations

import numpy as np

from osetra.core.history import History
from osetra.core.params import Config, Float, Int, Value
from osetra.core.problem import Problem
from osetra.core.results import results
from osetra.core.scales import Array
from osetra.core.space import Column, Space
from osetra.errors import StudyError, nearest
from osetra.views.panels.parameters import parameter
from osetra.views.panels.slices import chosen_rows
from osetra.views.plain import plain_data, plain_numbers

Document = dict[str, object]

GRID = 24
"""Values of a range on each axis."""
MOST_OPTIONS = 100


def contour_panel(problem: Problem, history: History, x: str, y: str) -> Document:
    """Return the model's mean and standard deviation over two hyperparameters, row by row of y.

    All others are as in the best trial, where they exist beside these two.

    Raises:
        StudyError: no such hyperparameter, or twice the same one.
    """
    from osetra.searchers.bayes import surface  # with SciPy, which other panels do not need

    across, up = _column(problem, x), _column(problem, y)
    if across.name == up.name:
        raise StudyError(f"x={x!r} and y={y!r} are the same hyperparameter; choose two")
    grid_x, grid_y = _grid(across), _grid(up)
    best = history.best(problem.objective)
    points = _cells(problem, {} if best is None else best.config, (across, grid_x), (up, grid_y))
    model = surface(problem, history, points)
    place = [j for j, column in enumerate(problem.space.columns) if column.name in (across.name, up.name)]
    excluded = np.any(np.isnan(points[:, place]), axis=1)
    mean, deviation = model or (np.empty(0), np.empty(0))
    if model:
        mean, deviation = (np.where(excluded, np.nan, values) for values in model)
    shape = (len(grid_y) if model else 0, len(grid_x))
    return {
        "version": history.version,
        "metric": problem.objective.metric,
        "sign": int(problem.objective.sign),
        "x": parameter(across.key, across.param, across.name),
        "y": parameter(up.key, up.param, up.name),
        "grid_x": plain_data(grid_x),
        "grid_y": plain_data(grid_y),
        "mean": [plain_numbers(row) for row in mean.reshape(shape)],
        "sd": [plain_numbers(row) for row in deviation.reshape(shape)],
        "points": _points(problem, history, across, up),
        "note": _note(None if best is None else best.number, modelled=model is not None),
    }


def default_pair(problem: Problem, history: History) -> tuple[str, str] | None:
    """Return the two hyperparameters that matter most, or the first two; None where there are not two."""
    from osetra.views.panels.importance import importance_panel

    rows = importance_panel(problem, history)["rows"]
    assert isinstance(rows, list)
    names = [row["name"] for row in rows] or [problem.space.columns[j].name for j in problem.space.declared]
    return (names[0], names[1]) if len(names) > 1 else None


def _column(problem: Problem, name: str) -> Column:
    columns = [problem.space.columns[j] for j in problem.space.declared]
    found = [column for column in columns if name in (column.name, column.key)]
    if not found:
        known = [column.name for column in columns]
        listed = ", ".join(known[:20]) or "none"
        raise StudyError(
            f"{name[:80]!r}: no such searched hyperparameter; there are {listed}.{nearest(name, known)}"
        )
    return found[0]


def _grid(column: Column) -> list[Value]:
    param = column.param
    if isinstance(param, Float | Int):
        return list(dict.fromkeys(param.from_unit(np.linspace(0.0, 1.0, GRID))))
    return list(param.options)[:MOST_OPTIONS]


def _cells(
    problem: Problem, base: Config, across: tuple[Column, list[Value]], up: tuple[Column, list[Value]]
) -> Array:
    """Return the points (n, d) of the unit cube with two chosen coordinates, the others as in a base."""
    space = problem.space
    start = space.encode([space.default])[0]
    here = space.encode([base])[0]
    start = np.where(np.isnan(here), np.nan_to_num(start, nan=0.5), here)
    for column, _ in (across, up):
        _meet(space, column, base, start)
    points = np.tile(start, (len(across[1]) * len(up[1]), 1))
    names = [column.name for column in space.columns]
    points[:, names.index(across[0].name)] = np.tile(across[0].param.to_unit(across[1]), len(up[1]))
    points[:, names.index(up[0].name)] = np.repeat(up[0].param.to_unit(up[1]), len(across[1]))
    return space.snap(points)


def _meet(space: Space, column: Column, base: Config, point: Array) -> None:
    """Let a point (d,) meet the conditions of a column: as the base does, or by the first allowed option."""
    for parent, allowed in column.param.when:
        for j, other in enumerate(space.columns):
            if other.key == parent and base.get(parent) not in allowed:
                point[j] = other.param.to_unit(allowed[:1])[0]


def _points(problem: Problem, history: History, across: Column, up: Column) -> list[list[object]]:
    """Return the trials that have both hyperparameters as [x, y, value, trial]."""
    past, sign = results(problem, history), problem.objective.sign
    found: list[list[object]] = []
    for row in chosen_rows(past).tolist():
        config = past.trials[row].config
        if across.key in config and up.key in config:
            pair = [plain_data(config[across.key]), plain_data(config[up.key])]
            found.append([*pair, sign * float(past.y[row]), past.trials[row].number])
    return found


def _note(best: int | None, *, modelled: bool) -> str:
    if not modelled:
        return "two trials with a value are needed before a model can be asked"
    return f"everything else as in trial {best}, the best so far"
