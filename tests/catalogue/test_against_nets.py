"""The catalogue and the network know the same names, and agree on what they mean."""

from dataclasses import fields

import pytest

from osetra.catalogue import by_name, catalogues
from osetra.nets.architecture import ACTIVATIONS, INITS, NORMS, Architecture, architecture
from osetra.nets.optim import OPTIMIZERS, OptimizerSettings, optimizer_settings
from osetra.nets.prepare import SCALINGS
from osetra.nets.schedules import SCHEDULES

OPTIONS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "activation": tuple(ACTIVATIONS),
    "init": INITS,
    "batch_norm": NORMS,
    "input_scaling": SCALINGS,
}


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
def test_every_entry_reaches_the_network_or_the_recipe(catalogue):
    known = {field.name for record in (Architecture, OptimizerSettings) for field in fields(record)}
    assert set(catalogue.names) <= known | {"input_scaling"}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_are_those_that_are_implemented(name):
    (entry,) = (entry for entry in by_name("mlp").entries if entry.name == name)
    assert set(entry.params[0].options) == set(OPTIONS[name])


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
def test_every_default_config_is_accepted(catalogue):
    config = catalogue.space.default
    assert architecture(catalogue.name, config).units == config["units"]
    assert optimizer_settings(config).lr == config["lr"]
