"""Orders: what may be asked of a trial, checked before it stands in the log.

People and schedulers give the same orders through the same facts. What makes no sense is refused
here, with what would; what only the training can know, such as whether it can change a value while
it runs, is answered by the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from osetra.catalogue.bounds import BOUNDS
from osetra.catalogue.live import can_change
from osetra.core.checks import is_above_zero, is_number, is_whole
from osetra.core.decisions import Suggestion
from osetra.core.facts import Source, Verb
from osetra.core.history import History
from osetra.core.lineage import PLACE, checkpoint_at, checkpoints, here, values_at
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial
from osetra.errors import SpaceError, StudyError, nearest
from osetra.views.orders import ended_word

VERBS: tuple[str, ...] = get_args(Verb)
WITHOUT_VALUES = ("stop", "pause", "resume", "promote", "extend", "note")
UNTIL = ("resume", "promote", "extend")


def checked(
    problem: Problem, history: History, number: int, verb: str, args: Mapping[str, Any]
) -> tuple[Verb, dict[str, Any]]:
    """Return the verb and the arguments of an order as they go into the log.

    Raises:
        StudyError: naming the trial, the order or the value, and what is allowed.
    """
    if verb not in VERBS:
        raise StudyError(f"{verb!r}: no such order; there are {', '.join(VERBS)}.{nearest(str(verb), VERBS)}")
    trial = _trial(history, number)
    known: Verb = verb  # type: ignore[assignment]  # it is one of them
    _check_state(trial, known)
    _check_arguments(trial, known, args)
    if known == "scale":
        return known, {name: _factor(problem, trial, history, name, value) for name, value in args.items()}
    if known == "set":
        return known, {name: _settable(problem, trial, name, value) for name, value in args.items()}
    if known == "rollback":
        return known, _rollback(problem, history, trial, args)
    if known in UNTIL:
        return known, _until(history, trial, problem.objective.metric, known, args)
    return known, dict(args)


def branch(
    problem: Problem, history: History, number: int, args: Mapping[str, Any]
) -> tuple[Suggestion, dict[str, Any]]:
    """Return the trial that branches off another, and the order's arguments.

    It goes on from a checkpoint when only values change that trainings of this study said they can
    change while they run (in older logs: that the catalogue calls live), else, and with step 0, it starts
    from the beginning.

    Raises:
        StudyError: nothing changes, a value is out of range, or there is no such checkpoint.
    """
    trial = _trial(history, number)
    changes = {name: value for name, value in args.items() if name not in PLACE}
    anew = args.get("step") == 0
    sign = problem.objective.sign
    point = None if anew else checkpoint_at(history.trials, trial, args.get("step"), sign)
    place = None if point is None else Source(point.trial, point.attempt, point.instance, point.step)
    if args.get("step") is not None and point is None and not anew:
        raise StudyError(_no_checkpoint(history, trial, args["step"]))
    in_force = {} if anew else values_at(history.trials, place or here(trial))
    config = _branched(problem, history, trial, in_force, changes)
    if all(config.get(name) == value for name, value in {**trial.config, **in_force}.items()):
        raise StudyError(f"branch of trial {number}: nothing changes; give a value, such as lr=0.001")
    cold = [name for name in changes if not can_change(name, history.accepts)]
    if cold or place is None:
        why = f"branch of trial {number}, from the beginning"
        why += f": {cold[0]} cannot change while it trains" if cold else ""
        return Suggestion(config, why), {**args}
    why = f"branch of trial {number} from step {place.step}"
    return Suggestion(config, why, parent=place), {**args, "step": place.step}


def _trial(history: History, number: int) -> Trial:
    if number not in history.trials:
        have = f"1 … {len(history.trials)}" if history.trials else "none yet"
        raise StudyError(f"trial {number}: the study has no such trial; it has {have}")
    return history.trials[number]


def _check_state(trial: Trial, verb: Verb) -> None:
    if verb in ("note", "branch"):
        return
    if trial.state in ENDED:
        raise StudyError(
            f"trial {trial.number} has {ended_word(trial)}: {verb} comes too late and is moot; a branch "
            f"of it can still be trained (branch {trial.number} NAME=VALUE)"
        )
    waiting = [order.verb for order in trial.orders if order.pending]
    if verb == "resume" and trial.state != "paused" and "pause" not in waiting:
        raise StudyError(f"trial {trial.number} is {trial.state}, not paused: there is nothing to resume")
    if verb == "pause" and (trial.state == "paused" or "pause" in waiting):
        raise StudyError(f"trial {trial.number} is paused already; resume lets it go on")


def _check_arguments(trial: Trial, verb: Verb, args: Mapping[str, Any]) -> None:
    given = [name for name in args if name not in (*PLACE, "until", "text", "keep")]
    if verb in ("set", "scale") and not given:
        example = "lr=0.001" if verb == "set" else "lr=0.3"
        raise StudyError(f"{verb}: give at least one value, such as {verb} {example}")
    if verb in WITHOUT_VALUES and given:
        wrong = f"{given[0]}={args[given[0]]}"
        raise StudyError(f"{verb} takes no values, but {wrong} was given; use set or branch")
    if "until" in args and verb not in UNTIL:
        raise StudyError(f"{verb} takes no until; resume, promote and extend do")
    if verb == "note" and not str(args.get("text", "")).strip():
        raise StudyError("note: there is nothing to note; write note TEXT")
    if verb == "extend" and "until" not in args:
        raise StudyError("extend: say until which step, such as extend until=30")
    for name in given:
        if name not in trial.config:
            known = ", ".join(trial.config)
            raise StudyError(
                f"trial {trial.number} has no hyperparameter {name!r}; it has {known}."
                f"{nearest(name, trial.config)}"
            )


def _settable(problem: Problem, trial: Trial, name: str, value: Any) -> Any:
    """Return a value as the training gets it; whether it can change it, the training says itself.

    People may leave the searched range, as far as the catalogue knows what any training can use.
    """
    try:
        param = problem.space.branch(name, trial.config) or problem.space.branches(name)[0]
        return param.check(value)
    except SpaceError as error:
        bounds = BOUNDS.get(name) if is_number(trial.config.get(name, value)) else None
        if bounds is None:
            raise StudyError(f"{name}: {error}") from None
        if not bounds.allow(value):
            raise StudyError(f"{name}={value}: {bounds.text} is needed") from None
        return value


def _factor(problem: Problem, trial: Trial, history: History, name: str, factor: Any) -> float:
    old = {**trial.config, **values_at(history.trials, here(trial))}[name]
    if not is_above_zero(factor) or factor == float("inf"):
        raise StudyError(f"scale {name}={factor}: a factor above 0 is needed, such as 0.3")
    if not is_number(old):
        raise StudyError(f"scale {name}: {old!r} cannot be multiplied while it trains; use a branch")
    if name in BOUNDS:
        try:
            _settable(problem, trial, name, old * factor)
        except StudyError:
            out = f"{old * factor:g} is out of range, {BOUNDS[name].text} is needed"
            raise StudyError(f"scale {name}={factor}: {out}") from None
    return float(factor)


def _rollback(problem: Problem, history: History, trial: Trial, args: Mapping[str, Any]) -> dict[str, Any]:
    other = _trial(history, args["trial"]) if "trial" in args else trial
    point = checkpoint_at(history.trials, other, args.get("step"), problem.objective.sign)
    if point is None:
        raise StudyError(_no_checkpoint(history, other, args.get("step")))
    values = {n: _settable(problem, trial, n, v) for n, v in args.items() if n not in PLACE}
    _check_changeable(history, trial, values)
    where = {"trial": other.number} if other is not trial else {}
    return {**where, "step": point.step, **values}


def _check_changeable(history: History, trial: Trial, values: Mapping[str, Any]) -> None:
    """Refuse values that the next attempt would begin with and its training not heed."""
    able = [name for name in trial.config if can_change(name, history.accepts)]
    for name, value in values.items():
        if name not in able:
            raise StudyError(
                f"{name} cannot be changed while this training runs ({', '.join(able) or 'nothing'} can); "
                f"try it as a branch: branch {trial.number} {name}={value}"
            )


def _branched(
    problem: Problem,
    history: History,
    trial: Trial,
    in_force: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the configuration of a branch: the parent's values in force, where they still exist."""
    space = problem.space
    live = {
        name: _settable(problem, trial, name, value)
        for name, value in changes.items()
        if name in BOUNDS and can_change(name, history.accepts)
    }
    try:
        chosen = space.complete({name: value for name, value in changes.items() if name not in live})
        still = {name: value for name, value in trial.config.items() if name in chosen and name not in live}
        config = space.complete({**still, **{n: v for n, v in changes.items() if n not in live}})
    except SpaceError as error:
        raise StudyError(f"branch of trial {trial.number}: {error}") from None
    # People may leave the searched ranges; what no training can use was refused above.
    return {**config, **{n: v for n, v in {**in_force, **live}.items() if n in config}}


def _no_checkpoint(history: History, trial: Trial, step: Any) -> str:
    kept = sorted({point.step for point in checkpoints(history.trials, here(trial))})
    if not kept:
        return (
            f"trial {trial.number} has no checkpoint yet, so there is nothing to go back to; its training "
            "keeps them by calling run.checkpoint(...)"
        )
    there = ", ".join(map(str, kept))
    return f"trial {trial.number} has no checkpoint at or before step {step}; there are {there}"


def _until(
    history: History, trial: Trial, metric: str, verb: Verb, args: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of an order to go on; who waits at its last step goes on to the end."""
    done, until = history.step(trial, metric), args.get("until")
    if until is None:
        over = verb == "promote" or (trial.until is not None and done >= trial.until)
        return {**args, "until": None} if over or "until" in args else dict(args)
    if not is_whole(until, least=done + 1):
        now = f"a step beyond {done}, where trial {trial.number} is now, is needed"
        raise StudyError(f"{verb} until={until}: {now}")
    if history.steps is not None and until > history.steps:
        raise StudyError(f"{verb} until={until}: a full training has {history.steps} steps; leave until out")
    return dict(args)
