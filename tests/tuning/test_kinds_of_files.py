"""Each kind of file that people have, from the file to answers: what `osetra tune` plans, trains and keeps.

Beside the reading of each kind, which `tests/data` looks at: that a linear model learns from what was read,
that a training ends, and that the saved model answers for the same file without its target. A tuning is
the same with more trainings, in processes of their own.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from osetra.errors import DataError
from osetra.nets.model import Model, load, save
from osetra.nets.predict import predict
from osetra.nets.task import rehearse
from osetra.tuning.data import DataPlan, plan
from osetra.tuning.locations import create
from osetra.tuning.request import Request

N = 90
RNG = np.random.default_rng(6)
S = RNG.normal(size=N)
"""What the target follows, and what each kind of column says in its own words."""
NOISE = RNG.normal(size=N).round(4)
COLOURS = [("red", "green", "blue")[i % 3] for i in range(N)]
Y = ["yes" if s > 0 else "no" for s in S]
DAYS = np.datetime64("2024-01-01T00:30:00") + (86_400 * 30 * (S + 4)).astype(np.int64)
CONFIG: dict[str, Any] = {"units": 8, "layers": 1, "lr": 0.02}
Rows = Mapping[str, Sequence[Any]]
Write = Callable[[Path, Rows], None]


def text_of(rows: Rows, delimiter: str = ",", end: str = "", names: bool = True) -> str:
    def quoted(cell: Any) -> str:
        return f'"{cell}"' if delimiter in str(cell) else str(cell)

    lines = [list(rows)] if names else []
    lines += zip(*rows.values(), strict=True)
    return "".join(delimiter.join(map(quoted, line)) + end + "\n" for line in lines)


def delimited(delimiter: str = ",", *, encoding: str = "utf-8", above: str = "", **how: Any) -> Write:
    def write(path: Path, rows: Rows) -> None:
        path.write_bytes((above + text_of(rows, delimiter, **how)).encode(encoding))

    return write


def aligned(path: Path, rows: Rows) -> None:
    lines = [list(rows), *zip(*rows.values(), strict=True)]
    path.write_text("".join(" ".join(f"{cell!s:>9}" for cell in line) + "\n" for line in lines))


def packed(path: Path, rows: Rows) -> None:
    inside = text_of(rows).encode()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("__MACOSX/._t.csv", "x")
            archive.writestr("folder/t.csv", inside)
    else:
        path.write_bytes(gzip.compress(inside))


def json_lines(path: Path, rows: Rows) -> None:
    records = [dict(zip(rows, line, strict=True)) for line in zip(*rows.values(), strict=True)]
    path.write_text("".join(json.dumps(record, default=float) + "\n" for record in records))


def workbook(path: Path, rows: Rows) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for line in (list(rows), *zip(*rows.values(), strict=True)):
        book.active.append([cell.item() if isinstance(cell, np.generic) else cell for cell in line])
    book.save(path)


def arrow(path: Path, rows: Rows) -> None:
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    table = pyarrow.table({name: pyarrow.array(values) for name, values in rows.items()})
    if "parquet" in path.suffix.lower():
        pyarrow.parquet.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, path)


def arrays(path: Path, rows: Rows) -> None:
    np.savez(path, **{name: np.asarray(values) for name, values in rows.items()})


PLAIN_CSV = delimited()


@dataclass(frozen=True)
class Kind:
    """A file of one kind, and what is right for it."""

    inputs: Rows
    target: Rows = field(default_factory=lambda: {"y": Y})
    name: str = "t.csv"
    write: Write = PLAIN_CSV
    said: str = ""
    """Words of a note on it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    task: str = "binary"
    answers: frozenset[str] = frozenset({"yes", "no"})
    """Empty where they are numbers."""
    first: bool = False
    """Whether the target stands before the inputs."""


def with_noise(name: str, cells: Sequence[Any]) -> Rows:
    return {name: cells, "b": NOISE, "c": COLOURS}


def number(cells: Sequence[str], said: str = "", **others: Any) -> Kind:
    return Kind(with_noise("v", cells), said=said, **others)


PLAIN = with_noise("a", S.round(4))
AMOUNTS = 5000 + 900 * S
GERMAN = str.maketrans(",.", ".,")
CODES = [str(71_000_001 + (s > -0.4) + (s > 0.4)) for s in S]
LEVELS = ["None" if s < -0.4 else "Mild" if s < 0.4 else "Severe" for s in S]

KINDS = {
    "a trailing comma, the target first": Kind(PLAIN, write=delimited(end=","), first=True),
    "labels of eight digits": Kind(
        PLAIN, {"product": CODES}, task="multiclass", options={"task": "multiclass"}, answers=frozenset(CODES)
    ),
    "codes of a Parquet file": Kind(
        {"code": [int(code) for code in CODES], "b": NOISE}, name="t.parquet", write=arrow,
        options={"category": ("code",)},
    ),
    "percent": number([f"{50 + 20 * s:.1f} %" for s in S], "v (%)"),
    "percent of as many values as rows": number([f"{50 + 20 * s:.3f}%" for s in S], "v (%)"),
    "currency": number([f"-£{-a:,.2f}" if a < 0 else f"£{a:,.2f}" for a in 2000 * S], "v (£"),
    "thousands": number([f"{int(1000 * a):,}" for a in AMOUNTS], "thousands marks"),
    "thousands of Europe": Kind(
        {"v": [f"{a:,.2f}".translate(GERMAN) for a in AMOUNTS],
         "b": [f"{b:.4f}".translate(GERMAN) for b in NOISE]},
        write=delimited(";"), said="a comma before decimals",
    ),
    "units": number([f"{170 + 10 * s:.1f} cm" for s in S], "v (cm)"),
    "missing marks": number(["--" if i % 9 == 4 else f"{s:.3f}" for i, s in enumerate(S)]),
    "an amount as target": Kind(
        PLAIN, {"price": [f"{a:,.2f} €" for a in AMOUNTS]}, task="regression", answers=frozenset()
    ),
    "a class called none": Kind(
        PLAIN, {"severity": LEVELS}, task="multiclass", answers=frozenset(LEVELS),
        said="'none' is read as a class",
    ),
    "dates": number([f"{day.astype(object):%d/%m/%Y}" for day in DAYS], "dates and times become"),
    "dates in words": number([f"{day.astype(object):%B %d, %Y}" for day in DAYS]),
    "times of the day": number(
        [f"{int(6 + 2 * s) % 12 + 1}:{i % 60:02d} {'AM' if s < 0 else 'PM'}" for i, s in enumerate(S)]
    ),
    "moments of a Parquet file": number(DAYS.astype("datetime64[us]"), name="t.parquet", write=arrow),
    "durations of a Feather file": number(
        ((S + 5) * 3600).astype("timedelta64[s]"), name="t.feather", write=arrow
    ),
    "UTF-16 with tabs": Kind(PLAIN, name="t.txt", write=delimited("\t", encoding="utf-16"), said="utf-16"),
    "a suffix in capitals": Kind(PLAIN, name="T.PARQUET", write=arrow),
    "columns below each other": Kind(PLAIN, name="t.txt", write=aligned, said="spaces between cells"),
    "comments": Kind(PLAIN, write=delimited(above="# made by a machine\n# today\n"), said="are comments"),
    "no names": Kind(
        dict(zip(("x1", "x2", "x3"), PLAIN.values(), strict=True)), {"x4": Y},
        write=delimited(names=False), said="no line of names",
    ),
    "two names left out": Kind({"": range(N), **PLAIN}, write=delimited(end=",")),
    "JSON lines called .csv": Kind(PLAIN, write=json_lines),
    "JSON lines": Kind(PLAIN, name="t.jsonl", write=json_lines),
    "Excel": Kind(PLAIN, name="t.xlsx", write=workbook),
    "zip": Kind(PLAIN, name="t.csv.zip", write=packed),
    "gzip": Kind(PLAIN, name="t.csv.gz", write=packed),
    "Feather": Kind(PLAIN, name="t.feather", write=arrow),
    "a target of shape (n, 1)": Kind(
        {"x": np.stack([S, NOISE], axis=1)}, {"y": (S > 0).astype(int)[:, None]}, "t.npz", arrays,
        answers=frozenset("01"),
    ),
    "sequences": Kind(
        {"x": S[:, None, None] + RNG.normal(size=(N, 12, 2))}, {"y": (S > 0).astype(int)}, "t.npz", arrays,
        said="sequences of 12 steps of 2 channels", answers=frozenset("01"),
    ),
    "a row counter": Kind({"PassengerId": range(1, N + 1), **PLAIN}, said="'PassengerId' left out"),
    "a copy of the target": Kind(
        {**PLAIN, "approved": ["A" if y == "yes" else "R" for y in Y]}, said="approved"
    ),
    "groups": Kind(
        {"patient_id": [f"p{i // 4}" for i in range(N)], **PLAIN}, options={"group": "patient_id"}
    ),
    "groups, not said": Kind({"patient_id": [f"p{i // 4}" for i in range(N)], **PLAIN}, said="--group"),
    "labels in mixed case": Kind(
        PLAIN, {"y": [y.upper() if i % 3 else y.title() for i, y in enumerate(Y)]}, task="multiclass",
        said="differ in case only", answers=frozenset({"YES", "Yes", "NO", "No"}),
    ),
    "labels in mixed case, merged": Kind(
        PLAIN, {"y": [y.upper() if i % 3 else y.title() for i, y in enumerate(Y)]},
        options={"ignore_case": True}, answers=frozenset({"YES", "NO"}),
    ),
    "free text": Kind({
        "review": [f"I {'loved' if s > 0 else 'hated'} the thing called {i}" for i, s in enumerate(S)],
        "b": NOISE,
    }),
    "several labels": Kind(
        PLAIN, {"tags": ["red;big" if s > 0.3 else "red" if s > -0.5 else "old;red" for s in S]},
        task="multilabel", options={"labels": "tags"}, answers=frozenset({"red", "big", "old"}),
    ),
    "a heavy tail": Kind(
        PLAIN, {"price": [f"{np.exp(8 + 2 * s):.2f}" for s in S]}, task="regression", said="--log-target",
        answers=frozenset(),
    ),
    "a heavy tail, by its logarithm": Kind(
        PLAIN, {"price": [f"{np.exp(8 + 2 * s):.2f}" for s in S]}, task="regression",
        options={"log_target": True}, answers=frozenset(),
    ),
    "rows without a target": Kind(
        PLAIN, {"y": ["" if i % 10 == 3 else y for i, y in enumerate(Y)]}, said="9 of 90 rows have no 'y'"
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def planned(folder: Path, source: Path, target: Any = None, **options: Any) -> DataPlan:
    asked = {"source": str(source), "target": target, "trials": 1, "epochs": 1, **options}
    return plan(create("kinds", folder / "study"), Request.of(asked))


def trained(folder: Path, source: Path, target: Any = None, **options: Any) -> tuple[DataPlan, Model]:
    """Return what a tuning plans for a file, and the model of one epoch, saved and loaded."""
    made = planned(folder, source, target, **options)
    names = {name: value for name, value in CONFIG.items() if name in made.task.catalogue.names}
    return made, load(save(rehearse(made.task, names, seed=0), folder / "model"))


def check_answers(kind: Kind, model: Model, later: Path, whole: Path) -> None:
    """A row has its answer, be the target there or not, and it is one that the target could have."""
    found, again = (predict(model, str(file)) for file in (later, whole))
    assert len(found) == N and found.values == again.values
    if kind.answers:
        values = {each for value in found.values for each in str(value).split(";")}
        assert values <= {*kind.answers, "none"}
        assert np.isfinite(found.probabilities).all()
    else:
        assert np.isfinite(np.array(found.values, dtype=float)).all()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_file_of_any_kind_becomes_a_model_that_answers(tmp_path: Path, kind: Kind) -> None:
    whole, later = tmp_path / kind.name, tmp_path / "later" / kind.name
    later.parent.mkdir()
    both = {**kind.target, **kind.inputs} if kind.first else {**kind.inputs, **kind.target}
    kind.write(whole, both)
    kind.write(later, kind.inputs)
    (target,) = kind.target
    named = {} if "labels" in kind.options else {"target": target}
    made, model = trained(tmp_path, whole, **named, **kind.options)
    assert made.task.dataset.task == kind.task
    assert kind.said in " ".join(text for _, text in made.rows)
    found = made.task.baseline()
    assert found.scores["loss"] < 0.9 * found.guessing["loss"]
    check_answers(kind, model, later, whole)


def picture(path: Path, level: int, top: int, dtype: Any) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((level + RNG.integers(0, top, (8, 8))).astype(dtype)).save(path)


@pytest.mark.parametrize("parts", [("",), ("Train", "val", "test")], ids=["16 bits", "a split"])
def test_folders_of_pictures_become_a_model_that_answers(tmp_path: Path, parts: Sequence[str]) -> None:
    kind, top = (np.uint16, 4000) if len(parts) == 1 else (np.uint8, 60)
    for part in parts:
        for label, level in (("dark", 0), ("light", 10)):
            for i in range(12):
                picture(tmp_path / "all" / part / label / f"{i}.png", level * top // 4, top, kind)
    made, model = trained(tmp_path, tmp_path / "all")
    assert made.task.dataset.classes == ("dark", "light")
    found = made.task.baseline()
    assert found.scores["loss"] < 0.9 * found.guessing["loss"]
    answers = predict(model, str(tmp_path / "all" / parts[-1] / "dark"))
    assert len(answers) == 12 and set(answers.values) <= {"dark", "light"}


def cut_off() -> bytes:
    whole = gzip.compress(text_of({**PLAIN, "y": Y}).encode())
    return whole[: len(whole) // 2]


def one_name_twice() -> bytes:
    import pyarrow
    import pyarrow.parquet

    into = io.BytesIO()
    column = pyarrow.array(S)
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays([column, column], ["y", "y"]), into)
    return into.getvalue()


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("t.csv.gz", cut_off, "the archive is cut off or damaged"),
        ("t.parquet", one_name_twice, "two columns are called 'y'"),
    ],
)
def test_a_file_that_nothing_can_be_learnt_from_is_refused(
    tmp_path: Path, name: str, raw: Callable[[], bytes], said: str
) -> None:
    (tmp_path / name).write_bytes(raw())
    with pytest.raises(DataError, match=said):
        planned(tmp_path, tmp_path / name, "y")
    assert not (tmp_path / "study").exists()
