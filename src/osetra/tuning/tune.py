"""The front door in Python: `osetra.tune`, with every option of `osetra tune DATA` under its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.checks import is_whole
from osetra.core.params import Param
from osetra.core.text import format_param
from osetra.errors import OsetraError, StudyError, nearest
from osetra.tuning.data import plan, tune_data
from osetra.tuning.functions import BESIDE
from osetra.tuning.inputs import arrays_of, forget, keep
from osetra.tuning.locations import check_name, create, name_for
from osetra.tuning.request import Request
from osetra.tuning.script import is_script

if TYPE_CHECKING:
    from osetra.study.display import Display
    from osetra.tuning.observer import Observer
    from osetra.tuning.result import TuneResult

TASKS = ("binary", "multiclass", "regression")


def tune(  # noqa: PLR0913, D417 - every option of the command line under its name; unknown is an error
    data: object,
    target: object = None,
    *,
    task: str | None = None,
    drop: str | Iterable[str] = (),
    category: str | Iterable[str] = (),
    trials: int | None = None,
    minutes: float | None = None,
    trainings: float | None = None,
    workers: int = 1,
    report_timeout: float | None = None,
    confirm: int | None = None,
    searcher: str | None = None,
    scheduler: str | None = None,
    tune: str | Iterable[str] = (),
    all: bool = False,
    set: Mapping[str, object] | Iterable[str] = (),
    folds: int = 1,
    epochs: int | None = None,
    seed: int = 0,
    minimize: str | None = None,
    name: str | None = None,
    out: str | PathLike[str] | None = None,
    store: str | None = None,
    config: str | PathLike[str] | None = None,
    observer: Observer | None = None,
    progress: bool | Display = True,
    **unknown: object,
) -> TuneResult:
    """Tune a deep network on data: baseline, search, fresh seeds, one sealed test, a saved model.

    result = osetra.tune("customers.csv", target="churn", minutes=10)
    result.test.value, result.best.config
    result.model.predict("new_customers.csv")

    The study is kept in osetra-runs/NAME, where the command line finds it; the same call again goes on.

    Args:
        data: a file, a folder of pictures by class, a name from `osetra data`, a pandas or polars frame,
            a mapping of columns, or an array (n, …) of inputs.
        target: the column to predict, or its values (n,); left out, one called target, label, class or y.
        task: "binary", "multiclass" or "regression", where the target leaves it open.
        drop: columns to leave out.
        category: number columns that are categories.
        trials: trials in total, those of earlier calls included; 30 when no limit is given.
        minutes: wall-clock limit of the search.
        trainings: what the study may cost in full trainings.
        workers: trainings at once, in processes of their own.
        report_timeout: seconds without a report after which a training is ended.
        confirm: how many of the best are run again with fresh seeds; 3 unless trials are few.
        searcher: what to try next: "auto", "bayes", "tpe", "random" …
        scheduler: how long to train each: "auto", "full", "asha", "hyperband" …
        tune: search these hyperparameters only.
        all: search every hyperparameter there is.
        set: values or ranges by name, such as {"lr": Float(1e-4, 0.1, scale="log"), "layers": 2}.
        folds: cross-validate each trial with so many folds.
        epochs: most passes over the data per training.
        seed: makes everything repeatable.
        minimize: the validation score to make small: "val_loss", "val_error", "val_rmse" …
        name: of the study; from the data when left out.
        out: its folder, instead of osetra-runs/NAME.
        store: the URL of a store that other machines reach.
        config: a study.toml with [study] and [space].
        observer: who is told how far it is.
        progress: whether to show it, on stderr or in a notebook.

    Raises:
        DataError: the data cannot be used as it is; the text names file, column and row.
        StudyError: options that make no sense.
        StudyMismatch: there is a study of that name that asks another question.
        NothingFinished: no trial gave a valid result.
        MissingExtra: PyTorch or a package that reads the data is not installed.
    """
    options = {key: value for key, value in locals().items() if key not in ("data", "target", "unknown")}
    _check(options, unknown)
    options |= {
        "drop": _words(drop),
        "category": _words(category),
        "tune": _words(tune),
        "set": _settings(set),
        "config": None if config is None else str(Path(config).resolve()),
    }
    kept: Path | None = None
    where = str(data) if isinstance(data, (str, PathLike)) else None
    if name is not None:
        check_name(name)
    wanted = name or name_for(where or (target if isinstance(target, str) else "arrays"))
    location = create(wanted, None if out is None else Path(out), store=store)
    if where is None:
        arrays, column = arrays_of(data, target)
        begun = location.exists
        kept = keep(arrays, location.folder.resolve(), begun=begun)
        where = BESIDE + kept.name
    elif is_script(where):
        raise StudyError(f"{where}: this is a script; to tune a function of your own use osetra.Study.run")
    else:
        column = _column(target)
        where = str(Path(where).resolve()) if Path(where).exists() else where
    request = Request.of({**options, "source": where, "target": column})
    check_limits(request)
    try:
        planned = plan(location, request)
    except OsetraError as error:
        if kept is None or begun:
            raise
        forget(kept)
        error.args = (str(error).replace(str(kept), "the data"),)
        raise
    return tune_data(location, planned, observer=observer, progress=progress)


def check_limits(request: Request) -> None:
    """Raise StudyError for two budgets of one kind: a number of trials, and their cost."""
    limits = request.limits
    if limits.trials is not None and limits.trainings is not None:
        raise StudyError(
            f"trials={limits.trials} and trainings={limits.trainings:g}: both say how much is trained; give "
            "trials to count configurations, or trainings to count their cost"
        )


def _check(options: Mapping[str, Any], unknown: Mapping[str, object]) -> None:
    if unknown:
        known = [p for p in signature(tune).parameters if p != "unknown"]
        wrong = next(iter(unknown))
        raise StudyError(
            f"tune() has no option {wrong!r}; it has: {', '.join(known)}.{nearest(wrong, known)}"
        )
    if options["task"] is not None and options["task"] not in TASKS:
        raise StudyError(f"task={options['task']!r}: give one of {', '.join(TASKS)}")
    for name in ("folds", "epochs", "seed"):
        value, least = options[name], 0 if name == "seed" else 1
        if value is not None and not is_whole(value, least=least):
            raise StudyError(f"{name}={value!r}: a whole number of at least {least} is needed")


def _column(target: object) -> str | None:
    if target is None or isinstance(target, str):
        return target
    raise StudyError(f"target={target!r:.60}: for a file or a known data set it is the name of a column")


def _words(names: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(w.strip() for w in names.split(",") if w.strip()) if isinstance(names, str) else tuple(names)


def _settings(values: Mapping[str, object] | Iterable[str]) -> tuple[str, ...]:
    """Return settings as they are typed: name=value, or name=range."""
    if isinstance(values, str):
        return (values,)
    if not isinstance(values, Mapping):
        return tuple(values)
    texts = {n: format_param(v) if isinstance(v, Param) else v for n, v in values.items()}
    return tuple(f"{name}={text}" for name, text in texts.items())
