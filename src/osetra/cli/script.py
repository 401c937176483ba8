"""Scripts: `train.py:function` on the command line becomes a training function."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from osetra.core.space import Space
from osetra.errors import StudyError, nearest


@dataclass(frozen=True, slots=True)
class Script:
    """A training function from a file."""

    file: Path
    name: str
    function: Callable[[Any], object]
    space: Space | None
    """The space that the script declares as `space`, when it does."""


def is_script(source: str) -> bool:
    """Whether a source on the command line names a Python file rather than data."""
    return source.partition(":")[0].endswith(".py")


def load_script(source: str) -> Script:
    """Import `path.py:function`; without a function name the only one, or `train`, is taken.

    The folder of the script joins the import path, so that it finds its neighbours, here and in the
    worker processes.

    Raises:
        StudyError: no such file, no such function (those it has are listed), or the import failed.
    """
    path, _, wanted = source.partition(":")
    file = Path(path).resolve()
    if not file.is_file():
        raise StudyError(f"{path}: no such file; write osetra tune PATH.py:FUNCTION")
    module = _imported(file)
    functions = {
        name: item
        for name, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == module.__name__ and not name.startswith("_")
    }
    if not wanted:
        wanted = "train" if "train" in functions or len(functions) != 1 else next(iter(functions))
    if wanted not in functions:
        shown = ", ".join(functions) or "none"
        raise StudyError(
            f"{file.name}: no function {wanted!r} in it; it has: {shown}.{nearest(wanted, functions)}"
            " The function receives one argument, the run."
        )
    space = getattr(module, "space", None)
    return Script(file, wanted, functions[wanted], space if isinstance(space, Space) else None)


def _imported(file: Path) -> ModuleType:
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    found = importlib.util.find_spec(file.stem) if file.stem.isidentifier() else None
    if found is None or found.origin is None or Path(found.origin).resolve() != file:
        raise StudyError(
            f"{file.name}: Python cannot import it under the name {file.stem!r}, which "
            + ("is another module's" if found else "is no valid module name")
            + "; rename the file"
        )
    try:
        return importlib.import_module(file.stem)
    except Exception as error:
        line = _line_of(error, file)
        raise StudyError(f"{file.name}{line}: {type(error).__name__}: {error}") from error


def _line_of(error: BaseException, file: Path) -> str:
    trace, line = error.__traceback__, ""
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == file:
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return line
