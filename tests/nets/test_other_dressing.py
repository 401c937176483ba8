"""Rows whose numbers are dressed otherwise than those that a model learnt from."""

import importlib.util
import re

import numpy as np
import pytest

from osetra.errors import DataError
from osetra.nets.export import export
from osetra.nets.model import load, save
from osetra.nets.predict import predict
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"units": 8, "layers": 1, "lr": 0.05}
N = 120
VALUES = np.random.default_rng(3).uniform(1, 900, N).round(1)
LEARNT = {"mass": "{} kg", "rent": "${}/mo", "share": "{} %", "price": "AU${}", "size": "{}"}
OTHER = {
    "mass": ("{} g", "{} lb", "{} t"),
    "rent": ("€{}/mo", "{} CHF"),
    "share": ("{} ‰", "{} kg"),
    "price": ("€{}", "US${}", "{} EUR"),
}
SAME = {
    "mass": ("{}kg", "{} KG", "{} kilograms"),
    "rent": ("$ {} /mo", "${}/MO"),
    "share": ("{}%", "%{}", "{} percent"),
    "price": ("{} AUD", "A${}", "AUD {}"),
}


def table(written, n=N):
    cells = [{name: how.format(VALUES[i]) for name, how in written.items()} for i in range(n)]
    for i, row in enumerate(cells):
        if i % 6 == 0 and written["size"] == "{}":
            row["size"] = "pending"
    lines = [",".join([*row.values(), f"{2 * VALUES[i]}"]) for i, row in enumerate(cells)]
    return "\n".join([",".join([*written, "y"]), *lines, ""])


def write(folder, text):
    (folder / "later.csv").write_text(text, "utf-8")
    return folder / "later.csv"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dressed")
    task = NetworkTask(data=Data(where=str(write(folder, table(LEARNT))), target="y"), epochs=2)
    save(rehearse(task, CONFIG, seed=0), folder / "model")
    return load(folder / "model")


@pytest.fixture(scope="module")
def known(model, tmp_path_factory):
    return predict(model, write(tmp_path_factory.mktemp("known"), table(LEARNT)))


@pytest.mark.parametrize(("name", "how"), [(name, how) for name, hows in OTHER.items() for how in hows])
def test_another_unit_is_refused_with_both_and_of_single_cells_said(model, known, tmp_path, name, how):
    learnt = " ".join(LEARNT[name].split("{}")).strip()
    said = f"{name}: row 1 holds {how.format(VALUES[0])!r}, and the model learnt numbers in {learnt}"
    with pytest.raises(DataError, match=re.escape(said)):
        predict(model, write(tmp_path, table({**LEARNT, name: how})))
    lines = table(LEARNT).splitlines()
    cells = dict(zip(lines[0].split(","), lines[2].split(","), strict=True)) | {name: how.format(VALUES[1])}
    lines[2] = ",".join(cells.values())
    found = predict(model, write(tmp_path, "\n".join(lines) + "\n"))
    assert any(f"{name!r} row 2 {how.format(VALUES[1])!r}" in text for text in found.warnings)
    assert found.values[2:] == known.values[2:]


@pytest.mark.parametrize(("name", "how"), [(name, how) for name, hows in SAME.items() for how in hows])
def test_the_same_unit_in_another_spelling_gives_the_same_answers(model, known, tmp_path, name, how):
    found = predict(model, write(tmp_path, table({**LEARNT, name: how})))
    assert found.values == known.values and found.warnings == known.warnings


def test_a_unit_that_is_gone_or_new_is_said(model, known, tmp_path):
    found = predict(model, write(tmp_path, table({**LEARNT, "mass": "{}", "price": "{}"})))
    assert found.values == known.values
    for name, unit in (("mass", "kg"), ("price", r"AU$")):
        said = f"{name}: no unit stands beside the numbers; they are taken for {unit}"
        assert said in found.warnings
    new = predict(model, write(tmp_path, table({**LEARNT, "size": "{} cm"})))
    assert any(
        text.startswith("size: numbers in cm, and in training without a unit") for text in new.warnings
    )
    mixed = table({**LEARNT, "size": "{} cm"}).splitlines()
    mixed[3] = mixed[3].replace(" cm", " mm")
    found = predict(model, write(tmp_path, "\n".join(mixed) + "\n"))
    assert any("'size' row 3" in text for text in found.warnings)


def test_words_among_numbers_are_known_later_and_others_are_said(model, known, tmp_path):
    text = table(LEARNT)
    assert predict(model, write(tmp_path, text.replace("pending", "PENDING"))).values == known.values
    empty = predict(model, write(tmp_path, text.replace("pending", "")))
    assert empty.values != known.values
    found = predict(model, write(tmp_path, text.replace("pending", "lost", 1)))
    assert any("'size' row 1 'lost'" in text for text in found.warnings)


def test_an_exported_model_reads_dressings_and_refuses_other_units(model, known, tmp_path):
    export(model, tmp_path / "out")
    found = importlib.util.spec_from_file_location("predict_alone", tmp_path / "out" / "predict.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    alone = module.Predictor(tmp_path / "out")
    answers = alone.rows(write(tmp_path, table(LEARNT)))[1]
    np.testing.assert_allclose(answers, known.values, atol=1e-2)
    for name, how in (("mass", "{} kilograms"), ("price", "AUD {}"), ("rent", "$ {} /mo")):
        np.testing.assert_allclose(
            alone.rows(write(tmp_path, table({**LEARNT, name: how})))[1], known.values, atol=1e-2
        )
    with pytest.raises(ValueError, match=r"mass: row 1 holds .* cannot be read"):
        alone.rows(write(tmp_path, table({**LEARNT, "mass": "{} g"})))
