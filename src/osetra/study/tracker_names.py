"""Names of trackers: what stands for one on a command line, in a study.toml, and in `trackers=`.

mlflow                      with the server that MLflow uses by itself
mlflow:http://127.0.0.1:5000
tensorboard:runs
wandb:my-project

Whatever stands behind the colon is the first argument of the tracker that fits: where it writes, or what the
project is called there. Each is imported when it is named, since each needs a library of its own.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from osetra.core.arguments import expected
from osetra.core.registry import check_name
from osetra.errors import StudyError
from osetra.study.tracker import Tracker


class Named(NamedTuple):
    """A tracker as a name stands for it."""

    kind: str
    """Its class in the module of `osetra.integrations` that has its name."""
    place: str
    """The argument that stands behind the colon."""
    is_folder: bool


TRACKERS = {
    "mlflow": Named("MLflow", "tracking_uri", is_folder=False),
    "tensorboard": Named("TensorBoard", "folder", is_folder=True),
    "wandb": Named("WandB", "project", is_folder=False),
    "trackio": Named("Trackio", "project", is_folder=False),
    "aim": Named("AimTracker", "repo", is_folder=True),
}


def tracker_named(text: str) -> Tracker:
    """Return the tracker that a text stands for.

    Raises:
        StudyError: there is none of that name, or nothing behind its colon.
        MissingExtra: its library is not installed; the text holds the command.
    """
    name, place = _parts(text)
    module = import_module(f"osetra.integrations.{name}")
    made: Tracker = getattr(module, TRACKERS[name].kind)(**({TRACKERS[name].place: place} if place else {}))
    return made


def kept_text(text: str) -> str:
    """Return a text as a study keeps it, so that it means the same in every folder.

    Raises:
        StudyError: there is no such tracker, or a password in it, which everybody could read.
    """
    name, place = _parts(text)
    if re.search(r"//[^/@]*:[^/@]*@", place):
        raise StudyError(
            f"tracker {name}: there is a password in its address, and a study keeps what it was asked for "
            "everybody to read; leave it out, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    usual = {"tensorboard": "runs", "aim": "."}.get(name, "")
    where = place or usual
    return f"{name}:{Path(where).absolute()}" if TRACKERS[name].is_folder else text.strip()


def _parts(text: object) -> tuple[str, str]:
    if not isinstance(text, str):
        raise expected("trackers", text, "a name is needed, such as 'tensorboard:runs'")
    name, colon, place = text.strip().partition(":")
    check_name("tracker", name, TRACKERS)
    if colon and not place:
        raise StudyError(f"tracker {text}: nothing stands behind the colon; write {name}, or {name}:PLACE")
    return name, place
