"""Circumstances: under which data, code, software and machine a setting was chosen, and what is new since.

They are remembered when a setting goes into use and at each re-test, and compared with those of now. A
machine or a version that is new is no reason to test again by itself, since a study is looked at from any
machine; data and code are.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from osetra.core.due import RELEASED, circumstances
from osetra.core.history import History
from osetra.core.numbers import duration
from osetra.errors import OsetraError, StudyError
from osetra.study.checkin import incumbent_of
from osetra.tuning.functions import BESIDE, data_source
from osetra.tuning.locations import Location
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import is_script
from osetra.version import __version__

if TYPE_CHECKING:
    from osetra.data.dataset import Dataset
    from osetra.data.drift import Drift
    from osetra.data.loading import Loaded
    from osetra.study.study import Study

PACKAGES = ("numpy", "torch", "tensorflow", "jax", "keras", "scikit-learn", "lightning", "transformers")
"""What results depend on, where it is installed."""
CODE = (".py", ".sh", ".r", ".R", ".jl", ".js", ".ts", ".lua", ".m", ".go", ".rs", ".c", ".cpp", ".java")
"""What the files of programs end in; others that a command names may be its data."""
SLOWER = 0.2
"""Share by which the time of a training may change without a word."""


def of_now(
    request: Request, location: Location, history: History, dataset: Dataset | None = None, device: str = ""
) -> dict[str, Any]:
    """Return the circumstances of now, as plain JSON values.

    Args:
        request: what the study was asked.
        location: where it is.
        history: its trials, which say how long a training takes.
        dataset: the data, where the built-in network is trained.
        device: what trains.
    """
    took = [trial.seconds for trial in history.finished if trial.seconds is not None]
    found: dict[str, Any] = {
        "code": _code(request),
        "software": _software(),
        "machine": {"cores": _cores(), "kind": platform.machine(), **({"device": device} if device else {})},
        "seconds": median(took) if took else None,
    }
    if dataset is not None:
        from osetra.data.drift import record_of

        where = data_source(request, location)
        found["data"] = {**record_of(dataset), "source": request.source, "file": _stamp(where)}
    return found


def remember(
    study: Study, request: Request, location: Location, dataset: Dataset | None = None, device: str = ""
) -> None:
    """Note in a study that its best setting goes into use, once for each setting and data.

    One that was not confirmed with fresh seeds could not be tested again, and is not noted.
    """
    history = study.history
    about = of_now(request, location, history, dataset, device)
    last = history.noted(RELEASED)[-1:]
    with suppress(StudyError):
        config = dict(incumbent_of(study.problem, history).config)
        if last and last[0].data["config"] == config and _same_data(last[0].data.get("about", {}), about):
            return
        study.release(about)


def why_due(study: Study, location: Location) -> tuple[str, ...]:
    """Return why a study is to be tested again: its data, its code, the days; empty while it is not."""
    due = study.due
    if due is None:
        return ()
    found: tuple[str, ...] = ()
    with suppress(StudyError):  # of a program that nothing is known of but its trials
        found = _reasons(stored_request(study.history, location), location, study.history)
    return (*found, f"{due.days} days") if due.overdue else found


def news(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of code, software and machine is not as it was, a sentence each."""
    found = []
    if changed := _changed(then, now, "code"):
        found.append(f"code changed: {', '.join(changed)}")
    for what in ("software", "machine"):
        before, after = then.get(what, {}), now.get(what, {})
        found += [
            f"{name} {before.get(name, 'was not there')} → {after.get(name, 'is not there')}"
            for name in _changed(then, now, what)
        ]
    return tuple(found)


def speed(before: float | None, after: float | None) -> tuple[str, ...]:
    """Return a sentence where a training takes another time in seconds than it should by now."""
    if not before or not after or abs(after / before - 1) <= SLOWER:
        return ()
    return (f"a training takes {duration(after)}, where {duration(before)} would be as before",)


def _reasons(request: Request, location: Location, history: History) -> tuple[str, ...]:
    """Return what of data and code is not as it was; data is read only where its file was written since."""
    then = circumstances(history)
    names = _changed(then, {"code": _code(request)}, "code")
    code = (f"code changed: {', '.join(names)}",) if names else ()
    record = then.get("data")
    if not record or record["source"].startswith(BESIDE):
        return code
    asked: Mapping[str, Any] = (history.opened.task if history.opened else {}).get("request", {})
    if record["source"] != asked.get("source"):  # else it is where the study's own data is by now
        request = replace(request, source=record["source"])
    try:
        where = data_source(request, location)
        if _stamp(where) == record["file"]:
            return code
        from osetra.data.drift import drift_of

        drift = drift_of(record, read(request, where))
    except OsetraError as error:
        return (*code, f"its data cannot be read as it was: {error}")
    return (*code, drift.sentence) if drift.changed else code


def read(request: Request, where: str) -> Loaded:
    """Return the data of a request as it is now.

    Raises:
        DataError: it cannot be used as it is.
        MissingExtra: a package is needed to read it.
    """
    from osetra.data.loading import load_all

    return load_all(where, target=request.target, task=request.task, reading=request.reading)  # type: ignore[arg-type]


def compared(then: Mapping[str, Any], loaded: Loaded) -> Drift | None:
    """Return how data compares with that of the release; None where nothing is known of it.

    Raises:
        DataError: columns are gone, or hold something else.
    """
    from osetra.data.drift import drift_of

    record = then.get("data")
    return drift_of(record, loaded) if record else None


def _same_data(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    prints = [about.get("data", {}).get("fingerprint") for about in (then, now)]
    return bool(prints[0] == prints[1])


def _changed(then: Mapping[str, Any], now: Mapping[str, Any], what: str) -> list[str]:
    before, after = then.get(what), now.get(what, {})
    if before is None:
        return []
    return [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]


def _code(request: Request) -> dict[str, str]:
    """Return a digest of each file of a training of one's own; none of the built-in network."""
    if request.verb == "run":
        files = [Path(request.folder or ".") / word for word in request.command]
    else:
        files = [Path(request.source.partition(":")[0])] if is_script(request.source) else []
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        for file in files
        if file.is_file() and file.suffix in CODE
    }


def _software() -> dict[str, str]:
    found = {"osetra": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stamp(where: str) -> list[int] | None:
    """Return what changes when a file is written, or files come into a folder; None of other sources."""
    path = Path(where)
    if path.is_dir():
        folders = [path, *(each for each in path.iterdir() if each.is_dir())]
        return [max(each.stat().st_mtime_ns for each in folders), len(folders)]
    if not path.is_file():
        return None
    facts = path.stat()
    return [facts.st_mtime_ns, facts.st_size]
