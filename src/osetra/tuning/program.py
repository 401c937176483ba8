"""Tuning a function of the user's own: `osetra tune train.py:train -c study.toml`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from osetra.cli.output import Output
from osetra.cli.session import Effort, Session
from osetra.core.clean import one_line
from osetra.core.numbers import setting
from osetra.core.params import Fixed
from osetra.core.problem import Direction
from osetra.core.space import Space
from osetra.core.text import format_param
from osetra.errors import StudyError, nearest
from osetra.tuning.locations import Place
from osetra.tuning.request import DEFAULT_TRIALS, Request
from osetra.tuning.script import Script, load_script
from osetra.tuning.studyfile import StudyFile, read_study_file
from osetra.views.json import study_document

if TYPE_CHECKING:
    from osetra.study.study import Study
    from osetra.training.run import Run


def tune_script(
    output: Output,
    place: Place,
    request: Request,
    *,
    dry_run: bool = False,
    as_json: bool = False,
) -> None:
    """Run the whole study of a script and report."""
    script = load_script(request.source)
    file = read_study_file(Path(request.config)) if request.config else StudyFile()
    request = filled(request, file)
    space = build_space(script, file, request)
    if request.minimize is None and request.maximize is None:
        raise StudyError(
            "what counts as better? Give the metric your function reports: --minimize val_loss, "
            'or in study.toml: [study] minimize = "val_loss"'
        )
    if dry_run:
        show_plan(output, space, request)
        return
    session = Session(output, place, open_study(place, space, request), request.scheduler)
    run_study(session, script.function, f"{script.file.name}:{script.name}", request, as_json)


def resume_script(output: Output, place: Place, request: Request, *, as_json: bool = False) -> None:
    """Go on with the space and the goal that are stored, whatever the files say today."""
    study = place.open(request.searcher, request.scheduler)
    session, script = Session(output, place, study, request.scheduler), load_script(request.source)
    run_study(session, script.function, f"{script.file.name}:{script.name}", request, as_json)


def filled(request: Request, file: StudyFile) -> Request:
    """Return the request with what the command line left open taken from study.toml."""
    plain = Request(source=request.source)
    names = (
        *("trials", "minutes", "trainings", "workers", "searcher", "scheduler"),
        *("seed", "report_timeout", "confirm", "pick"),
    )
    changes: dict[str, Any] = {
        name: getattr(file, name)
        for name in names
        if getattr(file, name) is not None and getattr(request, name) == getattr(plain, name)
    }
    limits = ("trials", "minutes", "trainings")
    if any(getattr(request, name) is not None for name in limits):
        changes = {name: value for name, value in changes.items() if name not in limits}
    if request.minimize is None and request.maximize is None:
        changes |= {"minimize": file.minimize, "maximize": file.maximize}
    return replace(request, **changes)


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
        lines[name] = text
    if not lines:
        raise StudyError(
            "nothing says what to search. Declare it in one of three ways:\n"
            '  study.toml, given with -c:   [space] lr = "log(1e-4, 1)"\n'
            '  in the script:               space = osetra.Space(lr=osetra.Float(1e-4, 1, scale="log"))\n'
            "  on the command line:         --set 'lr=log(1e-4, 1)'"
        )
    return narrowed(Space.parse(lines), request.tune)


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
            kept[name] = Fixed(default[name])
    return Space(kept)


def effort_of(request: Request) -> Effort:
    """Return how much work a request stands for."""
    trials = request.trials
    if trials is None and request.minutes is None and request.trainings is None:
        trials = DEFAULT_TRIALS
    return Effort(
        trials=trials,
        minutes=request.minutes,
        trainings=request.trainings,
        workers=request.workers,
        report_timeout=request.report_timeout,
        confirm=request.confirm or 0,
    )


def show_plan(output: Output, space: Space, request: Request, *, first: int = 5) -> None:
    """Print the space and the first configurations that would be tried."""
    import numpy as np

    from osetra.core.history import History
    from osetra.core.problem import Objective, Problem
    from osetra.searchers import by_name

    direction: Direction = "maximize" if request.maximize else "minimize"
    metric = request.minimize or request.maximize or "val_loss"
    problem = Problem(space, Objective(metric=metric, direction=direction))
    output.show(Text(f"{direction} {metric}", "bold"))
    for name, param in space:
        output.show(Text(f"  {name} = {format_param(param)}"))
    searcher = by_name(request.searcher or "auto")
    rng = np.random.default_rng((request.seed, 1))
    suggestions = searcher.suggest(problem, History(), first, rng)
    output.show(Text(f"first configurations by {searcher.name}", "bold"))
    for suggestion in suggestions:
        pairs = " ".join(f"{name}={setting(value)}" for name, value in suggestion.config.items())
        output.show(Text(f"  {pairs}"))
    output.say(Text("nothing was run (--dry-run)", "dim"))


def run_study(
    session: Session, train: Callable[[Run], object], what: str, request: Request, as_json: bool
) -> None:
    """Run a study of somebody's own training to its end, and report; `what` is shown as its name."""
    output, study = session.output, session.study
    output.say(_headline(session, what))
    session.search(train, effort_of(request))
    advice = session.report(quiet=as_json)
    pictures = session.draw()
    if as_json:
        document = study_document(session.place.name, session.place.address, study.problem, study.history)
        document["findings"] = [{"rule": f.rule, "level": f.level, "text": f.text} for f in advice]
        document["pictures"] = [str(picture) for picture in pictures]
        output.document("tune", document)
    _closing(output, session, pictures, as_json)
    _ = study.best  # raises NothingFinished, which is the exit code


def open_study(place: Place, space: Space, request: Request) -> Study:
    """Return the study of a request, created when it is new."""
    return place.start(
        space,
        minimize=request.minimize,
        maximize=request.maximize,
        pick="last" if request.pick == "last" else "best",
        searcher=request.searcher,
        scheduler=request.scheduler,
        seed=request.seed,
        task={"request": request.stored()},
    )


def _headline(session: Session, what: str) -> Text:
    study = session.study
    objective = study.problem.objective
    goal = f"{objective.direction} {objective.metric}"
    text = f"  {one_line(what)}, {goal}, searcher {study.searcher.name}"
    text += f", scheduler {session.scheduler}"
    return Text.assemble((session.place.name, "bold"), text)


def _closing(output: Output, session: Session, pictures: list[Path], as_json: bool) -> None:
    if as_json:
        return
    lines = [("kept in", str(session.place.folder))]
    lines += [("picture", str(picture)) for picture in pictures[:1]]
    lines += [("more trials", f"{session.resume_command} --trials N")]
    lines += [("one trial", f"osetra show {session.resume_command.removeprefix('osetra resume ')} NUMBER")]
    for label, text in lines:
        output.say(Text.assemble((f"{label:<12}", "dim"), text))
