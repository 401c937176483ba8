"""Bayesian optimisation of several outcomes, and under limits: from observations to what to try next.

1. Every outcome, and by how much every limit is exceeded, has a Gaussian process of its own (bayes.py): each
   has its own lengthscales and noise.
2. A try is worth the hypervolume that it should add to the front (ehvi.py), by its logarithm; of one outcome
   that is expected improvement. The chances to keep each limit and not to fail multiply it.
3. While nothing keeps the limits, the chance to keep them is all that counts.
4. Every other try looks far: volumes count to a little beyond the worst trial that keeps the limits,
   outliers aside, and a deviation better than the mean is hoped for. Within a narrow reference round the
   front its ends are worth nothing, and under noise improvement stays where it is. The others fill it.
5. Running trials count as observed at their predicted means, on the front as well.

    symbol      shape    meaning                                                 equation
    outcomes    (n, m)   what is minimised; NaN where it is unknown
    margins     (n, k)   by how much limits are exceeded, negative where kept    Gardner 2014, c(x) - lambda
    front       (f, m)   targets of the best that keep the limits                pareto.py
    value       (c,)     ln E[volume added] + sum ln P(kept) + ln P(success)     ehvi.py; Gardner 2014, eq. 5

Source: Gardner et al. 2014, "Bayesian optimization with inequality constraints", ICML; the others stand where
they are used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from osetra.numerics import acquisition, bayes, ehvi, gp
from osetra.numerics.beliefs import BETA, believing
from osetra.numerics.kernels import Array, Mask
from osetra.numerics.memory import Memory
from osetra.numerics.pareto import boxes, crowding, is_front, nadir, places, total_violation
from osetra.numerics.transform import targets

NOISY = 0.05
"""Share of a process's variance from which noise is too large to believe single observations."""
BEYOND = 0.3
"""How far beyond the worst trial volumes count, as a share of its distance to the best of the front: far
enough for the ends of a front to be worth more than what lies between."""
HOPE = 1.0
"""Deviations by which every other try hopes for more than is expected: improvement alone stays, under noise,
where it is."""
MOST_HOPED = 2
"""With more outcomes everything can be hoped for somewhere."""
MOST = {1: 1, 2: 200, 3: 40, 4: 14}
"""Points of a front that are told apart, by the number of outcomes: boxes grow with a power of them."""
FEW = 8
"""Points of the front near which candidates are drawn, and those told apart with more outcomes."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of earlier trials, oldest first."""

    x: Array
    """Points (n, d) of trials that ended."""
    outcomes: Array
    """(n, m), minimised; NaN where it is unknown."""
    margins: Array
    """(n, k), negative or 0 where a limit is kept; NaN where it is unknown."""
    failed: Mask
    pending: Array
    """Points (p, d) of trials without a result."""
    count: Array
    """How many runs each row is the mean of (n,)."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A point, why it was chosen, and what is expected there."""

    proposal: bayes.Proposal
    means: Array
    """Predicted outcomes (m,); empty without a model."""
    deviations: Array
    chance: float = 1.0
    """That all limits are kept."""


@dataclass(frozen=True, slots=True)
class Surrogates:
    """A process for every outcome and every limit, and the front so far."""

    outcomes: tuple[bayes.Surrogate, ...]
    limits: tuple[bayes.Surrogate, ...]
    front: Array
    """Targets (f, m) of what nothing that keeps the limits dominates; none while nothing keeps them."""
    reference: Array
    """(m,), within which volumes count."""
    low: Array
    high: Array
    """Boxes that the front does not dominate."""
    worst: Array
    """Targets (m,) of the worst that keeps the limits, but for outliers: as far as volumes count at least."""
    number: int
    """How many trials there are: even ones look far and hopefully, odd ones fill the front."""
    leaders: Array
    """The points (l, d) near which candidates are drawn."""

    @property
    def hope(self) -> float:
        """Deviations better than the mean by which a try is judged."""
        return HOPE if self.hopes and len(self.outcomes) <= MOST_HOPED else 0.0

    @property
    def hopes(self) -> bool:
        """Whether the next try looks far and hopefully; the others fill the front."""
        return self.number % 2 == 0

    def hoped(self, means: Array, deviations: Array) -> Array:
        """Return the outcomes (c, m) that a try is judged by."""
        return means - self.hope * deviations


def suggest(
    observed: Observed,
    cube: bayes.Cube,
    count: int,
    rng: np.random.Generator,
    *,
    seed: int,
    settings: bayes.Settings,
    memory: Memory[gp.Hyper],
) -> list[Prospect]:
    """Return up to `count` new points; fewer when no untried one was found.

    The same arguments give the same points, whatever `memory` holds. `seed` fixes the design at the start.
    """
    known = np.concatenate((observed.x, observed.pending))
    found: list[Prospect] = []
    model: Surrogates | None = None
    while len(found) < count:
        proposal: bayes.Proposal | None
        if len(known) < settings.initial or not _learnable(observed):
            proposal = bayes.designed(cube, known, seed, rng)
            choice = None if proposal is None else Prospect(proposal, np.empty(0), np.empty(0))
        else:
            model = model or learn(observed, cube, settings, memory)
            choice = _modelled(model, cube, settings, known, rng, 4 if found else 1)
        if choice is None:
            break
        found.append(choice)
        known = np.concatenate((known, choice.proposal.x[None]))
        if model is not None:
            model = _expecting(model, choice.proposal.x[None])
    return found


def learn(
    observed: Observed, cube: bayes.Cube, settings: bayes.Settings, memory: Memory[gp.Hyper]
) -> Surrogates:
    """Return the processes given all observations; two of every outcome and limit must be known."""
    complete = ~observed.failed & np.isfinite(observed.outcomes).all(axis=1)
    kept = complete & (observed.margins <= 0).all(axis=1)
    best = kept if kept.any() else complete
    on_it = np.flatnonzero(best)[is_front(observed.outcomes[best])]
    wholes = [float(y[on_it].max()) for y in observed.outcomes.T]
    outcomes = tuple(
        _learnt(observed, y, whole, cube, settings, memory)
        for y, whole in zip(observed.outcomes.T, wholes, strict=True)
    )
    limits = []
    for margin in observed.margins.T:
        over = margin[np.isfinite(margin) & ~observed.failed & (margin > 0)]
        far = float(np.median(over)) if len(over) else 0.0
        limits.append(_learnt(observed, margin, far, cube, settings, memory))
    x, values = observed.x[kept], observed.outcomes[kept]
    front = np.column_stack([_believed(one, x, y) for one, y in zip(outcomes, values.T, strict=True)])
    excess = np.where(np.isnan(observed.margins), np.inf, np.maximum(observed.margins, 0.0))[complete]
    order = np.argsort(places(observed.outcomes[complete], total_violation(excess)))
    worst = np.array(
        [_worst(observed, y, whole, kept) for y, whole in zip(observed.outcomes.T, wholes, strict=True)]
    )
    none = np.empty(0)
    model = Surrogates(
        outcomes,
        tuple(limits),
        front,
        none,
        none,
        none,
        worst,
        len(observed.x) + len(observed.pending),
        observed.x[complete][order[:FEW]],
    )
    if len(observed.pending):
        return _expecting(model, observed.pending, learnt=True)
    return _with_boxes(model)


def _learnable(observed: Observed) -> bool:
    """Whether two trials at least told each outcome and each limit."""
    columns = np.column_stack((observed.outcomes, observed.margins))[~observed.failed]
    return bool((np.isfinite(columns).sum(axis=0) >= 2).all()) and bool(
        np.isfinite(observed.outcomes[~observed.failed]).all(axis=1).any()
    )


def _learnt(
    observed: Observed,
    y: Array,
    whole: float,
    cube: bayes.Cube,
    settings: bayes.Settings,
    memory: Memory[gp.Hyper],
) -> bayes.Surrogate:
    """Return the process of one quantity (n,), from the rows that tell it and those that failed."""
    rows = observed.failed | np.isfinite(y)
    told = bayes.Observations(
        observed.x[rows], y[rows], observed.failed[rows], observed.pending, observed.count[rows], whole
    )
    return bayes.learn(told, cube, settings, memory)


def _worst(observed: Observed, y: Array, whole: float, kept: Mask) -> float:
    """Return the largest target of what keeps the limits, of one quantity (n,)."""
    rows = observed.failed | np.isfinite(y)
    scaled = targets(y[rows], observed.failed[rows], whole)
    return float(np.max(scaled.values[kept[rows]], initial=-np.inf))


def _believed(model: bayes.Surrogate, x: Array, y: Array) -> Array:
    """Return the targets (n,) of outcomes: as observed, or as predicted where that is mostly noise."""
    if not len(x):
        return np.empty(0)
    if model.process.hyper.noise > NOISY * model.process.hyper.scales.variance:
        return np.asarray(gp.predict(model.process, x)[0][:, 0])
    return (y - model.shift) / model.scale


def _with_boxes(model: Surrogates) -> Surrogates:
    """Return the model with the front reduced to what counts, and the boxes that it does not dominate."""
    if not len(model.front):
        return model
    front = np.unique(model.front[is_front(model.front)], axis=0)
    m = front.shape[1]
    reference = nadir(front)
    if model.hopes:
        reference = np.maximum(nadir(front), model.worst + BEYOND * (model.worst - front.min(axis=0)))
    most = MOST.get(m, FEW)
    if len(front) > most:
        front = front[np.argsort(-crowding(front), kind="stable")[:most]]
    low, high = boxes(front, reference)
    return replace(model, front=front, reference=reference, low=low, high=high)


def _expecting(model: Surrogates, x: Array, *, learnt: bool = False) -> Surrogates:
    """Return the model as if its own predictions had been observed at x (p, d)."""
    means = np.column_stack([gp.predict(one.process, x)[0][:, 0] for one in model.outcomes])
    front = model.front
    if len(front) and _chances(model, x).size:
        likely = np.exp(_chances(model, x)) > 0.5
        front = np.concatenate((front, means[likely]))
    if not learnt:
        model = replace(
            model,
            number=model.number + len(x),
            outcomes=tuple(bayes.expecting(one, x) for one in model.outcomes),
            limits=tuple(bayes.expecting(one, x) for one in model.limits),
        )
    return _with_boxes(replace(model, front=front))


def _chances(model: Surrogates, x: Array) -> Array:
    """Return the logarithm of the chance that all limits are kept at x (c, d)."""
    found = np.zeros(len(x))
    for one in model.limits:
        mean, deviation = gp.predict(one.process, x)
        found += ehvi.log_feasible(mean[:, 0], deviation, -one.shift / one.scale)[0]
    return found


def _modelled(
    model: Surrogates,
    cube: bayes.Cube,
    settings: bayes.Settings,
    known: Array,
    rng: np.random.Generator,
    thrift: int,
) -> Prospect | None:
    """Return the best new point of the acquisition, and what is expected there."""
    score, slope = believing(
        partial(_value, model),
        partial(_value_and_slope, model),
        None if len(known) % settings.improvement_every == settings.improvement_every - 1 else cube.belief,
        BETA / max(len(known), 1),
    )
    x = bayes.maximised(score, slope, model.leaders, cube, settings, known, rng, thrift)
    if x is None:
        return None
    predicted = [bayes.predict(one, x[None]) for one in model.outcomes]
    means = np.array([mean[0] for mean, _ in predicted])
    deviations = np.array([deviation[0] for _, deviation in predicted])
    proposal = bayes.explained(model.outcomes[0], x)
    return Prospect(proposal, means, deviations, float(np.exp(_chances(model, x[None])[0])))


def _value(model: Surrogates, at: Array) -> Array:
    """Return the acquisition (c,) at points (c, d)."""
    told = [gp.predict(one.process, at) for one in model.outcomes]
    value = _chances(model, at)
    if len(model.front):
        means, deviations = np.column_stack([m[:, 0] for m, _ in told]), np.column_stack([s for _, s in told])
        value = (
            value + ehvi.log_improvement(model.hoped(means, deviations), deviations, model.low, model.high)[0]
        )
    failures = model.outcomes[0].failures
    if failures is not None:
        value = value + acquisition.log_success(told[0][0][:, 1] + failures, told[0][1])[0]
    return value


def _value_and_slope(model: Surrogates, at: Array) -> tuple[Array, Array]:
    """Return the acquisition (c,) at points, and its gradients (c, d)."""
    value, gradient = np.zeros(len(at)), np.zeros(at.shape)
    told = [gp.predict_slope(one.process, at) for one in model.outcomes]
    if len(model.front):
        means = np.column_stack([mean[:, 0] for mean, *_ in told])
        deviations = np.column_stack([deviation for _, deviation, *_ in told])
        hoped = model.hoped(means, deviations)
        value, by_mean, by_deviation = ehvi.log_improvement(hoped, deviations, model.low, model.high)
        by_deviation = by_deviation - model.hope * by_mean
        for j, (_, _, mean_slope, deviation_slope) in enumerate(told):
            gradient += by_mean[:, j, None] * mean_slope[0] + by_deviation[:, j, None] * deviation_slope
    for one in model.limits:
        mean, deviation, mean_slope, deviation_slope = gp.predict_slope(one.process, at)
        zero = -one.shift / one.scale
        log, mean_part, deviation_part = ehvi.log_feasible(mean[:, 0], deviation, zero)
        value = value + log
        gradient += mean_part[:, None] * mean_slope[0] + deviation_part[:, None] * deviation_slope
    failures = model.outcomes[0].failures
    if failures is not None:
        mean, deviation, mean_slope, deviation_slope = told[0]
        log, mean_part, deviation_part = acquisition.log_success(mean[:, 1] + failures, deviation)
        value = value + log
        gradient += mean_part[:, None] * mean_slope[1] + deviation_part[:, None] * deviation_slope
    return value, gradient
