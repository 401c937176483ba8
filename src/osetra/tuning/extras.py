"""Whether PyTorch is there, asked without importing it."""

from __future__ import annotations

from importlib.util import find_spec

from osetra.errors import MissingExtra


def require_torch() -> None:
    """Raise MissingExtra with the one command to type when the built-in network cannot run."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise MissingExtra("the built-in network needs PyTorch: pip install 'osetra[torch]'")
