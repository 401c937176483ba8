"""Values: what the numbers that a training reports or returns are worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import index
from typing import Any

from osetra.core.arguments import expected, plain, whole
from osetra.core.problem import Objective
from osetra.core.worth import worth
from osetra.errors import StudyError

NEARLY = 1e-3
"""Relative difference up to which a returned number is taken for one that was reported."""
LONGEST = 1000
"""Bytes of a metric's name; a longer one does not fit into a database's index."""
SAID = 3
"""How many sentences on what cannot be kept are said."""
FURTHEST = 2**53
"""The largest step: up to there every whole number is a float, too."""


@dataclass(slots=True)
class ObjectiveCurves:
    """The objective's values that a run has reported, fold by fold, and which metrics it names."""

    objective: Objective
    curves: dict[int, list[float]] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    last: dict[int, int] = field(default_factory=dict)
    """The step at which the objective was reported last, by fold."""

    def add(self, fold: int, step: int, values: Mapping[str, float]) -> None:
        """Take the metrics of one step; of a step that is reported again, the first value stays."""
        self.metrics.update(values)
        if self.objective.metric in values and self.last.get(fold) != step:
            self.last[fold] = step
            self.curves.setdefault(fold, []).append(values[self.objective.metric])

    def load(self, tree: Mapping[str, Any], *, before: int | None = None) -> None:
        """Go on from what a checkpoint remembers; with `before`, only the folds before that one."""
        known = {int(fold): list(values) for fold, values in tree["curves"].items()}
        if before is not None:
            self.curves |= {fold: values for fold, values in known.items() if fold < before}
            return
        self.curves, self.metrics = known, set(tree["metrics"])

    def tree(self) -> dict[str, Any]:
        """Return what a checkpoint has to remember."""
        curves = {str(fold): values for fold, values in self.curves.items()}
        return {"curves": curves, "metrics": sorted(self.metrics)}

    def latest(self, fold: int) -> float | None:
        """Return the last value of a fold; None when there is none or it is not finite."""
        curve = self.curves.get(fold, [])
        return curve[-1] if curve and math.isfinite(curve[-1]) else None

    def value(self) -> float:
        """Return what the reports so far are worth: per fold the best or last value, then the mean.

        Raises:
            StudyError: the objective's metric was never reported.
        """
        if not self.curves:
            raise StudyError(self.silence)
        return worth(self.curves.values(), self.objective)

    def so_far(self) -> float | None:
        """Return `value`, or None before the first report of the objective."""
        return self.value() if self.curves else None

    @property
    def silence(self) -> str:
        """What is wrong with a training that never reports the objective."""
        seen = f"; reported were {', '.join(sorted(self.metrics))}" if self.metrics else ""
        return (
            f"no {self.objective.metric!r} was reported and nothing returned{seen}; "
            f"call run.report({self.objective.metric}=...) or return a number"
        )

    def missing(self, needs: Sequence[str]) -> str:
        """Say what is wrong with a training that never reports a further metric; empty when all are there."""
        absent = [name for name in needs if name not in self.metrics]
        if not absent:
            return ""
        known = {self.objective.metric, *self.metrics}
        return (
            f"no {' and no '.join(map(repr, absent))} was reported, which the study needs as an objective or "
            f"for a limit; reported were {', '.join(sorted(known))}; call run.report({absent[0]}=...), or "
            f"return {{{self.objective.metric!r}: number, {absent[0]!r}: number}}"
        )


def contradiction(reported: ObjectiveCurves, returned: float) -> str:
    """Say what is wrong with a number that is neither the best nor the last of what was reported."""
    metric, curves = reported.objective.metric, list(reported.curves.values())
    if not curves or not math.isfinite(returned):
        return ""
    if not any(math.isfinite(value) for curve in curves for value in curve):
        return (
            f"returned {returned:.6g}, but no {metric} that it reported is a finite number, and the reports "
            f"count; report what it is worth, or return {{{metric!r}: number}}"
        )
    if not math.isfinite(reported.value()):
        return ""
    rules = [replace(reported.objective, pick=pick) for pick in ("best", "last")]
    numbers = [worth(curves, rule) for rule in rules]
    # Weights that were loaded again, or rounding to 32 bits, may give nearly the same number.
    if any(math.isclose(returned, value, rel_tol=NEARLY, abs_tol=1e-9) for value in numbers):
        return ""
    return (
        f"returned {returned:.6g}, but reported {metric} {reported.value():.6g}, which counts; return "
        f"nothing, or {{{metric!r}: number}} if that is what it is worth"
    )


def metric_name(name: str) -> str:
    """Return the name of a metric; raises StudyError when no store could keep it."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= LONGEST or "\0" in name:
        raise StudyError(
            f"{name[:60]!r} cannot be the name of a metric; give 1 to {LONGEST} bytes of text without NUL, "
            "such as val_loss"
        )
    return name


def whole_step(step: object) -> int:
    """Return the number of a step: a whole number of any make, 3.0 included.

    Raises:
        StudyError: it is none, or beyond what a float can tell apart.
    """
    found = plain(step)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    elif not isinstance(found, bool):
        with suppress(Exception):  # it may be anything
            found = index(found)  # type: ignore[arg-type]  # as it may
    return whole("step", found, least=-FURTHEST, most=FURTHEST)


def returned_value(returned: object, metric: str) -> float:
    """Return the number that a training function returned, by itself or under the metric's name."""
    if isinstance(returned, Mapping):
        if metric not in returned:
            raise StudyError(f"the training returned {sorted(map(str, returned))}, without {metric!r}")
        returned = returned[metric]
    return result("returned value", returned)


def further(
    returned: Mapping[object, object], metric: str, said: Mapping[str, float]
) -> tuple[dict[str, float], list[str]]:
    """Return the numbers that were returned beside the objective, and sentences on what cannot be kept.

    Args:
        returned: what the training returned, which may be anything.
        metric: the objective's name.
        said: what it has reported of its last step, NaN for what it reported fold by fold; that stays.
    """
    numbers: dict[str, float] = {}
    left_out: list[str] = []
    try:
        items = list(returned.items())
    except Exception:  # of an object that pretends to be a mapping
        return {}, ["a mapping whose items cannot be read"]
    for name, value in items:
        if isinstance(name, str) and name == metric:
            continue
        try:
            found = number(metric_name(_name(name)), value)
        except StudyError as error:
            left_out.append(f"{error}")
            continue
        if name not in said:
            numbers[str(name)] = found
        elif not _same(found, said[str(name)]):
            before = said[str(name)]
            known = "" if math.isnan(before) else f", {before:.6g} for that step"
            left_out.append(f"{name}={found:.6g}, but its reports count{known}")
    if len(left_out) > SAID:
        left_out[SAID:] = [f"and {len(left_out) - SAID} more that cannot be kept"]
    return numbers, left_out


def _name(name: object) -> str:
    """Return the name of a further metric; raises StudyError when it is none."""
    if not isinstance(name, str) or name == "step":
        raise expected("the name", name, "a metric has a text as its name, and none is called step")
    return str(name)


def _same(one: float, other: float) -> bool:
    both = math.isnan(one) and math.isnan(other)
    return both or math.isclose(one, other, rel_tol=NEARLY, abs_tol=1e-9)


def result(name: str, value: object) -> float:
    """Return what a trial is worth: one number; True and False say how something went, and are none."""
    if isinstance(plain(value), bool):
        raise expected(name, value, "a trial is worth a number, such as 0.3; True and False are none")
    return number(name, value)


def _is_complex(value: object) -> bool:
    """Whether it is a complex number of any make: NumPy's smaller ones become real with a warning only."""
    try:
        return isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") == "c"
    except Exception:  # whatever is raised where somebody's object is asked
        return False


def number(name: str, value: object) -> float:
    """Return a metric as a float; raises StudyError for anything that is not one number."""
    if isinstance(value, (str, bytes, bytearray, memoryview)) or _is_complex(value):
        raise expected(name, value, f"a metric is one number, such as {name}=0.3")
    try:
        return float(value)  # type: ignore[arg-type]  # numbers, NumPy and tensor scalars
    except OverflowError:
        raise StudyError(f"{name} is a whole number beyond what a float can hold") from None
    except Exception:  # whatever the conversion of somebody's object raises
        raise expected(name, value, f"a metric is one number, such as {name}=0.3") from None
