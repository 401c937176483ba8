"""What a study says of itself, as plain data, and how that is compared with what it said before."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import osetra as ose
from golden.problems import EXACT, MODEL, Golden
from osetra.cli import main

HERE = Path(__file__).parent
FILES, EXPECTED = HERE / "files", HERE / "expected"
PLACES = ("file", "address", "at", "logs")
"""Where a copy of a study lies; it may lie elsewhere."""
NEW = ("seconds", "why", "reason")
"""What is another time, or may be worded anew, in trials that were just trained."""
METRICS = (*("val_loss", "train_loss", "loss", "accuracy", "cost", "w", "grad", "größe/µ", "val_error"),)
"""All that the golden studies reported."""
LESS = 1e-300
"""What is as good as nothing beside any number that a study holds."""


def command(*words: object, code: int = 0) -> str:
    """Return what `osetra WORDS` writes to stdout."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, f"osetra {words}: exit code {done.exit_code}\n{done.output}{done.stderr}"
    return done.stdout


def document(*words: object) -> dict[str, Any]:
    """Return the JSON document of a verb, without the places that it names."""
    found: dict[str, Any] = json.loads(command(*words, "--json"))
    return {name: _lasting(value) for name, value in found.items() if name not in PLACES}


def told(address: str, url: str, name: str) -> dict[str, Any]:
    """Return everything that the command line and the library say of a study without changing it.

    Args:
        address: how the command line calls it.
        url: where it is.
        name: its name there.
    """
    study = ose.Study(url, name=name)
    try:
        numbers = [trial.number for trial in study.trials]
        by_python = python_says(study)
        ordered = [trial.number for trial in study.trials if trial.orders]
        steered = [trial.number for trial in study.trials if trial.steered and trial.attempts]
        best = [study.best.number] if study.history.best(study.problem.objective) else []
    finally:
        study.close()
    shown = document("show", address)
    # What advice says may be worded anew; what it finds may not.
    shown["findings"] = [[one["rule"], one["level"]] for one in shown["findings"]]
    found: dict[str, Any] = {
        "python": by_python,
        "status": document("status", address),
        "show": shown,
        "csv": list(csv.DictReader(io.StringIO(command("export", address, "--format", "csv")))),
        "jsonl": [json.loads(line) for line in command("export", address, "--format", "jsonl").splitlines()],
        "check": _audit(address, name),
        "trials": {str(n): document("show", address, n) for n in sorted({1, *best, numbers[-1]})},
        "orders": {str(n): document("steer", address, n) for n in ordered},
        "plain": {str(n): json.loads(command("export", address, n)) for n in steered},
    }
    if best:
        found["best"] = document("best", address)
    return found


def python_says(study: ose.Study, *, fresh: bool = False) -> dict[str, Any]:
    """Return what the library says of a study; `fresh` for one that was just gone on with."""
    history, objective = study.history, study.problem.objective
    best = history.best(objective)
    records = study.records()
    if fresh:
        records = [{k: v for k, v in record.items() if k not in NEW} for record in records]
    said = {
        "records": records,
        "best": None if best is None else [best.number, best.value, best.config],
        "ranked": [trial.number for trial in history.ranked(objective)],
        "queued": [trial.number for trial in history.queued],
        "paused": [trial.number for trial in history.paused],
        "steps": history.steps,
        "target": history.target,
        "seed": study.seed,
        "metric": [objective.metric, objective.direction, objective.pick],
        "zooms": [note.data for note in history.noted("zoom")],
        "curves": {str(trial.number): _curves(study, trial.number) for trial in study.trials},
        "schedules": {str(t.number): study.schedule(t) for t in study.trials if t.attempts},
    }
    plain: dict[str, Any] = json.loads(json.dumps(_plain(said)))
    return plain


def go_on(golden: Golden, url: str, name: str | None = None) -> dict[str, Any]:
    """Go on with a study, and return what the library says then."""
    study = golden.open(url, name)
    try:
        for trial, verb, values in golden.orders:
            study.order(trial, verb, actor="ann", **values)
        limits = golden.limits or {"trials": golden.total}
        study.run(golden.train, checkpoints=golden.checkpoints, **limits)
        return python_says(study, fresh=True)
    finally:
        study.close()


def compare(expected: Any, found: Any, rel: float = EXACT, at: str = "") -> None:
    """Assert that two documents say the same; names that only the newer one has are no difference."""
    if isinstance(expected, Mapping):
        assert isinstance(found, Mapping), f"{at}: {expected!r} became {found!r}"
        missing = [name for name in expected if name not in found]
        assert not missing, f"{at}: {missing} are gone"
        for name, value in expected.items():
            if name == "expected":  # once computed anew by a plain model, now what the searcher had stated
                assert (value is None) == (found[name] is None), f"{at}/{name}"
                continue
            compare(value, found[name], rel, f"{at}/{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list), f"{at}: {expected!r} became {found!r}"
        assert len(expected) == len(found), f"{at}: {expected!r} became {found!r}"
        if at == "show/trials":  # those without a result may stand in another order
            expected, found = (sorted(listed, key=lambda one: one["trial"]) for listed in (expected, found))
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            compare(one, other, rel, f"{at}/{place}")
    elif isinstance(expected, float) and type(found) in (int, float):
        near = math.isclose(expected, found, rel_tol=rel, abs_tol=LESS)
        assert near, f"{at}: {expected!r} became {found!r}"
        signs = math.copysign(1, expected), math.copysign(1, found)
        assert expected != 0 or signs[0] == signs[1], f"{at}: {expected!r} became {found!r}"
    else:
        same = expected == found and type(expected) is type(found)
        assert same, f"{at}: {expected!r} became {found!r}"


REJUDGED = ("edges", "importance", "plateau", "good_rates")
"""Rules that said what was not true, above all under model-driven searchers, and say something else now."""


def _without_rejudged(shown: Mapping[str, Any]) -> dict[str, Any]:
    kept = [one for one in shown["findings"] if one[0] not in REJUDGED]
    return {**shown, "findings": kept}


def compare_told(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Assert that a study says of itself what it said; what a model expected comes out of matrices."""
    for part, said in expected.items():
        said, now = (_without_rejudged(one) if part == "show" else one for one in (said, found[part]))
        compare(said, now, MODEL if part == "trials" else EXACT, part)


def wanted(label: str) -> Any:
    """Return what was said when the golden files were made."""
    return json.loads(gzip.decompress((EXPECTED / f"{label}.json.gz").read_bytes()))


def _audit(address: str, name: str) -> dict[str, Any]:
    """Return what the checker says of one study; of a file it always checks all."""
    found = document("db", "check", address)
    (audit,) = (one for one in found["studies"] if one["study"] == name)
    return {key: value for key, value in audit.items() if key != "study"}


def _curves(study: ose.Study, trial: int) -> dict[str, list[Any]]:
    curves: dict[str, list[Any]] = {}
    for metric in METRICS:
        fold = 0
        while (curve := study.curve(trial, metric, fold))[0]:
            curves.setdefault(metric, []).append(curve)
            fold += 1
    return curves


def _lasting(value: Any) -> Any:
    """Return a document without sentences that are not in the log: they may be worded anew."""
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    waits = value.get("status") in ("requested", "seen", "moot")
    spoken = "result" if waits else "reason" if "predicted" in value else ""
    return {name: _lasting(item) for name, item in value.items() if name != spoken}


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: without NaN, infinities and tuples."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
