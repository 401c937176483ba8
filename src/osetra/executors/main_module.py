"""The user's script in a training process: what multiprocessing looks for in `__main__` is there.

A training that comes from a script is rebuilt here, its helpers with it, and the script is not run. But
whoever sends a helper to a pool or a data loader sends its name in `__main__`: so they get one that has
the script's names. Processes that are forked find them; those that are spawned import the script, as
multiprocessing does everywhere, which a script must allow by `if __name__ == "__main__":`.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from osetra.errors import StudyError
from osetra.executors.wire import MainScript

_NAME = "__main__"
_before: list[ModuleType] = []
"""The module whose code runs, and which Python would empty when nobody knows it any more."""


@dataclass(frozen=True, slots=True)
class _NotImportable:
    """The specification of a main module that no other process can import; who tries is told so."""

    file: str

    @property
    def name(self) -> str:
        """What multiprocessing asks for first when it is to spawn a process."""
        raise StudyError(
            "processes that are spawned cannot import the script of this training: put what starts the study "
            f"under `if __name__ == {_NAME!r}:` in {self.file or 'a script'}, or the helpers into a module"
        )


def this_script() -> MainScript:
    """Return what the main module of this program is, for training processes."""
    main = sys.modules.get(_NAME)
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    name = getattr(spec, "name", None)
    return MainScript(
        name=name if isinstance(name, str) else "",
        file=os.fsencode(Path(file).absolute()) if isinstance(file, str) else b"",
        arguments=[os.fsencode(argument) for argument in sys.argv if isinstance(argument, str)],
    )


def become(script: MainScript, load: Callable[[], Any]) -> Any:
    """Return what `load` rebuilds, with a main module that has the names of the script it came from."""
    own = sys.modules[_NAME]
    main = ModuleType(_NAME)
    file = os.fsdecode(script.file)
    _before.append(own)
    sys.modules[_NAME] = main
    sys.argv[:] = map(os.fsdecode, script.arguments)
    loaded = load()
    names = _names(own)
    vars(main).update(names)
    if os.path.isfile(file):  # noqa: PTH113 - quickly
        main.__file__ = file
        if script.name:
            main.__spec__ = ModuleSpec(script.name, None, origin=file)
    if names and not _is_guarded(file):
        vars(main)["__spec__"] = _NotImportable(file)
    return loaded


def _names(own: ModuleType) -> dict[str, Any]:
    """Return the names of the script that were rebuilt, with what they stand for."""
    ours = {id(item) for item in vars(own).values()}
    found = [one for one in gc.get_objects() if id(one) not in ours and _is_of_script(one)]
    names = {one.__name__: one for one in found if one.__qualname__ == one.__name__}
    for one in found:
        space = getattr(one, "__globals__", None)
        if space is not None and space is not vars(own):
            names.update({name: item for name, item in space.items() if not name.startswith("__")})
    return names


def _is_of_script(one: object) -> bool:
    with suppress(Exception):
        if type(one) is FunctionType:
            return one.__module__ == _NAME and one.__globals__.get("__name__") == _NAME
        return issubclass(type(one), type) and one.__module__ == _NAME
    return False


def _is_guarded(file: str) -> bool:
    """Whether a script says what is to run only when it is started itself."""
    with suppress(OSError):
        return b"__name__" in Path(file).read_bytes()
    return False
