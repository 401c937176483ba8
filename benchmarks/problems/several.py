"""Problems of several objectives whose fronts are known, small instances; all is minimised.

Sources: Zitzler, Deb & Thiele 2000, Evolutionary Computation 8 (ZDT); Deb et al. 2005, "Scalable test problems"
(DTLZ); Binh & Korn 1997, MENDEL (BNH); Chankong & Haimes 1983, in Deb et al. 2002, table V (SRN); Gramacy et al.
2016, Technometrics 58 (one objective under two constraints).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from osetra.numerics.pareto import Array, hypervolume, is_front


@dataclass(frozen=True, slots=True)
class Several:
    """A function on the unit cube with several outcomes."""

    name: str
    columns: int
    outcomes: Callable[[Array], Sequence[float]]
    """Of a point (d,)."""
    reference: tuple[float, ...]
    """Within which volumes count."""
    front: Callable[[], Array]
    """Points (n, m) of the true front, densely."""
    constraints: Callable[[Array], Sequence[float]] | None = None
    """Of a point (d,); each is to be 0 or less."""

    @property
    def volume(self) -> float:
        """The volume of the true front."""
        return hypervolume(self.front(), np.array(self.reference))


def _zdt(name: str, second: Callable[[Array, Array], Array], d: int = 5) -> Several:
    """Return a problem of the family f1 = x1, f2 = g h(f1, g), g = 1 + 9 mean(x2 …)."""

    def outcomes(x: Array) -> Sequence[float]:
        g = 1 + 9 * np.mean(x[1:])
        return float(x[0]), float(second(x[0], g))

    def front() -> Array:
        f1 = np.linspace(0, 1, 2001)
        points = np.column_stack((f1, second(f1, np.ones(len(f1)))))
        return points[is_front(points)]

    return Several(name, d, outcomes, (2.0, 2.0), front)


def _dtlz2(d: int = 5) -> Several:
    def outcomes(x: Array) -> Sequence[float]:
        g = 1 + np.sum((x[2:] - 0.5) ** 2)
        a, b = 0.5 * np.pi * x[0], 0.5 * np.pi * x[1]
        return float(g * np.cos(a) * np.cos(b)), float(g * np.cos(a) * np.sin(b)), float(g * np.sin(a))

    def front() -> Array:
        a, b = np.meshgrid(*[np.linspace(0, 0.5 * np.pi, 31)] * 2)
        a, b = a.ravel(), b.ravel()
        points = np.column_stack((np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)))
        return np.round(points, 12)[is_front(np.round(points, 12))]

    return Several("dtlz2", d, outcomes, (1.2, 1.2, 1.2), front)


def _dtlz5(d: int = 5) -> Several:
    """A front that is a curve among three objectives."""

    def outcomes(x: Array) -> Sequence[float]:
        g = float(np.sum((x[2:] - 0.5) ** 2))
        a, b = 0.5 * np.pi * x[0], 0.25 * np.pi * (1 + 2 * g * x[1]) / (1 + g)
        return (1 + g) * np.cos(a) * np.cos(b), (1 + g) * np.cos(a) * np.sin(b), (1 + g) * np.sin(a)

    def front() -> Array:
        a = np.linspace(0, 0.5 * np.pi, 601)
        side = np.cos(a) * np.sqrt(0.5)
        return np.column_stack((side, side, np.sin(a)))

    return Several("dtlz5", d, outcomes, (1.5, 1.5, 1.5), front)


def _dtlz7(d: int = 5) -> Several:
    """A front of four separate pieces."""

    def third(f: Array, g: float) -> Array:
        return np.asarray((1 + g) * (3 - np.sum(f / (1 + g) * (1 + np.sin(3 * np.pi * f)), axis=-1)))

    def outcomes(x: Array) -> Sequence[float]:
        return float(x[0]), float(x[1]), float(third(x[:2], 1 + 9 * float(np.mean(x[2:]))))

    def front() -> Array:
        f = np.stack(np.meshgrid(*[np.linspace(0, 1, 61)] * 2), axis=-1).reshape(-1, 2)
        points = np.column_stack((f, third(f, 1.0)))
        return points[is_front(points)]

    return Several("dtlz7", d, outcomes, (1.1, 1.1, 12.0), front)


def _bnh() -> Several:
    def at(x: Array) -> tuple[float, float]:
        return 5 * float(x[0]), 3 * float(x[1])

    def outcomes(x: Array) -> Sequence[float]:
        a, b = at(x)
        return 4 * a**2 + 4 * b**2, (a - 5) ** 2 + (b - 5) ** 2

    def constraints(x: Array) -> Sequence[float]:
        a, b = at(x)
        return (a - 5) ** 2 + b**2 - 25, 7.7 - (a - 8) ** 2 - (b + 3) ** 2

    def front() -> Array:
        a = np.linspace(0, 5, 2001)
        b = np.minimum(a, 3)
        return np.column_stack((4 * a**2 + 4 * b**2, (a - 5) ** 2 + (b - 5) ** 2))

    return Several("bnh", 2, outcomes, (150.0, 60.0), front, constraints)


def _srn() -> Several:
    def at(x: Array) -> tuple[float, float]:
        return 40 * float(x[0]) - 20, 40 * float(x[1]) - 20

    def outcomes(x: Array) -> Sequence[float]:
        a, b = at(x)
        return (a - 2) ** 2 + (b - 1) ** 2 + 2, 9 * a - (b - 1) ** 2

    def constraints(x: Array) -> Sequence[float]:
        a, b = at(x)
        return a**2 + b**2 - 225, a - 3 * b + 10

    def front() -> Array:
        b = np.linspace(2.5, 14.79019945774904, 2001)
        return np.column_stack(((-2.5 - 2) ** 2 + (b - 1) ** 2 + 2, 9 * -2.5 - (b - 1) ** 2))

    return Several("srn", 2, outcomes, (250.0, 0.0), front, constraints)


def _gramacy() -> Several:
    """One objective: the least of x1 + x2 under a winding and a round constraint, 0.5998 with a reference 1.5."""

    def constraints(x: Array) -> Sequence[float]:
        a, b = float(x[0]), float(x[1])
        wave = 1.5 - a - 2 * b - 0.5 * np.sin(2 * np.pi * (a**2 - 2 * b))
        return float(wave), a**2 + b**2 - 1.5

    def front() -> Array:
        return np.array([[0.599788]])

    return Several("gramacy", 2, lambda x: (float(x.sum()),), (1.5,), front, constraints)


PROBLEMS: dict[str, Several] = {
    one.name: one
    for one in (
        _zdt("zdt1", lambda f, g: g * (1 - np.sqrt(f / g))),
        _zdt("zdt2", lambda f, g: g * (1 - (f / g) ** 2)),
        _zdt("zdt3", lambda f, g: g * (1 - np.sqrt(f / g) - f / g * np.sin(10 * np.pi * f))),
        _dtlz2(),
        _dtlz5(),
        _dtlz7(),
        _bnh(),
        _srn(),
        _gramacy(),
    )
}
