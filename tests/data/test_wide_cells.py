"""Cells of a megabyte are read in a process that has read nothing before, whatever they hold."""

import subprocess
import sys

import pytest

CELLS = {
    "digits": "1" * 1_000_000,
    "digits and a letter": "1" * 1_000_000 + "x",
    "decimals": "0." + "3" * 1_000_000,
    "groups": ",".join(["123"] * 250_000),
    "rules": "-" * 1_000_000 + "x",
    "spaces": "1" + " " * 1_000_000 + "1",
    "colons": "1:" * 500_000,
    "units": "1 h " * 250_000,
    "words": "good day " * 110_000,
    "a word": "x" * 1_000_000,
}
READ = """
import sys
from pathlib import Path
from osetra.data.loading import load
from osetra.errors import DataError
try:
    print(len(load(sys.argv[1], target="y")))
except DataError as error:
    print(str(error)[:300])
"""


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_cell_of_a_megabyte_is_read_or_named(tmp_path, cell):
    rows = [f'{i},"{cell if i == 3 else i}",{"yn"[i % 2]}' for i in range(40)]
    (tmp_path / "t.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    # A pattern that looks again and again would take hours, and not seconds more.
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "t.csv")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "40" or "b: row 4 holds " in done.stdout
