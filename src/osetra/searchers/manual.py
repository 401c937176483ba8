"""Manual search: the queue belongs to people; this searcher adds nothing to it.

Source: the way most networks are tuned. Configurations arrive through `Study.enqueue`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.history import History
from osetra.core.problem import Problem


@settings_checked
@dataclass(frozen=True, slots=True)
class Manual:
    """Suggests nothing; a study with this searcher runs what people enqueue, then stops."""

    name = "manual"
    lookahead = 1

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return nothing."""
        return ()
