"""`osetra data FILE` before anybody said what is to be predicted: a look, a guess and what to type next."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.data.delimited import parse_text
from osetra.data.options import DataOptions
from osetra.data.overview import overview


def customers(rows: int = 120) -> str:
    lines = [
        f"C{1000 + i},{1 + i % 28:02d}.0{1 + i % 9}.2023,{('basic', 'pro')[i % 2]},"
        f"{'' if i % 5 == 0 else i % 11},"
        f"{30 + i % 17:.1f} %,{('yes', 'no')[i % 3 == 0]},{500 + i % 9:05d}"
        for i in range(rows)
    ]
    return "\n".join(["customer_id,signup,plan,tickets,use,has churned,region", *lines, ""])


@pytest.mark.parametrize("width", [80, 120])
def test_a_look_shows_every_column_and_what_to_type(
    here: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "my customers.csv").write_text(customers())
    monkeypatch.setenv("COLUMNS", str(width))
    done = CliRunner().invoke(main, ["data", "my customers.csv"])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= width
    said = " ".join(done.stdout.split())
    for words in (
        "120 rows, 7 columns",
        "not said yet; likely 'has churned', by its name; or 'region', the last column",
        "tickets number 20 % 0 … 10",
        "plan category 2: basic, pro",
        "signup date",
        "█",
        "customer_id left out",
        "use (%)",
    ):
        assert words in said
    (again,) = (line for line in done.stdout.splitlines() if line.startswith("  osetra data "))
    assert CliRunner().invoke(main, shlex.split(again)[1:]).exit_code == 0


def test_in_json_there_is_no_target_and_a_guess(here: Path) -> None:
    (here / "t.csv").write_text(customers())
    found = json.loads(CliRunner().invoke(main, ["data", "t.csv", "--json"]).stdout)
    assert (found["schema"], found["target"]) == ("osetra.dataset/1", None)
    assert found["likely_targets"][0] == {"name": "has churned", "why": "by its name"}
    assert found["columns"][3]["missing"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("names", "guessed"),
    [
        ("Price,a,kind", ["Price", "kind"]),
        ("kind,a,SalePrice", ["SalePrice"]),
        ("kind,a,b", ["b"]),
        ("kind,a,when", ["kind"]),
        ("kind,a,id", ["kind"]),
        ("when,one,id", []),
    ],
)
def test_what_is_likely_predicted_can_be_predicted(names: str, guessed: list[str]) -> None:
    kinds = {
        "kind": lambda i: "uvw"[i % 3], "when": lambda i: f"2024-01-{1 + i % 28:02d}", "one": lambda i: 1,
        "id": lambda i: f"K{i * 7919 % 10_007}",
    }  # fmt: skip
    number = lambda i: i * 37 % 101 / 10  # noqa: E731
    rows = [",".join(str(kinds.get(name, number)(i)) for name in names.split(",")) for i in range(60)]
    found = overview(parse_text("\n".join([names, *rows]), "t.csv"), DataOptions())
    assert [guess.name for guess in found.guesses] == guessed


def test_a_row_of_sums_is_no_slip_before_a_target_is_said_either() -> None:
    rows = [f"{i},{i % 7}.5,{'ab'[i % 2]}" for i in range(60)]
    found = overview(parse_text("\n".join(["Kunden-Nr.,x,y", *rows, "Total,210.0,"]), "t.csv"), DataOptions())
    assert found.rows == 60
    said = " ".join(note.text for note in found.notes)
    assert "row 61 looks like a sum of the others" in said
    assert "'Kunden-Nr.' left out: it only counts the rows" in said
