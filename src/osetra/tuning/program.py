"""Tuning what is the user's own: a function in a script, or a program in any language."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.bounds import bounds_of, written_bounds
from osetra.core.goal import Goal
from osetra.core.limits import Limits
from osetra.core.params import Fixed, Float, Int, Value
from osetra.core.problem import Objective
from osetra.core.space import Space
from osetra.core.text import parse_param
from osetra.errors import SpaceError, StudyError, nearest
from osetra.study.open import objectives_of
from osetra.tuning.experience import source
from osetra.tuning.functions import command_training
from osetra.tuning.locations import Location
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import Script, load_script
from osetra.tuning.studyfile import StudyFile, read_study_file
from osetra.tuning.warm import inherited, warm

if TYPE_CHECKING:
    from osetra.study.study import Study
    from osetra.training.run import Run


@dataclass(frozen=True, slots=True)
class OwnTraining:
    """A training of the user's own, with what is searched and how."""

    function: Callable[[Run], object]
    title: str
    """What it is called where people read it."""
    request: Request
    space: Space
    warnings: tuple[str, ...] = ()


def script_training(request: Request) -> OwnTraining:
    """Return the training that a script's function is, its space and its request complete.

    Raises:
        StudyError: no such script or function, or nothing says what to search or what is better.
        SpaceError: a range makes no sense.
    """
    script = load_script(request.source)
    file = read_study_file(Path(request.config)) if request.config else StudyFile()
    request = filled(request, file)
    request = inherited(request) if request.warm_from else request
    space = build_space(script, file, request)
    _check_goal(request, "your function reports")
    return OwnTraining(script.function, f"{script.file.name}:{script.name}", request, space)


def program_training(request: Request, location: Location, file: StudyFile) -> OwnTraining:
    """Return the training that a program is, its space and its request complete.

    Raises:
        StudyError: nothing says what to search or what is better, or a placeholder has no value.
        SpaceError: a range makes no sense.
    """
    from osetra.command.template import command_line

    request = filled(request, file)
    request = inherited(request) if request.warm_from else request
    space = build_space(None, file, request)
    _check_goal(request, "that the program reports")
    training = command_training(request, location, names=space.names)
    _check_places(request)
    return OwnTraining(training, command_line(request.command), request, space, tuple(training.check(space)))


def _check_places(request: Request) -> None:
    """Refuse that several trainings write into one place."""
    from osetra.command.template import parse

    if request.limits.workers == 1:
        return
    for path in request.reports:
        if not {"trial", "checkpoint_dir"} & set(parse(path).names):
            raise StudyError(
                f"--reports {path}: {request.limits.workers} trainings at once would write there; give each "
                "a place of its own: --reports 'out/{trial}/loss.csv' -- python train.py --out 'out/{trial}'"
            )


def begin(training: OwnTraining, location: Location) -> Study:
    """Return the study of a training, created when it is new.

    Raises:
        StudyMismatch: there is one with another space or goal.
        StudyError: there is one that tunes another program.
    """
    request = training.request
    study = location.start(
        training.space,
        minimize=_metrics(request.minimize),
        maximize=_metrics(request.maximize),
        limits=written_bounds(request.limit) if request.limit else None,
        pick="last" if request.pick == "last" else "best",
        searcher=request.searcher,
        scheduler=request.scheduler,
        seed=request.seed,
        experience=source(request),
        task={"request": request.stored(location.folder)},
    )
    warm(study, request)
    if request.silence:
        study.silence(*request.silence)
    if request.verb == "run":
        _check_program(study, request, location)
    return study


def go_on(request: Request, location: Location) -> tuple[Study, OwnTraining]:
    """Return a study as it is stored, whatever the files say today, and what trains it.

    Raises:
        StudyError: the script or the program is gone.
    """
    from osetra.command.template import command_line

    study = location.open(request.searcher, request.scheduler)
    space = study.problem.space
    if request.verb == "run":
        program = command_training(request, location, names=space.names)
        program.check(space)
        return study, OwnTraining(program, command_line(request.command), request, space)
    script = load_script(request.source)
    return study, OwnTraining(script.function, f"{script.file.name}:{script.name}", request, space)


def filled(request: Request, file: StudyFile) -> Request:
    """Return the request with what the command line left open taken from study.toml."""
    plain = Request(source=request.source)
    changes: dict[str, Any] = {
        name: getattr(file, name)
        for name in ("searcher", "scheduler", "seed", "pick")
        if getattr(file, name) is not None and getattr(request, name) == getattr(plain, name)
    }
    if request.minimize is None and request.maximize is None:
        changes |= {"minimize": file.minimize, "maximize": file.maximize}
    if not request.limit and file.bounds:
        changes["limit"] = file.bounds
    if request.target is None and file.target is not None:
        changes["target"] = tuple(file.target) if isinstance(file.target, list) else file.target
    if file.trackers and not request.trackers:
        changes["trackers"] = file.trackers
    if file.silence:
        changes["silence"] = tuple(file.silence)
    silent = {
        name: value
        for name, value in file.data.items()
        if getattr(request.reading, name) == getattr(plain.reading, name)
    }
    return replace(
        request,
        limits=_limits(request.limits, file.limits),
        reading=replace(request.reading, **silent),
        **changes,
    )


def build_space(script: Script | None, file: StudyFile, request: Request) -> Space:
    """Return the space from study.toml, else the script's own, changed by --set and --tune.

    Raises:
        StudyError: nothing says what to search, or --tune names what is not there.
        SpaceError: --set names what is not there, or a range makes no sense.
    """
    own = script.space.spec if script is not None and script.space is not None else {}
    lines: dict[str, Any] = dict(file.space or own)
    declared = bool(lines)
    for word in request.set:
        name, _, text = (part.strip() for part in word.partition("="))
        if declared and name not in lines:
            raise StudyError(
                f"--set {name}: no such hyperparameter; known: {', '.join(lines)}.{nearest(name, lines)}"
            )
        _check_number(name, lines.get(name), text)
        lines[name] = text
    if not lines:
        raise StudyError(
            "nothing says what to search. Declare it in one of three ways:\n"
            '  study.toml, given with -c:   [space] lr = "log(1e-4, 1)"\n'
            '  in the script:               space = osetra.Space(lr=osetra.Float(1e-4, 1, scale="log"))\n'
            "  on the command line:         --set 'lr=log(1e-4, 1)'"
        )
    return narrowed(Space.parse(lines), request.tune)


def _check_number(name: str, before: object, text: str) -> None:
    """Make sure that what --set says does not turn a range of numbers into a text by a slip.

    Raises:
        StudyError: it would, and the text is not quoted.
    """
    if text[:1] in ("'", '"'):
        return
    texts = [line for line in (before if isinstance(before, list) else [before]) if isinstance(line, str)]
    with suppress(SpaceError):  # what makes no sense is said of the whole space
        branches, given = [parse_param(name, line) for line in texts], parse_param(name, text)
        numbers = branches and all(isinstance(branch, Float | Int) for branch in branches)
        if not numbers or not isinstance(given, Fixed) or not isinstance(given.value, str):
            return
        example = f"{name}={texts[0].partition(' if ')[0]}"
        raise StudyError(
            f"--set {name}={text}: {name} is a number, and {text} would be a text; give a number or a range, "
            f"such as {example}, or quote it, if a text is meant: --set \"{name}='{text}'\""
        )


def narrowed(space: Space, searched: tuple[str, ...]) -> Space:
    """Return the space with every hyperparameter fixed at its default that is not to be searched."""
    if not searched:
        return space
    for name in searched:
        if name not in space.names:
            known = ", ".join(space.names)
            raise StudyError(
                f"--tune {name}: no such hyperparameter; known: {known}.{nearest(name, space.names)}"
            )
    default = space.default
    kept: dict[str, Any] = {}
    for name in space.names:
        if name in searched:
            kept[name] = list(space.branches(name))
        elif name in default:
            kept[name] = _held(space, name, default[name])
    return Space(kept)


def _held(space: Space, name: str, value: Value) -> Fixed:
    """Return a hyperparameter at its default; an option that has a name keeps what it stands for."""
    meaning = space.meanings.get(name, {}).get(value) if isinstance(value, str) else None
    return Fixed(value if meaning is None else {value: meaning})


def _limits(given: Limits, in_file: dict[str, Any]) -> Limits:
    """Return the limits that were given, and those of the file where none of the kind was."""
    usual = Limits()
    ends = ("trials", "minutes", "trainings", "until")
    names = [name for name in in_file if not (given.ends and name in ends)]
    taken = {name: in_file[name] for name in names if getattr(given, name) == getattr(usual, name)}
    return replace(given, **taken)


def _check_goal(request: Request, what: str) -> None:
    if request.minimize is None and request.maximize is None:
        raise StudyError(
            f"what counts as better? Give the metric {what}: "
            '--minimize val_loss, or in study.toml: [study] minimize = "val_loss"'
        )
    bounds_of(written_bounds(request.limit))
    Goal.of(request.limits.until, asked_objectives(request)[0])


def asked_objectives(request: Request) -> tuple[Objective, ...]:
    """Return the objectives that a request names.

    Raises:
        StudyError: a metric is named twice.
    """
    return objectives_of(_metrics(request.minimize), _metrics(request.maximize), request.pick)


def _metrics(named: str | None) -> str | list[str] | None:
    """Return the metrics that are named with commas between them, a single one as it is."""
    return named if named is None or "," not in named else [part.strip() for part in named.split(",")]


def _check_program(study: Study, request: Request, location: Location) -> None:
    from osetra.command.template import command_line

    before = stored_request(study.history, location)
    if before.command != request.command:
        other = command_line(before.command) or before.source
        raise StudyError(
            f"{location.name} tunes another command: {other}; results of two programs in one study would "
            f"mislead. Go on with it: osetra resume {location.name}; or give this one a --name"
        )
