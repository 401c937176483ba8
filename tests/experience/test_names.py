"""Names that mean the same, and configurations carried from one space to another."""

from __future__ import annotations

import pytest

import osetra as ose
from osetra.catalogue.aliases import KNOWN, usual
from osetra.catalogue.lookup import catalogues
from osetra.experience.names import way_into


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("learning_rate", "lr"),
        ("Learning-Rate", "lr"),
        ("learningRate", "lr"),
        ("optim.lr", "lr"),
        ("eta", "lr"),
        ("wd", "weight_decay"),
        ("l2", "weight_decay"),
        ("bs", "batch_size"),
        ("colour", "colour"),
        ("head.colour", "head.colour"),
    ],
)
def test_people_write_one_thing_in_many_ways(given: str, meant: str) -> None:
    assert usual(given) == meant


def test_every_usual_name_is_one_of_the_catalogue_and_no_other_name_is_an_alias() -> None:
    names = {entry.name for catalogue in catalogues() for entry in catalogue.entries}
    spelled = [other for others in KNOWN.values() for other in others]
    assert set(KNOWN) <= names
    assert len(spelled) == len(set(spelled)) and not names & set(spelled)


def test_values_are_carried_over_and_go_to_the_end_of_a_narrower_range() -> None:
    target = ose.Space(
        learning_rate=ose.Float(1e-3, 0.1, scale="log"), bs=ose.Ordinal(16, 32, 64), depth=ose.Int(1, 4)
    )
    way = way_into(target, ["lr", "batch_size", "momentum"])
    assert way.carry({"lr": 0.02, "batch_size": 40, "momentum": 0.9}) == {
        "learning_rate": 0.02,
        "bs": 32,
        "depth": 3,
    }
    assert way.carry({"lr": 1.0, "batch_size": 4096})["learning_rate"] == 0.1
    assert way.carry({"lr": 1.0, "batch_size": 4096})["bs"] == 64


def test_what_no_range_takes_is_left_at_its_default() -> None:
    target = ose.Space(lr=ose.Float(1e-3, 0.1, scale="log", default=0.05), opt=ose.Choice("SGD", "Adam"))
    way = way_into(target, ["lr", "optimizer"])
    assert way.carry({"lr": "auto", "optimizer": "lion"}) == {"lr": 0.05, "opt": "SGD"}
    assert way.carry({"lr": True, "optimizer": "adam"}) == {"lr": 0.05, "opt": "Adam"}


def test_conditional_values_follow_their_parent() -> None:
    target = ose.Space(
        optimizer=ose.Choice("adam", "sgd"),
        lr=[ose.Float(1e-4, 1e-2, scale="log", when={"optimizer": "adam"}),
            ose.Float(1e-2, 1.0, scale="log", when={"optimizer": "sgd"})],
        momentum=ose.Float(0.0, 0.99, when={"optimizer": "sgd"}),
    )  # fmt: skip
    way = way_into(target, ["opt", "learning_rate", "mom"])
    sgd = way.carry({"mom": 0.9, "learning_rate": 0.5, "opt": "sgd"})
    assert sgd == {"optimizer": "sgd", "lr": 0.5, "momentum": 0.9}
    adam = way.carry({"mom": 0.9, "learning_rate": 0.5, "opt": "adam"})
    assert adam == {"optimizer": "adam", "lr": 0.01}


def test_a_constant_stays_what_it_is() -> None:
    target = ose.Space(lr=ose.Float(1e-4, 1, scale="log"), layers=3)
    assert way_into(target, ["lr", "num_layers"]).carry({"lr": 0.1, "num_layers": 9}) == {
        "lr": 0.1,
        "layers": 3,
    }
