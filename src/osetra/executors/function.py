"""Function: whether something that can be called can be a training, asked before the first trial."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any


def unsuitable(train: Callable[..., Any]) -> str:
    """Say why something that can be called cannot train, and what would; empty when it may."""
    called: Any = train
    while isinstance(called, partial):
        called = called.func
    name = getattr(called, "__name__", "")
    name = name if isinstance(name, str) and name.isprintable() else ""
    name = f"the training function {name[:60]}" if name else "the training function"
    if getattr(called, "__module__", None) == "builtins" and inspect.isbuiltin(called):
        return f"{name} is one of Python's own; write a function that takes a run: def train(run): ..."
    kinds = (called, vars(type(called)).get("__call__"))
    if any(inspect.iscoroutinefunction(kind) or inspect.isasyncgenfunction(kind) for kind in kinds):
        return (
            f"{name} is async, and nobody would await it; write def train(run): return asyncio.run(...), "
            "with what is async inside"
        )
    if any(map(inspect.isgeneratorfunction, kinds)):
        return (
            f"{name} has a yield in it, so that calling it trains nothing; report numbers by run.report(), "
            "and return the result"
        )
    return _arguments(train, name)


def _arguments(train: Callable[..., Any], name: str) -> str:
    """Say what is wrong with the arguments that a function takes."""
    with suppress(Exception):  # what has none that can be read may still be called
        signature = inspect.signature(train, follow_wrapped=False)
        try:
            signature.bind(None)
        except TypeError:
            return (
                f"{name}{signature} is called with one argument, the run: write def train(run): ...; what "
                "else it needs is bound by functools.partial"
            )
    return ""
