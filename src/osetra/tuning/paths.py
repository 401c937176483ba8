"""Paths: where the files of a request are by now, for a study's folder may have moved together with them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osetra.files import real_path
from osetra.tuning.script import is_script

NAMES = ("source", "test", "config", "folder")
"""Parts of a request that name files or folders."""
LEVELS = 2
"""So far above a study's folder what lies there belongs to it: of project/osetra-runs/NAME the project."""


def nearby(stored: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return where files are that lie around a study's folder, relative to it, by their name in a request."""
    home = real_path(folder)
    around = [place for place in (home, *home.parents[:LEVELS]) if place != place.parent]
    paths = {name: Path(_split(name, stored)[0]) for name in NAMES if name in stored}
    return {
        name: os.path.relpath(path, home)
        for name, path in paths.items()
        if path.is_absolute() and any(path.is_relative_to(place) for place in around)
    }


def present(stored: Mapping[str, Any], near: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a stored request with its files where they are: near the study, as before, or beside it."""
    home, found = real_path(folder), dict(stored)
    for name in NAMES:
        path, rest = _split(name, stored)
        if not Path(path).is_absolute():
            continue
        places = [Path(os.path.normpath(home / str(near[name])))] if name in near else []
        places += [Path(path), home / Path(path).name]
        there = next((place for place in places if place.exists()), Path(path))
        found[name] = f"{real_path(there)}{rest}"
    return found


def _split(name: str, stored: Mapping[str, Any]) -> tuple[str, str]:
    """Return a path and what is behind it: `train.py:function` is a file and a function."""
    text = str(stored.get(name, ""))
    if name != "source" or not is_script(text):
        return text, ""
    path, colon, function = text.partition(":")
    return path, colon + function
