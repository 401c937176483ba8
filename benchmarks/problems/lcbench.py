"""LCBench: 7 hyperparameters of deep networks on tables, through the YAHPO surrogate.

The surrogate (Apache-2.0) predicts learning curves that were fitted to real trainings of funnel
networks on OpenML tasks. The value is the validation error in percent after 52 epochs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from osetra.core.params import Config, Float, Int
from osetra.core.space import Space
from problems.benchmark import Array, Benchmark, Evaluate, Session

Curve = Callable[[Config, Array], Array]

EPOCHS = 52
INPUTS = ("batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout")
VALIDATION_ACCURACY = 1
OTHERS = ("146212", "167152", "167181", "167200", "168330", "168908", "189865")
"""Every third of the data sets that are not for development."""


def space() -> Space:
    """Return the ranges and scales of the surrogate's own definition."""
    return Space(
        batch_size=Int(16, 512, scale="log"),
        learning_rate=Float(1e-4, 0.1, scale="log"),
        max_dropout=Float(0.0, 1.0),
        max_units=Int(64, 1024, scale="log"),
        momentum=Float(0.1, 0.99),
        num_layers=Int(1, 5),
        weight_decay=Float(1e-5, 0.1),
    )


def load(data: Path) -> Iterator[Benchmark]:
    """Yield one benchmark per development instance found under `data/lcbench`."""
    for task, curve, best, median in tasks(data):
        yield Benchmark("lcbench", task, space(), lambda c=curve: Session.of(_last(c)), best, median)


def tasks(data: Path) -> Iterator[tuple[str, Curve, float, float]]:
    """Yield the name, learning curves, best and median error of each development instance.

    A learning curve maps a configuration and epochs (n,) to validation errors (n,) in percent.
    """
    found = _session(data)
    if found is None:
        return
    session, codes = found
    instances = json.loads((data / "lcbench" / "dev_instances.json").read_text())["instances"]
    for task, known in instances.items():
        yield task, _curve(session, codes[task]), 100 - known["best"], 100 - known["median"]


def others(data: Path) -> Iterator[Benchmark]:
    """Yield benchmarks of `OTHERS`, data sets that nothing was chosen on."""
    found = _session(data)
    if found is None:
        return
    session, codes = found
    for task in OTHERS:
        curve = _curve(session, codes[task])
        best, median = _ends(session, codes[task])
        yield Benchmark("lcbench", task, space(), lambda c=curve: Session.of(_last(c)), best, median)


def _session(data: Path) -> tuple[onnxruntime.InferenceSession, dict[str, int]] | None:
    folder = data / "lcbench"
    if not folder.exists():
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return session, json.loads((folder / "encoding.json").read_text())["OpenML_task_id"]


def _ends(session: onnxruntime.InferenceSession, code: int) -> tuple[float, float]:
    """Return the best error that an evolutionary search finds, and the median of 10,000 random ones."""
    at, rng = space(), np.random.default_rng(0)
    points = rng.random((10_000, len(at.columns)))
    values = _errors(session, code, at.decode(points))
    median, rows = float(np.median(values)), np.argsort(values)[:50]
    points, values = points[rows], values[rows]
    for generation in range(25):
        drawn = points[rng.integers(len(points), size=400)]
        step = rng.normal(0, 0.15 * 0.9**generation, drawn.shape) * (rng.random(drawn.shape) < 0.4)
        moved = np.clip(drawn + step, 0, 1)
        values = np.concatenate((values, _errors(session, code, at.decode(moved))))
        points = np.concatenate((points, moved))
        rows = np.argsort(values)[:50]
        points, values = points[rows], values[rows]
    return float(values[0]), median


def _errors(session: onnxruntime.InferenceSession, code: int, configs: list[Config]) -> Array:
    rows = [[EPOCHS, *(config[name] for name in INPUTS)] for config in configs]
    task = np.full((len(rows), 1), code, dtype=np.int32)
    (outputs,) = session.run(None, {"x_cat": task, "x_cont": np.array(rows, dtype=np.float32)})
    return 100.0 - np.asarray(outputs[:, VALIDATION_ACCURACY], dtype=np.float64)


def _curve(session: onnxruntime.InferenceSession, code: int) -> Curve:
    def errors(config: Config, epochs: Array) -> Array:
        rest = np.array([config[name] for name in INPUTS], dtype=np.float32)
        numbers = np.column_stack((epochs, np.repeat(rest[None], len(epochs), axis=0))).astype(np.float32)
        task = np.full((len(epochs), 1), code, dtype=np.int32)
        (outputs,) = session.run(None, {"x_cat": task, "x_cont": numbers})
        return 100.0 - np.asarray(outputs[:, VALIDATION_ACCURACY], dtype=np.float64)

    return errors


def _last(curve: Curve) -> Evaluate:
    return lambda config: float(curve(config, np.array([EPOCHS], dtype=np.float64))[0])
