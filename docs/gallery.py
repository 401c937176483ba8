"""The figures of the gallery: a study of a toy network, drawn in every way.

python docs/gallery.py [FOLDER]

The toy is a function with the habits of a network: a learning rate that blows up when it is too large,
momentum that lets it be smaller, units that help less and less.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import osetra as ose

SPACE = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log"),
    momentum=ose.Float(0.5, 0.99, scale="one_minus_log"),
    units=ose.Int(16, 512, scale="log"),
    activation=ose.Choice("relu", "gelu", "tanh"),
)
FIGURES = ("history", "parallel", "importance", "slice", "contour", "timeline")
STEPS = 27


def train(run: ose.Run) -> None:
    """Report the loss of a training that does not happen."""
    config = run.config
    rate = config["lr"] / (1 - config["momentum"])
    floor = 0.08 + 2 / config["units"] + {"relu": 0.02, "gelu": 0.0, "tanh": 0.08}[config["activation"]]
    speed = min(rate, 0.5) * math.exp(-max(0.0, math.log(rate / 0.5)))
    for step in run.steps(STEPS):
        loss = floor + 2.3 * math.exp(-speed * step) + 0.05 * abs(math.log10(rate / 0.3)) ** 1.5
        run.report(val_loss=loss * (1 + 0.02 * math.sin(7.0 * step + run.trial)))
        if rate > 20 and step > 2:
            run.diverged(f"the loss blew up: the rate is {rate:.3g}")


def main(folder: Path) -> None:
    """Search, and write every figure."""
    with tempfile.TemporaryDirectory() as place:
        study = ose.Study(Path(place) / "toy.db", SPACE, minimize="val_loss", seed=0)
        study.run(train, trials=60, progress=False)
        for name in FIGURES:
            figure = getattr(study.plot, name)()
            figure.savefig(folder / f"gallery-{name}.png", dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
