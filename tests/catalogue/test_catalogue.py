"""Known search spaces."""

import pytest

from osetra.catalogue import by_name, catalogues, for_task, select_space
from osetra.catalogue.entry import TIERS
from osetra.catalogue.live import can_change
from osetra.catalogue.lookup import entry
from osetra.catalogue.orders import NEVER
from osetra.core.params import Float
from osetra.errors import SpaceError

ENTRIES = [(catalogue, entry) for catalogue in catalogues() for entry in catalogue.entries]


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
def test_a_catalogue_is_a_valid_space_whose_default_is_inside(catalogue):
    assert catalogue.space.complete(catalogue.space.default) == catalogue.space.default


@pytest.mark.parametrize(("catalogue", "known"), ENTRIES, ids=lambda value: getattr(value, "name", ""))
def test_every_entry_says_what_it_is_and_who_says_so(catalogue, known):
    assert known.help
    assert known.source
    assert known.tier in TIERS


def test_rates_are_searched_on_a_log_scale_and_averages_on_that_of_one_minus():
    for _, known in ENTRIES:
        for param in known.params:
            if known.name in ("lr", "weight_decay", "eps"):
                assert isinstance(param, Float)
                assert param.scale == "log"
            if known.name in ("momentum", "beta1", "beta2", "rms_decay"):
                assert isinstance(param, Float)
                assert param.scale == "one_minus_log"


def test_epochs_and_seeds_are_nowhere_searched():
    assert not {known.name for _, known in ENTRIES} & {"epochs", "seed", "loss"}


@pytest.mark.parametrize(
    ("trials", "searched"),
    [(1, ("lr",)), (9, ("lr",)), (10, ("lr", "beta1", "batch_size", "weight_decay", "units"))],
)
def test_few_trials_open_few_hyperparameters(trials, searched):
    assert select_space(by_name("mlp"), trials).searched == searched


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
def test_more_trials_never_close_what_fewer_opened(catalogue):
    before: set[str] = set()
    for trials in (1, 9, 10, 39, 40, 119, 120, 1000):
        now = set(select_space(catalogue, trials).searched)
        assert before <= now
        before = now
    assert before == set(catalogue.names)


def test_the_sentence_says_what_is_searched_and_when_more_would_be():
    assert select_space(by_name("mlp"), 5).sentence == (
        "5 trials: searching lr; the other 25 stay at their defaults (more from 10 trials on)."
    )


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
@pytest.mark.parametrize("optimizer", ["adamw", "momentum"])
def test_in_ngs_order_alpha_is_first_and_adams_own_numbers_never_come(catalogue, optimizer):
    def searched(trials, **options):
        given = {"optimizer": optimizer}
        return set(select_space(catalogue, trials, order="ng", given=given, **options).searched)

    second = {"lr", "units", "batch_size", *(["momentum"] if optimizer == "momentum" else [])}
    third = {"layers", "blocks", "schedule", "final_lr"} & set(catalogue.names)
    assert searched(9) == {"lr"}
    assert searched(10) == second
    assert searched(40) == searched(1000) == searched(3, everything=True) == second | third
    assert not set(NEVER) & searched(1000, everything=True)
    assert select_space(catalogue, 9, order="ng").sentence.startswith(
        "9 trials, in Ng's order: searching lr;"
    )


def test_momentum_and_beta1_are_reached_with_few_trials():
    assert "beta1" in select_space(by_name("table"), 10).searched
    assert "momentum" in select_space(by_name("table"), 10, given={"optimizer": "momentum"}).searched


def test_a_regression_has_nothing_about_classes_and_defaults_of_its_own():
    table = for_task("table", "regression")
    assert not {"label_smoothing", "class_weights", "focal"} & set(table.names)
    assert (table.space.default["lr"], table.space.default["activation"]) == (0.2, "mish")
    assert for_task("table", "binary") is by_name("table")


def test_the_rest_is_fixed_at_defaults_and_recorded():
    selection = select_space(by_name("mlp"), 5)
    assert selection.space.default == by_name("mlp").space.default
    assert "optimizer" in selection.fixed


def test_tune_opens_exactly_what_was_asked():
    selection = select_space(by_name("mlp"), 500, tune=["units", "lr"])
    assert set(selection.searched) == {"lr", "units"}
    assert selection.sentence == "Searching lr and units, as asked; the other 24 stay as they are."


def test_everything_opens_everything_at_any_budget():
    catalogue = by_name("cnn")
    assert set(select_space(catalogue, 3, everything=True).searched) == set(catalogue.names)


def test_a_given_value_is_fixed_and_brings_its_branch_along():
    selection = select_space(by_name("mlp"), 12, given={"optimizer": "momentum"})
    assert "momentum" in selection.searched
    config = selection.space.default
    assert (config["optimizer"], config["lr"]) == ("momentum", 0.05)
    assert "beta1" not in config


def test_a_given_range_is_searched():
    selection = select_space(by_name("mlp"), 5, given={"dropout": Float(0.1, 0.3)})
    assert set(selection.searched) == {"lr", "dropout"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: by_name("mpl"),
            "mpl: no such search space; known: table, text, factorization, mlp, cnn, sequence, sound. Did",
        ),
        (lambda: entry(by_name("mlp"), "learning"), "learning: no such hyperparameter of mlp; known: lr"),
        (lambda: select_space(by_name("mlp"), 5, tune=["unit"]), "Did you mean 'units'?"),
        (lambda: select_space(by_name("mlp"), 5, given={"droput": 0.1}), "Did you mean 'dropout'?"),
        (lambda: select_space(by_name("mlp"), 0), "trials=0: give at least 1"),
        (
            lambda: select_space(by_name("mlp"), 5, tune=["lr"], given={"lr": 0.1}),
            "lr: both tuned and given a value; choose one",
        ),
    ],
)
def test_unknown_names_and_empty_budgets_are_refused(call, message):
    with pytest.raises(SpaceError) as error:
        call()
    assert message in str(error.value)


def test_what_can_change_depends_on_the_optimizer_but_not_on_what_can_change_itself():
    mlp = by_name("mlp")
    assert set(mlp.changeable({"optimizer": "momentum", "schedule": "constant"})) == {
        "lr", "momentum", "batch_size", "weight_decay", "schedule", "warmup", "final_lr", "dropout",
        "clip_norm", "label_smoothing", "class_weights", "focal", "mixup", "regularization_schedule",
    }  # fmt: skip
    assert {"beta1", "beta2", "eps"} < set(mlp.changeable({})) and "momentum" not in mlp.changeable({})
    for optimizer in ("sgd", "rmsprop", "adam"):
        assert not {"units", "optimizer", "input_scaling"} & set(mlp.changeable({"optimizer": optimizer}))


@pytest.mark.parametrize(
    ("name", "accepted", "able"),
    [
        ("lr", None, True), ("learning_rate", None, True), ("units", None, False), ("width", None, False),
        ("units", {"units"}, True), ("lr", {"units"}, False), ("lr", frozenset(), False),
    ],
)  # fmt: skip
def test_names_decide_only_where_no_training_has_spoken(name, accepted, able):
    assert can_change(name, accepted) is able
