"""The code in the guide to frameworks runs, where its framework is installed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
GUIDE = Path(__file__).parents[2] / "docs" / "frameworks.md"
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
MODULES = {
    "Keras": "keras",
    "Lightning": "lightning",
    "Transformers": "transformers",
    "PyTorch": "torch",
    "TensorFlow": "tensorflow",
    "PaddlePaddle": "paddle",
    "JAX": "optax",
    "skorch": "skorch",
    "XGBoost": "xgboost",
    "LightGBM": "lightgbm",
    "CatBoost": "catboost",
    "Accelerate": "accelerate",
    "scikit-learn": "sklearn",
}
BLOCKS = {
    title: code for title, text in SECTION.findall(GUIDE.read_text("utf-8")) if (code := BLOCK.findall(text))
}


def test_every_section_with_code_is_known() -> None:
    assert set(BLOCKS) == set(MODULES)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("title", MODULES)
def test_the_code_of_the_guide_runs(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(MODULES[title])
    if title == "TensorFlow" and os.environ["KERAS_BACKEND"] != "tensorflow":
        pytest.skip("Keras has one backend per process: make frameworks runs this with TensorFlow")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "guide"}
    for code in BLOCKS[title]:
        exec(compile(code, f"{GUIDE.name}: {title}", "exec"), names)
