"""What is readable of a damaged file becomes a sound study, and what is lost is named."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

import osetra as ose
from core.test_invariants import FACTS, POINTS, numbered
from osetra.core.invariants import violations
from osetra.errors import StoreError
from osetra.stores import open_store
from osetra.upkeep.check import check
from osetra.upkeep.recover import Recovery, recover
from osetra.upkeep.repair import repair
from upkeep.studies import steered

PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed study file of some twenty pages; tests work on copies."""
    folder = tmp_path_factory.mktemp("whole")
    study = steered(folder / "s.db")
    for number in range(40):
        study._planner.append([ose.core.facts.Noted("long", str(number), "x" * 200 * number)])
    study.close()
    return folder / "s.db"


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole.parent, tmp_path / "d")
    return tmp_path / "d" / "s.db"


def sound(made: Recovery) -> bool:
    audits = check(made.file)
    texts = [violation.text for audit in audits for violation in audit.violations if violation.grave]
    # Of a log that ends earlier, the checkpoints of that moment may have been deleted since.
    assert [text for text in texts if "is gone, and" not in text] == []
    return True


def spoil(path: Path, page: int, content: bytes = b"\xff" * PAGE) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(content)


def test_an_undamaged_file_is_recovered_whole(damaged: Path) -> None:
    made = recover(damaged)
    assert made.file.name == "s-recovered.db"
    one, two = open_store(str(damaged)), open_store(str(made.file))
    assert (two.read(), two.read_points()[0]) == (one.read(), one.read_points()[0])
    assert [(s.study, s.lost, s.points_lost) for s in made.studies] == [("main", [], 0)]
    assert sound(made)
    assert {p.name for p in two.checkpoints.iterdir()} <= {p.name for p in one.checkpoints.iterdir()}


def test_what_stands_in_the_write_ahead_log_alone_is_recovered(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = open_store(str(path))
    source = open_store(str(whole))
    first, *rest = [entry.fact for entry in source.read()][:20]
    store.append([first])  # is folded in at once; what follows, once nothing is written any more
    store.append(rest)
    source.close()
    shutil.copy(path, tmp_path / "c.db")
    shutil.copy(f"{path}-wal", tmp_path / "c.db-wal")
    assert b"suggested/1" not in (tmp_path / "c.db").read_bytes()
    made = recover(tmp_path / "c.db")
    assert made.studies[0].facts == 20
    assert sound(made)
    store.close()


def test_without_its_first_page_everything_else_is_there(damaged: Path) -> None:
    spoil(damaged, 1)
    with pytest.raises(StoreError):
        check(damaged)
    made = recover(damaged)
    assert made.studies[0].lost == []
    assert made.studies[0].facts > 80


@pytest.mark.parametrize("page", range(2, 16))
def test_each_page_may_be_lost(damaged: Path, page: int) -> None:
    total = len(open_store(str(damaged)).read())
    spoil(damaged, page)
    try:
        made = recover(damaged)
    except StoreError as error:
        assert "its opening is lost" in str(error)  # it held the opening
        return
    assert sound(made)
    (kept,) = made.studies
    assert kept.facts + len(kept.lost) >= total - 1 or kept.facts > 5
    again = ose.Study(made.file, name=kept.study)
    again.run(lambda run: 0.5, trials=len(again.trials) + 1)
    assert sound(made)


def test_a_truncated_file_keeps_what_is_left(damaged: Path) -> None:
    size = damaged.stat().st_size
    with damaged.open("r+b") as file:
        file.truncate(size - 3 * PAGE - 17)
    assert sound(recover(damaged))


def test_an_original_is_not_touched_and_nothing_is_overwritten(damaged: Path) -> None:
    spoil(damaged, 3)
    before = damaged.read_bytes()
    made = recover(damaged)
    assert damaged.read_bytes() == before
    with pytest.raises(StoreError, match="exists and is not overwritten"):
        recover(damaged)
    assert made.file.exists()


@pytest.mark.parametrize("content", [b"", b"shopping list", b"\x00" * 9999, b"SQLite format 3\x00" * 600])
def test_a_file_of_something_else_holds_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(StoreError, match="nothing of a study is readable"):
        recover(tmp_path / "x.db")
    assert [p.name for p in tmp_path.iterdir()] == ["x.db"]


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sets(st.integers(2, len(FACTS))), st.sets(st.integers(0, len(POINTS) - 1)))
def test_whatever_is_lost_the_rest_becomes_a_sound_log(facts: set[int], points: set[int]) -> None:
    entries = [entry for entry in numbered(FACTS) if entry.version not in facts]
    left = [point for i, point in enumerate(POINTS) if i not in points]
    mended = repair(entries, left)
    assert [v for v in violations(mended.entries, mended.points) if v.grave] == []
    if not facts and not points:
        assert (mended.entries, mended.points, mended.dropped) == (entries, left, [])


def test_trials_and_attempts_are_numbered_anew_without_gaps() -> None:
    entries = [entry for entry in numbered(FACTS) if entry.version not in (4, 16)]
    mended = repair(entries, POINTS)
    facts = [entry.fact for entry in mended.entries]
    assert {f.trial for f in facts if hasattr(f, "trial")} == {1}  # 2 is lost and 3 repeats it
    assert any("ended/1/1" in name for name in mended.dropped)
    assert {(p.trial, p.attempt) for p in mended.points} <= {(1, 1), (1, 2)}


RUNS = 1000 if os.environ.get("OSETRA_SOAK") else 100


@pytest.mark.slow
def test_random_flips_and_cuts_never_crash_and_never_pass_in_silence(whole: Path, tmp_path: Path) -> None:
    data, rng = whole.read_bytes(), random.Random(7)
    accepted = 0
    for run in range(RUNS):
        broken = bytearray(data)
        if run % 4 == 3:
            del broken[rng.randrange(len(broken)) :]
        else:
            for _ in range(rng.choice([1, 1, 3, 40])):
                broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        folder = tmp_path / str(run)
        shutil.copytree(whole.parent, folder)
        path = folder / "s.db"
        path.write_bytes(broken)
        failing = _fails_quick_check(path)
        try:
            good = all(audit.sound for audit in check(path)[:1])
        except StoreError:
            good = False
        assert not (good and failing), f"run {run}: silent acceptance"
        accepted += good
        try:
            store = open_store(str(path))
            store.read(), store.read_points(), store.close()
        except StoreError as error:
            assert str(path) in str(error)
        try:
            made = recover(path)
        except StoreError as error:
            assert "nothing of a study" in str(error) or "its opening is lost" in str(error)
        else:
            assert sound(made)
        shutil.rmtree(folder)
    assert accepted < RUNS  # otherwise nothing was damaged


def _fails_quick_check(path: Path) -> bool:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        return connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return True
    finally:
        connection.close()
