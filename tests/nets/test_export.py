"""Exported models answer as `osetra predict` does, in a process that has neither osetra nor PyTorch."""

import csv
import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osetra.data.options import DataOptions
from osetra.errors import DataError, MissingExtra
from osetra.installing import install_line
from osetra.nets import export as exporting
from osetra.nets.baseline import network_of
from osetra.nets.export import check_exportable, export
from osetra.nets.model import Model, together
from osetra.nets.predict import Predictions, predict
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"units": 16, "layers": 1, "lr": 0.02}
MODERN = {
    **CONFIG,
    "lr": 0.04,
    "number_embedding": "periodic",
    "scaling_layer": True,
    "parametric_activation": True,
    "input_scaling": "robust",
    "embedding_size": 4,
}
ALONE = """
import sys, runpy
sys.modules["osetra"] = sys.modules["torch"] = None
script, *tables = sys.argv[1:]
for table in tables:
    sys.argv = [script, table]
    runpy.run_path(script, run_name="__main__")
    print("\f")
"""


def alone(folder: Path, *tables: Path) -> list[list[list[str]]]:
    """Answers of the exported script to each table, in a process that cannot import osetra or torch."""
    said = subprocess.run(
        [sys.executable, "-c", ALONE, str(folder / "predict.py"), *map(str, tables)],
        capture_output=True,
        text=True,
        timeout=120 * len(tables),
    )
    assert said.returncode == 0, said.stderr
    return [list(csv.reader(answers.splitlines())) for answers in said.stdout.split("\f\n")[:-1]]


def assert_same(model: Model, folder: Path, *tables: Path) -> None:
    export(model, folder)
    for data, (header, *rows) in zip(tables, alone(folder, *tables), strict=True):
        assert_answers_agree(predict(model, data), header, *rows)


def assert_answers_agree(ours: Predictions, header: list[str], *rows: list[str]) -> None:
    classes = [f"p({name})" for name in ours.classes]
    assert header == ["row", ours.target, *classes]
    assert len(rows) == len(ours)
    if not ours.classes:
        theirs = np.array([float(row[1]) for row in rows])
        np.testing.assert_allclose(theirs, np.array(ours.values), rtol=1e-5, atol=1e-5)
        return
    assert [row[1] for row in rows] == list(ours.values)
    shares = np.array([[float(cell) for cell in row[2:]] for row in rows])
    np.testing.assert_allclose(shares, ours.probabilities, atol=1e-5)


def houses(n: int = 160) -> str:
    """A table of everything: units, missing cells, dates, times, codes, free text, many levels."""
    rng = np.random.default_rng(0)
    lines = ["price;area;share;sold;opened;street;kind;note;zip"]
    for i in range(n):
        area = "" if i % 11 == 0 else f"{rng.integers(40, 200)} sqft"
        share = "-" if i % 13 == 0 else f"{rng.integers(0, 100)} %"
        sold = f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.20{rng.integers(10, 24)} 14:{i % 60:02d}"
        street = "" if i % 17 == 0 else f"street {i % 37}"
        place = "lake shore" if i % 2 else "old mill"
        note = f"{'large garden' if i % 3 else 'small flat'} near the {place}, nice view"
        price = f"{1000 * (i % 40) + 500 + rng.normal(0, 10):.2f}"
        kind = ("villa", "Flat", "none")[i % 3] if i % 19 else ""
        lines.append(f"{price};{area};{share};{sold};{7 + i % 12}:30;{street};{kind};{note};0{i % 9}12")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("houses") / "houses.csv"
    path.write_text(houses(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def later(tmp_path_factory) -> Path:
    """Rows with unseen levels, other spellings, missing cells and words never read."""
    path = tmp_path_factory.mktemp("later") / "later.csv"
    path.write_text(
        "zip;area;share;sold;opened;street;kind;note;price\n"
        "0012;120 sqft;7 %;01.02.2031 08:15;6:45 pm;avenue 5;castle;a garden;1000.5\n"
        "0912;;;;;;;;\n"
        "7777;1'250 sqft;<1 %;3.4.2015;23:59;street 4;Flat;;€ 12,000.25\n"
        "0112;88;99%;no date;noon;street 11;villa;Old mill with a LAKE view;1e4\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    "config", [CONFIG, MODERN, {**MODERN, "number_embedding": "piecewise", "members": 4}]
)
def test_numbers_of_mixed_tables_are_the_same(config, table, later, tmp_path):
    task = NetworkTask(data=Data(where=str(table), target="price"), epochs=4)
    model = rehearse(task, config, seed=0)
    assert_same(model, tmp_path / "a", table, later)


def test_classes_linear_models_ensembles_and_thresholds_are_the_same(table, later, tmp_path):
    task = NetworkTask(data=Data(where=str(table), target="kind"), epochs=3)
    models = [rehearse(task, MODERN | {"input_scaling": "quantile"}, seed=seed) for seed in range(2)]
    assert_same(together(models), tmp_path / "ensemble", table)
    baseline = task.baseline()
    linear = Model(network_of(baseline), None, baseline.preparation, models[0].card)
    assert_same(linear, tmp_path / "linear", later)


def test_two_classes_keep_their_threshold(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.3f},{rng.normal():.3f},{'yes' if i % 3 else 'no'}" for i in range(90)]
    (tmp_path / "t.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    model = rehearse(NetworkTask(data=Data(where=str(tmp_path / "t.csv")), epochs=3), CONFIG, seed=0)
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, threshold=0.61))
    assert_same(model, tmp_path / "out", tmp_path / "t.csv")
    said = {row[1] for row in alone(tmp_path / "out", tmp_path / "t.csv")[0][1:]}
    assert said == {"yes", "no"}


def test_logarithms_of_a_target_are_undone(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{x:.4f},{np.exp(2 * x):.6f}" for x in rng.normal(size=80)]
    (tmp_path / "t.csv").write_text("a,y\n" + "\n".join(rows) + "\n")
    data = Data(where=str(tmp_path / "t.csv"), reading=DataOptions(log_target=True))
    assert_same(
        rehearse(NetworkTask(data=data, epochs=3), CONFIG, seed=0), tmp_path / "o", tmp_path / "t.csv"
    )


def test_json_lines_are_read_as_osetra_reads_them(tmp_path):
    rng = np.random.default_rng(0)
    records = [
        {"size": None if i % 9 == 0 else float(rng.normal()), "place": i % 30 + 1000, "open": bool(i % 2),
         "day": f"2024-0{1 + i % 9}-11", "y": "a" if i % 2 else "b"}
        for i in range(120)
    ]  # fmt: skip
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    data = Data(where=str(tmp_path / "t.jsonl"), target="y", reading=DataOptions(category=("place",)))
    model = rehearse(NetworkTask(data=data, epochs=3), CONFIG, seed=0)
    assert_same(model, tmp_path / "o", tmp_path / "t.jsonl")


def test_ratings_of_known_and_unknown_users_are_the_same(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{k % 19},m{k % 23},{rng.integers(1960, 2020)},{rng.uniform(1, 5):.1f}" for k in range(300)]
    (tmp_path / "r.csv").write_text("user_id,movie_id,year,rating\n" + "\n".join(rows) + "\n")
    task = NetworkTask(data=Data(where=str(tmp_path / "r.csv"), target="rating"), epochs=2)
    model = rehearse(task, {"factors": 4, "units": 8, "lr": 0.05}, seed=0)
    (tmp_path / "new.csv").write_text("user_id,movie_id,year\n3,m4,1999\n77,m4,\n3,mx,2001\n,,\n")
    assert_same(model, tmp_path / "o", tmp_path / "new.csv")


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_pictures_are_the_same(network, tmp_path):
    rng = np.random.default_rng(0)
    for i in range(36):
        side = 20 if i % 4 else 24
        pixels = rng.integers(0, 256, (side, side, 4 if i % 5 == 0 else 3), dtype=np.uint8)
        folder = tmp_path / "set" / ("red" if i % 2 else "blue")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    task = NetworkTask(data=Data(where=str(tmp_path / "set")), network=network, epochs=2)
    model = rehearse(task, {"units": 8, "lr": 0.003, "batch_norm": "before"}, seed=0)
    assert_same(model, tmp_path / "o", tmp_path / "set" / "red")


def test_the_script_says_what_is_wrong_with_a_table(table, tmp_path):
    task = NetworkTask(data=Data(where=str(table), target="price"), epochs=1)
    folder = export(rehearse(task, CONFIG, seed=0), tmp_path / "o")
    bad = tmp_path / "bad.csv"
    for text, wanted in (
        ("area;share\n1;2\n", "the model needs the columns sold, opened"),
        (
            "zip;area;share;sold;opened;street;kind;note\n1;wide;2;;;;;\n",
            "area: row 1 holds 'wide', which cannot",
        ),
    ):
        bad.write_text(text)
        said = subprocess.run(
            [sys.executable, str(folder / "predict.py"), str(bad)], capture_output=True, text=True, timeout=60
        )
        assert said.returncode == 1
        assert wanted in said.stderr
        assert "Traceback" not in said.stderr


def test_what_the_script_cannot_prepare_is_refused(table):
    task = NetworkTask(data=Data(where=str(table), target="price"), epochs=1)
    preparation = rehearse(task, CONFIG, seed=0).preparation

    @dataclasses.dataclass(frozen=True)
    class Sounds:
        name: str

    strange = dataclasses.replace(preparation, schema=(*preparation.schema, Sounds("cry")))
    with pytest.raises(DataError, match="'cry' is of a kind that the exported script cannot prepare"):
        check_exportable(strange)
    check_exportable(preparation)


def test_without_onnx_the_extra_is_named(monkeypatch, table, tmp_path):
    task = NetworkTask(data=Data(where=str(table), target="price"), epochs=1)
    model = rehearse(task, CONFIG, seed=0)
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=re.escape(f"onnx and onnxscript: {install_line('export')}")):
        export(model, tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_several_numbers_are_the_same(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"{x:.4f},{3 * x + 50:.4f},{'' if i % 9 == 0 else round(-x, 4)}"
        for i, x in enumerate(rng.normal(size=90))
    ]
    (tmp_path / "t.csv").write_text("x,u,v\n" + "\n".join(rows) + "\n")
    task = NetworkTask(data=Data(where=str(tmp_path / "t.csv"), target="u,v"), epochs=3)
    models = [rehearse(task, config, seed=0) for config in (CONFIG, {**MODERN, "members": 3})]
    for place, model in enumerate([*models, together([models[0], rehearse(task, CONFIG, seed=1)])]):
        assert_several(model, tmp_path / str(place), tmp_path / "t.csv")


@pytest.mark.parametrize("written", ["columns", "tags"])
def test_labels_are_the_same(written, tmp_path):
    rng = np.random.default_rng(0)
    lines = ["x,z,hot,wet"] if written == "columns" else ["x,z,tags"]
    for _ in range(120):
        x, z = rng.normal(size=2)
        labels = [name for name, yes in (("hot", x > 0), ("wet", z > 0.3)) if yes]
        cells = (
            f"{'yes' if x > 0 else 'no'},{int(z > 0.3)}"
            if written == "columns"
            else ";".join(labels) or "none"
        )
        lines.append(f"{x:.3f},{z:.3f},{cells}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    data = Data(where=str(tmp_path / "t.csv"), target="hot,wet")
    if written == "tags":
        data = Data(where=str(tmp_path / "t.csv"), reading=DataOptions(labels="tags"))
    model = rehearse(NetworkTask(data=data, epochs=4), CONFIG, seed=0)
    assert_several(model, tmp_path / "a", tmp_path / "t.csv")
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, threshold=(0.3, 0.8)))
    assert_several(model, tmp_path / "b", tmp_path / "t.csv")


def assert_several(model: Model, folder: Path, data: Path) -> None:
    ours = predict(model, data)
    ((header, *rows),) = alone(export(model, folder), data)
    kept = [place for place, name in enumerate(ours.header) if name not in ours.kept]
    assert header == [ours.header[place] for place in kept]
    assert len(rows) == len(ours)
    for row, wanted in zip(rows, ours.rows(), strict=True):
        for cell, place in zip(row, kept, strict=True):
            if isinstance(wanted[place], str):
                assert cell == wanted[place]
            else:
                assert float(cell) == pytest.approx(wanted[place], rel=1e-5, abs=1e-5)


WORDS = ("good", "bad", "fine", "poor", "sun", "rain", "12345", "#tag", "don't", "日本", "naïve", "!!!", "x")


def reviews(n: int) -> str:
    rng = np.random.default_rng(0)
    lines = ["review,stars,kind,y"]
    for i in range(n):
        good = i % 2
        words = [*rng.choice(WORDS, rng.integers(1, 12)), "lovely" if good else "awful", f"n{i}"]
        text = "" if i % 13 == 0 else " ".join(words)
        lines.append(f'"{text}, it said",{rng.integers(1, 6)},{"ab"[i % 3 == 0]},{"yes" if good else "no"}')
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("encoder", ["bag", "cnn", "transformer"])
@pytest.mark.parametrize("pairs", [True, False])
def test_free_text_is_read_the_same(encoder, pairs, tmp_path):
    (tmp_path / "t.csv").write_text(reviews(120), "utf-8")
    task = NetworkTask(data=Data(where=str(tmp_path / "t.csv"), target="y"), epochs=2)
    assert task.dataset.texts
    config = {
        "units": 8,
        "layers": 1,
        "lr": 0.01,
        "text_encoder": encoder,
        "word_votes": pairs,
        "word_pairs": pairs,
    }
    model = rehearse(task, config, seed=0)
    (tmp_path / "new.csv").write_text(
        'review,stars,kind\n"ÄTHER never read: 9999999 and 日本語!",3,a\n,,\n"x",5,b\n'
        + '"'
        + "good day " * 300
        + '",1,c\n',
        "utf-8",
    )
    assert_same(model, tmp_path / "o", tmp_path / "t.csv", tmp_path / "new.csv")


def test_linear_models_of_texts_and_folders_of_texts_are_the_same(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(60):
        kind, word = (("up", "lovely day"), ("down", "awful rain"))[i % 2]
        file = tmp_path / "set" / kind / f"{i}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            f"a {word} “here”,\n{' '.join(rng.choice(WORDS, 5))}\n",
            "cp1252" if i % 7 == 0 else "utf-8",
            errors="replace",
        )
    task = NetworkTask(data=Data(where=str(tmp_path / "set")), epochs=2)
    assert_same(rehearse(task, {"units": 8, "lr": 0.01}, seed=0), tmp_path / "a", tmp_path / "set" / "up")
    baseline = task.baseline()
    card = rehearse(task, {"units": 8, "lr": 0.01}, seed=0).card
    linear = Model(network_of(baseline), None, baseline.preparation, card)
    assert_same(linear, tmp_path / "b", tmp_path / "set")
