"""Every benchmark can be loaded: each uses the package as it is, also those that are run now and then."""

import os
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LOADED = """
import importlib, pathlib, sys
files = sorted(pathlib.Path(".").glob("*.py"))
ours = {"osetra", "problems", *(file.stem for file in files)}
for file in files:
    try:
        importlib.import_module(file.stem)
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] in ours:
            raise
        print("not installed:", error.name)
"""


def test_every_benchmark_loads():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=BENCHMARKS,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
