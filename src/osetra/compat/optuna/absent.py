"""Absent: modules of Optuna without a counterpart here; to use or import one says what to write instead."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from osetra.compat.optuna.exceptions import refuse

PACKAGE = __name__.rpartition(".")[0]
INSTEAD = {
    "integration": "callbacks of frameworks are in osetra.integrations: .keras, .lightning, .xgboost …",
    "artifacts": "keep files yourself and remember their paths: trial.set_user_attr('file', path)",
    "terminator": "let a limit end the search: osetra.Study.run(until='noise')",
    "search_space": "the space that was found is study.osetra.problem.space",
    "cli": "the command is `osetra`: osetra status, osetra best, osetra dashboard",
    "progress_bar": "study.optimize(show_progress_bar=True) shows one",
    "testing": "the kits of osetra are in osetra.testing",
}


class Absent:
    """Asked last of all finders of modules: where the others have found none of those names."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the modules that are not offered; of others nothing is known.

        Raises:
            NotOffered: it is one of them.
        """
        package, _, module = name.rpartition(".")
        if package == PACKAGE and module in INSTEAD:
            raise refuse(module, INSTEAD[module])
        return None


def install() -> None:
    """Be asked when a module is imported."""
    if Absent not in sys.meta_path:
        sys.meta_path.append(Absent)
