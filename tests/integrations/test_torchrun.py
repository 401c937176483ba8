"""torchrun: two ranks that it starts are one program of a study; a stop and another rate reach both."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import osetra as ose
from osetra.command.training import CommandTraining
from osetra.core.history import History

from .trial_runs import heavy

pytest.importorskip("torch")

SCRIPT = """
import json, os, signal, sys, time
import torch
import torch.distributed as dist

lr, place = float(sys.argv[1]), os.environ["OSETRA_CHECKPOINT_DIR"]
told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
dist.init_process_group("gloo")
rank, kept = dist.get_rank(), os.path.join(place, "state.json")
w = torch.tensor([1.0], dtype=torch.float64)
start = 0
if os.path.exists(kept):
    start, w[0] = json.load(open(kept))
for step in range(start + 1, 401):
    grad = w * (rank + 1)
    dist.all_reduce(grad)
    w -= lr * grad / 3
    both = torch.tensor([lr, 1.0 if told else 0.0], dtype=torch.float64)
    dist.all_reduce(both)
    if rank == 0:
        with open(kept + ".new", "w") as file:
            json.dump([step, w.item()], file)
        os.replace(kept + ".new", kept)
        print(json.dumps({"step": step, "val_loss": w.item(), "rates": both[0].item()}), flush=True)
    if both[1]:
        break
    time.sleep(0.05)
dist.destroy_process_group()
sys.exit(75 if both[1] else 0)
"""


@heavy
def test_a_stop_and_another_rate_reach_both_ranks(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    program = CommandTraining((*torchrun, "train.py", "{lr}"), str(tmp_path), str(tmp_path))
    study = ose.Study(
        tmp_path / "s.db", ose.Space(lr=ose.Float(0.001, 0.1)), minimize="val_loss", scheduler="full"
    )
    study.enqueue({"lr": 0.004})
    asked: list[str] = []

    def steer(history: History) -> None:
        """Order another rate behind the third step, and a stop once it is in force."""
        if not history.trials:
            return
        steps, values = study.curve(1, "rates")
        if len(steps) > 2 and not asked:
            asked.append(study.order(1, "set", lr=0.002).verb)
        if len(asked) == 1 and len(values) and values[-1] == pytest.approx(0.004):
            asked.append(study.order(1, "stop").verb)

    study.run(program, trials=1, executor=ose.Processes(1), progress=False, watch=steer)
    (trial,) = study.trials
    steps, rates = study.curve(1, "rates")
    # The sum over both ranks: 2 × 0.004, then 2 × 0.002, and nothing between.
    assert sorted({round(float(rate), 6) for rate in rates}) == [0.004, 0.008]
    assert list(steps) == list(range(1, len(steps) + 1)), "it began anew"
    assert asked == ["set", "stop"] and len(steps) < 400
    assert trial.state == "finished", "a person's stop keeps the result"
