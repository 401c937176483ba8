"""What an epoch costs: the built-in training against a bare loop of the same network.

    python benchmarks/epoch.py                 digits, letter, MNIST-5k and the table network, 7 repeats
    python benchmarks/epoch.py --quick --json  3 repeats of fewer epochs

Both train the same layers with the same optimizer, batch size, schedule and rows, and both score the
validation rows after every epoch. The bare loop is what a person would write by hand: shuffle, slice,
forward, backward, step. For a table it takes the network's modules as they are (scaling layer, periodic
embeddings, three hidden layers with parametric activations, dropout), groups of rates, the waves of the
rate, and label smoothing. Ours also reports to a run, judges the curve, keeps the best weights and takes
orders. CPU seconds of one thread; repeats alternate, and the ratio is that of the medians, with the
smallest and the largest ratio of a single pair.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Mapping

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import torch  # noqa: E402  # reads the variables above when it is loaded
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from osetra.catalogue import for_task  # noqa: E402
from osetra.core.claim import Claim  # noqa: E402
from osetra.core.problem import Objective  # noqa: E402
from osetra.data.loading import load  # noqa: E402
from osetra.data.split import split  # noqa: E402
from osetra.nets.architecture import architecture  # noqa: E402
from osetra.nets.groups import parameter_groups  # noqa: E402
from osetra.nets.initial import fit_to_data  # noqa: E402
from osetra.nets.network import build  # noqa: E402
from osetra.nets.training import PreparedSplit, prepare, train  # noqa: E402
from osetra.training.link import MemoryLink, ScriptedLink  # noqa: E402
from osetra.training.run import Run  # noqa: E402

CASES: dict[str, tuple[str, dict[str, object], int]] = {
    "digits": ("mlp", {"units": 128, "layers": 2, "lr": 3e-3, "batch_size": 32}, 40),
    "letter": ("mlp", {"units": 128, "layers": 2, "lr": 3e-3, "batch_size": 128}, 10),
    "mnist5k": ("cnn", {"filters": 16, "units": 64, "blocks": 2, "lr": 3e-3, "batch_size": 64}, 3),
    "table": ("mlp", {}, 4),
}
"""Network, configuration and epochs of each data set; all as `adamw` with a cosine schedule, but for the table:
letter as its first trial is trained."""


def by_hand(data: PreparedSplit, family: str, config: Mapping[str, object]) -> nn.Sequential:
    """Return the network as a person would write it down."""
    classes, units = len(data.preparation.classes), int(config["units"])  # type: ignore[call-overload]
    if family == "mlp":
        width = math.prod(data.train.values.shape[1:])
        return nn.Sequential(
            nn.Flatten(), nn.Linear(width, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU(),
            nn.Linear(units, classes),
        )  # fmt: skip
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, units), nn.ReLU(), nn.Linear(units, classes),
    )  # fmt: skip


def bare(data: PreparedSplit, family: str, config: Mapping[str, object], epochs: int) -> None:
    """Train by a hand-written loop."""
    if "parametrization" in config:
        bare_table(data, config, epochs)
        return
    torch.manual_seed(0)
    network, size = by_hand(data, family, config), int(config["batch_size"])  # type: ignore[call-overload]
    values, targets = data.train.values, data.train.targets
    held_out, truth = validation(data)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01, fused=True)
    steps = math.ceil(len(values) / size)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    for _ in range(epochs):
        network.train()
        order = torch.randperm(len(values))
        for start in range(0, len(values), size):
            rows = order[start : start + size]
            loss = functional.cross_entropy(network(values[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cosine.step()
        network.eval()
        with torch.inference_mode():
            raw = network(held_out)
            float(functional.cross_entropy(raw, truth)), float((raw.argmax(1) != truth).float().mean())


def bare_table(data: PreparedSplit, config: Mapping[str, object], epochs: int) -> None:
    """Train the network for tables by a hand-written loop."""
    torch.manual_seed(0)
    structure = architecture("mlp", config)  # type: ignore[arg-type]
    network = build(structure, data.preparation)
    fit_to_data(network, structure, data.train.values, data.train.codes)
    values, codes, targets = data.train.values, data.train.codes, data.train.targets
    held_out, truth = validation(data)
    size, rate = int(config["batch_size"]), float(config["lr"])  # type: ignore[call-overload, arg-type]
    decay, smoothing = float(config["weight_decay"]), float(config["label_smoothing"])  # type: ignore[arg-type]
    parts = parameter_groups(network, structure)
    groups = [{"params": part.parameters, "weight_decay": decay * part.decay} for part in parts]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)
    steps, done = epochs * (len(values) // size), 0
    for _ in range(epochs):
        network.train()
        order = torch.randperm(len(values))
        for start in range(0, len(values) - size + 1, size):
            done += 1
            wave = (1 - math.cos(2 * math.pi * math.log2(1 + 15 * done / steps))) / 2
            for group, part in zip(optimizer.param_groups, parts, strict=True):
                group["lr"] = rate * part.rate * wave
            rows = order[start : start + size]
            raw = network(values[rows], codes[rows])
            loss = functional.cross_entropy(raw, targets[rows], label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            raw = network(held_out, torch.as_tensor(data.validation.codes))
            float(functional.cross_entropy(raw, truth)), float((raw.argmax(1) != truth).float().mean())


def validation(data: PreparedSplit) -> tuple[Tensor, Tensor]:
    """Return the validation rows as tensors."""
    return torch.as_tensor(data.validation.values), torch.as_tensor(data.validation_target)


def ours(data: PreparedSplit, family: str, config: Mapping[str, object], epochs: int) -> None:
    """Train as a trial does."""
    link = ScriptedLink(MemoryLink(), 1, ())
    run = Run.of(Claim(1, 1, {"weight_decay": 0.01, **config}, 0), Objective(metric="val_loss"), link)
    train(run, data, family=family, epochs=epochs, patience=epochs, show=("loss", "error"))  # type: ignore[arg-type]


def measure(name: str, repeats: int, share: float) -> dict[str, object]:
    """Return the CPU seconds per epoch of both, and their ratio."""
    family, config, epochs = CASES[name]
    epochs = max(2, round(epochs * share))
    dataset = load("letter" if name == "table" else name)
    if name == "table":
        config = dict(for_task("table", dataset.task).space.default)
    data = prepare(dataset, split(dataset), scaling=str(config.get("input_scaling", "standard")))
    took: dict[str, list[float]] = {"bare": [], "osetra": []}
    for each in (bare, ours):
        each(data, family, config, 1)  # what is loaded on first use is not an epoch
    for _ in range(repeats):
        for tool, each in (("bare", bare), ("osetra", ours)):
            begun = time.process_time()
            each(data, family, config, epochs)
            took[tool].append((time.process_time() - begun) / epochs)
    medians = {tool: statistics.median(seconds) for tool, seconds in took.items()}
    pairs = [ours / bare for ours, bare in zip(took["osetra"], took["bare"], strict=True)]
    return {
        "data": name, "network": family, "epochs": epochs, "repeats": repeats,
        "bare_seconds": medians["bare"], "osetra_seconds": medians["osetra"],
        "ratio": medians["osetra"] / medians["bare"], "lowest": min(pairs), "highest": max(pairs),
    }  # fmt: skip


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 repeats of half the epochs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=0)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CASES)}; all when none is given")
    options = parser.parse_args()
    torch.set_num_threads(1)
    repeats = options.repeats or (3 if options.quick else 7)
    rows = [measure(name, repeats, 0.5 if options.quick else 1.0) for name in options.names or CASES]
    if options.json:
        print(json.dumps({"benchmark": "epoch", "rows": rows}, indent=1))
        return
    print("data      network  bare ms/epoch  osetra ms/epoch  ratio (lowest … highest)")
    for row in rows:
        print(
            f"{row['data']:<9} {row['network']:<8} {1000 * row['bare_seconds']:13.1f}  "
            f"{1000 * row['osetra_seconds']:15.1f}  {row['ratio']:.2f} ({row['lowest']:.2f} … {row['highest']:.2f})"
        )


if __name__ == "__main__":
    main()
