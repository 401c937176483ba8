"""The catalogue and the network know the same names, and agree on what they mean."""

from dataclasses import fields

import pytest

from osetra.catalogue import by_name, catalogues
from osetra.nets.architecture import (
    ACTIVATIONS,
    EMBEDDINGS,
    ENCODERS,
    INITS,
    NORMS,
    PARAMETRIZATIONS,
    POOLINGS,
    TEXT_ENCODERS,
    Architecture,
    architecture,
)
from osetra.nets.loss import AUGMENTATIONS, AVERAGINGS, CLASS_WEIGHTS, Regularization, regularization
from osetra.nets.optim import OPTIMIZERS, REGULARIZATION_SCHEDULES, OptimizerSettings, optimizer_settings
from osetra.nets.prepare import SCALINGS
from osetra.nets.schedules import SCHEDULES

OPTIONS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "activation": tuple(ACTIVATIONS),
    "init": INITS,
    "batch_norm": NORMS,
    "input_scaling": SCALINGS,
    "number_embedding": EMBEDDINGS,
    "parametrization": PARAMETRIZATIONS,
    "pooling": POOLINGS,
    "encoder": ENCODERS,
    "text_encoder": TEXT_ENCODERS,
    "augment": AUGMENTATIONS,
    "class_weights": CLASS_WEIGHTS,
    "averaging": AVERAGINGS,
    "regularization_schedule": REGULARIZATION_SCHEDULES,
}
OF = {
    "pooling": ("cnn",), "augment": ("cnn", "sound"), "encoder": ("sequence",), "text_encoder": ("text",),
}  # fmt: skip


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
def test_every_entry_reaches_the_network_or_the_recipe(catalogue):
    records = (Architecture, OptimizerSettings, Regularization)
    known = {field.name for record in records for field in fields(record)}
    assert set(catalogue.names) <= known | {"input_scaling"}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_are_those_that_are_implemented(name):
    known = [entry for of in OF.get(name, ("table",)) for entry in by_name(of).entries if entry.name == name]
    assert {option for entry in known for option in entry.params[0].options} == set(OPTIONS[name])


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
def test_every_default_config_is_accepted(catalogue):
    config = catalogue.space.default
    family = {"cnn": "cnn", "sound": "cnn", "sequence": "sequence"}.get(catalogue.name, "mlp")
    assert architecture(family, config).units == config["units"]
    assert regularization(config).mixup == 0
    assert optimizer_settings(config).lr == config["lr"]
