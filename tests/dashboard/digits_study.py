"""A study like those that people run, in seconds: a network whose curves go down, crawl or blow up.

    python tests/dashboard/digits_study.py STUDY.db [TRIALS] [SECONDS_PER_STEP] [SCHEDULER]

Trainings have training and validation curves, conditional parameters and checkpoints; a few fail or diverge,
ASHA cuts the weak ones, and a person steers some.
"""

from __future__ import annotations

import math
import sys
import threading
import time

import numpy as np

import osetra as ose
from osetra.errors import StudyError

EPOCHS = 27
PACE = 0.05
"""Seconds per epoch unless told otherwise."""

space = ose.Space(
    lr=ose.Float(1e-4, 1.0, scale="log", default=0.01),
    optimizer=ose.Choice("sgd", "adamw"),
    momentum=ose.Float(0.5, 0.995, scale="one_minus_log", default=0.9, when={"optimizer": "sgd"}),
    weight_decay=ose.Float(1e-6, 1e-1, scale="log", default=1e-4, when={"optimizer": "adamw"}),
    units=ose.Int(16, 512, scale="log", default=64),
    depth=ose.Int(1, 6, default=2),
    dropout=ose.Float(0.0, 0.6, default=0.1),
    batch_size=ose.Ordinal(16, 32, 64, 128, 256),
)


def train(run: ose.Run) -> None:
    """Follow curves that the configuration decides, as far as a network's do."""
    config, rng = run.config, np.random.default_rng(run.seed)
    if config["depth"] >= 5 and config["units"] > 200:
        raise MemoryError(f"the network needs {config['units'] * config['depth'] // 100} GB, 16 GB are free")
    size = {"parameters": config["units"] * config["depth"] * 64, "layers": config["depth"]}
    run.remember(commit="3f9c2ab", network=size, augmented=config["dropout"] > 0.3)
    state = run.restore() or {"step": 0, "progress": 0.0}
    progress = float(state["progress"])
    for epoch in run.steps(EPOCHS):
        time.sleep(PACE)
        lr = float(run.live("lr"))
        heat = math.log10(lr / (0.03 if config["optimizer"] == "sgd" else 0.004))
        progress += math.exp(-((heat / 0.8) ** 2)) * (0.6 + 0.4 * math.log2(config["units"]) / 9)
        floor = _floor(config)
        train_loss = 2.3 * math.exp(-0.35 * progress) + 0.35 * floor
        gap = 0.015 * config["depth"] * epoch / EPOCHS * (1 - config["dropout"])
        noise = 0.02 * rng.standard_normal()
        val_loss = (2.3 * math.exp(-0.28 * progress) + floor + gap) * (1 + noise)
        if heat > 0.9:
            val_loss = train_loss = 2.3 * math.exp(0.9 * heat * epoch) if epoch < 5 else math.nan
        accuracy = 1 - 0.9 * min(1.0, val_loss / 2.3) if math.isfinite(val_loss) else 0.1
        run.checkpoint({"step": epoch, "progress": progress})
        run.report(train_loss=train_loss * (1 + noise / 4), val_loss=val_loss, accuracy=accuracy)


def _floor(config: dict[str, object]) -> float:
    """Return the loss that a configuration approaches."""
    width, depth = math.log2(float(config["units"])), float(config["depth"])  # type: ignore[arg-type]
    rough = 0.012 * (width - 7.5) ** 2 + 0.02 * (depth - 3) ** 2
    rough += 0.25 * (float(config["dropout"]) - 0.2) ** 2  # type: ignore[arg-type]
    rough += 0.015 * abs(math.log2(float(config["batch_size"])) - 5.5)  # type: ignore[arg-type]
    if config["optimizer"] == "adamw":
        rough += 0.008 * (math.log10(float(config["weight_decay"])) + 3) ** 2  # type: ignore[arg-type]
    else:
        rough += 0.03 * (math.log10(1 - float(config["momentum"])) + 1.3) ** 2  # type: ignore[arg-type]
    return 0.045 + rough


def steer(study_url: str) -> None:
    """Do what a person would do meanwhile: change a rate, pause one, note something."""
    wishes = [
        ("scale", {"lr": 0.5}),
        ("note", {"text": "loss spikes where the rate is high"}),
        ("pause", {}),
        ("set", {"lr": 0.01}),
        ("stop", {}),
    ]
    study = ose.Study(study_url)
    for verb, args in wishes:
        for _ in range(100):
            time.sleep(0.3)
            running = [trial for trial in study.history.running if study.history.step(trial, "val_loss") > 2]
            if running:
                break
        else:
            return
        try:
            study.order(running[0].number, verb, why="tried by hand", actor="ada", **args)
        except StudyError:
            continue
        time.sleep(1.5)


def main(url: str, trials: int = 160, pace: float = PACE, scheduler: str = "asha") -> None:
    """Run the study; running it again goes on."""
    global PACE  # read by trainings, which are forked from here
    PACE = pace
    task = {"what": "digits"}
    study = ose.Study(url, space, minimize="val_loss", scheduler=scheduler, searcher="tpe", seed=3, task=task)
    threading.Thread(target=steer, args=(url,), daemon=True).start()
    if not study.trials:
        study.enqueue(lr=0.02, optimizer="sgd", momentum=0.9)
    study.run(train, trials=trials, workers=3, progress=False)


if __name__ == "__main__":
    main(sys.argv[1], *(kind(word) for kind, word in zip((int, float, str), sys.argv[2:], strict=False)))
