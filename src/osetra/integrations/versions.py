"""Versions: whether a framework is there, and whether it is one that osetra was tested with.

    keras = framework("keras")

gives the module, or a sentence that says what to install. A version beside the tested one may well do:
that is said once, in the log, and nothing is refused for it. Older ones than the least lack the hooks
that are used, so they are refused.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from osetra.errors import MissingExtra
from osetra.installing import install_line

log = logging.getLogger("osetra")


@dataclass(frozen=True, slots=True)
class Tested:
    """A framework as osetra knows it."""

    title: str
    """How it calls itself."""
    package: str
    """What is installed."""
    extra: str
    """The extra of osetra that installs it."""
    least: str
    """The oldest version that has what is used."""
    tested: str
    """The version that the tests ran with."""


FRAMEWORKS: dict[str, Tested] = {
    "keras": Tested("Keras", "keras", "keras", "3.5", "3.15.1"),
    "lightning": Tested("Lightning", "lightning", "lightning", "2.2", "2.6.6"),
    "transformers": Tested("Transformers", "transformers", "transformers", "4.46", "5.24.0"),
    "torch": Tested("PyTorch", "torch", "torch", "2.6", "2.13.0"),
    "sklearn": Tested("scikit-learn", "scikit-learn", "sklearn", "1.6", "1.9.1"),
    "xgboost": Tested("XGBoost", "xgboost", "xgboost", "2.0", "3.2.0"),
    "lightgbm": Tested("LightGBM", "lightgbm", "lightgbm", "4.0", "4.7.0"),
    "catboost": Tested("CatBoost", "catboost", "catboost", "1.2", "1.2.10"),
    "jax": Tested("JAX", "jax", "jax", "0.5", "0.10.2"),
    "tensorflow": Tested("TensorFlow", "tensorflow", "tensorflow", "2.16", "2.21.0"),
    "paddle": Tested("PaddlePaddle", "paddlepaddle", "paddle", "3.0", "3.3.1"),
    "optax": Tested("Optax", "optax", "jax", "0.2.4", "0.2.8"),
    "skorch": Tested("skorch", "skorch", "skorch", "1.0", "1.4.0"),
    "mlflow": Tested("MLflow", "mlflow-skinny", "mlflow", "2.10", "3.17.2"),
    "tensorboard": Tested("TensorBoard", "tensorboard", "tensorboard", "2.15", "2.21.0"),
    "wandb": Tested("W&B", "wandb", "wandb", "0.20", "0.31.0"),
    "trackio": Tested("Trackio", "trackio", "trackio", "0.30", "0.43.0"),
    "aim": Tested("Aim", "aim", "aim", "3.20", "3.29.1"),
}
"""By the name under which each is imported."""

_said: set[str] = set()


def framework(name: str) -> ModuleType:
    """Return a framework's module.

    Raises:
        MissingExtra: it is not installed, cannot be imported, or is too old; the text holds the command.
    """
    known = FRAMEWORKS[name]
    command = install_line(known.extra)
    try:
        module = import_module(name)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
        why = "is not installed" if absent else f"cannot be imported ({error})"
        raise MissingExtra(
            f"osetra.integrations.{known.extra} needs {known.title}, which {why}; "
            f"run: {command} (tested with {known.title} {known.tested})"
        ) from error
    _check(known, _version(known.package, module), command)
    return module


def _check(known: Tested, here: str, command: str) -> None:
    if _parts(here) < _parts(known.least):
        raise MissingExtra(
            f"{known.title} {here} is older than {known.least}, the oldest whose hooks osetra.integrations."
            f"{known.extra} can use; run: {command} (tested with {known.title} {known.tested})"
        )
    if _parts(here)[:2] != _parts(known.tested)[:2] and known.title not in _said:
        _said.add(known.title)
        log.warning("%s %s is untested; osetra was tested with %s", known.title, here, known.tested)


def _version(package: str, module: ModuleType) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # built from source, or under another name, as CPU builds are
        return str(getattr(module, "__version__", "0"))


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0])[:3])
