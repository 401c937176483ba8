"""The code in the guide for people who come from Optuna runs, block after block."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "coming-from-optuna.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore")
def test_the_code_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "guide"}
    for place, code in enumerate(BLOCKS, start=1):
        exec(compile(code, f"{GUIDE.name}: block {place}", "exec"), names)
    assert len(BLOCKS) == 5
    assert (
        set(names["study"].best_params) == {"x", "model", "penalty"} or "layers" in names["study"].best_params
    )  # type: ignore[attr-defined]
