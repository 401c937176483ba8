"""The documents of a study by their paths, as the single file holds them."""

from __future__ import annotations

import osetra as ose
from osetra.dashboard.follow import View
from osetra.dashboard.onefile import KEY, documents_of

ID = KEY


def documents(url: str, name: str = "digits") -> dict[str, object]:
    """Return every document that the page asks for."""
    study = ose.Study(url)
    return documents_of(View(study.problem, study.history), name)
