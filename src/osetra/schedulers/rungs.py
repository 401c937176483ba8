"""Rungs: the verdicts that all schedulers of the halving family share, with their evidence.

A rung is a step at which trainings are compared. Where a training keeps checkpoints it pauses there
by itself and goes on when it is among the best (promotion); where it keeps none it runs on beyond,
and is stopped when it is not (stopping).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.numerics import halving
from osetra.schedulers.folds import judge_folds
from osetra.schedulers.standing import scale_of, standing_table
from osetra.schedulers.table import Array, CurveTable, Mask, calibrated, free, promoted, sent_on

BROKEN = 2
"""So many reports in a row that are not finite end a training; a single one may be an accident."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Trials compared at one step, and how many of them are kept."""

    objective: str
    sign: float
    step: int
    values: Array
    """Their values (n,), minimised; NaN is worst."""
    kept: int

    def keeps(self, value: float) -> bool:
        """Whether a value is among those that are kept."""
        return math.isfinite(value) and halving.rank(self.values, value) <= self.kept

    def evidence(self, value: float, expected: str = "") -> str:
        """Return the evidence about a value, such as "val_loss 0.81, cut 0.74, rank 14 of 18"."""
        cut = self.sign * halving.cut(self.values, self.kept)
        place = f"rank {halving.rank(self.values, value)} of {len(self.values)}"
        return f"{self.objective} {self.sign * value:.4g}{expected}, cut {cut:.4g}, {place}"


def ranking(problem: Problem, step: int, values: Array, rows: Mask, kept: int) -> Ranking:
    """Return the ranking of the rows (n,) by their values (n,) at a step."""
    return Ranking(*scale_of(problem), step, values[rows], kept)


def judge(
    problem: Problem,
    history: History,
    trial: Trial,
    climb: Sequence[int],
    keep: float,
    *,
    pauses: bool = True,
    among: Callable[[CurveTable], Mask] | None = None,
) -> Verdict | None:
    """Return what to do with a running trial of which the best `keep` go on at every rung of `climb`.

    With `pauses` it pauses by itself at its next rung where it can; `among` says which rows (n,) it is
    compared with, by default all first runs. Whatever form: a training whose last reports are not
    finite is stopped.
    """
    if trial.steered or trial.repeats is not None or len(climb) == 1:
        return None
    step, until = history.step(trial, problem.objective.metric), trial.until
    unplanned = pauses and until is None and not sent_on(trial, climb[-1]) and not promoted(trial)
    late = until is not None and step > until
    broken = _broken(problem, history, trial)
    if step >= climb[-1] or not (unplanned or late or broken or not pauses):
        return None
    table = standing_table(problem, history)
    rows = table.first if among is None else among(table)
    if table.folds:
        return judge_folds(problem, history, trial)
    if broken:
        values, there = table.at(step), rows & table.has(step)
        return stop(trial, ranking(problem, step, values, there, len(values)), math.nan)
    if unplanned:
        # It began before anybody knew how long a full training is.
        following = next(rung for rung in climb if rung > step)
        why = f"is compared with others at step {following}"
        extended = Verdict(trial=trial.number, verb="extend", why=why, until=following)
        return extended if following < climb[-1] else None
    return _passed(problem, table, trial, climb, keep, rows)


def pauses_by_itself(problem: Problem, history: History, trial: Trial) -> bool:
    """Whether a running trial is still on its way to its rung, and all is well with it."""
    on_its_way = trial.until is not None and history.step(trial, problem.objective.metric) <= trial.until
    return on_its_way and not _broken(problem, history, trial)


def promotions(
    problem: Problem, table: CurveTable, rungs: Sequence[int], keep: float, least: int, rows: Mask
) -> list[Verdict]:
    """Return the paused trials that are among the best of those at their rung, highest rungs first.

    Of n trials that got to a rung the best n · keep go on at once; once nobody is on the way to it,
    `least` do in any case.
    """
    found: list[Verdict] = []
    for rung, following in zip(reversed(rungs[:-1]), reversed(rungs[1:]), strict=True):
        there = rows & table.has(rung)
        values = table.at(rung)
        coming = any(
            rows[row] and not there[row] and trial.state in ("queued", "running")
            for row, trial in enumerate(table.trials)
        )
        kept = max(int(keep * there.sum()), 0 if coming else least)
        places = ranking(problem, rung, values, there, kept)
        for row in halving.order(np.where(there, values, np.nan)).tolist():
            trial = table.trials[row]
            if not (there[row] and free(trial) and table.reached[row] < following):
                continue
            if promoted(trial) or places.keeps(float(values[row])):
                found.append(resume(trial, places, float(values[row]), following, rungs[-1]))
    return found


def resume(
    trial: Trial, places: Ranking, value: float, until: int, steps: int, at: int | None = None
) -> Verdict:
    """Return the verdict that lets a paused trial go on to a step.

    It waits at step `at`, by default where it was ranked; elsewhere its value is an expected one.
    """
    goal = "to its end" if until >= steps else f"to step {until}"
    expected = f" expected at step {places.step}" if at not in (None, places.step) else ""
    evidence = places.evidence(value, expected)
    why = f"goes on {goal} from step {places.step if at is None else at}: {evidence}"
    if promoted(trial) and not places.keeps(value):
        why += "; a person promoted it"
    return Verdict(trial=trial.number, verb="resume", why=why, until=None if until >= steps else until)


def finish(
    problem: Problem, table: CurveTable, rungs: Sequence[int], keep: float, least: int, rows: Mask
) -> list[Verdict]:
    """Return what becomes of paused trials when nothing else is left to do.

    While no training has got to its end, the best of the longest goes on; then all are given up.
    """
    waiting = [row for row, trial in enumerate(table.trials) if rows[row] and free(trial)]
    if not waiting or any(table.trials[r].state in ("queued", "running") for r in np.flatnonzero(rows)):
        return []
    at_end = calibrated(table, rungs[-1])
    sound = np.array([trial.state not in ("diverged", "failed") for trial in table.trials], dtype=bool)
    complete = (
        rows & table.has(rungs[-1]) & np.isfinite(at_end) & sound
    )  # its best value may outlive a training
    hopeful = [row for row in waiting if np.isfinite(at_end[row])]
    if complete.any() or not hopeful:
        return [_give_up(problem, table, row, rungs, keep, least, rows) for row in waiting]
    best = min(hopeful, key=lambda row: (-_rung(rungs, int(table.reached[row])), at_end[row]))
    rung = _rung(rungs, int(table.reached[best]))
    places, value = _place(problem, table, best, rungs, keep, least, rows)
    return [resume(table.trials[best], places, value, rungs[rung + 1], rungs[-1])]


def _give_up(
    problem: Problem, table: CurveTable, row: int, rungs: Sequence[int], keep: float, least: int, rows: Mask
) -> Verdict:
    return stop(table.trials[row], *_place(problem, table, row, rungs, keep, least, rows))


def _place(
    problem: Problem, table: CurveTable, row: int, rungs: Sequence[int], keep: float, least: int, rows: Mask
) -> tuple[Ranking, float]:
    """Return a trial's value at the highest rung it got to, and the ranking there."""
    reached = int(table.reached[row])
    rung = _rung(rungs, reached)
    step = rungs[rung] if rung >= 0 else reached
    there, values = rows & table.has(step), table.at(step)
    kept = max(int(keep * there.sum()), least)
    return ranking(problem, step, values, there, kept), float(values[row])


def _passed(
    problem: Problem, table: CurveTable, trial: Trial, climb: Sequence[int], keep: float, rows: Mask
) -> Verdict | None:
    """Return whether a training that did not pause at its rung goes on beyond it."""
    row, reached = table.row(trial.number), 0
    if row is None:
        return None
    reached = int(table.reached[row])
    rung = _rung(climb, reached if trial.until is None else trial.until)
    if rung < 0:
        return None
    values, there = table.at(climb[rung]), rows & table.has(climb[rung])
    many = int(there.sum())
    places = ranking(problem, climb[rung], values, there, many if keep * many < 1 else int(keep * many))
    value = float(values[row])
    if not (places.keeps(value) or promoted(trial) or _leads(table, rows, row)):
        return stop(trial, places, value)
    if trial.until is None:
        return None
    following = next(rung for rung in climb if rung > reached)
    going = resume(trial, places, value, following, climb[-1])
    return Verdict(trial=trial.number, verb="extend", why=going.why, until=going.until)


def _broken(problem: Problem, history: History, trial: Trial) -> bool:
    """Whether the last reports of a training are not finite."""
    _, values = history.curve(trial, problem.objective.metric)
    return len(values) >= BROKEN and not np.isfinite(values[-BROKEN:]).any()


def _leads(table: CurveTable, rows: Mask, row: int) -> bool:
    """Whether a trial is the best of all that got as far."""
    values = table.at(int(table.reached[row]))
    return halving.rank(values[rows], float(values[row])) == 1


def stop(trial: Trial, places: Ranking, value: float) -> Verdict:
    """Return the verdict that stops a trial, with its evidence."""
    why = f"stopped at step {places.step}: {places.evidence(value)}"
    return Verdict(trial=trial.number, verb="stop", why=why)


def _rung(rungs: Sequence[int], reached: int) -> int:
    """Return the number of the highest rung that a step has got to; -1 below the first."""
    return sum(rung <= reached for rung in rungs) - 1
