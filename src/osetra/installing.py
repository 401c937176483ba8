"""Installing: the one command that adds an extra to this osetra, from where it came.

While osetra is on no index, `pip install 'osetra[torch]'` finds nothing: pip notes in `direct_url.json` from
which checkout, file or repository it was installed (PEP 610), and the same place has the extras.
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def install_line(extra: str) -> str:
    """Return the command that installs an extra, to be typed as it stands."""
    return f"pip install {_place(_origin(), extra)}"


def _origin() -> dict[str, Any]:
    """Return what pip noted of where this came from; nothing for an index or a bare folder of sources."""
    try:
        noted = json.loads(distribution("osetra").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _place(origin: dict[str, Any], extra: str) -> str:
    url = urlsplit(str(origin.get("url", "")))
    path = Path(unquote(url.path))
    if url.scheme == "file" and path.exists():
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return f"{editable}'{path}[{extra}]'"
    if "vcs_info" in origin:
        return f"'osetra[{extra}] @ {origin['vcs_info'].get('vcs', 'git')}+{url.geturl()}'"
    return f"'osetra[{extra}]'"
