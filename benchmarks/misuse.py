"""Misuse: every public callable with every kind of wrong argument; nothing raw may come out, nothing may break.

    python benchmarks/misuse.py --json
    python benchmarks/misuse.py --quick

The callables and their parameters are read from the signatures of `osetra.__all__` and of the classes that
people hold in their hands. Each parameter in turn gets each value of a zoo, the others what is right. After
each call every study that there is now is opened anew, read and checked.
"""

from __future__ import annotations

import argparse
import atexit
import importlib.util
import inspect
import json
import logging
import math
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import osetra as ose
from osetra.advice import findings, lint
from osetra.advice.autopilot import next_advice
from osetra.advice.training import training_advice
from osetra.core.invariants import violations
from osetra.errors import OsetraError
from osetra.policies import POLICIES
from osetra.schedulers import SCHEDULERS
from osetra.searchers import SEARCHERS
from osetra.searchers.random import Random
from osetra.stores import open_store
from osetra.tuning.model import TunedModel

PATIENCE = 20
"""Seconds that a call may take."""
CLASSES: tuple[type, ...] = (
    *(ose.Study, ose.Run, ose.Space, ose.Float, ose.Int, ose.Choice, ose.Ordinal, ose.Fixed),
    *(ose.History, ose.Objective, TunedModel),
)
"""Those whose methods are called, too."""
MEMORY = Path("/dev", "shm")
"""Where files cost no time, on Linux."""
SPACE = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log"), units=ose.Int(1, 9), optimizer=ose.Choice("sgd", "adam")
)


class Hostile:
    """Raises whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __iter__(self) -> Iterator[object]:
        raise RuntimeError("no items")

    def __call__(self, *_: object, **__: object) -> object:
        """Raise, too."""
        raise RuntimeError("no call")


def _circle() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["lr"] = circle
    return circle


ZOO: Mapping[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-1": lambda: -1,
    "1.5": lambda: 1.5,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "2**70": lambda: 2**70,
    "10**400": lambda: 10**400,
    "1j": lambda: 1j,
    "np.int64": lambda: np.int64(3),
    "np.uint8": lambda: np.uint8(2),
    "np.float32": lambda: np.float32(0.5),
    "np.float64 nan": lambda: np.float64("nan"),
    "np.bool_": lambda: np.bool_(True),
    "np.str_": lambda: np.str_("adam"),
    "array 0-d": lambda: np.array(2),
    "array": lambda: np.array([1.0, 2.0]),
    "object array": lambda: np.array([Hostile()], dtype=object),
    "empty text": lambda: "",
    "text": lambda: "a",
    "long text": lambda: "x" * 100_000,
    "NUL": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "escape": lambda: "\x1b[2J\u202egnp\r\n",
    "bytes": lambda: b"a",
    "list": list,
    "nested list": lambda: [[1], {"a": (2,)}],
    "dict": dict,
    "dict of numbers": lambda: {1: 2},
    "dict of texts": lambda: {"lr": "a", "nonsense": None},
    "dict that holds itself": _circle,
    "set": lambda: {1},
    "object": object,
    "hostile": Hostile,
    "type": lambda: int,
    "function": lambda: lambda *_, **__: None,
    "exception": lambda: ValueError("why"),
    "generator": lambda: iter([1, 2]),
    "path": lambda: Path("elsewhere.db"),
}
FEW = (
    *("None", "True", "-1", "nan", "2**70", "np.int64", "array", "empty text", "surrogate"),
    *("nested list", "dict of numbers", "hostile", "exception"),
)
"""Those of a quick run."""


@dataclass
class Count:
    """What came out."""

    calls: int = 0
    refused: int = 0
    raw: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)


@dataclass
class Workplace:
    """A study in a file, with a trial that was asked for, one that has finished and one that waits."""

    file: Path | str

    def __post_init__(self) -> None:
        self.study = ose.Study(self.file, SPACE, minimize="loss", searcher="random")
        run = self.study.ask()
        run.report(loss=0.5, accuracy=0.5)
        self.study.tell(run)
        self.run = self.study.ask()
        self.study.enqueue(lr=0.5)

    def close(self) -> None:
        """End the trial that was asked for, if the call did not."""
        if self.study.history.trials[self.run.trial].state == "running":
            self.study.tell(self.run, failed="over")
        self.study.close()


def right(place: Workplace) -> dict[str, Mapping[str, Any]]:
    """Return right arguments by callable; parameters that are not named are left out."""
    runs = {"train": train, "executor": ose.Inline(), "progress": False}
    objective = ose.Objective(metric="loss")
    frame = {"a": np.arange(30.0), "b": np.arange(30.0) % 7, "y": np.arange(30.0) % 2}
    rows = {**frame, "c": np.array(["a", "b"] * 15), "y": np.arange(30) % 2}
    return {
        "Study": {"url": "other.db", "space": SPACE, "minimize": "loss"},
        "Study.limit": {"limits": {"mb": "<= 3"}},
        "Study.run": {**runs, "trials": 3},
        "Study.join": {**runs, "trials": 3, "idle": 1e-6},
        "Study.confirm": {**runs, "top": 1, "seeds": 1},
        "Study.retest": {"train": train},
        "Study.release": {"about": {"rows": 3}},
        "Study.warm_start": {"other": place.study},
        "retest": {"study": "no-such-study"},
        "Study.order": {"trial": place.run.trial, "verb": "set", "lr": 0.1},
        "Study.remember": {"trial": place.run.trial, "named": "abc"},
        "Study.undo": {"trial": place.run.trial},
        "Study.enqueue": {"config": {"lr": 0.1}},
        "Study.edit": {"changes": {"lr": ose.Float(1e-5, 10, log=True)}},
        "Study.widen": {"name": "lr", "high": 10.0},
        "Study.narrow": {"name": "lr", "low": 0.01},
        "Study.add": {"name": "fresh", "param": ose.Float(0, 1), "was": 0},
        "Study.fix": {"name": "lr", "value": 0.1},
        "Study.tell": {"run": place.run, "value": 0.5},
        "Study.explain": {"trial": 1},
        "Study.schedule": {"trial": 1},
        "Study.curve": {"trial": 1, "metric": "loss"},
        "Run.report": {"loss": 0.5},
        "Run.checkpoint": {"state": {"weights": np.zeros(2)}},
        "Run.live": {"name": "lr"},
        "Run.steps": {"count": 3},
        "Run.folds": {"count": 2},
        "Run.announce": {"steps": 3},
        "Run.diverged": {"reason": "why"},
        "Space.parse": {"lines": SPACE.spec},
        "Space.complete": {"partial": {"lr": 0.1}},
        "Space.branches": {"name": "lr"},
        "Space.branch": {"name": "lr", "config": SPACE.default},
        "Float": {"low": 0.1, "high": 1},
        "Int": {"low": 1, "high": 3},
        "Choice": {"options": ("a", "b")},
        "Ordinal": {"options": (1, 2)},
        "Fixed": {"value": 1},
        **{f"{kind}.{method}": {} for kind in INSTANCES for method in ("check", "place", "nth", "nearest")},
        "History.find": {"trial": 1},
        "History.ranked": {"objective": objective},
        "History.best": {"objective": objective},
        "History.repeats": {"number": 1},
        "History.noted": {"topic": "steps"},
        "Objective": {"metric": "loss"},
        "Objective.better": {"value": 0.5, "than": 1.0},
        "Problem": {"space": SPACE, "objective": objective},
        "Processes": {"slots": 2},
        "Finding": {"rule": "edges", "level": "advice", "text": "a", "action": "b"},
        "tune": {"data": frame, "target": "y", "name": "tuned", "trials": 1, "confirm": 0, "epochs": 1},
        "load_model": {"folder": "no-such-folder"},
        "TunedModel.save": {"folder": "saved"},
        **{f"TunedModel.{method}": {"data": rows} for method in ANSWERS},
        "TunedModel.evaluate": {"data": rows},
        "TunedModel.recommend": {"history": rows},
        "findings": {"problem": place.study.problem, "history": place.study.history},
        "lint": {"space": SPACE, "trials": 3},
        "training_advice": watched(place),
        "next_advice": watched(place),
        "Dask": {"client": "tcp://127.0.0.1:1"},
        "Pbt": {"searcher": Random()},
        "FreezeThaw": {"searcher": Random()},
    }


ANSWERS = ("predict", "predict_interval", "predict_proba", "predictions")
"""Methods of a model that answer for rows of data."""


def watched(place: Workplace) -> Mapping[str, Any]:
    """Return what advice on a training is asked with."""
    study = place.study
    return {"problem": study.problem, "history": study.history, "trial": study.trials[0]}


@lru_cache
def model(classes: bool) -> TunedModel:
    """Return a small model that `osetra tune` has trained, of two classes or of a number."""
    from click.testing import CliRunner

    from osetra.cli import main as osetra

    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rows = [(i, i % 7, "ab"[i % 3 > 1], i % 2 if classes else i / 7 + i % 5) for i in range(80)]
    table = "".join(f"{','.join(map(str, row))}\n" for row in (("a", "b", "c", "y"), *rows))
    (folder / "t.csv").write_text(table, encoding="utf-8")
    few = ("--trials", "1", "--epochs", "1", "--confirm", "0", "--out", str(folder / "s"))
    done = CliRunner().invoke(osetra, ["tune", str(folder / "t.csv"), "--target", "y", *few])
    assert done.exit_code == 0, done.output
    return ose.load_model(folder / "s" / "model")


def ray(address: Any = None, *, resources_per_trial: Any = None, slots: Any = None) -> object:
    """Make an executor for Ray; without it this is refused."""
    from osetra.executors.ray import Ray

    return Ray(address, resources_per_trial=resources_per_trial, slots=slots)


def dask(client: Any, *, slots: Any = None, resources: Any = None) -> object:
    """Make an executor for Dask; without it this is refused."""
    from osetra.executors.dask import Dask

    return Dask(client, slots=slots, resources=resources)


INSTANCES: Mapping[str, Callable[[], Any]] = {
    "Space": lambda: SPACE,
    "Float": lambda: ose.Float(0.1, 1),
    "Int": lambda: ose.Int(1, 3),
    "Choice": lambda: ose.Choice("a", "b"),
    "Ordinal": lambda: ose.Ordinal(1, 2),
    "Fixed": lambda: ose.Fixed(1),
    "Objective": lambda: ose.Objective(metric="loss"),
    "TunedModel": lambda: model(classes=True),
}
SCENERY = ("Trial", "Run", "History")
"""What osetra makes and nobody constructs."""
INNER = (
    *("encode", "decode", "snap", "to_unit", "from_unit", "of", "close", "restore", "extend"),
    *("curve", "step", "repeats", "noted"),
)
"""Methods for searchers, in arrays or of trials, and those without arguments."""
METHODS = tuple(
    f"{kind.__name__}.{name}"
    for kind in CLASSES
    for name, method in inspect.getmembers(kind, callable)
    if not name.startswith("_") and (name not in INNER or (kind is ose.Study and name == "curve"))
)


def train(run: ose.Run) -> float:
    """Be a training."""
    run.report(loss=run.config["lr"])
    return float(run.config["lr"])


@lru_cache
def callables() -> Mapping[str, Callable[..., Any]]:
    """Return all public callables by name; methods of what a study is made of are bound for each call."""
    torch = importlib.util.find_spec("torch") is not None
    names = [name for name in ose.__all__ if name not in SCENERY and (torch or name not in LATE)]
    found: dict[str, Callable[..., Any]] = {name: getattr(ose, name) for name in names}
    for registry, *given in ((SEARCHERS,), (SCHEDULERS,), (POLICIES, Random())):
        for one in (registry.build(name, *given) for name in registry):
            found[type(one).__name__] = type(one)
        found[f"by_name ({registry._kind})"] = registry.build
    found |= {"Ray": ray, "Dask": dask, "findings": findings, "lint": lint}
    found |= {"training_advice": training_advice, "next_advice": next_advice}
    methods = [name for name in METHODS if torch or not name.startswith("TunedModel")]
    return found | dict.fromkeys(methods, _unbound)


LATE = ("tune", "load_model")


def _unbound() -> None:
    raise AssertionError("a method of something that each call makes anew")


def bound(name: str, place: Workplace) -> Callable[..., Any]:
    """Return a callable, a method of an object."""
    kind, _, method = name.partition(".")
    if name not in METHODS:
        return callables()[name]
    owners = {"Study": place.study, "Run": place.run, "History": place.study.history}
    owner = owners[kind] if kind in owners else INSTANCES[kind]()
    if name == "TunedModel.predict_interval":
        owner = model(classes=False)
    method_of: Callable[..., Any] = getattr(owner, method)
    return method_of


def parameters_of(call: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a callable; exceptions take anything."""
    if isinstance(call, type) and issubclass(call, BaseException):
        return {"words": inspect.Parameter("words", inspect.Parameter.VAR_POSITIONAL)}
    return inspect.signature(call).parameters


def arguments(
    call: Callable[..., Any], given: Mapping[str, Any], parameter: str, value: Any
) -> tuple[list[Any], dict[str, Any]]:
    """Return right arguments but for one parameter."""
    chosen = {**given, parameter: value}
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, one in parameters_of(call).items():
        if one.kind is inspect.Parameter.VAR_KEYWORD:
            if name in chosen:
                named["surprise"] = chosen.pop(name)
        elif one.kind is inspect.Parameter.VAR_POSITIONAL:
            if name in chosen:
                many = chosen.pop(name)
                positional += list(many) if isinstance(many, tuple) else [many, "b"]
        elif one.kind is inspect.Parameter.POSITIONAL_ONLY:
            if name in chosen:
                positional.append(chosen.pop(name))
        elif name in chosen:
            named[name] = chosen.pop(name)
    return positional, {**named, **chosen}


@contextmanager
def limited() -> Iterator[None]:
    """Raise TimeoutError in a call that takes too long."""

    def late(*_: object) -> None:
        raise TimeoutError(f"took longer than {PATIENCE} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def without_training() -> None:
    """Let `osetra.tune` do everything up to its first training: that takes arguments no more."""
    from osetra.tuning import data, tune

    def opened(location: Any, planned: Any, **_: Any) -> None:
        data._open_study(location, planned).close()

    tune.tune_data = opened
    if importlib.util.find_spec("torch") is not None:
        import_module("osetra.nets.task")  # not within the first call's time


def attempt(name: str, parameter: str, kind: str, folder: Path, count: Count) -> None:
    """Make one call, and look at what it leaves behind."""
    place = Workplace(folder / "study.db" if name.startswith(("Study", "Run")) else "memory:")
    label = f"{name}({parameter}={kind})"
    count.calls += 1
    try:
        call = bound(name, place)
        positional, named = arguments(call, right(place).get(name, {}), parameter, ZOO[kind]())
        with limited():
            result = call(*positional, **named)
            if inspect.isgenerator(result):
                for _, _ in zip(range(3), result, strict=False):
                    pass
            if isinstance(result, ose.Study) and result is not place.study:
                result.close()
    except OsetraError:
        count.refused += 1
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        count.raw.append(f"{label}: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}")
    try:
        place.close()
    except Exception as error:
        count.running.append(f"{label}: {type(error).__name__}: {error}"[:200])
    inspect_studies(folder, label, count)


def inspect_studies(folder: Path, label: str, count: Count) -> None:
    """Open every study that there is now, and check it."""
    for file in (file for file in folder.rglob("*") if file.is_file() and file.suffix not in BESIDE):
        if not file.read_bytes().startswith(b"SQLite format 3"):
            continue
        try:
            store = open_store(str(file))
            entries, points = store.read(), store.read_points()[0]
            faults = [one for one in violations(entries, points) if one.grave]
            store.close()
            if not entries:
                continue
            study = ose.Study(file)
            left = [trial.number for trial in study.trials if trial.state == "running"]
            str(study), study.records(), study.advice
            study.close()
        except Exception as error:
            count.unreadable.append(f"{label}: {file.name}: {type(error).__name__}: {error}"[:200])
            continue
        count.unreadable += [f"{label}: {file.name}: {fault.text}" for fault in faults]
        count.running += [f"{label}: {file.name}: trial {number}" for number in left]


BESIDE = (".npz", ".db-wal", ".db-shm", ".url")
"""What lies beside a study and is none."""


def calls(quick: bool, only: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield callable, parameter and kind of value for every call."""
    place = Workplace("memory:")
    for name in (name for name in callables() if name.startswith(only)):
        for parameter in parameters_of(bound(name, place)):
            yield from ((name, parameter, kind) for kind in (FEW if quick else ZOO))


def call_each(chosen: Iterable[tuple[str, str, str]]) -> Count:
    """Make calls, each in a folder of its own."""
    count, home = Count(), Path.cwd()
    without_training()
    for name, parameter, kind in chosen:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            os.chdir(folder)
            try:
                attempt(name, parameter, kind, Path(folder), count)
            finally:
                os.chdir(home)
    return count


def main() -> int:
    """Print what came out; the status is 1 when anything did that should not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer values")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="callables that begin so, such as Study.run"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    logging.getLogger("osetra").setLevel(logging.CRITICAL)
    started = time.monotonic()
    count = call_each(calls(options.quick, options.only))
    document = {
        "calls": count.calls,
        "callables": len(callables()),
        "refused": count.refused,
        "raw_exceptions": len(count.raw),
        "unreadable_studies": len(count.unreadable),
        "running_trials": len(count.running),
        "seconds": round(time.monotonic() - started, 1),
        "examples": [*count.raw[:100], *count.unreadable[:20], *count.running[:20]],
    }
    if options.json:
        print(json.dumps(document, indent=2))
    else:
        for label, value in document.items():
            print(
                f"{label:>20}  {value}" if label != "examples" else "\n".join(map(str, document["examples"]))
            )
    return int(bool(count.raw or count.unreadable or count.running))


if __name__ == "__main__":
    sys.exit(main())
