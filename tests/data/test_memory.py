"""Large data fits: many rows with thousands of levels, and photographs one by one."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

# A new process's own peak: what getrusage says begins with that of the one that started it.
PEAK = """
from pathlib import Path
print(next(int(x.split()[1]) / 1024 for x in Path("/proc/self/status").open() if x.startswith("VmHWM")))
"""


def peak(code: str) -> float:
    """Return the megabytes that a Python program took at most."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{PEAK}"], check=False, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


@pytest.mark.slow
def test_300_000_rows_with_thousands_of_levels_take_less_than_3_gigabytes(tmp_path):
    rng = np.random.default_rng(0)
    n = 300_000
    x = rng.normal(size=(n, 8)).round(3).astype(str)
    tails = rng.integers(0, 4000, n)
    y = (tails % 7 + rng.normal(size=n)).round(3)
    with (tmp_path / "flights.csv").open("w") as file:
        file.write("a,b,c,d,e,f,g,h,tail,dest,y\n")
        for row, tail, value in zip(x, tails.tolist(), y.tolist(), strict=True):
            file.write(",".join(row) + f",N{tail},D{tail % 900},{value}\n")
    code = f"""
import torch; torch.set_num_threads(1)
from osetra.nets.task import Data, NetworkTask, rehearse
task = NetworkTask(data=Data(where={str(tmp_path / "flights.csv")!r}), epochs=1)
assert task.baseline().scores["rmse"] < 2.2
task.test_scores(rehearse(task, {{"units": 32, "batch_size": 256, "lr": 0.003}}, 0))
"""
    assert peak(code) < 3000


@pytest.mark.slow
def test_photographs_of_12_megapixels_are_read_one_by_one(tmp_path):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (30, 40, 3), dtype=np.uint8))
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        small.resize((4000, 3000)).save(tmp_path / label / "0.jpg")
        for i in range(1, 40):
            (tmp_path / label / f"{i}.jpg").hardlink_to(tmp_path / label / "0.jpg")
    code = f"from osetra.data.loading import load; assert len(load({str(tmp_path)!r})) == 80"
    assert peak(code) < 500
