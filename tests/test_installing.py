"""The command that installs an extra, from where osetra itself came."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from osetra import installing
from osetra.installing import install_line


def noted(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.setattr(installing, "distribution", lambda _: SimpleNamespace(read_text=lambda _: text))


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "pip install 'osetra[torch]'"),
        ("", "pip install 'osetra[torch]'"),
        ("no JSON", "pip install 'osetra[torch]'"),
        ("[]", "pip install 'osetra[torch]'"),
        ({"url": "file:///gone/osetra", "dir_info": {"editable": True}}, "pip install 'osetra[torch]'"),
        (
            {"url": "https://git.example/osetra", "vcs_info": {"vcs": "git", "commit_id": "a"}},
            "pip install 'osetra[torch] @ git+https://git.example/osetra'",
        ),
    ],
)
def test_what_pip_noted_is_where_extras_come_from(
    monkeypatch: pytest.MonkeyPatch, origin: Any, line: str
) -> None:
    noted(monkeypatch, origin if origin is None or isinstance(origin, str) else json.dumps(origin))
    assert install_line("torch") == line


@pytest.mark.parametrize("editable", [True, False])
def test_a_checkout_is_named_with_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, editable: bool
) -> None:
    place = tmp_path / "my checkout"
    place.mkdir()
    noted(monkeypatch, json.dumps({"url": place.as_uri(), "dir_info": {"editable": editable}}))
    assert install_line("plot") == f"pip install {'-e ' if editable else ''}'{place}[plot]'"


def test_the_line_of_this_installation_names_what_can_be_installed() -> None:
    *options, what = shlex.split(install_line("plot"))[2:]
    place, _, extra = what.removesuffix("]").partition("[")
    assert extra == "plot"
    assert (Path(place) / "pyproject.toml").exists() if options == ["-e"] else place.endswith("osetra")
