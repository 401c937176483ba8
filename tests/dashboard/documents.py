"""The documents of a study by their paths, as a page without a server holds them.

python tests/dashboard/documents.py STUDY.db > documents.json
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module

import osetra as ose

ID = "d1g175"
PANELS = ("timeline", "importance", "slices", "boxes", "fidelity", "history", "parallel")


def documents(url: str, name: str = "digits") -> dict[str, object]:
    """Return every document that the page asks for."""
    study = ose.Study(url)
    problem, history, now = study.problem, study.history, time.time()
    panel = {module: import_module(f"osetra.views.panels.{module}") for module in _modules()}
    root = f"/api/studies/{ID}"
    entry = panel["study"].study_entry(problem, history, id=ID, name=name)
    found: dict[str, object] = {
        "/api/studies": {"place": "", "read_only": True, "studies": [entry]},
        root: panel["study"].study_panel(problem, history, id=ID, name=name),
        f"{root}/cockpit": panel["cockpit"].cockpit_panel(problem, history, now),
        f"{root}/trials": panel["trials"].trials_panel(problem, history),
    }
    for metric in history.curves.metrics:
        path = f"{root}/curves?metric={metric}&trials=auto&points=400"
        found[path] = panel["curves"].curves_panel(problem, history, now, metric=metric)
    for number in history.trials:
        found[f"{root}/trials/{number}"] = panel["trial"].trial_panel(problem, history, number)
    for kind in PANELS:
        arguments = (history, now) if kind == "timeline" else (problem, history)
        found[f"{root}/{kind}"] = getattr(panel[kind], f"{kind}_panel")(*arguments)
    pair = panel["contour"].default_pair(problem, history)
    if pair is not None:
        found[f"{root}/contour"] = panel["contour"].contour_panel(problem, history, *pair)
    return found


def _modules() -> list[str]:
    from osetra.views import panels

    folder = next(iter(panels.__path__))
    from pathlib import Path

    return [file.stem for file in Path(folder).glob("*.py") if file.stem != "__init__"]


if __name__ == "__main__":
    json.dump(documents(sys.argv[1]), sys.stdout, allow_nan=False)
