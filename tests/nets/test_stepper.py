"""One update of all weights, against PyTorch's own optimizers."""

import copy

import numpy as np
import pytest
import torch

from nets.tables_for_tests import flowers
from osetra.nets.network import Architecture, build, parameter_groups
from osetra.nets.optim import OPTIMIZERS, Recipe
from osetra.nets.prepare import fit
from osetra.nets.stepper import Stepper

DECAY = 0.03


def network():
    torch.manual_seed(0)
    structure = Architecture(units=5, layers=2, batch_norm="after", activation="tanh")
    return build(structure, fit(flowers(), np.arange(120))).double()


def reference(name: str, net) -> torch.optim.Optimizer:
    decayed, spared = parameter_groups(net)
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": spared, "weight_decay": 0.0}]
    match name:
        case "sgd":
            return torch.optim.SGD(groups, lr=0.1)
        case "momentum":
            return torch.optim.SGD(groups, lr=0.1, momentum=0.8)
        case "nesterov":
            return torch.optim.SGD(groups, lr=0.1, momentum=0.8, nesterov=True)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=0.01, alpha=0.9, eps=1e-6)
        case "adam":
            return torch.optim.Adam(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-6)
        case _:
            return torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-6)


def loss(net, x):
    return (net(x, torch.zeros((len(x), 0), dtype=torch.int64)) ** 2).mean()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_give_the_numbers_of_pytorch(name):
    ours, theirs = network(), network()
    lr = 0.1 if name in ("sgd", "momentum", "nesterov") else 0.01
    recipe = Recipe(
        optimizer=name, momentum=0.8, rms_decay=0.9, beta1=0.8, beta2=0.95, eps=1e-6, weight_decay=DECAY
    )
    stepper, peer = Stepper(recipe, ours), reference(name, theirs)
    for _ in range(20):
        x = torch.randn(16, 6, dtype=torch.float64)
        stepper.clear()
        loss(ours, x).backward()
        stepper.step(lr)
        peer.zero_grad()
        loss(theirs, x).backward()
        peer.step()
    for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-12)


def test_the_decay_of_adamw_is_apart_from_the_gradient_and_spares_biases():
    net = network()
    before = copy.deepcopy(net.state_dict())
    stepper = Stepper(Recipe(optimizer="adamw", weight_decay=0.2), net)
    stepper.clear()
    stepper.step(0.1)
    after = net.state_dict()
    torch.testing.assert_close(after["body.0.weight"], before["body.0.weight"] * (1 - 0.1 * 0.2))
    torch.testing.assert_close(after["body.2.weight"], before["body.2.weight"])
    torch.testing.assert_close(after["body.6.bias"], before["body.6.bias"])


def test_the_row_of_unseen_categories_stays_zero():
    table = torch.nn.Embedding(4, 2, padding_idx=0)
    stepper = Stepper(Recipe(optimizer="adamw", weight_decay=0.1), table)
    for _ in range(3):
        stepper.clear()
        table(torch.tensor([0, 1, 2])).sum().backward()
        stepper.step(0.1)
    assert table.weight[0].tolist() == [0.0, 0.0]
    assert table.weight[1].tolist() != [0.0, 0.0]


def test_training_does_not_import_the_compiler():
    import subprocess
    import sys

    code = (
        "import sys; from osetra.nets.task import *\n"
        "NetworkTask(data=Data(where='digits'), epochs=1)(Rehearsal({}, 0))\n"
        "sys.exit('torch._dynamo' in sys.modules or 'sklearn' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
