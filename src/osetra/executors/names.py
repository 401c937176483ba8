"""Names: functions of Python that a training may replace, and that others in its process rely on.

What a training has put in place of `len` or `time.sleep` ends with it. Meanwhile its reports are to be heard:
what Python has built in is ours from the beginning, and in a process that is there for trainings alone the
functions of its modules, too.
"""

from __future__ import annotations

import builtins
import json
import math
import os
import select
import signal
import sys
import threading
import time
from types import ModuleType
from typing import Any, TypeAlias

Names: TypeAlias = list[tuple[dict[str, Any], dict[str, Any]]]
"""Namespaces of modules, with what is to stand in them."""

SHARED = (builtins, os, time, json, math, select, signal, threading)
"""Modules whose functions are put back."""
OURS = ("osetra.core.", "osetra.training.", "osetra.executors.", "osetra.stores.")
"""Modules of ours that run while a training does."""
_update = dict.update


def present() -> Names:
    """Return the functions that are in place now; of `builtins` all names."""
    return [
        (vars(module), {k: v for k, v in vars(module).items() if module is builtins or callable(v)})
        for module in SHARED
    ]


def put_back(names: Names) -> None:
    """Put functions back; quick, and nothing in here is looked up among those."""
    for space, before in names:
        _update(space, before)


def replaced(names: Names) -> list[str]:
    """Return which functions are not those that were in place. Nothing in here is looked up among those."""
    found = []
    for space, before in names:
        found += [f"{space['__name__']}.{k}" for k, v in before.items() if space.get(k) is not v]
    return found


def keep_builtins() -> None:
    """Let our modules have names of their own for what Python has built in."""
    for name, module in sys.modules.copy().items():
        if name.startswith(OURS):
            _update(vars(module), {**vars(builtins), **vars(module)})


def keep_to_ourselves() -> None:
    """Let our modules have copies of what they use; for a process in which nothing else is to see it."""
    keep_builtins()
    own = {module.__name__: _copy(module) for module in SHARED if module is not builtins}
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS):
            space = vars(module)
            changed = {k: own[k] for k in own if space.get(k) is sys.modules[k]}
            _update(space, changed)


def _copy(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__)
    _update(vars(copy), vars(module))
    return copy
