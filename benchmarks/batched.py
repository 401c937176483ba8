"""Is it worth training K small networks of one shape as one batch? Trainings per CPU-second on one core.

    python benchmarks/batched.py
    python benchmarks/batched.py --quick --json     # half a minute

A network of two hidden layers with dropout and AdamW, on rows of the shape of digits (1,400 × 64, 10
classes). Apart it is an `nn.Sequential` with PyTorch's fused optimizer; together K of them are stacked and
multiplied by `baddbmm`, each with a learning rate, β₁, β₂ and decay of its own, which no fused optimizer
takes. The best case: one width, one batch size, nobody stops early, no masks. `ratio` above 1 says that the
batch is cheaper; the median, lowest and highest of paired repeats.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

ROWS, FEATURES, CLASSES, DROPOUT = 1400, 64, 10, 0.1
SHAPES = ((8, 32, 32), (8, 32, 64), (8, 32, 128), (16, 32, 128), (8, 128, 128), (8, 64, 256))
"""Networks at once, rows of a mini-batch, units of a layer."""


def apart(x: Tensor, y: Tensor, rows: int, units: int) -> float:
    """Return the CPU-seconds of an epoch of one network."""
    layers: list[nn.Module] = []
    for inputs in (FEATURES, units):
        layers += [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(DROPOUT)]
    network = nn.Sequential(*layers, nn.Linear(units, CLASSES))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    begun, order = time.process_time(), torch.randperm(len(x))
    for batch in torch.split(order, rows)[: len(x) // rows]:
        loss = cross_entropy(network(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.process_time() - begun


def together(x: Tensor, y: Tensor, rows: int, units: int, count: int) -> float:
    """Return the CPU-seconds of an epoch of one network among `count` that are trained as one batch."""
    shapes = ((FEATURES, units), (units, units), (units, CLASSES))
    parameters = [(torch.randn(count, *shape) * shape[0] ** -0.5).requires_grad_() for shape in shapes]
    parameters += [torch.zeros(count, 1, width, requires_grad=True) for _, width in shapes]
    first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    rate, decay, beta1, beta2 = (torch.full((count, 1, 1), value) for value in (1e-3, 0.01, 0.9, 0.999))
    begun = time.process_time()
    order = torch.stack([torch.randperm(len(x)) for _ in range(count)])
    for step, batch in enumerate(torch.split(order, rows, dim=1)[: len(x) // rows], 1):
        hidden = x[batch]
        for layer in range(2):
            hidden = torch.baddbmm(parameters[3 + layer], hidden, parameters[layer]).relu()
            hidden = nn.functional.dropout(hidden, DROPOUT)
        logits = torch.baddbmm(parameters[5], hidden, parameters[2])
        loss = cross_entropy(logits.flatten(0, 1), y[batch].flatten(), reduction="sum") / rows
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
                p.mul_(1 - rate * decay)
                m.mul_(beta1).addcmul_(g, 1 - beta1)
                v.mul_(beta2).addcmul_(g * g, 1 - beta2)
                p.addcdiv_(m / (1 - beta1**step) * -rate, (v / (1 - beta2**step)).sqrt_().add_(1e-8))
    return (time.process_time() - begun) / count


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 repeats instead of 9")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    torch.set_num_threads(1)
    x, y = torch.randn(ROWS, FEATURES), torch.randint(0, CLASSES, (ROWS,))
    found = {}
    for count, rows, units in SHAPES:
        pairs = [
            (apart(x, y, rows, units), together(x, y, rows, units, count))
            for _ in range((3 if options.quick else 9) + 1)
        ][1:]  # the first one warms up
        ratios = [single / batched for single, batched in pairs]
        found[f"{count} networks of 2 × {units}, batches of {rows}"] = {
            "ms_apart": round(1000 * statistics.median(single for single, _ in pairs), 1),
            "ms_together": round(1000 * statistics.median(batched for _, batched in pairs), 1),
            "ratio": round(statistics.median(ratios), 2),
            "lowest": round(min(ratios), 2),
            "highest": round(max(ratios), 2),
        }
    if options.json:
        print(json.dumps({"benchmark": "batched", "epochs": found}))
        return
    for name, row in found.items():
        print(
            f"{name:44} {row['ms_apart']:7} ms {row['ms_together']:7} ms  {row['ratio']} "
            f"({row['lowest']} … {row['highest']})"
        )


if __name__ == "__main__":
    main()
