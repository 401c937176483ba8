"""Extras: what has to be installed beside osetra, checked before it is needed."""

from __future__ import annotations

from importlib.util import find_spec

from osetra.errors import MissingExtra


def require_torch() -> None:
    """Return quietly when the built-in network can run; imports nothing.

    Raises:
        MissingExtra: PyTorch or safetensors is absent; the text holds the one command.
    """
    absent = [name for name in ("torch", "safetensors") if find_spec(name) is None]
    if absent:
        raise MissingExtra(f"the built-in network needs {' and '.join(absent)}: pip install 'osetra[torch]'")
