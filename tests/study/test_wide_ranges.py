"""Studies that earlier versions made with ranges which are refused today can be read, and gone on with."""

from pathlib import Path

import pytest

import osetra as ose
from osetra.core.facts import Opened, Suggested
from osetra.errors import SpaceError
from osetra.stores import open_store

WIDE = (
    "int(0, 1152921504606846976)",
    "int(-4611686018427387904, 4611686018427387904)",
    "int(1, 1152921504606846976, log)",
)


@pytest.mark.parametrize("line", WIDE)
def test_a_study_with_a_range_too_wide_for_a_search_is_opened(line: str, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "old.db"))
    store.append(
        [Opened({"n": line}, "loss", "minimize", "best", 0), Suggested(1, {"n": 2**53 + 1}, 0, "person")]
    )
    store.close()
    study = ose.Study(tmp_path / "old.db")
    assert study.history.trials[1].config == {"n": 2**53 + 1}
    study.run(lambda run: float(run.config["n"]), trials=4, progress=False)
    assert [trial.state for trial in study.trials] == ["finished"] * 4
    study.close()
    with pytest.raises(SpaceError, match="tell apart"):
        ose.Space.parse({"n": line})
