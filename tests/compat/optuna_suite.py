"""Runs Optuna's own tests of studies and trials against `osetra.compat.optuna`, and says what they find.

    git clone https://github.com/optuna/optuna
    python tests/compat/optuna_suite.py optuna

They are no part of Optuna's package, so a checkout is needed. `import optuna` finds the module of osetra
there; names with an underscore and `optuna.testing` are stood in for as far as a test only looks by them. A
test fails for one of three reasons, which are counted apart: it reaches into Optuna (private names, methods
of storages, samplers that are called), osetra refuses what it does with a sentence, or answers otherwise.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import shutil
import sys
import tempfile
import types
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import osetra.compat.optuna as compat
from osetra.compat.optuna.exceptions import NotOffered

FOLDERS = ("study_tests", "trial_tests")
INSIDE = (
    "inside of Optuna",
    "_dominates() takes",
    "Storage' object has no attribute",
    "has no attribute '_",
    "has no '_",
    "'OptunaTrial' object has no attribute 'storage'",
    "does not have the attribute",
)
"""What an error says where a test reaches into Optuna."""


class Inside:
    """Something of Optuna's inside: it can be imported, not used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **named: Any) -> Any:
        raise NotImplementedError(f"inside of Optuna: {self.name}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inside(f"{self.name}.{name}")

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (object,)


class Module(types.ModuleType):
    """A module of Optuna's name with what osetra has of it."""

    def __init__(self, name: str, real: Any) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.real = real

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "real":
            raise AttributeError(name)
        try:
            return getattr(self.real, name)
        except (AttributeError, NotOffered):
            return Inside(f"{self.__name__}.{name}")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds osetra's module under Optuna's name."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Return how a module of Optuna is found."""
        mine = name.partition(".")[0] == "optuna"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if mine else None

    def create_module(self, spec: Any) -> types.ModuleType:
        """Return osetra's module of that name, or its nearest parent that is there."""
        real: Any = compat
        for part in spec.name.split(".")[1:]:
            if part == "testing":
                return Module(spec.name, Testing)
            real = vars(real).get(part, real)
        return Module(spec.name, real)

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: the module is there."""


class Supplied:
    """A place of studies for a test."""

    def __init__(self, mode: str, *args: Any, **named: Any) -> None:
        self.folder = None if mode == "inmemory" else tempfile.TemporaryDirectory()

    def __enter__(self) -> Any:
        if self.folder is None:
            return compat.storages.InMemoryStorage()
        return compat.storages.RDBStorage(f"sqlite:///{self.folder.name}/s.db")

    def __exit__(self, *error: Any) -> None:
        if self.folder is not None:
            self.folder.cleanup()


class Testing:
    """What `optuna.testing` has for studies."""

    StorageSupplier = Supplied
    STORAGE_MODES = ("inmemory", "sqlite")

    @staticmethod
    def fail_objective(trial: Any) -> float:
        """Fail."""
        raise ValueError

    @staticmethod
    def pruned_objective(trial: Any) -> float:
        """End early."""
        raise compat.TrialPruned


class Reasons:
    """Counts why tests failed; a plugin of pytest."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.others: list[str] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Count an outcome."""
        report = (yield).get_result()
        if report.skipped or (report.passed and report.when == "call"):
            self.counted[report.outcome] += 1
        if not report.failed:
            return
        error = call.excinfo.value
        if isinstance(error, NotOffered):
            reason = "refused"
        elif any(words in str(error) for words in INSIDE):
            reason = "reaches into Optuna"
        else:
            reason = "answers otherwise"
            self.others.append(f"{item.nodeid}: {str(error).splitlines()[0] if str(error) else error!r}")
        self.counted[reason] += 1


def main() -> None:
    """Run the tests of a checkout."""
    if len(sys.argv) != 2 or not Path(sys.argv[1], "tests").is_dir():
        raise SystemExit("say where a checkout of Optuna is: python tests/compat/optuna_suite.py FOLDER")
    for name in [name for name in sys.modules if name.partition(".")[0] == "optuna"]:
        del sys.modules[name]
    sys.meta_path.insert(0, Finder())
    kind: Any = compat.study.OptunaStudy
    kind._is_multi_objective = lambda study: len(study.directions) > 1
    reasons = Reasons()
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            shutil.copytree(Path(sys.argv[1], "tests", name), Path(folder, name))
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", "--rootdir", folder, folder], [reasons])
    print(*reasons.others, sep="\n")
    print(dict(reasons.counted))


if __name__ == "__main__":
    main()
