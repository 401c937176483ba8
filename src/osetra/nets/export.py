"""Export: a model as ONNX, its preparation as plain JSON, and a script that needs no osetra and no PyTorch.

    model.onnx        (values, codes) to probabilities (n, C), or to numbers (n, 1) in the target's unit
    preparation.json  how values and codes are made of the cells of a table, or of the pixels of pictures
    predict.py        does all of it with NumPy and onnxruntime: `standalone.py` of this package, as it is

The graph holds the whole way out, so that programs in other languages only have to prepare rows.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from dataclasses import MISSING, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from osetra.data import booleans, durations, moments, numbers, words
from osetra.data.dataset import MISSING as MISSING_LEVEL
from osetra.data.dataset import NUMERIC
from osetra.data.dressing import dressing_pattern
from osetra.data.month_names import MONTHS
from osetra.data.schema import Category, Date, Number, Text, Words, schema_to_json
from osetra.data.table import LONGEST_CELL, MISSING_MARKS
from osetra.data.units import SAME_UNITS
from osetra.errors import DataError, MissingExtra
from osetra.installing import install_line
from osetra.nets import standalone, standalone_signals
from osetra.nets.model import Model
from osetra.nets.preparation_json import to_json
from osetra.nets.prepare import LARGEST, Categories, Numbers, Preparation
from osetra.nets.scaling import REACH
from osetra.nets.tokens import Tokens

GRAPH, PREPARATION, SCRIPT = "model.onnx", "preparation.json", "predict.py"
SIGNALS = "signals.py"
"""Beside the script where the model learnt from sequences or sounds."""
FORMAT = 1
_NEEDED = ("onnx", "onnxscript")
_KNOWN = (
    "columns", "pictures", "target", "task", "classes", "priors", "center", "spread", "reach", "log",
    "schema", "dialect", "manner", "pair", "aim", "guess", "multi", "centers", "spreads", "units", "reaches",
    "sequences", "sound", "summary", "target_units",
)  # fmt: skip
"""What of a preparation the script understands."""
_CANNOT = (
    "the exported script cannot prepare; tables of numbers, categories, dates and texts, folders of texts, "
    "pictures, sequences and sounds can be exported; `osetra predict` answers for others"
)


def export(model: Model, folder: Path) -> Path:
    """Write a model as ONNX, its preparation and a script into a folder, made when absent.

    Raises:
        MissingExtra: onnx or onnxscript is not installed.
        DataError: the model takes what the script cannot prepare, or the folder cannot be written.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"exporting needs {' and '.join(missing)}: {install_line('export')}")
    check_exportable(model.preparation)
    state = preparation_state(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_graph(model, folder / f"{GRAPH}.part")
        (folder / f"{PREPARATION}.part").write_text(json.dumps(state, indent=1, ensure_ascii=False), "utf-8")
        scripts = {SCRIPT: standalone}
        if model.preparation.kind in ("sequences", "sound"):
            scripts[SIGNALS] = standalone_signals
        for name, module in scripts.items():
            (folder / f"{name}.part").write_text(Path(module.__file__ or "").read_text("utf-8"), "utf-8")
        for name in (GRAPH, PREPARATION, *scripts):
            (folder / f"{name}.part").replace(folder / name)
    except OSError as error:
        raise DataError(
            f"{folder}: the export cannot be written there ({error}); choose another folder"
        ) from None
    return folder


def check_exportable(preparation: Preparation) -> None:
    """Raise DataError for inputs that the script cannot prepare."""
    for part in fields(preparation):
        usual = part.default if part.default_factory is MISSING else part.default_factory()
        if part.name not in _KNOWN and getattr(preparation, part.name) != usual:
            raise DataError(f"export: the model takes {part.name}, which {_CANNOT}")
    plain = (Number, Category, Date, Text, Words)
    strange = [each.name for each in preparation.schema if not isinstance(each, plain)]
    strange += [
        each.name for each in preparation.columns if not isinstance(each, (Numbers, Categories, Tokens))
    ]
    if strange:
        raise DataError(f"export: {strange[0]!r} is of a kind that {_CANNOT}")


def preparation_state(model: Model) -> dict[str, Any]:
    """Return all that the script needs beside the graph, as plain JSON values."""
    state = to_json(model.preparation)
    if not model.preparation.schema:
        # Models of earlier versions hold no recipes: columns were read as they are.
        recipes = [
            Number(each.name) if isinstance(each, Numbers) else Category(each.name)
            for each in model.preparation.columns
        ]
        state["schema"] = schema_to_json(recipes)
    if model.preparation.sequences is not None:
        state["sequences"]["in_twos"] = steps_in_twos(model)
    dressed = [
        each for each in model.preparation.schema if isinstance(each, Number) and each.prefix + each.suffix
    ]
    around = {each.name: dressing_pattern(each.prefix, each.suffix).pattern for each in dressed}
    reading = {**_reading_state(), "dressing": around}
    return {"format": FORMAT, "threshold": model.card.threshold, **state, "reading": reading}


def steps_in_twos(model: Model) -> int:
    """Return of how many steps the graph takes twice as many or more: each block may halve them."""
    return 1 if model.structure is None else 2 ** int(model.structure.blocks)


def _reading_state() -> dict[str, Any]:
    """Return what texts mean: marks of missing cells, and patterns of numbers, moments and words."""
    return {
        "missing": sorted(MISSING_MARKS),
        "missing_level": MISSING_LEVEL,
        "numbers": {mark: pattern.pattern for mark, pattern in numbers.PATTERNS.items()},
        "words_for_missing": sorted(numbers.WORDS_FOR_MISSING),
        "times": numbers.TIMES,
        "same_units": SAME_UNITS,
        "unambiguous": list(moments.UNAMBIGUOUS),
        "moments": {order: [each.pattern for each in found] for order, found in moments.PATTERNS.items()},
        "durations": {
            "duration": [each.pattern for each in durations.DURATIONS],
            "lap": [each.pattern for each in durations.LAPS],
        },
        "units": durations.UNITS,
        "months": MONTHS,
        "answers": booleans.SIDES,
        "word": words.WORD.pattern,
        "token": words.TOKEN.pattern,
        "longest_number": words.LONGEST_NUMBER,
        "longest_token": words.LONGEST_TOKEN,
        "longest_text": words.LONGEST_TEXT,
        "longest_cell": LONGEST_CELL,
        "reach": REACH,
        "largest": LARGEST,
    }


class Answering(nn.Module):
    """A network with the way out: probabilities of classes or labels, or numbers in the target's unit."""

    center: Tensor
    spread: Tensor

    def __init__(self, network: nn.Module, preparation: Preparation) -> None:
        super().__init__()
        self.network = network
        self.numbers = preparation.task in NUMERIC
        self.labels = preparation.task == "multilabel"
        self.log = preparation.log
        centers, spreads = preparation.centers, preparation.spreads
        self.register_buffer("center", torch.tensor(centers or [preparation.center], dtype=torch.float64))
        self.register_buffer("spread", torch.tensor(spreads or [preparation.spread], dtype=torch.float64))

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return (n, C), of a regression (n, 1), of several targets (n, k), in double precision."""
        raw = cast(Tensor, self.network(values, codes)).double()
        if self.labels:
            return torch.sigmoid(raw)
        if self.numbers:
            told = raw * self.spread + self.center
            return torch.exp(torch.clamp(told, max=700.0)) if self.log else told
        if raw.shape[1] > 1:
            return torch.softmax(raw, dim=1)
        return torch.cat([torch.sigmoid(-raw), torch.sigmoid(raw)], dim=1)


class _OnlyValues(nn.Module):
    """Answers where nothing is looked up: the graph then has one input."""

    def __init__(self, inner: Answering) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, values: Tensor) -> Tensor:
        """Return what the network says of rows without codes."""
        return cast(Tensor, self.inner(values, values.new_zeros((values.shape[0], 0), dtype=torch.int64)))


def _write_graph(model: Model, path: Path) -> None:
    preparation = model.preparation
    values, codes = _example(model)
    answering = Answering(model.network, preparation).eval()
    several: nn.Module = answering if codes.shape[1] else _OnlyValues(answering)
    inputs = {"values": values, "codes": codes} if codes.shape[1] else {"values": values}
    rows = torch.export.Dim("rows", min=1)
    changing: dict[int, Any] = {0: rows}
    if preparation.sequences is not None:
        changing[2] = steps_in_twos(model) * torch.export.Dim("parts", min=2)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            several,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=["answers"],
            dynamic_shapes={name: changing if name == "values" else {0: rows} for name in inputs},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _example(model: Model) -> tuple[Tensor, Tensor]:
    """Return inputs of two rows: a size of one would be taken for a constant."""
    preparation = model.preparation
    if preparation.sequences is not None:
        steps = 3 * steps_in_twos(model)
        values = torch.zeros((2, len(preparation.sequences.recipe.channels), steps))
        return values, torch.full((2, 1), steps, dtype=torch.int64)
    pictures = preparation.pictures
    shape = (2, preparation.width) if pictures is None else (2, *pictures.shape)
    looked_up = len(preparation.embedded) + sum(how.length for how in preparation.texts)
    return torch.zeros(shape), torch.zeros((2, looked_up), dtype=torch.int64)
