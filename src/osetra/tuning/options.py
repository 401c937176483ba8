"""Options: what `osetra.tune` was given, each checked by name before anything is read or made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from osetra.catalogue.orders import ORDERS
from osetra.core.arguments import expected, option, path, plain, text, truth, whole
from osetra.core.limits import Limits
from osetra.core.params import Param
from osetra.core.registry import check_name
from osetra.core.text import format_param
from osetra.data.options import OF_LATER_FILES, DataOptions
from osetra.errors import DataError, StudyError, nearest
from osetra.files import real_path
from osetra.policies import DESCRIPTIONS
from osetra.searchers import SEARCHERS
from osetra.study.display import check_showing
from osetra.tuning.devices import check_device
from osetra.tuning.followers import kept_names
from osetra.tuning.observer import Observer
from osetra.tuning.request import Request

TASKS = ("binary", "multiclass", "regression")
_MOST = 2**31
_SETTINGS = "values or ranges by name are needed, such as set={'lr': Float(1e-4, 0.1, log=True), 'layers': 2}"


def checked(options: Mapping[str, Any], unknown: Iterable[str]) -> dict[str, Any]:
    """Return the options as a `Request` takes them.

    Raises:
        StudyError: one is unknown, or is something else than what is expected.
    """
    for wrong in unknown:
        known = ", ".join(options)
        raise StudyError(f"tune() has no option {wrong!r}; it has: {known}.{nearest(wrong, options)}")
    found = {name: plain(value) for name, value in options.items()}
    if found["task"] is not None:
        option("task", found["task"], TASKS)
    if found.get("order") is not None:
        option("order", found["order"], ORDERS)
    if found.get("device") is not None:
        found["device"] = check_device(text("device", found["device"], "a name is needed, such as 'cuda'"))
    for name, kind in (("searcher", SEARCHERS), ("scheduler", DESCRIPTIONS)):
        if found[name] is not None:
            check_name(
                name, text(name, found[name], f"the name of one is needed, such as {name}='auto'"), kind
            )
    _check_named(found)
    for name in ("out", "config"):
        found[name] = None if found[name] is None else Path(path(name, found[name]))
    found |= {"folds": whole("folds", found["folds"], least=1, most=_MOST), "all": truth("all", found["all"])}
    found["seed"] = whole("seed", found["seed"])
    if found.get("keep_going") is not None:
        found["keep_going"] = truth("keep_going", found["keep_going"])
    _check_ending(found)
    found["experience"] = truth("experience", found["experience"]) or None
    found["tune"] = _words("tune", options["tune"])
    found |= _reading(options)
    found["set"] = _settings(options["set"])
    found["trackers"] = kept_names(options["trackers"])
    if found["observer"] is not None and not isinstance(found["observer"], Observer):
        raise expected(
            "observer", options["observer"], "an Observer is needed: a class that inherits from it"
        )
    check_showing(options["progress"], None)
    check_limits(Request.of({**found, "source": ""}).limits)
    return found


def _check_ending(found: dict[str, Any]) -> None:
    if found.get("quantile") is not None and not isinstance(found["quantile"], (int, float)):
        raise expected("quantile", found["quantile"], "a number between 0 and 1 is needed, such as 0.9")
    if found["ensemble"] is not None:
        found["ensemble"] = whole("ensemble", found["ensemble"], least=1, most=100)
    if found["refit"] is not None:
        found["refit"] = truth("refit", found["refit"])
    if found["epochs"] is not None:
        found["epochs"] = whole("epochs", found["epochs"], least=1, most=_MOST)


def _check_named(found: Mapping[str, Any]) -> None:
    for name in ("minimize", "maximize", "store", "warm_from"):
        if found[name] is not None and not text(name, found[name]):
            raise expected(name, found[name], "it is empty; leave it out, or name it")


def later_reading(options: Mapping[str, Any]) -> DataOptions | None:
    """Return how rows that come after training are to be read; None where nothing is said.

    Raises:
        DataError: an option is unknown, or something else than what is expected.
    """
    if not options:
        return None
    for name in options:
        if name not in OF_LATER_FILES:
            known = ", ".join(OF_LATER_FILES)
            raise DataError(
                f"{name!r}: no option of reading new rows; there are {known}.{nearest(name, OF_LATER_FILES)}"
            )
    try:
        found = _file_reading({**dict.fromkeys(OF_LATER_FILES), "na": (), "date": (), **options})
    except StudyError as error:
        raise DataError(str(error)) from None
    return DataOptions(**{name: value for name, value in found.items() if value is not None})


def _file_reading(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that also hold for rows that come after training."""
    found: dict[str, Any] = {"date": _words("date", options["date"])}
    na = options["na"]
    # A text that means missing may hold a comma.
    found["na"] = (na,) if isinstance(na, str) else _words("na", _as_texts(na))
    for name in ("delimiter", "decimal", "encoding"):
        given = plain(options[name])
        found[name] = None if given is None else text(name, given)
    header = plain(options["header"])
    if isinstance(header, bool):
        header = "yes" if header else "no"
    header = str(header) if isinstance(header, int) else header
    wanted = "True, False, or the number of the line with the names"
    found["header"] = None if header is None else text("header", header, wanted)
    return found


def _reading(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say how data is to be read."""
    lists = ("drop", "number", "category", "text", "keep_na")
    found: dict[str, Any] = {name: _words(name, options[name]) for name in lists} | _file_reading(options)
    for name in ("group", "series", "time", "user", "item", "weight", "split", "labels"):
        given = plain(options[name])
        found[name] = None if given is None else text(name, given)
    found["test"] = None if options["test"] is None else str(real_path(path("test", options["test"])))
    return found | {name: truth(name, options[name]) for name in ("ignore_case", "log_target")}


def _as_texts(values: object) -> object:
    """Return a list with its numbers as texts: na=[999] is what people write."""
    if not isinstance(values, (list, tuple, set, frozenset)):
        return values
    return [str(value) if isinstance(value, (int, float)) else value for value in values]


def check_limits(limits: Limits) -> None:
    """Raise StudyError for two budgets of one kind: a number of trials, and their cost."""
    if limits.trials is not None and limits.trainings is not None:
        raise StudyError(
            f"trials={limits.trials} and trainings={limits.trainings:g}: both say how much is trained; give "
            "trials to count configurations, or trainings to count their cost"
        )


def _words(name: str, names: object) -> tuple[str, ...]:
    wanted = f"names of columns are needed, such as {name}=['a', 'b']"
    if name == "tune":
        wanted = "names of hyperparameters are needed, such as tune=['lr', 'width']"
    if isinstance(names, str):
        names = [word.strip() for word in text(name, names).split(",")]
    try:
        words = list(names)  # type: ignore[call-overload]  # whatever it is
    except Exception:  # of an object that is none, or whose iteration raises what it likes
        raise expected(name, names, wanted) from None
    return tuple(word for word in (text(name, word, wanted) for word in words) if word)


def _settings(values: object) -> tuple[str, ...]:
    """Return settings as they are typed: name=value, or name=range."""
    if isinstance(values, str):
        values = (values,)
    if not isinstance(values, Mapping):
        try:
            lines = list(values)  # type: ignore[call-overload]  # whatever it is
        except Exception:  # likewise
            raise expected("set", values, _SETTINGS) from None
        return tuple(text("set", line, _SETTINGS) for line in lines)
    for name in values:
        text("set", name, _SETTINGS)
    texts = {name: _setting(name, value) for name, value in values.items()}
    return tuple(f"{name}={written}" for name, written in texts.items())


def _setting(name: str, value: object) -> str:
    try:
        return text("set", format_param(value) if isinstance(value, Param) else str(value))
    except Exception:  # of an object whose text raises what it likes
        raise expected(f"set: {name}", value, _SETTINGS) from None
