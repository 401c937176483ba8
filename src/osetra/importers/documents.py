"""Documents: files of JSON that another tool left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from osetra.errors import DataError


def document(path: Path, what: str) -> dict[str, Any]:
    """Return the names and values of a file.

    Args:
        path: where it is.
        what: what it should be, as "a trial of KerasTuner".

    Raises:
        DataError: it cannot be read, is no JSON, or holds no names.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is not {what}: it holds no names with values")
    return found
