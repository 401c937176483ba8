"""Request: everything that a tuning was asked, kept with the study so that it can go on later."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import given
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.data.options import DataOptions
from osetra.errors import StudyError
from osetra.tuning.paths import nearby, present

if TYPE_CHECKING:
    from osetra.tuning.locations import Location

DEFAULT_TRIALS = 30
"""Trials of a study for which no limit was asked."""
_LIMITS = tuple(limit.name for limit in fields(Limits))
READING = tuple(option.name for option in fields(DataOptions))
"""Options that say how data is to be read."""
_UNTYPED = (
    "source",
    "verb",
    "command",
    "folder",
    "metric",
    "fill",
    "reports",
    "config",
    "silence",
    "trackers",
)
"""Parts of a request that are no options of `osetra tune`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of `osetra.tune`, `osetra tune`, `run` or `babysit`. None is the default that fits."""

    source: str
    verb: str = "tune"
    """tune; run for a program; babysit for a single training under the eyes of a person."""
    command: tuple[str, ...] = ()
    """run: the program and its arguments, with {placeholders}."""
    folder: str = ""
    """run: where it was typed, which is where the program runs."""
    metric: tuple[str, ...] = ()
    """run: patterns of the metrics that it prints."""
    fill: tuple[str, ...] = ()
    """run: the program's configuration files, of which it gets copies with values."""
    reports: tuple[str, ...] = ()
    """run: where it writes its metrics."""
    target: str | tuple[str, ...] | None = None
    """The column to predict, or several."""
    task: str | None = None
    reading: DataOptions = field(default_factory=DataOptions)
    """How the data is to be read where that is not left to what it looks like."""
    limits: Limits = field(default_factory=Limits)
    searcher: str | None = None
    """None goes on with the study's own, which is "auto" at first."""
    scheduler: str | None = None
    """How long to train each; None goes on with the study's own."""
    tune: tuple[str, ...] = ()
    all: bool = False
    order: str | None = None
    """Which hyperparameters come first: tiers, the catalogue's own order, or ng."""
    set: tuple[str, ...] = ()
    folds: int = 1
    epochs: int | None = None
    device: str | None = None
    """Where trainings are computed; None is a GPU where there is one, else the processor."""
    seed: int = 0
    keep_going: bool = False
    """Whether to go on although the first trials all fail alike."""
    minimize: str | None = None
    """The name of a metric; several with commas between them, for a function or program."""
    maximize: str | None = None
    limit: tuple[str, ...] = ()
    """What reported metrics must keep to, such as latency_ms<=20, for a function or program."""
    pick: str = "best"
    refit: bool | None = None
    """Whether the winner is trained again on the validation rows too; None is where that is safe."""
    ensemble: int | None = None
    """So many seeds of the winner answer together; None is all that were trained anyway."""
    warm_from: str | None = None
    """The study whose good settings are tried first."""
    experience: bool | None = None
    """Whether past studies say what is tried first, and this one is kept as one of them; None is no."""
    silence: tuple[str, ...] = ()
    """Rules of advice that say nothing."""
    trackers: tuple[str, ...] = ()
    """Programs that keep records of it, by name, such as tensorboard:/home/me/runs."""
    config: str | None = None
    """Path of the study.toml."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Request:
        """Return the request of named options, limits among them; names of others are passed over."""
        limits = {name: options[name] for name in _LIMITS if name in options}
        reading = {name: options[name] for name in READING if options.get(name) is not None}
        names = [part.name for part in fields(cls) if part.name not in ("limits", "reading")]
        own = {name: options[name] for name in names if name in options}
        own |= {"target": _target(own.get("target"))} | _goal(options)
        return cls(**own, limits=Limits(**limits), reading=DataOptions(**reading))

    def stored(self, folder: Path) -> dict[str, Any]:
        """Return the request as JSON-ready data, for a study in a folder."""
        values = asdict(self)
        flat = {**values.pop("reading"), **values.pop("limits"), **values}
        kept = {name: value for name, value in flat.items() if value not in (None, (), "")}
        near = nearby(kept, folder)
        return {**kept, "near": near} if near else kept

    @property
    def command_line(self) -> str:
        """What to type to ask the same of data again, every option that is not at its default."""
        return f"osetra tune {shlex.join([self.source, *_options(self)])}"


def stored_request(history: History, location: Location) -> Request:
    """Return the request that a study was started with, its files where they are now.

    Raises:
        StudyError: the study was not started by `osetra tune`.
    """
    task: Mapping[str, Any] = history.opened.task if history.opened is not None else {}
    request = task.get("request")
    if not isinstance(request, Mapping):
        raise StudyError(
            f"{location.name} was not started by `osetra tune`, so its training function is not known here; "
            "run the program that started it again: study.run(train, trials=...) goes on where it was"
        )
    near = request.get("near")
    found = present(request, near if isinstance(near, Mapping) else {}, location.folder)
    return Request.of({key: tuple(v) if isinstance(v, list) else v for key, v in found.items()})


def _target(given: Any) -> str | tuple[str, ...] | None:
    """Return one column as its name, several as a tuple."""
    if given is None or isinstance(given, str):
        return given or None
    names = tuple(map(str, given))
    return names if len(names) > 1 else names[0] if names else None


def _goal(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the metric that a quantile stands for.

    Raises:
        StudyError: it is none, or there is another goal.
    """
    quantile = options.get("quantile")
    if quantile is None:
        return {}
    if not 0 < quantile < 1:
        raise StudyError(f"quantile {given(quantile)}: a number between 0 and 1 is needed, such as 0.9")
    metric = f"quantile_{quantile:.12f}".rstrip("0")
    others = [options.get("minimize"), options.get("maximize")]
    other = next((o for o in others if o and o.removeprefix("val_") not in ("quantile", metric)), None)
    if other is not None:
        raise StudyError(f"quantile {quantile:g} and {other}: a search has one goal; give one of them")
    return {"minimize": metric}


def _options(request: Request) -> Iterator[str]:
    """Yield the words for what differs from a plain request, and the seed, so that results repeat."""
    plain = asdict(Request(source=request.source))
    values = asdict(request)
    flat = {**values, **values["reading"], **values["limits"]}
    usual = {**plain, **plain["reading"], **plain["limits"]}
    for name, value in flat.items():
        if name in (*_UNTYPED, "limits", "reading", "seed") or value == usual[name]:
            continue
        if name == "experience" and value:  # as usual on the command line
            continue
        option = f"--{name.replace('_', '-')}"
        if name in ("set", "na", "date", "target", "limit") and isinstance(value, tuple):
            yield from (word for text in value for word in (option, text))
        elif isinstance(value, tuple):
            yield from (option, ",".join(value))
        elif isinstance(value, bool):
            yield option if value else f"--no-{option.removeprefix('--')}"
        else:
            yield from (option, _digits(value) if isinstance(value, float) else str(value))
    yield from ("--seed", str(request.seed))


def _digits(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
