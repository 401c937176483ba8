"""Structure, initialisation and output of the built-in networks."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nets.tables_for_tests import coins, flowers, line
from osetra.data.images import as_images
from osetra.errors import DataError
from osetra.nets.architecture import ACTIVATIONS, Architecture, architecture
from osetra.nets.groups import parameter_groups
from osetra.nets.metrics import chance, classification, probabilities, regression
from osetra.nets.network import build, without_dropout
from osetra.nets.prepare import apply, fit


def prepared(data):
    return fit(data, np.arange(len(data)))


def pictures(side=8):
    data = coins(20)
    rng = np.random.default_rng(0)
    object.__setattr__(data, "columns", ())
    object.__setattr__(data, "images", as_images(rng.normal(size=(20, side, side)), "test"))
    return data


def test_one_sigmoid_output_is_the_softmax_of_two():
    z = torch.randn(50, 1, dtype=torch.float64)
    y = torch.randint(0, 2, (50,))
    pair = torch.cat([torch.zeros_like(z), z], dim=1).requires_grad_()
    softmax_loss = functional.cross_entropy(pair, y)
    single = z.clone().requires_grad_()
    sigmoid_loss = functional.binary_cross_entropy_with_logits(single[:, 0], y.double())
    softmax_loss.backward()
    sigmoid_loss.backward()
    torch.testing.assert_close(sigmoid_loss, softmax_loss)
    torch.testing.assert_close(single.grad[:, 0], pair.grad[:, 1])
    torch.testing.assert_close(pair.grad[:, 0], -pair.grad[:, 1])
    shares = probabilities(z.numpy())
    np.testing.assert_allclose(shares[:, 1], torch.sigmoid(z[:, 0]).numpy(), rtol=1e-12)
    assert classification(z.numpy(), y.numpy())["loss"] == pytest.approx(softmax_loss.item(), rel=1e-12)


def test_softmax_of_the_textbook_vector():
    np.testing.assert_allclose(
        probabilities(np.array([[5.0, 2.0, -1.0, 3.0]]))[0], [0.842, 0.042, 0.002, 0.114], atol=5e-4
    )


def test_probabilities_of_huge_logits_are_finite():
    assert probabilities(np.array([[1e4, -1e4, 0.0]])).tolist() == [[1.0, 0.0, 0.0]]


def test_chance_is_the_entropy_of_the_priors():
    assert chance("multiclass", [0.1] * 10) == pytest.approx(math.log(10))
    assert chance("binary", [0.0, 1.0]) == 0.0
    assert chance("regression", []) == 1.0


def test_regression_scores_are_in_the_unit_of_the_target():
    scores = regression(np.array([1.0, 3.0]), np.array([2.0, 6.0]), spread=2.0)
    assert scores == pytest.approx({"loss": 1.25, "rmse": math.sqrt(5), "r2": 1 - 5 / 4})


def test_balanced_error_counts_every_class_equally():
    logits = np.tile([[5.0, 0.0]], (10, 1))
    scores = classification(logits, np.array([0] * 9 + [1]))
    assert scores["error"] == pytest.approx(0.1)
    assert scores["balanced_error"] == pytest.approx(0.5)


@pytest.mark.parametrize(("data", "outputs"), [(flowers(), 3), (coins(), 1), (line(), 1)])
def test_the_output_follows_from_the_task(data, outputs):
    network = build(Architecture(), prepared(data))
    inputs = apply(prepared(data), data.columns)
    shape = network(torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes)).shape
    assert shape == (len(data), outputs)


def test_the_first_prediction_is_the_base_rates_before_the_inputs_speak():
    data = flowers(90)
    data.target[:60] = 0
    preparation = prepared(data)
    network = build(Architecture(), preparation)
    bias = network.body[-1].bias.detach().double()
    shares = torch.softmax(bias, dim=0).tolist()
    assert shares == pytest.approx(preparation.priors, rel=1e-5)


@pytest.mark.parametrize("init", ["uniform", "normal"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_variance_of_the_first_weights_matches_the_activation(activation, init):
    torch.manual_seed(0)
    structure = Architecture(units=600, activation=activation, init=init)
    weight = build(structure, prepared(coins())).body[2].weight.detach()
    wanted = 2 / (600 + 600) if activation in ("tanh", "sigmoid") else 2 / 600
    if activation == "leaky_relu":
        wanted /= 1 + 0.01**2
    assert weight.var().item() == pytest.approx(wanted, rel=0.02)
    largest = weight.abs().max().item() / math.sqrt(wanted)
    assert (largest <= math.sqrt(3) + 1e-6) == (init == "uniform")


def test_relu_layers_keep_the_size_of_the_signal():
    torch.manual_seed(0)
    network = build(Architecture(layers=8, units=500), prepared(coins()))
    x = torch.randn(200, 500)
    for layer in list(network.body)[2:-1]:
        x = layer(x)
    assert 0.3 < x.pow(2).mean().item() < 1.7


@pytest.mark.parametrize(("place", "bias"), [("none", True), ("before", False), ("after", True)])
def test_no_bias_stands_right_before_a_norm(place, bias):
    body = build(Architecture(batch_norm=place), prepared(coins())).body
    linears = [module for module in body if isinstance(module, nn.Linear)]
    assert [layer.bias is not None for layer in linears] == [bias, bias, True]
    names = [type(module).__name__ for module in list(body)[:3]]
    assert (
        names
        == {
            "none": ["Linear", "ReLU", "Linear"],
            "before": ["Linear", "BatchNorm1d", "ReLU"],
            "after": ["Linear", "ReLU", "BatchNorm1d"],
        }[place]
    )


def test_running_averages_are_used_at_test_time():
    torch.manual_seed(0)
    data = coins()
    network = build(Architecture(layers=1, units=4, batch_norm="before"), prepared(data))
    values = torch.from_numpy(apply(prepared(data), data.columns).values)
    codes = torch.zeros((len(data), 0), dtype=torch.int64)
    norm = network.body[1]
    mean, variance = torch.zeros(4), torch.ones(4)
    network.train()
    for start in range(0, 100, 25):
        batch = values[start : start + 25]
        z = network.body[0](batch)
        mean = 0.9 * mean + 0.1 * z.mean(dim=0)
        variance = 0.9 * variance + 0.1 * z.var(dim=0, unbiased=True)
        network(batch, codes[:25])
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)
    network.eval()
    z = network.body[0](values)
    by_hand = (z - mean) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias
    torch.testing.assert_close(norm(z), by_hand)


def test_one_row_is_predicted_alike_alone_and_in_a_batch():
    torch.manual_seed(0)
    data = coins()
    network = build(Architecture(batch_norm="after", dropout=0.5), prepared(data)).eval()
    values = torch.from_numpy(apply(prepared(data), data.columns).values)
    codes = torch.zeros((len(data), 0), dtype=torch.int64)
    torch.testing.assert_close(network(values, codes)[:1], network(values[:1], codes[:1]))


def test_only_weight_matrices_decay():
    network = build(Architecture(batch_norm="after", layers=2), prepared(flowers()))
    decayed, spared = (group.parameters for group in parameter_groups(network))
    assert [parameter.ndim for parameter in decayed] == [2, 2, 2]
    assert {parameter.ndim for parameter in spared} == {1}
    assert {*map(id, decayed), *map(id, spared)} == {*map(id, network.parameters())}


def test_a_cnn_halves_the_picture_and_doubles_the_filters():
    body = build(Architecture(family="cnn", blocks=2, filters=4, units=10), prepared(pictures())).body
    shapes = [tuple(m.weight.shape) for m in body if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert shapes == [(4, 1, 3, 3), (8, 4, 3, 3), (10, 8 * 2 * 2), (1, 10)]


def test_an_mlp_takes_pictures_flattened():
    assert build(Architecture(units=7), prepared(pictures())).body[1].weight.shape == (7, 64)


def test_a_cnn_for_a_table_is_refused():
    with pytest.raises(DataError, match="a cnn takes pictures, and this data is a table"):
        build(Architecture(family="cnn"), prepared(coins()))


def test_more_blocks_than_halvings_are_refused():
    with pytest.raises(DataError, match="blocks=4: pictures of 8×8 can be halved at most 3 times"):
        build(Architecture(family="cnn", blocks=4), prepared(pictures()))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"activation": "rely"}, "activation='rely': choose one of .* Did you mean 'relu'?"),
        ({"units": 0}, "units=0: a network takes a whole number in 1 … 16384"),
        ({"layers": 2.5}, "layers=2.5: a network takes a whole number"),
        ({"kernel": 4}, "kernel=4: an odd side keeps the picture's size"),
        ({"dropout": 1.0}, "dropout=1: a share of units"),
        ({"batch_norm": "both"}, "batch_norm='both': choose one of none, before, after"),
    ],
)
def test_impossible_structures_are_refused(config, message):
    with pytest.raises(DataError, match=message):
        architecture("mlp", config)


@pytest.mark.parametrize("scaling", ["standard", "robust", "quantile"])
def test_members_that_say_numbers_say_their_mean_however_inputs_are_scaled(scaling):
    data = line()
    preparation = fit(data, np.arange(len(data)), scaling=scaling)
    network = build(Architecture(members=4, units=8), preparation)
    for head in network.body[-1].parameters():
        nn.init.normal_(head)
    inputs = apply(preparation, data.columns, None)
    values, codes = torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes)
    network.eval()
    together = network(values, codes)
    each = network.body(values)
    assert each.shape == (len(data), 4, 1)
    mean = each.mean(dim=1)
    expected = mean if network.reach is None else mean.clamp(*network.reach)
    assert torch.allclose(together, expected)


def test_a_network_without_its_dropout_layers_answers_as_before():
    data = line()
    preparation = fit(data, np.arange(len(data)), scaling="robust")
    network = build(Architecture(members=3, units=8, dropout=0.5), preparation)
    inputs = apply(preparation, data.columns, None)
    values, codes = torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes)
    network.eval()
    bare = without_dropout(network)
    bare.eval()
    assert not any(isinstance(module, nn.Dropout) for module in bare.body)
    assert torch.equal(network(values, codes), bare(values, codes))
    kept = vars(network).keys() - {"body", "_modules"}
    assert {name: vars(bare)[name] for name in kept if not name.startswith("_")} == {
        name: vars(network)[name] for name in kept if not name.startswith("_")
    }
