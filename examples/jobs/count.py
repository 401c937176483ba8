"""Count the lines that each tuner takes for each job, and print the table of docs/lines-of-code.md.

    python examples/jobs/count.py            the table
    python examples/jobs/count.py run optuna  every job of a tuner, once

A job costs the lines of its function, as ruff formats them at 110 characters, without its first line, blank
lines and comments; with those of helpers of the file that it uses, but for what every job needs (the learning
rate), and with the imports that not every job has.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TUNERS = {"osetra": "in_osetra", "Optuna": "in_optuna", "Ray Tune": "in_ray", "KerasTuner": "in_keras_tuner"}
FREE = {"LR", "_lr", "OPTIONS"}
"""What every job of a file needs, and so none is charged with."""
COMMON = {"ose", "optuna", "tune", "keras_tuner", "toy", "loss", "latency", "EPOCHS"}
"""Imports that every job has, likewise."""


def jobs(tuner: str) -> dict[str, int]:
    """Return the lines of each job of a tuner."""
    tree = ast.parse((HERE / f"{TUNERS[tuner]}.py").read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    counts = {}
    for name, node in functions.items():
        if name.startswith("_"):
            continue
        used = _names(node)
        helpers = [functions[n] for n in sorted(used & functions.keys() - FREE)]
        used = used.union(*map(_names, helpers))
        lines = sum(map(_lines, node.body)) + sum(map(_lines, helpers))
        lines += sum(bool({(a.asname or a.name) for a in one.names} & used - COMMON) for one in imports)
        counts[name] = lines
    return counts


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _lines(node: ast.stmt) -> int:
    """Return how many lines of a statement hold code: a line that no part of it touches is blank."""
    held = {one.lineno for one in ast.walk(node) if hasattr(one, "lineno")}
    held |= {one.end_lineno for one in ast.walk(node) if getattr(one, "end_lineno", None)}
    return len(held)


def table() -> str:
    """Return the table as Markdown: the fewest lines of a row in bold."""
    counts = {tuner: jobs(tuner) for tuner in TUNERS}
    rows = [f"| job | {' | '.join(TUNERS)} |", "|---|" + "---|" * len(TUNERS)]
    for job in counts["osetra"]:
        least = min(count[job] for count in counts.values() if job in count)
        cells = [counts[tuner].get(job) for tuner in TUNERS]
        shown = ["–" if n is None else f"**{n}**" if n == least else str(n) for n in cells]
        rows.append(f"| {job.replace('_', ' ')} | {' | '.join(shown)} |")
    return "\n".join(rows)


def run(tuner: str) -> None:
    """Run every job of a tuner once, in an empty folder, and say what each answers.

    Ray's workers find the toy by the environment alone.
    """
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    module = importlib.import_module(TUNERS[tuner])
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        for job in jobs(tuner):
            begun = time.monotonic()
            print(f"{job}: {getattr(module, job)()}  {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(next(name for name in TUNERS if name.lower().startswith(sys.argv[2].lower())))
    else:
        print(table())
