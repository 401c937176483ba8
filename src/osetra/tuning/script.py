"""Scripts: `train.py:function` on the command line becomes a training function."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import socket
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from osetra.core.space import Space
from osetra.errors import StudyError, nearest
from osetra.files import real_path


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
    if not Path(path).is_file():
        raise StudyError(f"{path}: no such file; write osetra tune PATH.py:FUNCTION")
    file = real_path(path)
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


def load_function(source: str) -> Callable[[Any], object]:
    """Import `path.py:function` or `package.module:function`, the latter also from the working folder.

    Raises:
        StudyError: there is no such file, module or function; the folders that were searched are named.
    """
    if is_script(source):
        return load_script(source).function
    name, _, wanted = source.partition(":")
    if not wanted:
        raise StudyError(f"{source}: write package.module:function or script.py:function")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise StudyError(f"{source}: {missing(error)}") from None
    except Exception as error:
        raise StudyError(f"{source}: {type(error).__name__}: {error}") from error
    function = getattr(module, wanted, None)
    if not callable(function):
        functions = [key for key, item in vars(module).items() if inspect.isfunction(item)]
        shown = ", ".join(functions) or "none"
        raise StudyError(
            f"{module.__file__}: no function {wanted!r} in it; it has: {shown}.{nearest(wanted, functions)}"
        )
    found: Callable[[Any], object] = function
    return found


def missing(error: ModuleNotFoundError) -> str:
    """Say which module was not found, where it was looked for, and what helps."""
    own = sysconfig.get_path("stdlib").rpartition("/")[0]
    searched = ", ".join(
        path for path in sys.path if path and not (path.startswith(own) and "site" not in path)
    )
    return (
        f"there is no module {error.name!r} on {socket.gethostname()}; searched: {searched}. Install it for "
        f"{sys.executable}, or name its folder: PYTHONPATH=FOLDER osetra …"
    )


def _imported(file: Path) -> ModuleType:
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    found = importlib.util.find_spec(file.stem) if file.stem.isidentifier() else None
    if found is None or found.origin is None or real_path(found.origin) != file:
        raise StudyError(
            f"{file.name}: Python cannot import it under the name {file.stem!r}, which "
            + ("is another module's" if found else "is no valid module name")
            + "; rename the file"
        )
    try:
        return importlib.import_module(file.stem)
    except ModuleNotFoundError as error:
        raise StudyError(f"{file.name}{_line_of(error, file)}: {missing(error)}") from error
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
