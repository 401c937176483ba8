"""Orders: what may be asked of a trial, checked before it stands in the log.

People and schedulers give the same orders through the same facts. What makes no sense is refused
here, with what would; what only the training can know, such as whether it can change a value while
it runs, is answered by the training.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, get_args

from osetra.catalogue.bounds import BOUNDS
from osetra.catalogue.live import can_change
from osetra.core.arguments import expected, given, is_above_zero, is_number, is_whole, mapping, plain, text
from osetra.core.decisions import Suggestion
from osetra.core.facts import Source, Verb
from osetra.core.history import History
from osetra.core.lineage import (
    CONFIG,
    PLACE,
    as_argument,
    checkpoint_at,
    checkpoints,
    here,
    values_at,
    values_of,
)
from osetra.core.params import Fixed
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial
from osetra.errors import SpaceError, StudyError, nearest
from osetra.views.orders import ended_word

VERBS: tuple[str, ...] = get_args(Verb)
WITHOUT_VALUES = ("stop", "pause", "resume", "promote", "extend", "note")
UNTIL = ("resume", "promote", "extend")
QUOTES = "'"
WORDS = (*PLACE, "text", "keep")
"""What orders take beside values."""


def verb_of(verb: object) -> Verb:
    """Return an order's verb.

    Raises:
        StudyError: there is no such order.
    """
    if not isinstance(verb, str) or verb not in VERBS:
        shown, hint = given(verb), nearest(str(verb), VERBS) if isinstance(verb, str) else ""
        raise StudyError(f"{shown}: no such order; there are {', '.join(VERBS)}.{hint}")
    return verb  # type: ignore[return-value]  # it is one of them


def arguments_of(
    trial: Trial, verb: object, values: object, words: Mapping[str, object]
) -> dict[str, object]:
    """Return the arguments of an order as they go into the log.

    Args:
        trial: whose order it is.
        verb: what is ordered.
        values: hyperparameters by name, or None.
        words: more of them, and what the verb takes besides: step, trial, until, text.

    Raises:
        StudyError: no such order, or values without names.
    """
    known = verb_of(verb)
    wanted = f"give values by name, such as order({trial.number}, {known!r}, {{'lr': 0.01}})"
    chosen = {**mapping("values", {} if values is None else values, wanted)}
    place: dict[str, object] = {}
    for name, value in words.items():
        # `set` and `scale` change values and do nothing else, so every word is a hyperparameter.
        mine = name in trial.config and (known in ("set", "scale") or name not in WORDS)
        if mine or name.startswith(CONFIG):
            chosen[name] = value
        else:
            place[name] = value
    plainly = {name: plain(value) for name, value in named_values(trial.config, chosen).items()}
    if known not in ("set", "scale"):
        plainly = {as_argument(name): value for name, value in plainly.items()}
    return {**plainly, **_checked_words({name: plain(value) for name, value in place.items()})}


def named_values(names: Collection[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by the hyperparameters' own names: `config.step` is another way to write `step`."""
    return {
        name.removeprefix(CONFIG) if name not in names and name.startswith(CONFIG) else name: value
        for name, value in values.items()
    }


def _checked_words(words: dict[str, object]) -> dict[str, object]:
    for name in ("step", "until"):
        value = words.get(name)
        if value is not None and not is_whole(value, least=0):
            raise expected(name, value, "the number of a step is needed")
    if "text" in words:
        text("text", words["text"], "a text is needed, such as text='odd spike'")
    return words


def checked(
    problem: Problem, history: History, number: int, verb: str, args: Mapping[str, Any]
) -> tuple[Verb, dict[str, Any]]:
    """Return the verb and the arguments of an order as they go into the log.

    Raises:
        StudyError: naming the trial, the order or the value, and what is allowed.
    """
    trial, known = history.find(number), verb_of(verb)
    _check_state(trial, known)
    _check_arguments(trial, known, args)
    if known == "scale":
        return known, {name: _factor(problem, trial, history, name, value) for name, value in args.items()}
    if known == "set":
        return known, {n: _settable(problem, history, trial, n, value) for n, value in args.items()}
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
    trial = history.find(number)
    changes = values_of(args)
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
    values = args if verb in ("set", "scale") else values_of(args)
    named = [name for name in values if verb in ("set", "scale") or name not in ("text", "keep")]
    if verb in ("set", "scale") and not named:
        example = "lr=0.001" if verb == "set" else "lr=0.3"
        raise StudyError(f"{verb}: give at least one value, such as {verb} {example}")
    if verb in WITHOUT_VALUES and named:
        wrong = f"{named[0]}={given(values[named[0]])}"
        raise StudyError(f"{verb} takes no values, but {wrong} was given; use set or branch")
    if "until" in args and verb not in UNTIL and "until" not in named:
        raise StudyError(f"{verb} takes no until; resume, promote and extend do")
    if verb == "note" and not str(args.get("text", "")).strip():
        raise StudyError("note: there is nothing to note; write note TEXT")
    if verb == "extend" and "until" not in args:
        raise StudyError("extend: say until which step, such as extend until=30")
    for name in named:
        if name not in trial.config:
            known = ", ".join(trial.config)
            raise StudyError(
                f"trial {trial.number} has no hyperparameter {name!r}; it has {known}."
                f"{nearest(name, trial.config)}"
            )


def _settable(problem: Problem, history: History, trial: Trial, name: str, value: Any) -> Any:
    """Return a value as the training gets it; whether it can change it, the training says itself.

    A value outside the searched range is refused as `enqueue` does. Of the built-in network it is known
    what it can use, so there people may leave the range.
    """
    try:
        param = problem.space.branch(name, trial.config) or problem.space.branches(name)[0]
        return param.check(value)
    except SpaceError as error:
        known = name in BOUNDS and is_number(trial.config.get(name, value))
        if not known or not (isinstance(param, Fixed) or of_network(history)):
            raise StudyError(f"{name}: {error}") from None
        return _physical(name, value)


def _physical(name: str, value: Any) -> Any:
    """Return a value that some training can use, as far as the catalogue knows.

    Raises:
        StudyError: none can.
    """
    if name in BOUNDS and not BOUNDS[name].allow(value):
        raise StudyError(f"{name}={given(value).strip(QUOTES)}: {BOUNDS[name].text} is needed")
    return value


def of_network(history: History) -> bool:
    """Whether what a study trains is the built-in network."""
    task = {} if history.opened is None else history.opened.task
    return "request" in task and "fingerprint" in task


def _factor(problem: Problem, trial: Trial, history: History, name: str, factor: Any) -> float:
    old = {**trial.config, **values_at(history.trials, here(trial))}[name]
    if not is_above_zero(factor) or factor == float("inf"):
        raise StudyError(f"scale {name}={factor}: a factor above 0 is needed, such as 0.3")
    if not is_number(old):
        raise StudyError(f"scale {name}: {old!r} cannot be multiplied while it trains; use a branch")
    try:
        _settable(problem, history, trial, name, old * factor)
    except StudyError:
        # A factor says how much a value changes, so it may lead out of the searched range.
        if name in BOUNDS and not BOUNDS[name].allow(old * factor):
            out = f"{old * factor:g} is out of range, {BOUNDS[name].text} is needed"
            raise StudyError(f"scale {name}={factor}: {out}") from None
    return float(factor)


def _rollback(problem: Problem, history: History, trial: Trial, args: Mapping[str, Any]) -> dict[str, Any]:
    other = history.find(args["trial"]) if "trial" in args else trial
    point = checkpoint_at(history.trials, other, args.get("step"), problem.objective.sign)
    if point is None:
        raise StudyError(_no_checkpoint(history, other, args.get("step")))
    values = {n: _settable(problem, history, trial, n, v) for n, v in values_of(args).items()}
    _check_changeable(history, trial, values)
    where = {"trial": other.number} if other is not trial else {}
    return {**where, "step": point.step, **{as_argument(n): v for n, v in values.items()}}


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
        name: _settable(problem, history, trial, name, value)
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
