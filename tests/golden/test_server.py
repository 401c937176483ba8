"""The same studies in PostgreSQL, from a dump of the database that version 0.1.0 had made."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from golden.problems import SLOW, STUDIES, Golden
from golden.reading import FILES, command, compare, compare_told, go_on, told, wanted


@pytest.fixture(scope="module")
def server(cluster: Any) -> str:
    """The URL of a database that holds the dump, brought up to date."""
    import psycopg

    cluster.sql("CREATE DATABASE golden OWNER osetra", database="postgres")
    url = f"{cluster.url.rpartition('/')[0]}/golden"
    script = gzip.decompress((FILES / "server.sql.gz").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)
    command("db", "migrate", url)
    return url


@pytest.mark.parametrize("golden", [pytest.param(golden, id=golden.label) for golden in STUDIES])
def test_a_study_on_a_server_says_what_it_said_and_goes_on(
    golden: Golden, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # a machine that has none of the checkpoints
    address = f"{server}#{golden.label}"
    compare_told(wanted(golden.label), told(address, server, golden.label))
    if golden.label in SLOW or not golden.goes_on:
        return
    compare(wanted(f"{golden.label}, gone on"), go_on(golden, server, golden.label), golden.rel)
    command("db", "check", address)
