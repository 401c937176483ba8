"""Whether PyTorch is there, asked without importing it."""

from __future__ import annotations

from importlib.util import find_spec

from osetra.errors import MissingExtra
from osetra.installing import install_line


def require_torch() -> None:
    """Raise MissingExtra with the one command to type when the built-in network cannot run."""
    missing = [name for name in ("torch", "safetensors") if find_spec(name) is None]
    if missing:
        what = "PyTorch" if "torch" in missing else "safetensors, which is not installed beside PyTorch"
        raise MissingExtra(f"the built-in network needs {what}: {install_line('torch')}")
