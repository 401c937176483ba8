"""A flipped bit that leaves a valid fact is seen: by the checker, by whoever reads, and by recovery."""

from __future__ import annotations

import random
import re
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.core.facts import Entry, Fact, decode, encode
from osetra.errors import StoreError
from osetra.stores import open_store
from osetra.stores.validation import entries_of
from osetra.testing.rig.postgres import Cluster
from osetra.upkeep.check import check
from osetra.upkeep.recover import recover
from upkeep.studies import steered

PLAIN: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


def flips(body: str) -> list[str]:
    """Return the texts that one flipped bit makes of a fact, and that are facts as well."""
    data, found = body.encode(), []
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            try:
                PLAIN.decode(flipped)
                found.append(flipped.decode())
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
    return found


def entries(folder: Path) -> list[Entry]:
    study = steered(folder / "made.db")
    read = open_store(study.url).read()
    study.close()
    return read


def test_every_flip_that_leaves_a_valid_fact_is_seen(tmp_path: Path) -> None:
    """Of every kind of fact; what is hit in the checksum itself changes nothing or is seen, too."""
    one_of_a_kind = {type(entry.fact): entry.fact for entry in entries(tmp_path)}
    assert len(one_of_a_kind) > 6
    valid = 0
    for fact in one_of_a_kind.values():
        body = encode(fact).decode()
        assert decode(body) == fact
        for flipped in flips(body):
            valid += 1
            try:
                assert decode(flipped) == fact
            except msgspec.DecodeError:
                continue
    assert valid > 1000


def test_facts_of_versions_without_a_checksum_are_read_and_those_read_ours(tmp_path: Path) -> None:
    for entry in entries(tmp_path):
        body = encode(entry.fact)
        assert PLAIN.decode(body) == entry.fact  # as they do
        old = re.sub(rb',"crc":"[0-9a-f]{8}"\}$', b"}", body)
        assert old != body
        assert decode(old) == entry.fact
        assert body == b'%b,"crc":"%08x"}' % (old[:-1], zlib.crc32(old))


def changed(body: str, rng: random.Random) -> str:
    """Return a fact with another valid number."""
    spots = [found.start() for found in re.finditer(r"\d", body[:-18])]
    at = rng.choice(spots)
    new = rng.choice([digit for digit in "123456789" if digit != body[at]])
    return body[:at] + new + body[at + 1 :]


def test_a_changed_number_in_a_file_is_named_and_the_rest_recovered(tmp_path: Path) -> None:
    study = steered(tmp_path / "s.db")
    path = Path(study.url)
    study.close()
    connection, rng = sqlite3.connect(path), random.Random(3)
    rows = connection.execute("SELECT version, key, body FROM fact ORDER BY version").fetchall()
    for version, key, body in rng.sample(rows[1:], 12):
        with connection:
            connection.execute("UPDATE fact SET body = ? WHERE version = ?", (changed(body, rng), version))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        texts = [violation.text for audit in check(path) for violation in audit.violations]
        assert any(f"version {version} ({key!r})" in text and "checksum" in text for text in texts), key
        with pytest.raises(StoreError, match=rf"version {version} is no fact .*checksum.*db recover"):
            open_store(str(path)).read()
        saved = recover(path, tmp_path / f"saved-{version}.db")
        assert key in saved.studies[0].lost
        assert all(audit.sound for audit in check(saved.file))
        with connection:
            connection.execute("UPDATE fact SET body = ? WHERE version = ?", (body, version))
    connection.close()
    assert all(audit.sound for audit in check(path))


def test_a_changed_number_on_a_server_is_named(cluster: Cluster, name: str) -> None:
    steered(cluster.url, name).close()
    with closing(psycopg.connect(cluster.url, autocommit=True)) as connection:
        connection.execute(
            "UPDATE osetra.fact SET body = replace(body, '\"seed\":', '\"seed\":1') "
            "WHERE key = 'suggested/2' AND study = (SELECT id FROM osetra.study WHERE name = %s)",
            (name,),
        )
    shown = CliRunner().invoke(main, ["db", "check", f"{cluster.url}#{name}"])
    text = " ".join(shown.output.split())
    assert shown.exit_code == 1
    assert "suggested/2" in text and "checksum" in text
    with closing(open_store(cluster.url, name)) as store, pytest.raises(StoreError, match="checksum"):
        store.read()


def test_a_copy_has_the_checksums_too(tmp_path: Path) -> None:
    made = entries(tmp_path)
    rows = [(e.version, e.time, encode(e.fact).decode()) for e in made]
    assert entries_of("here", rows) == made


def test_one_study_of_a_file_is_checked_like_one_on_a_server(tmp_path: Path) -> None:
    file = tmp_path / "two.db"
    for name in ("good", "bad"):
        steered(file, name).close()
    with sqlite3.connect(file) as connection:
        connection.execute(
            "UPDATE fact SET body = replace(body, '\"seed\":', '\"seed\":1') WHERE key = 'suggested/2' "
            "AND study = (SELECT id FROM study WHERE name = 'bad')"
        )
    connection.close()
    run = CliRunner().invoke
    assert run(main, ["db", "check", f"{file}#good"]).exit_code == 0
    assert run(main, ["db", "check", f"{file}#bad"]).exit_code == 1
    assert run(main, ["db", "check", str(file)]).exit_code == 1
    refused = run(main, ["db", "check", f"{file}#none"])
    assert refused.exit_code == 1
    assert "it has: good, bad" in " ".join(refused.stderr.split())
