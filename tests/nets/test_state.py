"""The state of a user's own PyTorch loop: going on must be bitwise what never stopping is."""

# ruff: noqa: NPY002  # the global generator of NumPy is what is tested

import random
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from nets.test_packing import same, through_json
from osetra.errors import CheckpointError
from osetra.nets.packing import pack, unpack
from osetra.nets.state import capture, restore
from osetra.training.checkpoints import read, write

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, fused=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
    "radam": lambda p: torch.optim.RAdam(p, lr=0.01),
    "lbfgs": lambda p: torch.optim.LBFGS(p, lr=0.1, max_iter=2, history_size=3),
}
SCHEDULERS = {
    "step": lambda o: lr_scheduler.StepLR(o, 2),
    "multistep": lambda o: lr_scheduler.MultiStepLR(o, [2, 2, 5]),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 8),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3),
    "onecycle": lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=20),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "chain": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [3]
    ),
}


class Loop:
    """A training with everything in it that has a state."""

    def __init__(self, optimizer="adam", scheduler="step", layout=torch.contiguous_format):
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(36, 2)
        ).to(memory_format=layout)
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.scheduler = SCHEDULERS[scheduler](self.optimizer)
        self.generator = torch.Generator().manual_seed(3)
        random.seed(1)
        np.random.seed(2)
        self.losses = []

    @property
    def parts(self):
        return {name: getattr(self, name) for name in ("model", "optimizer", "scheduler", "generator")}

    def step(self):
        noise = torch.randn(6, 2, 5, 5) + random.random() + float(np.random.normal())
        noise += torch.randn(noise.shape, generator=self.generator)

        def closure():
            self.optimizer.zero_grad()
            loss = self.model(noise).square().mean()
            loss.backward()
            return loss

        self.losses.append(self.optimizer.step(closure).item())
        self.scheduler.step()

    def run(self, steps):
        for _ in range(steps):
            self.step()
        return self

    def end(self):
        return [*self.losses, *[value.clone() for value in self.model.state_dict().values()]]


def resumed(make, *, without=(), change=lambda parts: parts):
    """The last three of six steps, done by a second loop that only knows the first one's checkpoint."""
    first = make().run(3)
    parts = {name: item for name, item in first.parts.items() if name not in without}
    tree = through_json(pack(change(unpack(capture(**parts, losses=first.losses)))))
    second = make()
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    parts = {name: item for name, item in second.parts.items() if name not in without}
    second.losses = restore(tree, **parts)["losses"]
    return second.run(3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_with_every_optimizer_going_on_is_bitwise_never_stopping(optimizer):
    make = partial(Loop, optimizer)
    assert same(resumed(make).end(), make().run(6).end())


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_with_every_scheduler_going_on_is_bitwise_never_stopping(scheduler):
    make = partial(Loop, "momentum" if scheduler == "onecycle" else "adam", scheduler)
    assert same(resumed(make).end(), make().run(6).end())


@pytest.mark.parametrize("optimizer", ["adamw", "momentum", "adam"])
def test_memory_layout_of_moments_is_kept_for_kernels_that_rely_on_it(optimizer):
    make = partial(Loop, optimizer, layout=torch.channels_last)
    loop = resumed(make)
    assert same(loop.end(), make().run(6).end())
    for parameter, state in loop.optimizer.state.items():
        assert all(value.stride() == parameter.stride() for value in state.values() if value.ndim == 4)


@pytest.mark.parametrize("part", ["model", "optimizer", "scheduler", "generator"])
def test_leaving_one_part_out_makes_another_training(part):
    make = partial(Loop, "momentum")
    assert not same(resumed(make, without=[part]).end(), make().run(6).end())


@pytest.mark.parametrize("source", ["torch", "numpy", "python"])
def test_leaving_one_random_state_out_makes_another_training(source):
    def another(parts):
        random.seed(98), np.random.seed(98), torch.manual_seed(98)
        parts["randomness"][source] = unpack(capture())["randomness"][source]
        return parts

    assert not same(resumed(Loop, change=another).end(), Loop().run(6).end())


def test_leaving_the_buffers_out_makes_another_training():
    def start(parts):
        for name, value in Loop().model.state_dict().items():
            if "running" in name:
                parts["model"]["state"][name] = value
        return parts

    assert not same(resumed(Loop, change=start).end(), Loop().run(6).end())


def test_without_randomness_the_global_generators_are_left_alone():
    loop = Loop()
    tree = capture(**loop.parts, randomness=False)
    assert "randomness" not in unpack(tree)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state(legacy=False)
    restore(tree, **loop.parts)
    restore(capture(**loop.parts), **loop.parts, randomness=False)
    assert same(before, (torch.get_rng_state(), random.getstate(), np.random.get_state(legacy=False)))


def test_an_optimizers_nested_state_survives_exactly():
    loop = Loop("adam").run(2)
    state = loop.optimizer.state_dict()
    found = unpack(through_json(capture(optimizer=loop.optimizer)))["optimizer"]["state"]
    assert same(found, state)
    assert all(type(key) is int for key in found["state"])


def test_a_numpy_generator_goes_on():
    one = np.random.default_rng(3)
    one.random(5)
    tree = through_json(capture(generator=one))
    wanted = one.random(4)
    other = np.random.default_rng(0)
    restore(tree, generator=other)
    assert (other.random(4) == wanted).all()


def test_extras_come_back_as_they_were():
    extra = {"epoch": 3, "best": float("inf"), "kept": {1: (2, None)}, "ema": torch.randn(3).bfloat16()}
    assert same(restore(through_json(capture(**extra))), extra)


def test_the_tree_goes_through_a_checkpoint_file(tmp_path):
    loop = Loop().run(1)
    written = write(tmp_path, "one", capture(**loop.parts, losses=loop.losses))
    tree = read(tmp_path / written.file, written.sha256)
    other = Loop("adam")
    assert restore(tree, **other.parts) == {"losses": loop.losses}
    assert same(other.model.state_dict(), loop.model.state_dict())


def test_tied_weights_stay_tied():
    def tied():
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        model[1].weight = model[0].weight
        return model

    one, two = tied(), tied()
    restore(capture(model=one), model=two)
    assert torch.equal(two[0].weight, one[0].weight)
    assert two[1].weight is two[0].weight


def test_the_rate_in_force_wins_when_it_is_set_after_restoring():
    loop, other = Loop("sgd").run(3), Loop("sgd")
    restore(capture(**loop.parts), **other.parts)
    assert other.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)  # the scheduler's, as it was
    for group in other.optimizer.param_groups:
        group["lr"] = 0.02
    before = other.model[5].weight.detach().clone()
    other.step()
    torch.testing.assert_close(other.model[5].weight, before - 0.02 * other.model[5].weight.grad)


def net(*widths):
    return nn.Sequential(*[nn.Linear(a, b) for a, b in pairwise(widths)])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (net(3, 5, 1), r"another model: 0\.weight is float32 \[4, 3\] there and float32 \[5, 3\] here"),
        (net(3, 4), r"another model: 1\.weight is float32 \[1, 4\] there and absent here"),
        (net(3, 4, 1, 1), r"another model: 2\.weight is absent there and float32 \[1, 1\] here"),
        (net(3, 4, 1).double(), r"0\.weight is float32 \[4, 3\] there and float64 \[4, 3\] here"),
    ],
)
def test_another_model_is_refused_with_the_first_tensor_that_differs(other, message):
    tree = capture(model=net(3, 4, 1))
    before = [value.clone() for value in other.state_dict().values()]
    with pytest.raises(CheckpointError, match=message):
        restore(tree, model=other)
    assert same(list(other.state_dict().values()), before)


def test_nothing_is_changed_when_one_part_does_not_fit():
    one, two = net(3, 4, 1), net(3, 4, 1)
    tree = capture(model=one, optimizer=torch.optim.Adam(one.parameters()))
    before, random_state = two[0].weight.detach().clone(), torch.get_rng_state()
    with pytest.raises(CheckpointError, match=r"another optimizer: Adam there, SGD here; .* start it afresh"):
        restore(tree, model=two, optimizer=torch.optim.SGD(two.parameters(), lr=1))
    assert torch.equal(two[0].weight, before)
    assert torch.equal(torch.get_rng_state(), random_state)


def test_an_optimizer_over_other_parameters_is_refused():
    one = net(3, 4, 1)
    tree = capture(optimizer=torch.optim.Adam(one.parameters()))
    with pytest.raises(CheckpointError, match=r"groups have 4 parameters and those here 2"):
        restore(tree, optimizer=torch.optim.Adam(net(3, 4).parameters()))
    with pytest.raises(CheckpointError, match=r"parameter 0 of group 0 is \[4, 3\] there and \[1\] here"):
        restore(tree, optimizer=torch.optim.Adam(reversed(list(one.parameters()))))


def test_a_part_that_was_not_captured_is_refused_with_those_there_are():
    model = net(3, 1)
    tree = capture(model=model, randomness=False)
    with pytest.raises(CheckpointError, match=r"holds no optimizer \(model\); capture\(optimizer=…\)"):
        restore(tree, optimizer=torch.optim.Adam(model.parameters()))
    with pytest.raises(CheckpointError, match="has other parts"):
        restore(pack([1, 2]))


def test_the_model_alone_can_be_taken():
    one, two = net(3, 1), net(3, 1)
    tree = capture(model=one, optimizer=torch.optim.Adam(one.parameters()), epoch=4)
    assert restore(tree, model=two, randomness=False) == {"epoch": 4}
    assert torch.equal(one[0].weight, two[0].weight)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_training_on_a_gpu_goes_on():
    def loop():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)).cuda()
        return model, torch.optim.AdamW(model.parameters(), fused=True)

    def train(model, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            model(torch.randn(16, 4, device="cuda")).square().mean().backward()
            optimizer.step()

    one, stepper = loop()
    train(one, stepper, 3)
    tree = capture(model=one, optimizer=stepper)
    train(one, stepper, 3)
    two, other = loop()
    torch.rand(7, device="cuda")
    restore(tree, model=two, optimizer=other)
    train(two, other, 3)
    assert same([p.cpu() for p in two.state_dict().values()], [p.cpu() for p in one.state_dict().values()])
