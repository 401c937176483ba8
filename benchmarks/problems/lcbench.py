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
    folder = data / "lcbench"
    if not folder.exists():
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    codes = json.loads((folder / "encoding.json").read_text())["OpenML_task_id"]
    instances = json.loads((folder / "dev_instances.json").read_text())["instances"]
    for task, known in instances.items():
        yield task, _curve(session, codes[task]), 100 - known["best"], 100 - known["median"]


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
