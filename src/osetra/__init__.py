"""osetra finds good hyperparameters for deep networks, and keeps them good.

import osetra as ose

space = ose.Space(lr=ose.Float(1e-4, 1, scale="log"), units=ose.Int(50, 100))
study = ose.Study("digits.db", space, minimize="val_loss")
study.run(train, trials=50, workers=2)
study.best.config
"""

from typing import TYPE_CHECKING, Any

from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.params import Choice, Fixed, Float, Int, Normal, Ordinal
from osetra.core.ports import Checkpoints
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.trial import Trial
from osetra.errors import Diverged, Interrupted, OsetraError
from osetra.executors import Inline, Processes
from osetra.study.study import Study
from osetra.training.run import Run
from osetra.version import __version__ as __version__

if TYPE_CHECKING:
    from osetra.command.argparse_space import from_argparse
    from osetra.tuning.model import load_model
    from osetra.tuning.retest import retest
    from osetra.tuning.tune import tune

_LATE = {
    "from_argparse": "osetra.command.argparse_space",
    "tune": "osetra.tuning.tune",
    "retest": "osetra.tuning.retest",
    "load_model": "osetra.tuning.model",
}
"""What is imported when it is first asked for, so that `import osetra` stays quick."""

__all__ = [
    "Checkpoints",
    "Choice",
    "Diverged",
    "Finding",
    "Fixed",
    "Float",
    "History",
    "Inline",
    "Int",
    "Interrupted",
    "Normal",
    "Objective",
    "Ordinal",
    "OsetraError",
    "Problem",
    "Processes",
    "Run",
    "Space",
    "Study",
    "Trial",
    "from_argparse",
    "load_model",
    "retest",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'osetra' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATE])
