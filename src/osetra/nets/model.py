"""Model: a trained network in a folder that explains itself.

    weights.safetensors   the numbers
    card.json             everything else: config, preparation, split, seeds, metrics, versions
    README.md             the same for people; nothing reads it

Nothing is ever unpickled: a model folder from a stranger cannot run code. Before any memory is
taken, the names and shapes in the weights file are compared with those the card asks for.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from osetra.core.params import Value
from osetra.data.dataset import Codes, Dataset
from osetra.errors import DataError
from osetra.files import kind_of, read_regular
from osetra.nets import metrics, prepare
from osetra.nets.architecture import Architecture
from osetra.nets.card_checks import check_card
from osetra.nets.checksums import changed_parts, checksum_of_file, checksums_of
from osetra.nets.linear import Ensemble, LinearNetwork
from osetra.nets.network import build
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.prepare import Preparation
from osetra.nets.summaries import summary_of
from osetra.nets.targets import raw_width
from osetra.nets.training import raw_outputs
from osetra.version import __version__

WEIGHTS = "weights.safetensors"
CARD = "card.json"
README = "README.md"
FORMAT = 3
"""3 knows several targets, thresholds of more than two classes, and networks that answer quantiles; 2 knows
linear models, ensembles, thresholds and what the card says of rows; 1 is read as well."""
MOST_MEMBERS = 100


Kind: TypeAlias = Literal["network", "linear", "ensemble"]


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
    answer: str = ""
    """Which model this is and why, where a choice was made: the network, or the linear model."""
    refit: str = ""
    """On which rows the saved weights were learnt, and why."""
    boosting: Mapping[str, float] = field(default_factory=dict)
    """Scores of scikit-learn's gradient boosting on the sealed rows: a yardstick, never the answer."""
    threshold: float | Sequence[float] | None = None
    """Of two classes: the share of the second from which on it is the answer; None is the likelier one.
    Of labels and of more classes one of each: the answer is the class whose share is largest beside it."""
    residuals: Sequence[float] | Sequence[Sequence[float]] = ()
    """Of a number: how far validation rows were missed, rising, for intervals; of several, of each."""
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What training rows held, by column, so that predictions warn of other data."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """Importance of columns, confusion or residuals, calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network, or what stands for one, ready to predict."""

    network: nn.Module
    structure: Architecture | None
    """None of a linear model."""
    preparation: Preparation
    card: Card

    @property
    def kind(self) -> Kind:
        """What the weights belong to."""
        if isinstance(self.network, LinearNetwork):
            return "linear"
        return "ensemble" if isinstance(self.network, Ensemble) else "network"


def evaluate(model: Model, dataset: Dataset, rows: Codes, names: Sequence[str] = ()) -> dict[str, float]:
    """Return the scores on some rows: read the sealed test part once, at the very end."""
    inputs = prepare.inputs_of(model.preparation, dataset).rows(rows)
    raw = raw_outputs(model.network, inputs)
    return metrics.scores(
        model.preparation, raw, dataset.target[rows], names, model.card.threshold, inputs.codes
    )


def together(models: Sequence[Model]) -> Model:
    """Return one model that answers as the mean of several of one structure; its card is the first's."""
    first = models[0]
    if len(models) == 1:
        return first
    members = [model.network for model in models]
    return dataclasses.replace(first, network=Ensemble(members, task=first.preparation.task))


def save(model: Model, folder: Path) -> Path:
    """Write the model into a folder, made when absent; files are replaced whole, never half.

    Raises:
        DataError: the folder cannot be written.
    """
    from osetra.nets.readme import readme

    state = {
        "format": FORMAT,
        "kind": model.kind,
        "members": len(model.network.members) if isinstance(model.network, Ensemble) else 1,
        "architecture": None if model.structure is None else dataclasses.asdict(model.structure),
        "preparation": to_json(model.preparation),
        "card": _plain(dataclasses.asdict(model.card)),
    }
    state["checksums"] = checksums_of(json.loads(json.dumps(state, allow_nan=False)))
    weights = {name: tensor.contiguous() for name, tensor in model.network.state_dict().items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(weights, folder / f"{WEIGHTS}.part")
        state["checksums"]["weights"] = checksum_of_file(folder / f"{WEIGHTS}.part")
        (folder / f"{CARD}.part").write_text(json.dumps(state, indent=1, allow_nan=False), "utf-8")
        (folder / f"{README}.part").write_text(readme(model), "utf-8")
        for name in (WEIGHTS, CARD, README):
            (folder / f"{name}.part").replace(folder / name)
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"{folder}: the model cannot be written there ({error}); choose another folder"
        ) from None
    return folder


def load(folder: str | Path) -> Model:
    """Read a model folder; safe for folders of unknown origin.

    Raises:
        DataError: files are missing, damaged, changed, of a newer format, or do not fit each other.
    """
    folder = Path(folder)
    state = _read_card(folder)
    _check_unchanged(folder, state)
    try:
        make = _maker(state)
        preparation = from_json(state["preparation"])
        card = Card(**state["card"])
        check_card(card.threshold, card.inputs, preparation)
    except (KeyError, TypeError, ValueError, AttributeError, DataError) as error:
        raise DataError(f"{folder / CARD}: not a card that osetra wrote ({error}); save it again") from None
    try:
        if kind := kind_of(folder / WEIGHTS):
            raise OSError(f"it is {kind}")
        _check_weights(folder, make, preparation)
        _check_same_weights(folder, state)
        network = make(preparation)
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
    structure = None if isinstance(network, LinearNetwork) else Architecture(**state["architecture"])
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
    except (FileNotFoundError, NotADirectoryError):
        missing = "this is a file and no model" if folder.is_file() else "no such folder"
        what = f"no {CARD} in this folder" if folder.is_dir() else missing
        raise DataError(f"{folder}: {what}; give the folder in which a model was saved") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); the file is damaged or cut off: copy the whole folder again "
            "from where it was saved, or train the model again"
        ) from None
    if not isinstance(state, dict) or type(state.get("format")) is not int:
        raise DataError(f"{path}: not a card that osetra wrote; save the model again")
    if state["format"] not in range(1, FORMAT + 1):
        raise DataError(
            f"{path}: format {state['format']!r}, this osetra reads 1 … {FORMAT}; upgrade osetra to read it"
        )
    return state


def _check_unchanged(folder: Path, state: Mapping[str, Any]) -> None:
    """Raise DataError where a part of the card is not as it was saved."""
    changed = changed_parts(state)
    if changed:
        raise DataError(
            f"{folder / CARD}: {' and '.join(changed)} changed since the model was saved, so that answers "
            "would not be those of what was trained; copy the whole folder again from where it was saved, or "
            'train the model again. Where the change is meant, delete "checksums" from the card'
        )


def _maker(state: Mapping[str, Any]) -> Callable[[Preparation], nn.Module]:
    """Return what builds the network that a card describes, its weights yet to be loaded.

    Raises:
        KeyError, TypeError, ValueError: the card describes none.
    """
    kind, members = state.get("kind", "network"), state.get("members", 1)
    if kind == "linear":
        return _linear
    structure = Architecture(**state["architecture"])
    if kind == "network":
        return lambda preparation: build(structure, preparation)
    if kind != "ensemble" or not isinstance(members, int) or not 2 <= members <= MOST_MEMBERS:
        raise ValueError(f"{kind!r} of {members!r}")
    return lambda preparation: Ensemble(
        [build(structure, preparation) for _ in range(members)],
        task=preparation.task,
    )


def _linear(preparation: Preparation) -> nn.Module:
    pictures, summary = preparation.pictures, summary_of(preparation)
    width = preparation.width if pictures is None else math.prod(pictures.shape)
    width = width if summary is None else len(summary.shift)
    return LinearNetwork(width, preparation.embedded, raw_width(preparation), summary, preparation.texts)


def _check_weights(folder: Path, make: Callable[[Preparation], nn.Module], preparation: Preparation) -> None:
    with torch.device("meta"):
        wanted = {name: list(tensor.shape) for name, tensor in make(preparation).state_dict().items()}
    with safe_open(folder / WEIGHTS, framework="pt") as stored:
        found = {name: list(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    if wanted == found:
        return
    name = next(name for name in [*wanted, *found] if wanted.get(name) != found.get(name))
    raise DataError(
        f"{folder / WEIGHTS}: does not fit its card: {name} has shape {found.get(name, 'none')} and the card "
        f"asks for {wanted.get(name, 'none')}; the two files come from different models"
    )


def _check_same_weights(folder: Path, state: Mapping[str, Any]) -> None:
    """Raise DataError where the weights are not those that the card was saved with, though they would fit."""
    known = state.get("checksums", {}).get("weights")  # cards of earlier versions have none
    if known is not None and known != checksum_of_file(folder / WEIGHTS):
        raise DataError(
            f"{folder / WEIGHTS}: not the weights that {CARD} was saved with: damaged, or of another "
            "training, as where a folder was copied half; copy the whole folder again from where it was "
            'saved, or train the model again. Where the change is meant, delete "checksums" from the card'
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    # JSON has no NaN; a score that could not be computed is null.
    return None if isinstance(value, float) and not math.isfinite(value) else value
