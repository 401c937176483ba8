"""No panel raises, and every document is JSON, whatever state a study is in."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from osetra.views.panels.boxes import boxes_panel
from osetra.views.panels.cockpit import cockpit_panel
from osetra.views.panels.compare import Compared, compare_panel
from osetra.views.panels.contour import contour_panel, default_pair
from osetra.views.panels.curves import curves_panel, tails_panel
from osetra.views.panels.fidelity import fidelity_panel
from osetra.views.panels.history import history_panel
from osetra.views.panels.importance import importance_panel
from osetra.views.panels.parallel import parallel_panel
from osetra.views.panels.slices import slices_panel
from osetra.views.panels.study import study_entry, study_panel
from osetra.views.panels.timeline import timeline_panel
from osetra.views.panels.trial import trial_panel
from osetra.views.panels.trials import trials_panel
from views.panels.odd import STUDIES

NOW = 2_000.0
PANELS: dict[str, Callable[..., Any]] = {
    "study": lambda p, h: study_panel(p, h, id="1f", name="digits"),
    "entry": lambda p, h: study_entry(p, h, id="1f", name="digits"),
    "cockpit": lambda p, h: cockpit_panel(p, h, NOW),
    "trials": trials_panel,
    "some trials": lambda p, h: trials_panel(p, h, only=[1, 2, 10**6]),
    "trial": lambda p, h: [trial_panel(p, h, number) for number in h.trials],
    "curves": lambda p, h: curves_panel(p, h, NOW),
    "chosen curves": lambda p, h: curves_panel(p, h, NOW, trials=[1, 999], points=8),
    "timeline": lambda p, h: timeline_panel(h, NOW),
    "history": history_panel,
    "parallel": parallel_panel,
    "slices": slices_panel,
    "importance": importance_panel,
    "fidelity": fidelity_panel,
    "boxes": boxes_panel,
    "contour": lambda p, h: contour_panel(p, h, *(default_pair(p, h) or ("lr", "layers"))),
    "compare": lambda p, h: compare_panel([Compared(id="1", name="a", problem=p, history=h)] * 2),
    "tails": lambda p, h: tails_panel(h, 0, p.objective.metric),
}


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("study", STUDIES)
def test_a_panel_is_json_whatever_the_study_went_through(study: str, panel: str) -> None:
    problem, history = STUDIES[study]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = PANELS[panel](problem, history)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
