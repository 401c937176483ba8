"""Studies on a server are checked through their port, from any machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.core.facts import Claimed, Ended, Worker
from osetra.stores import open_store
from osetra.testing.rig.postgres import Cluster
from osetra.upkeep.check import check_store
from upkeep.studies import steered


def test_a_study_on_a_server_is_checked_from_any_machine(
    cluster: Cluster, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "first"))
    steered(cluster.url, name).close()
    for machine in ("first", "second"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / machine))
        store = open_store(cluster.url, name)
        audit = check_store(store)
        assert (audit.violations, audit.facts > 50, audit.points > 20) == ([], True, True)
        store.close()
    store = open_store(cluster.url, name)
    assert store.depot is not None
    store.depot.drop(store.depot.names())
    (found,) = check_store(store).violations
    assert "is not on this machine, and trial 2 was to go on from it" in found.text
    assert not found.grave
    store.append([Claimed(3, 2, Worker("h", "b", 1, 0.0)), Ended(3, 2, "finished", 0.5)])
    texts = [violation.text for violation in check_store(store).violations if violation.grave]
    assert any("trial 3, attempt 2 is claimed, and the trial is failed" in text for text in texts)
    store.close()
    shown = CliRunner().invoke(main, ["db", "check", f"{cluster.url}#{name}"])
    assert shown.exit_code == 1
    assert "a trial has one result" in " ".join(shown.stdout.split())
    refused = CliRunner().invoke(main, ["db", "recover", f"{cluster.url}#{name}"])
    assert refused.exit_code == 1
    assert "is no file but a server" in refused.stderr
