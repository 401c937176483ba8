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
from osetra.core.facts import FORMAT, SEVERAL, Entry, Fact, Noted, decode, encode
from osetra.errors import NewerSchema, StoreError
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


CUT = re.compile(r',"crc":"[0-9a-f]{8}"\}$')


def test_a_checksum_that_is_gone_is_missed_in_every_fact(tmp_path: Path) -> None:
    """Cut out, or under another name, so that nobody finds it: the study says that all its facts have one."""
    study = steered(tmp_path / "s.db")
    path, rng = Path(study.url), random.Random(5)
    study.close()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT version, key, body FROM fact ORDER BY version").fetchall()
        for version, key, body in [rows[0], *rng.sample(rows[1:], 8)]:
            wrong = rng.choice(
                [CUT.sub("}", body), changed(CUT.sub("}", body), rng), body.replace('"crc"', '"crb"')]
            )
            if version == 1:
                wrong = CUT.sub("}", body)
            with connection:
                connection.execute("UPDATE fact SET body = ? WHERE version = ?", (wrong, version))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            texts = [violation.text for audit in check(path) for violation in audit.violations]
            assert any(f"version {version} ({key!r})" in t and "checksum is gone" in t for t in texts), texts
            with pytest.raises(
                StoreError, match=rf"version {version} is no fact .*checksum is gone.*db recover"
            ):
                open_store(str(path)).read()
            saved = recover(path, tmp_path / f"saved-{version}.db") if version > 1 else None
            assert saved is None or key in saved.studies[0].lost
            with connection:
                connection.execute("UPDATE fact SET body = ? WHERE version = ?", (body, version))
    assert all(audit.sound for audit in check(path))


def test_studies_of_versions_without_checksums_are_sound_and_a_newer_format_is_refused(
    tmp_path: Path,
) -> None:
    study = steered(tmp_path / "s.db")
    path = Path(study.url)
    study.close()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT version, body FROM fact ORDER BY version").fetchall()
        for number in (SEVERAL + 1, 2):
            for version, body in rows[: None if number == 2 else 1]:
                old = CUT.sub("}", body).replace(f'"format":{FORMAT}', f'"format":{number}')
                with connection:
                    connection.execute("UPDATE fact SET body = ? WHERE version = ?", (old, version))
            if number > SEVERAL:
                with pytest.raises(
                    NewerSchema, match=f"format {number}, and this osetra reads up to {SEVERAL}"
                ):
                    open_store(str(path)).read()
    with closing(open_store(str(path))) as store:
        assert len(store.read()) == len(rows)
        store.append([Noted("t", "new", "with a checksum")])
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
