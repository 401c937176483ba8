"""One file: the page with a study's documents inside it, to be kept, sent, and opened without a server.

The same modules draw the same documents. They stand in the file as an import map, each as an address that
holds its text, so that nothing is fetched from anywhere; the file's own policy forbids it as well.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
import time
from collections.abc import Mapping
from html import escape
from pathlib import Path

from osetra.core.clean import json_text
from osetra.core.history import History
from osetra.dashboard import vendor
from osetra.dashboard.analysis import MAKERS
from osetra.dashboard.follow import View
from osetra.dashboard.vendor import PAGE
from osetra.errors import MissingExtra, OsetraError
from osetra.views.panels.cockpit import cockpit_panel
from osetra.views.panels.curves import curves_panel, shown
from osetra.views.panels.study import study_entry, study_panel
from osetra.views.panels.trial import trial_panel
from osetra.views.panels.trials import trials_panel

PAGES = 300
"""Trials with a page of their own in the file: all that run, the best and the latest."""
METRICS = 12
"""Metrics with cost curves in the file; the objective is the first."""
STYLES = ("tokens.css", "vendor/uplot.css", "style.css", "views.css")
KEY = "study"
"""The id of the one study in the file."""
NAME = "osetra/"
"""In front of the modules' names, which then name nothing else."""
_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}/[^"']+)\2""")


def one_file(view: View, name: str, reference: str = "STUDY") -> str:
    """Return an HTML file that shows a study as it is now.

    Args:
        view: the study.
        name: what people call it.
        reference: what a person types to name it.

    Raises:
        MissingExtra: the page's libraries are not there.
    """
    if problem := vendor.ensure():
        raise MissingExtra(problem)
    modules = {path: _renamed(path, text) for path, text in _texts(".js", ".mjs").items()}
    styles = _texts(".css")
    imports = {NAME + path: _address(text) for path, text in modules.items()}
    table = json_text({"imports": imports})
    start = f'import "{NAME}theme.js"; import "{NAME}main.js";'
    style = "\n".join(styles[each] for each in STYLES if each in styles)
    documents = json_text(documents_of(view, name, reference)).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src {_mark(table)} {_mark(start)} data:; style-src {_mark(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en" data-theme="light">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy, quote=True)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)} · osetra</title>\n<style>{style}</style>\n"
        f'<script type="application/json" id="documents">{documents}</script>\n'
        f'<script type="importmap">{table}</script>\n</head>\n<body>\n<div id="page"><noscript><p>This file '
        "draws a study, which needs JavaScript.</p></noscript></div>\n"
        f'<script type="module">{start}</script>\n</body>\n</html>\n'
    )


def documents_of(view: View, name: str, reference: str = "STUDY") -> dict[str, object]:
    """Return every document that the page may ask for, by its path."""
    problem, history, now = view.problem, view.history, time.time()
    root = f"/api/studies/{KEY}"
    found: dict[str, object] = {
        "/api/studies": {
            "place": "",
            "read_only": True,
            "studies": [study_entry(problem, history, id=KEY, name=name)],
        },
        root: {**study_panel(problem, history, id=KEY, name=name, verbs=()), "reference": reference},
        f"{root}/cockpit": cockpit_panel(problem, history, now, reference=reference),
        f"{root}/trials": trials_panel(problem, history),
    }
    own = problem.objective.metric
    for metric in sorted(history.curves.metrics, key=lambda each: each != own)[:METRICS]:
        path = f"{root}/curves?metric={metric}&trials=auto&points=400"
        found[path] = curves_panel(problem, history, now, metric=metric)
    for number in _worth_a_page(view):
        found[f"{root}/trials/{number}"] = trial_panel(problem, history, number, reference=reference)
    for panel, make in MAKERS.items():
        try:
            found[f"{root}/{panel}"] = make(view, {})
        except OsetraError:  # such as a contour of one hyperparameter
            continue
    return found


def _worth_a_page(view: View) -> list[int]:
    history: History = view.history
    if len(history.trials) <= PAGES:
        return list(history.trials)
    best = [trial.number for trial in shown(view.problem, history, PAGES // 2)]
    latest = list(history.trials)[-PAGES // 2 :]
    return sorted({*best, *latest})


def _texts(*ends: str) -> Mapping[str, str]:
    files = sorted(path for path in PAGE.rglob("*") if path.suffix in ends)
    return {path.relative_to(PAGE).as_posix(): path.read_text("utf-8") for path in files}


def _renamed(path: str, text: str) -> str:
    """Return a module whose imports go by name instead of by place."""

    def named(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[3]))
        return f"{found[1]}{found[2]}{NAME}{place}{found[2]}"

    return _IMPORT.sub(named, text)


def _address(text: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()


def _mark(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def write(view: View, file: Path, name: str, reference: str = "STUDY") -> None:
    """Write the file whole or not at all."""
    text = one_file(view, name, reference)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, "utf-8", errors="backslashreplace")
    part.replace(file)
