"""Functions: the training function that a study on disk was made with, found again from its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.edits import problem_of
from osetra.core.history import History
from osetra.errors import DataError
from osetra.files import real_path
from osetra.tuning.extras import require_torch
from osetra.tuning.locations import Location
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import is_script, load_script

if TYPE_CHECKING:
    from osetra.command import CommandTraining
    from osetra.nets.task import NetworkTask
    from osetra.training.run import Run

BESIDE = "study://"
"""What a request's source begins with when its data was in memory and is kept in the study's folder."""
METRIC = "val_loss"
"""What is made small unless the person says otherwise: smoother than the error, so easier to search."""


def training_function(
    location: Location, history: History, output: Path | None = None
) -> Callable[[Run], object]:
    """Return what trains the trials of a study; a program's output goes to its usual folder or another.

    Raises:
        StudyError: the study was not started on the command line, or its script is gone.
        DataError: the data changed since.
    """
    request = stored_request(history, location)
    if request.verb == "run":
        return command_training(request, location, output, problem_of(history).space.names)
    if is_script(request.source):
        return load_script(request.source).function
    require_torch()
    stored: Mapping[str, Any] = history.opened.task if history.opened else {}
    task = network_task(request, location, stored)
    return task if request.verb == "tune" else watched(task)


def command_training(
    request: Request, location: Location, output: Path | None = None, names: Sequence[str] = ()
) -> CommandTraining:
    """Return the training of `osetra run` for hyperparameters; its output goes beside the study."""
    from osetra.command import CommandTraining

    return CommandTraining(
        request.command,
        request.folder,
        str(output or logs(location)),
        patterns=request.metric,
        files=request.fill,
        reports=request.reports,
        names=tuple(names),
    )


def logs(location: Location) -> Path:
    """Return the folder for the output of a study's programs."""
    from osetra.executors.processes import log_folder

    file = location.address.file
    if file is not None:
        return real_path(file).with_suffix(".logs")
    return log_folder(location.address)


def program_logs(location: Location, trial: int) -> list[Path]:
    """Return the files with the output of a trial's program, by attempt; none unless it was one."""
    from osetra.command.training import log_name

    found = logs(location).glob(log_name(trial, "*"))
    return sorted(found, key=lambda file: (len(file.name), file.name))


def network_task(
    request: Request, location: Location, stored: Mapping[str, Any] | None = None
) -> NetworkTask:
    """Return the built-in network's training on a request's data, as the study began with it.

    Args:
        request: what was asked.
        location: where the study is.
        stored: the task that the study was opened with; None for a new one.
    """
    from osetra.nets.devices import chosen_device
    from osetra.nets.task import Data, NetworkTask

    data = Data(
        where=data_source(request, location),
        target=request.target,
        task=request.task,  # type: ignore[arg-type]  # click lets only task kinds through
        reading=request.reading,
        fingerprint=str((stored or {}).get("fingerprint", "")),
    )
    return NetworkTask(
        data=data,
        device=chosen_device(request.device or "auto"),
        epochs=request.epochs or int((stored or {}).get("epochs", 0)),
        earlier=stored is not None and "epochs" not in stored,
        metric=reported(request.minimize or request.maximize or METRIC),
        # Studies of earlier versions go on with the squared error that they began with.
        aim=None if stored is None else str(stored.get("aim", "")),
        folds=request.folds,
        split_seed=request.seed,
    )


def reported(metric: str) -> str:
    """Return the name under which the built-in network reports a metric: val_auc for auc."""
    return metric if metric.startswith(("val_", "train_")) else f"val_{metric}"


def data_source(request: Request, location: Location) -> str:
    """Return where a request's data is: as it is named, or kept in the study's folder.

    Raises:
        DataError: it is not there.
    """
    beside, folder = request.source.removeprefix(BESIDE), real_path(location.folder)
    if beside != request.source:
        return str(folder / beside)
    named = Path(request.source)
    if not named.is_absolute() or named.exists():
        return request.source
    raise DataError(
        f"{named}: the data of {location.name} is not there any more; put it, or a link to it, at "
        f"{folder / named.name}"
    )


def watched(task: NetworkTask) -> NetworkTask:
    """Return a training that ends when the person who watches it says so, and not early by itself."""
    from dataclasses import replace

    return replace(task, patience=task.budget, watched=True)
