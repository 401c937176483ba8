"""The front door in Python: `osetra.tune`, with every option of `osetra tune DATA` under its name."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import expected, path
from osetra.errors import OsetraError, StudyError
from osetra.files import real_path
from osetra.study.tracking import Trackers
from osetra.tuning.data import plan, tune_data
from osetra.tuning.followers import Followers
from osetra.tuning.functions import BESIDE
from osetra.tuning.inputs import arrays_of, forget, keep
from osetra.tuning.locations import check_name, create, make_folder, name_for
from osetra.tuning.options import checked
from osetra.tuning.request import Request
from osetra.tuning.script import is_script
from osetra.tuning.warm import next_name

if TYPE_CHECKING:
    from osetra.core.trial import Trial
    from osetra.study.display import Display
    from osetra.study.study import Study
    from osetra.tuning.observer import Observer
    from osetra.tuning.result import TuneResult


def tune(  # noqa: PLR0913, D417 - every option of the command line under its name; unknown is an error
    data: object,
    target: object = None,
    *,
    task: str | None = None,
    drop: str | Iterable[str] = (),
    number: str | Iterable[str] = (),
    category: str | Iterable[str] = (),
    text: str | Iterable[str] = (),
    date: str | Iterable[str] = (),
    na: str | Iterable[str] = (),
    delimiter: str | None = None,
    decimal: str | None = None,
    header: str | int | bool | None = None,
    encoding: str | None = None,
    keep_na: str | Iterable[str] = (),
    ignore_case: bool = False,
    log_target: bool = False,
    group: str | None = None,
    series: str | None = None,
    time: str | None = None,
    user: str | None = None,
    item: str | None = None,
    weight: str | None = None,
    split: str | None = None,
    test: str | PathLike[str] | None = None,
    trials: int | None = None,
    minutes: float | None = None,
    trainings: float | None = None,
    until: str | float | None = None,
    workers: int = 1,
    report_timeout: float | None = None,
    confirm: int | None = None,
    searcher: str | None = None,
    scheduler: str | None = None,
    tune: str | Iterable[str] = (),
    all: bool = False,
    order: str | None = None,
    set: Mapping[str, object] | Iterable[str] = (),
    folds: int = 1,
    epochs: int | None = None,
    device: str | None = None,
    seed: int = 0,
    keep_going: bool = False,
    labels: str | None = None,
    minimize: str | None = None,
    maximize: str | None = None,
    quantile: float | None = None,
    warm_from: str | None = None,
    experience: bool = False,
    refit: bool | None = None,
    ensemble: int | None = None,
    name: str | None = None,
    out: str | PathLike[str] | None = None,
    store: str | None = None,
    config: str | PathLike[str] | None = None,
    observer: Observer | None = None,
    progress: bool | Display = True,
    on_trial_end: Callable[[Trial], object] | None = None,
    stop_when: Callable[[Study], bool] | None = None,
    trackers: Trackers = (),
    **unknown: object,
) -> TuneResult:
    """Tune a deep network on data: baseline, search, fresh seeds, one sealed test, a saved model.

    result = osetra.tune("customers.csv", target="churn", minutes=10)
    result.test.value, result.best.config
    result.model.predict("new_customers.csv")

    The study is kept in osetra-runs/NAME, where the command line finds it; the same call again goes on.

    Args:
        data: a file, a folder of pictures or texts by class, a name from `osetra data`, a pandas, polars,
            Arrow or Hugging Face table, a mapping of columns, an array (n, …) of inputs, or a PyTorch data
            set.
        target: the column to predict, several columns, or the values (n,) or (n, k); left out, one called
            target, label, class or y. Several are all numbers, or all yes/no columns.
        task: "binary", "multiclass" or "regression", where the target leaves it open.
        drop: columns to leave out.
        number: columns to read as numbers; what is none is missing.
        category: columns to read as categories, also where they hold numbers.
        text: columns to read as free text.
        date: columns of dates; "COLUMN=dmy" says the order of day, month and year.
        na: texts that mean missing; "COLUMN=TEXT" in one column only.
        delimiter: between the cells of a text file.
        decimal: "." or ",": what stands before decimals.
        header: whether there is a line of names, or the number of that line.
        encoding: what the characters of a text file are written in, such as "cp1252".
        keep_na: columns in which NA, none and the like are levels and not missing; na="" says so of all.
        ignore_case: labels that differ in case only are one.
        log_target: learn the logarithm of a number, so that relative errors count.
        group: a column; rows with the same value stay in one part of the split.
        series: a column; rows with the same value are the steps of one sequence, with one target.
        time: a column; the past is trained on, the future sealed; with series, the order of steps.
        user: a column; who rated, of ratings of items; "none" says that it is no such data.
        item: a column; what was rated.
        weight: a column; how much each row counts in training.
        split: a column that says train, validation or test.
        test: a file of rows to seal, with the columns of the data.
        trials: trials in total, those of earlier calls included; 30 when no limit is given.
        minutes: wall-clock limit of the whole call, from reading to the saved model.
        trainings: what the study may cost in full trainings.
        until: the goal at which the search is over, such as "val_error<0.05"; a number is of the metric
            that is tuned.
        workers: trainings at once, in processes of their own.
        report_timeout: seconds without a report after which a training is ended.
        confirm: how many of the best are run again with fresh seeds; 3 unless trials are few.
        searcher: what to try next: "auto", "bayes", "tpe", "random" …
        scheduler: how long to train each: "auto", "full", "asha", "hyperband" …
        tune: search these hyperparameters only.
        all: search every hyperparameter there is.
        order: what is searched first: "tiers", the catalogue's own, or "ng", as Andrew Ng teaches.
        set: values or ranges by name, such as {"lr": Float(1e-4, 0.1, scale="log"), "layers": 2}.
        folds: cross-validate each trial with so many folds.
        epochs: most passes over the data per training.
        device: where to train: "auto", "cpu", "cuda", "cuda:1" or "mps"; auto when left out.
        seed: makes everything repeatable.
        keep_going: whether to go on although the first three trials fail with the same error.
        labels: the column to predict that holds several labels a row, such as "red;big".
        minimize: the validation score to make small: "loss", "error", "balanced_error"; "rmse", "mae",
            "quantile_0.9" …
        maximize: the one to make large instead: "auc", "f1", "average_precision"; "r2".
        quantile: the quantile of a number to answer, such as 0.9, instead of its mean.
        warm_from: an earlier study, by its name or folder: how it read its data, what it searched and what is
            better hold here, its good settings are tried first, and half as many trials are usual.
        experience: whether the user's past studies say what is tried first, and this one is kept as
            one of them; the command line does so unless it is told --no-experience.
        refit: whether the winner is trained again on the validation rows too; None is where that is safe.
        ensemble: so many seeds of the winner answer together; None is those that were trained anyway.
        name: of the study; from the data when left out.
        out: its folder, instead of osetra-runs/NAME.
        store: the URL of a store that other machines reach.
        config: a study.toml with [study] and [space].
        observer: who is told how far it is.
        progress: whether to show it, on stderr or in a notebook.
        on_trial_end: called with each trial that ends, in a thread of its own.
        stop_when: asked with the study before and after each trial, and every second: True ends the
            search; fresh seeds, the sealed test and the model follow.
        trackers: records of trials in other programs, by name, such as ["tensorboard:runs"], or as objects
            of `osetra.integrations`. Those given by name are remembered: osetra resume tells them, too.

    Raises:
        DataError: the data cannot be used as it is; the text names file, column and row.
        StudyError: options that make no sense.
        StudyMismatch: there is a study of that name that asks another question.
        NothingFinished: no trial gave a valid result.
        MissingExtra: PyTorch, a package that reads the data or that of a tracker is not installed.
    """
    called = clock.monotonic()
    options = {
        key: value for key, value in locals().items() if key not in ("data", "target", "unknown", "called")
    }
    followers = Followers.of(trackers, on_trial_end, stop_when)
    options = checked(options, unknown)
    kept: Path | None = None
    where = None if not isinstance(data, (str, PathLike)) else path("data", data)
    if name is not None:
        check_name(name)
    wanted = _name(options, where or (target if isinstance(target, str) else "arrays"))
    column: str | tuple[str, ...] | None = None if where is None else _column(target)
    if where is not None and is_script(where):
        raise StudyError(f"{where}: this is a script; to tune a function of your own use osetra.Study.run")
    location = create(wanted, options["out"], store=options["store"])
    if where is None:
        arrays, column = arrays_of(data, target)
        begun = location.exists
        make_folder(location.folder)
        kept = keep(arrays, real_path(location.folder), begun=begun)
        where = BESIDE + kept.name
    elif Path(where).exists():
        where = str(real_path(where))
    config = None if options["config"] is None else str(real_path(options["config"]))
    request = Request.of({**options, "config": config, "source": where, "target": column})
    try:
        planned = plan(location, request)
    except OsetraError as error:
        if kept is None or begun:
            raise
        forget(kept)
        error.args = (str(error).replace(str(kept), "the data"),)
        raise
    told = followers.filled(planned.request.trackers)
    return tune_data(location, planned, observer=observer, progress=progress, begun=called, followers=told)


def _name(options: Mapping[str, Any], source: str) -> str:
    earlier = options["warm_from"]
    return options["name"] or (next_name(earlier) if earlier else name_for(source))


def _column(target: object) -> str | tuple[str, ...] | None:
    if target is None or isinstance(target, str):
        return target
    if isinstance(target, (list, tuple)) and target and all(isinstance(name, str) for name in target):
        return tuple(target)
    raise expected(
        "target", target, "for a file or a known data set it is the name of a column, or a list of names"
    )
