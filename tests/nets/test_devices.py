"""Devices, on a machine without any: names, sizes and what a step does when memory ends."""

import pytest
import torch

from nets.steered import curves, fit, outcome, run_of
from nets.tables_for_tests import flowers, shapes
from nets.test_packing import same
from osetra.errors import DataError
from osetra.nets import devices
from osetra.nets.batches import Batches
from osetra.nets.stepping import GradientSteps
from osetra.nets.task import Data, NetworkTask

CONFIG = {"units": 8, "layers": 1, "lr": 0.02, "batch_size": 16}


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda where=None: (1000, 2000))


@pytest.fixture
def no_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_auto_is_the_processor_where_there_is_nothing_else(no_gpus):
    assert devices.chosen_device("auto") == "cpu"


def test_auto_is_a_gpu_where_there_is_one(two_gpus):
    assert devices.chosen_device("auto") == "cuda"
    assert devices.chosen_device("cuda:1") == "cuda:1"
    assert devices.chosen_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "cuda",
            r"device 'cuda': PyTorch .*(was built without CUDA|finds no GPU here); use device auto or cpu",
        ),
        ("cuda:1", "device 'cuda:1': PyTorch"),
        ("mps", "device 'mps': this machine has no Apple GPU"),
    ],
)
def test_a_gpu_that_is_not_there_is_refused(no_gpus, name, message):
    with pytest.raises(DataError, match=message):
        devices.chosen_device(name)


def test_a_gpu_beyond_the_last_is_refused(two_gpus):
    with pytest.raises(DataError, match="device 'cuda:2': this machine has 2 GPUs, cuda:0 … cuda:1"):
        devices.chosen_device("cuda:2")


@pytest.mark.parametrize(
    ("workers", "count", "used", "free", "slots"),
    [(3, 0, 0, 0, 3), (1, 2, 0, 0, 2), (8, 2, 100, 1000, 8), (8, 2, 400, 1000, 4), (8, 2, 5000, 1000, 2)],
)
def test_one_training_per_gpu_and_more_where_memory_allows(workers, count, used, free, slots):
    assert devices.slots_for(workers, count, used, free) == slots


def test_a_task_shares_out_the_gpus_only_when_it_uses_any(two_gpus):
    data = Data(where="nowhere.csv")
    assert NetworkTask(data=data).slots(3) == (3, "")
    assert NetworkTask(data=data, device="cuda").slots(1) == (2, "all")
    assert NetworkTask(data=data, device="cuda:1").slots(3) == (3, "")


def test_data_goes_to_the_device_when_it_fits_with_its_copy(two_gpus):
    where = torch.device("cuda:0")
    assert devices.fits((torch.zeros(50),), where)
    assert not devices.fits((torch.zeros(100),), where)
    rows = Batches(torch.zeros(100, 1), torch.zeros((100, 0), dtype=torch.int64), torch.zeros(100))
    assert rows.to(where).target_device == where
    assert rows.to(torch.device("cpu")) is rows


def test_short_numbers_are_for_convolutions_on_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert devices.precision_of(torch.device("cuda"), "cnn") is torch.bfloat16
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert devices.precision_of(torch.device("cuda"), "cnn") is torch.float16
    assert devices.precision_of(torch.device("cuda"), "mlp") is None
    assert devices.precision_of(torch.device("cpu"), "cnn") is None


@pytest.mark.parametrize(("family", "data"), [("mlp", flowers()), ("cnn", shapes())])
def test_the_processor_is_bitwise_the_same_however_it_is_named(family, data):
    assert same(
        outcome(fit(run_of(CONFIG), data, family=family)), outcome(fit(run_of(CONFIG), data, family=family))
    )


class Small:
    """A loss that needs memory for each row, on a device that has little."""

    def __init__(self, rows):
        self.rows, self.sizes = rows, []
        self.weight = torch.nn.Parameter(torch.tensor([2.0]))

    def __call__(self, batch):
        self.sizes.append(len(batch))
        if len(batch) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (self.weight * batch.values - batch.targets).pow(2).mean()


def batch_of(rows):
    values = torch.arange(float(rows))
    return Batches(values, torch.zeros(rows, 0), torch.ones(rows))


def gradient_of(rows, memory):
    loss, steps = Small(memory), GradientSteps()
    stepper = torch.optim.SGD([loss.weight], lr=0.1)
    value = steps.gradients(loss, batch_of(rows), stepper)
    return value.item(), loss.weight.grad.item(), loss.sizes, steps


def test_what_does_not_fit_is_halved_once_and_the_step_stays_the_same():
    value, gradient, sizes, _ = gradient_of(11, 100)
    halved, accumulated, tried, steps = gradient_of(11, 6)
    assert (sizes, tried) == ([11], [11, 6, 5])
    assert (halved, accumulated) == (pytest.approx(value), pytest.approx(gradient))
    assert steps.pieces == 2


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        (3, "batch_size=16 does not fit into memory, nor does its half; batch_size=2 does"),
        (0, "batch_size=16 does not fit into memory, and no size does: take fewer units or filters"),
    ],
)
def test_what_does_not_fit_in_halves_ends_and_names_the_size_that_does(memory, message):
    with pytest.raises(DataError, match=message):
        gradient_of(16, memory)


def test_a_batch_of_one_row_is_not_halved():
    with pytest.raises(DataError, match="no size does"):
        gradient_of(1, 0)


def test_a_training_whose_memory_ends_goes_on_in_halves(monkeypatch):
    from osetra.nets import epoch

    plain = epoch._loss

    def small(trainee, how, weights, batch):
        if len(batch) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(trainee, how, weights, batch)

    whole, halved = run_of(CONFIG), run_of(CONFIG)
    fit(whole, flowers())
    monkeypatch.setattr(epoch, "_loss", small)
    fit(halved, flowers())
    assert curves(halved)["train_loss"] == pytest.approx(curves(whole)["train_loss"], rel=1e-3)


def test_short_numbers_learn_nearly_the_same(monkeypatch):
    whole, short = run_of(CONFIG), run_of(CONFIG)
    fit(whole, shapes(), family="cnn")
    monkeypatch.setattr("osetra.nets.training.precision_of", lambda where, family: torch.bfloat16)
    fit(short, shapes(), family="cnn")
    assert curves(short)["train_loss"] == pytest.approx(curves(whole)["train_loss"], rel=0.1)
    assert curves(short)["train_loss"] != curves(whole)["train_loss"]
