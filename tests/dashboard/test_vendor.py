"""The page's libraries: laid from what the lock file pins, and missed with a sentence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from osetra.dashboard import vendor

ROOT = Path(__file__).parents[2]
IMPORTS = re.compile(r"""^(?:import|export)\s*(?:[^"';]*?\bfrom\s*)?["']([^"']+)["']""", re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the libraries."""
    monkeypatch.setattr(vendor, "VENDOR", tmp_path / "vendor")
    return tmp_path / "vendor"


def modules() -> list[Path]:
    return [path for path in vendor.PAGE.rglob("*.js") if "vendor" not in path.parts]


def test_what_is_there_and_new_enough_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir()
    for name in vendor.FILES:
        (place / name).write_text("")
    packages = json.loads((ROOT / vendor.LOCK).read_text())["packages"]
    versions = {name: packages[f"node_modules/{name}"]["version"] for name in ("preact", "htm", "uplot")}
    (place / vendor.STAMP).write_text(json.dumps(versions))
    monkeypatch.setattr(vendor, "npm_command", lambda: ["/bin/false"])
    assert vendor.ensure(ROOT) == ""


def test_without_npm_it_is_said_what_is_missing_and_how_to_get_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor, "npm_command", lambda: None)
    assert "npm is not on this machine" in vendor.ensure(ROOT)
    assert "pip install -e ." in vendor.ensure(ROOT)
    assert not place.exists()


def test_npm_that_fails_leaves_nothing_half_done(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "echo 'no network here' >&2; exit 1"
    monkeypatch.setattr(vendor, "npm_command", lambda: ["/bin/sh", "-c", script])
    assert "npm failed: no network here" in vendor.ensure(ROOT)
    assert not place.exists()


def test_a_package_without_its_lock_file_says_that_it_is_incomplete(place: Path, tmp_path: Path) -> None:
    assert "came without them" in vendor.ensure(tmp_path)


def test_npm_lays_what_browsers_take_without_a_bundler(place: Path) -> None:
    problem = vendor.ensure(ROOT)
    if "npm" in problem:
        pytest.skip(f"needs npm and its packages: {problem}")
    assert problem == "" and not vendor.missing()
    for path in place.glob("*.mjs"):
        assert all(name.startswith("./") for name in IMPORTS.findall(path.read_text()))
        if node := shutil.which("node"):
            subprocess.run([node, "--check", path], check=True, timeout=60)
    assert (place / "preact.LICENSE").is_file() and (place / "uplot.LICENSE").is_file()


def test_every_module_names_files_that_are_there() -> None:
    for path in modules():
        for name in IMPORTS.findall(path.read_text()):
            if "/vendor/" in name:
                assert name.rsplit("/", 1)[1] in vendor.FILES, f"{path.name}: {name}"
            else:
                assert (path.parent / name).resolve().is_file(), f"{path.name}: {name}"


def test_modules_are_short_and_keep_to_text_nodes() -> None:
    for path in modules():
        text = path.read_text()
        assert text.count("\n") <= 400, path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path
