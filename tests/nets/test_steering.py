"""Values that change while the built-in network trains, and their unattended repetition."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

import osetra as ose
from nets.kinds_for_tests import batch_of, family_and_data, smallest
from nets.steered import Steered, curves, ending, fit, outcome, run_of
from nets.tables_for_tests import coins, flowers
from nets.test_network import pictures
from nets.test_packing import same
from osetra.catalogue import by_name, catalogues, for_task
from osetra.catalogue.lookup import entry as entry_of
from osetra.errors import DataError, StudyError
from osetra.nets.architecture import Architecture
from osetra.nets.model import load, save
from osetra.nets.network import build, set_dropout, without_dropout
from osetra.nets.prepare import fit as prepared
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"units": 8, "layers": 2, "lr": 0.05, "batch_size": 16, "schedule": "cosine"}
DATA = flowers()


def rehearsed(config, changes, **options):
    run = run_of(config, changes=changes)
    return fit(run, DATA, **{"epochs": 10, **options}), run


@pytest.fixture
def steps():
    """What the optimizer's groups held at each step."""
    seen = []
    hook = register_optimizer_step_pre_hook(
        lambda optimizer, *_: seen.append([dict(group, params=None) for group in optimizer.param_groups])
    )
    yield seen
    hook.remove()


@pytest.mark.parametrize(
    ("optimizer", "names"),
    [("sgd", set()), ("momentum", {"momentum"}), ("nesterov", {"momentum"}),
     ("rmsprop", {"rms_decay", "eps"}),
     ("adam", {"beta1", "beta2", "eps"}), ("adamw", {"beta1", "beta2", "eps"})],
)  # fmt: skip
def test_it_says_once_what_it_can_change(optimizer, names):
    run = Steered({**CONFIG, "optimizer": optimizer})
    fit(run, DATA, epochs=2)
    (accepted,) = run.accepted
    common = {
        "lr", "weight_decay", "dropout", "batch_size", "schedule", "warmup", "final_lr", "clip_norm", "focal",
        "label_smoothing", "class_weights", "mixup", "regularization_schedule",
    }  # fmt: skip
    assert set(accepted) == common | names


OTHER = {
    "lr": 0.01, "weight_decay": 0.5, "dropout": 0.4, "batch_size": 5, "momentum": 0.5, "beta1": 0.6,
    "beta2": 0.7, "eps": 0.01, "rms_decay": 0.5, "schedule": "step", "warmup": 0.9, "final_lr": 0.5,
    "clip_norm": 0.01, "label_smoothing": 0.2, "focal": 2.0, "mixup": 0.4, "average_decay": 0.2,
    "regularization_schedule": "flat_cosine", "frequency": 1.0, "members": 4,
}  # fmt: skip
"""Values that make a difference at once; any other option will do for the rest."""


NEEDS = {"residual": {"layers": 2}}
"""What has to be there for an entry to matter."""


def another(param, name, value):
    """A value of a parameter that a training does not have yet."""
    if OTHER.get(name, value) != value:
        return OTHER[name]
    options = getattr(param, "options", None) or (param.low, param.high)
    return next(option for option in options if option != value)


def catalogued():
    """Every branch of every entry of the catalogue, with a configuration that it is active in."""
    for catalogue in catalogues():
        for entry in own_entries(catalogue):
            for number, param in enumerate(entry.params):
                wanted = {"batch_size": batch_of(catalogue), "units": smallest(catalogue)}
                wanted |= NEEDS.get(entry.name, {}) if "layers" in catalogue.names else {}
                activate(catalogue, param, wanted)
                yield pytest.param(
                    catalogue.name, entry, param, catalogue.space.complete(wanted),
                    id=f"{catalogue.name}-{entry.name}-{number}",
                )  # fmt: skip


def own_entries(catalogue):
    """The entries of a space; of what it shares with that of tables, the latter's are enough."""
    shared = {entry.name for entry in by_name("table").entries}
    first = catalogue.name in ("table", "mlp", "cnn")
    return [entry for entry in catalogue.entries if first or entry.name not in shared]


def activate(catalogue, param, wanted):
    """Add what makes a parameter exist, and what makes that exist."""
    for parent, allowed in param.when:
        wanted.setdefault(parent, allowed[0])
        activate(catalogue, entry_of(catalogue, parent).params[0], wanted)


class Midway:
    """A run that gives its own trial an order as it reports for the first time."""

    def __init__(self, run, order):
        self.run, self.order = run, order

    def __getattr__(self, name):
        return getattr(self.run, name)

    def report(self, **metrics):
        order, self.order = self.order, lambda: None
        order()
        self.run.report(**metrics)


def midway(order, data, family, run):
    fit(Midway(run, order), data, family=family, epochs=4)


@cache
def trained_with(name, *config):
    """The curves of a training; what many entries are compared with is trained once."""
    family, data = family_and_data(name)
    run = run_of(dict(config))
    ending(partial(fit, run, data, family=family, epochs=4))
    return curves(run)


@pytest.mark.parametrize(("name", "entry", "param", "config"), list(catalogued()))
def test_every_entry_of_the_catalogue_changes_the_training(name, entry, param, config):
    other = {**config, entry.name: another(param, entry.name, config[entry.name])}
    assert trained_with(name, *config.items()) != trained_with(name, *other.items())


@pytest.mark.parametrize("catalogue", catalogues(), ids=lambda catalogue: catalogue.name)
@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_the_defaults_of_the_catalogue_train_and_both_ends_of_every_range_do(catalogue, task):
    family, data = family_and_data(catalogue.name)
    known = for_task(catalogue.name, "regression") if task == "numbers" else catalogue
    data = data if task == "classes" else as_numbers(data)
    configs = {repr(config): config for config in (known.space.default, *ends_of(known))}
    for config in configs.values():  # some ends are defaults
        run = run_of(config)
        ending(partial(fit, run, data, family=family, epochs=2))
        assert np.isfinite(curves(run)["train_loss"][0])


def as_numbers(data):
    """The same inputs, with a number to predict."""
    target = data.target + np.random.default_rng(0).normal(0, 0.1, len(data))
    return replace(data, target=target, task="regression", classes=())


def ends_of(catalogue):
    """The default configuration with one value at a time at an end of its range."""
    plain = {"units": smallest(catalogue)}
    for entry in own_entries(catalogue):
        for param in entry.params:
            wanted = dict(plain) if entry.name != "units" else {}
            activate(catalogue, param, wanted)
            ends = param.options if hasattr(param, "options") else (param.low, param.high)
            for value in (ends[0], ends[-1]):
                yield catalogue.space.complete({**wanted, entry.name: value})


def ordered(name, config, change):
    """The study of a training that is given an order as it reports for the first time, and its curves."""
    family, data = family_and_data(name)
    task = {"request": {}, "fingerprint": "of the built-in network, which may leave the searched range"}
    study = ose.Study(space=by_name(name).space, minimize="val_loss", scheduler="full", task=task)
    study.enqueue(config)
    order = partial(study.order, 1, "set", **change) if change else lambda: None
    study.run(partial(midway, order, data, family), trials=1)
    return study, [*zip(study.curve(1, "train_loss")[1], study.curve(1, "val_loss")[1], strict=True)]


@cache
def left_alone(name, *config):
    """The curves of the same training without an order, trained once for all orders."""
    return ordered(name, dict(config), {})[1]


@pytest.mark.parametrize(("name", "entry", "param", "config"), list(catalogued()))
def test_what_the_catalogue_calls_live_changes_a_running_training_and_nothing_else_does(
    name, entry, param, config
):
    """By an order to the built-in network in a study, compared with the same training left alone."""
    value = another(param, entry.name, config[entry.name])
    study, changed = ordered(name, config, {entry.name: value})
    alone = left_alone(name, *config.items())
    (order,) = study.trials[0].orders
    assert order.obeyed.result == ("done" if entry.live else "refused")
    assert order.step == 1
    assert alone[0] == changed[0]
    assert (alone[1:] != changed[1:]) == entry.live
    if not entry.live:
        assert f"{entry.name} cannot be changed while this training runs (" in order.text
        assert "try it as a branch" in order.text


def test_the_schedule_multiplies_the_rate_in_force_and_the_rate_is_reported(steps):
    config = {**CONFIG, "schedule": "linear", "final_lr": 0.5}
    run = Steered(config, orders={3: {"lr": 0.01}, 7: {"lr": 0.2}})
    fit(run, DATA, epochs=10)
    wanted = [(0.05 if e <= 3 else 0.01 if e <= 7 else 0.2) * (1 - 0.5 * e / 10) for e in range(1, 11)]
    assert [run.reports[e]["lr"] for e in range(1, 11)] == pytest.approx(wanted)
    per_epoch = len(steps) // 10
    at_ends = [steps[(e + 1) * per_epoch - 1][0]["lr"] for e in range(10)]
    assert at_ends == pytest.approx(wanted)
    assert steps[3 * per_epoch][0]["lr"] < 0.01 < steps[3 * per_epoch - 1][0]["lr"]


def test_after_a_restore_the_edited_rate_is_the_effective_one(steps):
    config = {**CONFIG, "schedule": "constant"}
    whole = Steered(config, until=4)
    fit(whole, DATA, epochs=10)
    steps.clear()
    fit(Steered(config, state=whole.kept[4], step=4, live={"lr": 0.0003}, until=6), DATA, epochs=10)
    assert {group["lr"] for groups in steps for group in groups} == {0.0003}


@pytest.mark.parametrize(
    ("optimizer", "values", "group"),
    [
        ("momentum", {"momentum": 0.5}, {"momentum": 0.5, "nesterov": False}),
        ("nesterov", {"momentum": 0.0}, {"momentum": 0.0, "nesterov": False}),
        ("nesterov", {"momentum": 0.3}, {"momentum": 0.3, "nesterov": True}),
        ("adam", {"beta1": 0.5}, {"betas": (0.5, 0.999)}),
        ("adamw", {"beta2": 0.7, "eps": 1e-3}, {"betas": (0.9, 0.7), "eps": 1e-3}),
        ("rmsprop", {"rms_decay": 0.5}, {"alpha": 0.5}),
        ("sgd", {"weight_decay": 0.2}, {"weight_decay": 0.2}),
    ],
)
def test_edited_values_are_in_force_after_a_restore_and_after_an_order(optimizer, values, group, steps):
    config = {**CONFIG, "optimizer": optimizer}
    whole = Steered(config, orders={4: values}, until=5)
    fit(whole, DATA, epochs=10)
    fit(Steered(config, state=whole.kept[4], step=4, live=values, until=5), DATA, epochs=10)
    decayed, spared = steps[-1]
    assert {name: decayed[name] for name in group} == group
    assert spared["weight_decay"] == 0
    first = next(i for i, groups in enumerate(steps) if {n: groups[0][n] for n in group} == group)
    assert first == 4 * (len(steps) // 6)


CHANGES = {
    "lr": 0.3, "weight_decay": 0.5, "dropout": 0.4, "batch_size": 5, "beta1": 0.3, "beta2": 0.5, "eps": 0.01,
    "schedule": "step", "warmup": 0.9, "final_lr": 0.5,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_value_changes_the_training_from_the_next_epoch_on_and_can_be_replayed(name):
    change = {name: CHANGES[name]}
    plain, steered = Steered(CONFIG), Steered(CONFIG, orders={2: change})
    fit(plain, DATA, epochs=6)
    wanted = outcome(fit(steered, DATA, epochs=6))
    assert [steered.reports[e] == plain.reports[e] for e in (1, 2, 3)] == [True, True, False]
    assert same(outcome(rehearsed(CONFIG, [(2, change)], epochs=6)[0]), wanted)


def test_a_batch_size_that_was_scaled_is_rounded():
    whole = outcome(fit(Steered(CONFIG, orders={2: {"batch_size": 4.8}}), DATA))
    assert same(outcome(fit(Steered(CONFIG, orders={2: {"batch_size": 5}}), DATA)), whole)


def test_a_steered_training_is_repeated_unattended_bit_by_bit():
    config = {**CONFIG, "dropout": 0.2, "batch_norm": "before"}
    live = Steered(config, orders={3: {"lr": 0.01}}, until=6)
    fit(live, DATA, epochs=10)
    rolled_back = Steered(config, state=live.kept[4], step=4, live={"lr": 0.02})
    wanted = fit(rolled_back, DATA, epochs=10)
    again, run = rehearsed(config, [(3, {"lr": 0.01}), (4, {"lr": 0.02})])
    assert same(outcome(again), outcome(wanted))
    told = [live.reports[e] for e in (1, 2, 3, 4)] + [rolled_back.reports[e] for e in range(5, 11)]
    assert curves(run) == {name: [report[name] for report in told] for name in told[0]}
    for wrong in ([], [(3, {"lr": 0.02})], [(3, {"lr": 0.01}), (5, {"lr": 0.02})]):
        assert not same(outcome(rehearsed(config, wrong)[0]), outcome(wanted))


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.2), (0.4, 0.0), (0.1, 0.3)])
def test_a_branch_with_other_dropout_goes_on_and_is_repeated_unattended(before, after):
    parent, config = {**CONFIG, "dropout": before}, {**CONFIG, "dropout": after, "eps": 1e-4}
    trunk = Steered(parent, until=3)
    fit(trunk, DATA, epochs=10)
    branch = Steered(config, state=trunk.kept[3], step=3)
    wanted = outcome(fit(branch, DATA, epochs=10))
    changes = [(0, {"dropout": before, "eps": 1e-8}), (3, {"dropout": after, "eps": 1e-4})]
    again = outcome(rehearsed(config, changes)[0])
    assert same(again, wanted)


@given(
    st.dictionaries(
        st.integers(1, 5),
        st.fixed_dictionaries(
            {}, optional={"lr": st.floats(1e-4, 0.1), "momentum": st.sampled_from([0.0, 0.5, 0.9]),
                          "dropout": st.sampled_from([0.0, 0.3]), "batch_size": st.integers(2, 40),
                          "weight_decay": st.floats(0, 0.1)}
        ), max_size=4,
    ),
    st.sets(st.integers(1, 5)),
)  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_any_steering_with_any_pauses_is_its_piecewise_repetition(orders, pauses):
    config = {**CONFIG, "optimizer": "nesterov", "lr": 0.02}
    state, begun, values, changes = None, 0, {}, []
    for end in [*sorted(pauses), 6]:
        run = Steered(config, state=state, step=begun, live=values, orders=orders, until=end)
        wanted = ending(lambda run=run: fit(run, DATA, epochs=6))
        if isinstance(wanted, str):
            break
        state, begun, values = run.kept.get(end, state), end, run.values
    for step in sorted(orders):
        changes.append((step, {**(changes[-1][1] if changes else {}), **orders[step]}))
    assert same(ending(lambda: rehearsed(config, changes, epochs=6)[0]), wanted)


def test_a_value_that_cannot_be_trained_with_is_refused():
    with pytest.raises(DataError, match="momentum=1"):
        fit(Steered({**CONFIG, "optimizer": "momentum"}, orders={1: {"momentum": 1.0}}), DATA)
    with pytest.raises(DataError, match=r"dropout=1: a share of units"):
        fit(Steered(CONFIG, orders={1: {"dropout": 1.0}}), DATA)


@pytest.mark.parametrize(("family", "data"), [("mlp", coins(20)), ("cnn", pictures(8))])
@pytest.mark.parametrize("norm", ["none", "before", "after"])
def test_dropout_put_in_later_is_where_it_would_have_been(family, data, norm):
    known = prepared(data, np.arange(20))
    later = build(Architecture(family=family, units=4, batch_norm=norm), known)
    names = list(later.state_dict())
    set_dropout(later, 0.25)
    there = build(Architecture(family=family, units=4, batch_norm=norm, dropout=0.25), known)
    assert [str(layer) for layer in later.body] == [str(layer) for layer in there.body]
    assert list(later.state_dict()) == names
    assert list(without_dropout(there).state_dict()) == names
    set_dropout(later, 0.5)
    assert {layer.p for layer in later.body if isinstance(layer, nn.Dropout)} == {0.5}


def test_dropout_of_nothing_draws_no_random_numbers():
    layer = nn.Dropout(0.0)
    before = torch.get_rng_state()
    layer(torch.ones(5))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("y,x\n" + "".join(f"{'ab'[i % 2]},{i % 2 + i % 7 / 10}\n" for i in range(60)))
    return path


def test_the_task_reports_the_rate_for_somebody_who_watches(table):
    run = run_of({"lr": 0.1, "schedule": "constant"}, 0)
    NetworkTask(data=Data(where=str(table)), epochs=2, watched=True)(run)
    assert curves(run)["lr"] == [0.1, 0.1]


def test_the_card_of_a_steered_model_says_so(table, tmp_path):
    task = NetworkTask(data=Data(where=str(table)), epochs=3)
    model = rehearse(task, CONFIG, 0, changes=[(1, {"lr": 0.01, "dropout": 0.2})])
    found = load(save(model, tmp_path / "model")).card
    assert found.changes == [[1, {"lr": 0.01, "dropout": 0.2}]]
    assert rehearse(task, CONFIG, 0).card.changes == ()
    with pytest.raises(StudyError, match="units cannot be changed while this training runs"):
        rehearse(task, CONFIG, 0, changes=[(1, {"units": 16, "lr": 0.1})])
