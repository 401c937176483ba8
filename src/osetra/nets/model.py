"""Model: a trained network in a folder that explains itself.

    weights.safetensors   the numbers
    card.json             everything else: config, preparation, split, seeds, metrics, versions

Nothing is ever unpickled: a model folder from a stranger cannot run code. Before any memory is
taken, the names and shapes in the weights file are compared with those the card asks for.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from osetra.core.params import Value
from osetra.data.dataset import Codes, Dataset
from osetra.errors import DataError
from osetra.files import kind_of, read_regular
from osetra.nets import prepare
from osetra.nets.architecture import Architecture
from osetra.nets.network import Network, build
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.prepare import Preparation
from osetra.nets.training import score
from osetra.version import __version__

WEIGHTS = "weights.safetensors"
CARD = "card.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """How a model came to be, in plain values."""

    dataset: str
    source: str
    fingerprint: str
    config: Mapping[str, Value]
    seed: int
    split: Mapping[str, float]
    """seed, validation, test: enough to cut the same parts again."""
    epochs: int
    best_epoch: int
    metrics: Mapping[str, Mapping[str, float]]
    """Scores by part: validation, and test once it was read."""
    spread: Mapping[str, Any] = field(default_factory=dict)
    """Mean, sd and seeds of repeated trainings of this config."""
    baseline: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    changes: Sequence[tuple[int, Mapping[str, Value]]] = ()
    """Of a training that was steered: after which step which values were set."""
    command: str = ""
    """The command that makes this model again."""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network, ready to predict."""

    network: Network
    structure: Architecture
    preparation: Preparation
    card: Card


def evaluate(model: Model, dataset: Dataset, rows: Codes) -> dict[str, float]:
    """Return the scores on some rows: read the sealed test part once, at the very end."""
    inputs = prepare.apply(model.preparation, dataset.columns, dataset.images).rows(rows)
    return score(model.network, model.preparation, inputs, dataset.target[rows])


def save(model: Model, folder: Path) -> Path:
    """Write the model into a folder, made when absent; files are replaced whole, never half.

    Raises:
        DataError: the folder cannot be written.
    """
    state = {
        "format": FORMAT,
        "architecture": dataclasses.asdict(model.structure),
        "preparation": to_json(model.preparation),
        "card": _plain(dataclasses.asdict(model.card)),
    }
    weights = {name: tensor.contiguous() for name, tensor in model.network.state_dict().items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(weights, folder / f"{WEIGHTS}.part")
        (folder / f"{CARD}.part").write_text(json.dumps(state, indent=1, allow_nan=False), "utf-8")
        for name in (WEIGHTS, CARD):
            (folder / f"{name}.part").replace(folder / name)
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"{folder}: the model cannot be written there ({error}); choose another folder"
        ) from None
    return folder


def load(folder: str | Path) -> Model:
    """Read a model folder; safe for folders of unknown origin.

    Raises:
        DataError: files are missing, damaged, of a newer format, or do not fit each other.
    """
    folder = Path(folder)
    state = _read_card(folder)
    try:
        structure = Architecture(**state["architecture"])
        preparation = from_json(state["preparation"])
        card = Card(**state["card"])
    except (KeyError, TypeError, ValueError, AttributeError, DataError) as error:
        raise DataError(f"{folder / CARD}: not a card that osetra wrote ({error}); save it again") from None
    try:
        if kind := kind_of(folder / WEIGHTS):
            raise OSError(f"it is {kind}")
        _check_weights(folder, structure, preparation)
        network = build(structure, preparation)
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (IndexError, RuntimeError) as error:
        raise DataError(f"{folder / CARD}: contradicts itself ({error}); save the model again") from None
    except FileNotFoundError:
        raise DataError(f"{folder}: no {WEIGHTS} in this folder; copy the whole folder") from None
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"{folder / WEIGHTS}: not a safetensors file ({error}); osetra reads no other format, "
            "because others can run code when loaded"
        ) from None
    network.eval()
    return Model(network, structure, preparation, card)


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import platform

    import numpy

    return {
        "osetra": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    try:
        state = json.loads(read_regular(path).decode())
    except FileNotFoundError:
        what = f"no {CARD} in this folder" if folder.is_dir() else "no such folder"
        raise DataError(f"{folder}: {what}; give the folder in which a model was saved") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error}); save the model again") from None
    if not isinstance(state, dict) or "format" not in state:
        raise DataError(f"{path}: not a card that osetra wrote; save the model again")
    if state["format"] != FORMAT:
        raise DataError(
            f"{path}: format {state['format']!r}, this osetra reads {FORMAT}; upgrade osetra to read it"
        )
    return state


def _check_weights(folder: Path, structure: Architecture, preparation: Preparation) -> None:
    with torch.device("meta"):
        wanted = {
            name: list(tensor.shape) for name, tensor in build(structure, preparation).state_dict().items()
        }
    with safe_open(folder / WEIGHTS, framework="pt") as stored:
        found = {name: list(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    if wanted == found:
        return
    name = next(name for name in [*wanted, *found] if wanted.get(name) != found.get(name))
    raise DataError(
        f"{folder / WEIGHTS}: does not fit its card: {name} has shape {found.get(name, 'none')} and the card "
        f"asks for {wanted.get(name, 'none')}; the two files come from different models"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    # JSON has no NaN; a score that could not be computed is null.
    return None if isinstance(value, float) and not math.isfinite(value) else value
