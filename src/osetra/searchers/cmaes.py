"""CMA-ES: a normal distribution over the numbers, one distribution per choice, restarted when spent.

The distribution is not stored: trials in the order in which they ended are cut into generations and
told one after the other, so that a study that was interrupted, or planned elsewhere, goes on with
the same one. The draws of a trial depend on the study's seed and the trial's number, which brings
back the point before rounding that the margin of whole numbers works with. A searcher that is
asked again and again remembers generations, which changes no suggestion. Whatever the
distribution did not draw itself (the defaults, a person's wish, a late result) is told as well, its
step clipped. More workers than the population draw on from the newest distribution. After every
`EPOCH` trials it starts anew round the best one, a local restart as in BIPOP-CMA-ES: what a study has
to be replayed for stays short however long it grows.

Sources: Hansen 2016; Hamano et al. 2022 (margin) and 2024 (CatCMA); Auger & Hansen 2005 (restart
with a doubled population); Hansen 2009 (BIPOP: local restarts); equations in `osetra.numerics.cma`
and `osetra.numerics.categories`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.finite import Identity
from osetra.core.history import History
from osetra.core.params import Config, Float, Int, Ordinal
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Column, Mask, Space
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.numerics import categories, cma
from osetra.numerics.memory import Memory
from osetra.searchers.fresh import DEFAULTS, fresh, fresh_default, repeatable
from osetra.searchers.standing import standing

DRAWS = 16
"""Points drawn for one trial; the first that lies in the cube and was not tried is taken."""
FINE = 256
"""A column with more values than this is treated as continuous."""
EPOCH = 4096
"""Trials after which it starts anew from the best; many times what a distribution takes to converge."""
NARROW = 1e-6
"""A distribution narrower than this share of the ranges is spent."""


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Cmaes:
    """Generations of `population` trials (4 + 3 ln d by default), drawn with a first spread `sigma`.

    `sigma` is a share of every range. The defaults are tried first and are the first mean.
    """

    population: int | None = None
    sigma: float = 1 / 6

    name = "cmaes"
    lookahead = 1

    def __post_init__(self) -> None:
        if self.population is not None and self.population < 4:
            raise StudyError(f"Cmaes(population={self.population}): at least 4 trials are needed")
        if not 0 < self.sigma <= 1:
            raise StudyError(f"Cmaes(sigma={self.sigma}): a share of the range is needed, such as 0.2")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        space, known = problem.space, repeatable(problem.space, history)
        shape = _shape(space)
        newest = _replay(self, problem, history, shape)[-1].distribution if count > 0 else None
        found: list[Suggestion] = []
        for number in range(history.next_trial, history.next_trial + count):
            if newest is None:
                break
            config, why = fresh_default(space, known), DEFAULTS
            if config is None:
                # Not the generator of the call: what a trial drew can be drawn again.
                own = np.random.default_rng((history.seed, number))
                config, why = _drawn(space, shape, newest, known, own), newest.reason(shape)
            if config is None:
                break
            found.append(Suggestion(config, why))
        return found


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which columns are of which kind."""

    numbers: tuple[int, ...]
    choices: tuple[int, ...]
    edges: tuple[Array, ...]
    """Borders between the values of every column of numbers; empty when there are (nearly) none."""
    levels: tuple[int, ...]
    """How many options every choice has."""
    partial: bool
    """Whether a point says less than was drawn: values are rounded, or columns can be inactive."""

    @property
    def size(self) -> int:
        return len(self.numbers) + len(self.choices)


@dataclass(frozen=True, slots=True)
class _Distribution:
    """What is drawn from."""

    normal: cma.Gaussian
    categories: categories.CategoryChances
    size: int
    """The population."""
    restarts: int = 0
    bests: tuple[float, ...] = ()
    """Best value of every generation since the last restart."""

    def reason(self, shape: _Shape) -> str:
        """Return the reason of a draw."""
        again = f" after restart {self.restarts}" if self.restarts else ""
        width = f", spread {self.normal.sigma:.2g} of the ranges" if shape.numbers else ""
        return f"drawn from generation {self.normal.generation + 1} of CMA-ES{again}{width}"


@dataclass(frozen=True, slots=True)
class _Era:
    """A distribution and the time (Unix s) from which on suggestions could be drawn from it."""

    since: float
    distribution: _Distribution


_ERAS = Memory[_Era](4096)
"""Distributions by a digest of all that they were learnt from."""


def _shape(space: Space) -> _Shape:
    choices = tuple(j for j, column in enumerate(space.columns) if column.categorical)
    numbers = tuple(j for j, column in enumerate(space.columns) if not column.categorical)
    columns = [space.columns[j] for j in numbers]
    rounded = any(c.levels for c in columns)
    conditional = any(c.param.when for c in columns)
    return _Shape(
        numbers,
        choices,
        tuple(_edges(column) for column in columns),
        tuple(space.columns[j].levels for j in choices),
        rounded or conditional,
    )


def _edges(column: Column) -> Array:
    """Return the coordinates at which one value of a column gives way to the next."""
    match column.param:
        case Int(low=low, step=int(step), levels=n) | Float(low=low, step=float(step), levels=n) if (
            2 <= n <= FINE
        ):
            return column.param.to_unit([low + (i + 0.5) * step for i in range(n - 1)])
        case Ordinal(levels=n) if n <= FINE:
            return np.arange(1, n) / n
        case _:
            return np.empty(0)


def _replay(settings: Cmaes, problem: Problem, history: History, shape: _Shape) -> list[_Era]:
    """Return the distributions so far, oldest first, from the trials that ended."""
    past = standing(problem, history)
    ends = np.array([_ended(trial) for trial in past.trials])
    order = np.argsort(ends, kind="stable")
    seed, done = history.seed, len(order) // EPOCH * EPOCH
    start, since = problem.space.encode([problem.space.default])[0], -np.inf
    if done and np.isfinite(past.y[order[:done]]).any():
        start, since = past.x[order[np.nanargmin(past.y[order[:done]])]], float(ends[order[done - 1]])
    digest = repr((settings, problem.space, seed, since)).encode() + start.tobytes()
    eras = [_Era(since, _first(settings, shape, start))]
    while done + (size := eras[-1].distribution.size) <= len(order):
        block = order[done : done + size]
        done += size
        trials, x, y = [past.trials[i] for i in block], past.x[block], past.y[block]
        digest = blake2b(digest + x.tobytes() + y.tobytes() + _origins(trials)).digest()

        def next_era() -> _Era:
            raw, foreign = _recalled(problem.space, shape, eras, trials, x, seed)
            learnt = _learnt(shape, eras[-1].distribution, raw, x, y, foreign)
            return _Era(float(ends[block[-1]]), _going_on(settings, shape, learnt, seed))

        eras.append(_ERAS.recall(digest, next_era))
    return eras


def _origins(trials: Sequence[Trial]) -> bytes:
    """Return as bytes what the draws of trials depend on, and when they ended."""
    return np.array([(t.number, t.suggested, _ended(t)) for t in trials], dtype=np.float64).tobytes()


def _ended(trial: Trial) -> float:
    last = trial.attempt
    return 0.0 if last is None or last.ended is None else last.ended


def _since(era: _Era) -> float:
    return era.since


def _first(settings: Cmaes, shape: _Shape, start: Array) -> _Distribution:
    """Return the distribution to begin with, round a point (d,)."""
    centre = np.nan_to_num(start[list(shape.numbers)], nan=0.5)
    # A mean at the very edge would throw away half of what is drawn.
    mean = np.clip(centre, min(settings.sigma, 0.5), max(1 - settings.sigma, 0.5))
    size = settings.population or cma.population(shape.size)
    return _Distribution(cma.start(mean, settings.sigma), categories.start(shape.levels), size)


def _points(
    space: Space, shape: _Shape, current: _Distribution, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return what is drawn for one trial: raw numbers (m, d') and the points (m, d) they stand for.

    Points outside the cube are left out; when all are, the first is moved to the edge.
    """
    raw = cma.draw(current.normal, DRAWS, rng)
    options = categories.draw(current.categories, DRAWS, rng)
    free = np.array([len(borders) == 0 for borders in shape.edges], dtype=bool)
    inside = np.all(~free | ((raw >= 0) & (raw <= 1)), axis=1)
    if not inside.any():
        raw, inside = np.where(free, np.clip(raw, 0, 1), raw), np.arange(DRAWS) == 0
    points = np.empty((DRAWS, len(space.columns)))
    points[:, list(shape.numbers)] = cma.widened(current.normal, raw)
    points[:, list(shape.choices)] = (options + 0.5) / np.array(shape.levels)
    return raw[inside], np.clip(points[inside], 0, 1)


def _drawn(
    space: Space, shape: _Shape, current: _Distribution, known: set[Identity], rng: np.random.Generator
) -> Config | None:
    """Return a new configuration: drawn, or else from anywhere; None when there is none."""
    _, points = _points(space, shape, current, rng)
    return fresh(space, known, points, rng)


def _recalled(
    space: Space, shape: _Shape, eras: Sequence[_Era], trials: Sequence[Trial], x: Array, seed: int
) -> tuple[Array, Mask]:
    """Return the raw numbers (n, d') of trials at x (n, d), and which the newest era did not draw."""
    numbers = x[:, list(shape.numbers)]
    # -1, which is none of them: suggested before the first one.
    drawn_in = [bisect_right(eras, trial.suggested, key=_since) - 1 for trial in trials]
    foreign = np.array([e != len(eras) - 1 for e in drawn_in], dtype=bool)
    if not shape.partial:
        return numbers, foreign
    draws = [
        _points(space, shape, eras[era].distribution, np.random.default_rng((seed, trial.number)))
        for trial, era in zip(trials, drawn_in, strict=True)
    ]
    recalled = np.where(np.isnan(numbers), eras[-1].distribution.normal.mean, numbers)
    at_once = _equal(space.snap(np.array([points[0] for _, points in draws])), x)
    for i, (raw, points) in enumerate(draws):
        same = at_once[i : i + 1] if at_once[i] else _equal(space.snap(points), x[i])
        if same.any():
            recalled[i] = raw[np.argmax(same)]
        else:
            foreign[i] = True
    return recalled, foreign


def _equal(points: Array, others: Array) -> Mask:
    """Return which points (n, d) equal the others wherever those are active."""
    same: Mask = np.all(np.isnan(others) | np.isclose(points, others, rtol=0, atol=1e-9), axis=1)
    return same


def _learnt(
    shape: _Shape, current: _Distribution, raw: Array, x: Array, y: Array, foreign: Mask
) -> _Distribution:
    """Return the distribution after a generation (n,) of outcomes."""
    normal, picked = current.normal, current.categories
    if shape.numbers:
        given = cma.rates(len(shape.numbers), current.size)
        chance = 1 / (shape.size * current.size)
        normal = cma.with_margin(cma.tell(normal, raw, y, foreign, given), shape.edges, chance)
    if shape.choices:
        chosen = x[:, list(shape.choices)]
        options = np.floor(np.nan_to_num(chosen, nan=-1.0) * np.array(shape.levels)).astype(np.int64)
        # CatCMA ranks with the positive weights only, and keeps a chance of 27 % that any option is left.
        weights = np.maximum(cma.rates(1, current.size).weights, 0)
        floor = 1 - 0.73 ** (1 / len(shape.choices))
        picked = categories.tell(picked, np.maximum(options, -1), cma.by_rank(weights, y), floor)
    best = float(np.min(y, where=np.isfinite(y), initial=np.inf))
    return replace(current, normal=normal, categories=picked, bests=(*current.bests, best))


def _going_on(settings: Cmaes, shape: _Shape, current: _Distribution, seed: int) -> _Distribution:
    """Return the distribution, or a new one with twice the population when it is spent."""
    window = 10 + 30 * shape.size // current.size
    bests = current.bests[-window:]
    even = len(bests) == window and math.isclose(min(bests), max(bests), rel_tol=1e-12)
    if not even and not (shape.numbers and cma.spent(current.normal, NARROW)):
        return current
    restarts = current.restarts + 1
    mean = np.random.default_rng((seed, 0, restarts)).random(len(shape.numbers))
    return _Distribution(
        cma.start(mean, settings.sigma), categories.start(shape.levels), 2 * current.size, restarts
    )
