"""`osetra db`: check, copy, save, tidy up and bring up to date the files that studies live in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from osetra.cli.failures import REQUEST, Failure
from osetra.cli.options import json_option
from osetra.cli.output import Output
from osetra.cli.places import FILE, RUNS, complete_study, find
from osetra.cli.views.clean import one_line
from osetra.errors import StudyError
from osetra.stores.address import SCHEME, Address, shown

if TYPE_CHECKING:
    from osetra.upkeep.check import Audit

SHOWN = 20
"""How many faults or lost facts are told to people; --json tells all."""

study_argument = click.argument("study", metavar="STUDY|FILE", shell_complete=complete_study)
target_argument = click.argument("to", required=False, type=click.Path(path_type=Path))


@click.group("db", short_help="Check, copy, save, tidy up and migrate study files.")
def command() -> None:
    """Look after the files that studies live in.

    \b
      osetra db check digits            is everything as the protocol promises?
      osetra db backup digits           a copy, while workers write
      osetra db recover broken.db       save what is readable of a damaged file
      osetra db gc digits --dry-run     what nobody needs any more
      osetra db migrate old.db          bring a file of an older osetra up to date
    """  # noqa: D301 - click reads \b as "do not rewrap"


@command.command("check")
@study_argument
@json_option
@click.pass_obj
def check(output: Output, study: str, as_json: bool) -> None:
    """Verify STUDY, or every study in FILE, against the promises of the protocol.

    Reads only, and may be run while workers write. Exit code 0: sound; 1: something is wrong.
    """
    from osetra.upkeep.check import check_file

    address = _address(study)
    everything = SCHEME.match(study) is not None and "#" not in study
    audits = check_file(address.file) if address.file is not None else _on_server(address, everything)
    sound = all(audit.sound for audit in audits)
    if as_json:
        output.document("check", {"at": str(address), "sound": sound, "studies": _documents(audits)})
    else:
        _tell(output, audits)
    if not sound:
        raise click.exceptions.Exit(REQUEST)


@command.command("backup")
@study_argument
@target_argument
@click.pass_obj
def backup(output: Output, study: str, to: Path | None) -> None:
    """Copy FILE with the checkpoints it needs, while workers write, and verify the copy.

    TO is FILE-backup-DATE-TIME.db beside FILE unless given. Nothing is ever overwritten.
    """
    from osetra.upkeep.backup import backup as make

    made = make(_file(study, "pg_dump copies a database"), to)
    _tell(output, [audit for audit in made.audits if audit.violations])
    output.show(Text(f"{made.file}: {_bytes(made.size)}, {_counts(made.audits)}", no_wrap=True))
    if not made.sound:
        raise Failure(f"{made.file} is a faithful copy of a study that is not sound; see above", REQUEST)


@command.command("gc")
@study_argument
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@json_option
@click.pass_obj
def gc(output: Output, study: str, dry_run: bool, as_json: bool) -> None:
    """Delete checkpoints nobody needs, logs of workers that are gone, and leftovers older than an hour.

    While nothing runs, the file itself is compacted, too.
    """
    from osetra.upkeep.gc import collect

    tidied = collect(_file(study, "VACUUM tidies up a database"), dry_run=dry_run)
    if as_json:
        rubbish = [{"file": str(r.path), "bytes": r.size, "what": r.what} for r in tidied.rubbish]
        body = {"dry_run": dry_run, "bytes": tidied.size, "compacted": tidied.compacted, "files": rubbish}
        output.document("gc", {**body, "running": tidied.running})
        return
    for one in tidied.rubbish:
        output.show(Text(f"{_bytes(one.size):>9}  {one.what}: {one_line(str(one.path))}", no_wrap=True))
    done = "would be freed" if dry_run else "freed"
    output.show(Text(f"{_bytes(tidied.size)} {done}: {len(tidied.rubbish)} files"))
    if tidied.running:
        output.say(Text(f"the file was not compacted: {one_line(tidied.running[0])} is running", "yellow"))


@command.command("recover")
@study_argument
@target_argument
@json_option
@click.pass_obj
def recover(output: Output, study: str, to: Path | None, as_json: bool) -> None:
    """Save every readable fact and point of a damaged FILE into a new file, and say what was lost.

    TO is FILE-recovered.db beside FILE unless given. FILE is only read. Trials are numbered anew where
    some are lost; what was running counts as lost and is trained again.
    """
    from osetra.upkeep.recover import recover as save

    made = save(_file(study, "PostgreSQL recovers its databases itself"), to)
    if as_json:
        output.document("recover", {"file": str(made.file), "studies": [asdict(s) for s in made.studies]})
        return
    for one in made.studies:
        lost = f"lost: {len(one.lost)} facts, {one.points_lost} points"
        text = f"{one_line(one.study)}: {one.facts} facts and {one.points} points saved; {lost}"
        output.show(Text(text, no_wrap=True))
        for name in one.lost[:SHOWN]:
            output.show(Text(f"  {one_line(name)}", "yellow"))
        if one.text:
            output.show(Text(f"  {one_line(one.text)}", "yellow"))
    output.show(Text(f"{made.file}", "bold", no_wrap=True))


@command.command("migrate")
@study_argument
@click.pass_obj
def migrate(output: Output, study: str) -> None:
    """Bring FILE of an older osetra up to date: after a backup, in one transaction, or not at all."""
    from osetra.upkeep.migrate import migrate_file

    path = _file(study, "stop all workers and open it with this osetra")
    done = migrate_file(path)
    if done.backup is None:
        output.show(Text(f"{path} has schema {done.after} already; nothing to do"))
    else:
        output.show(Text(f"{path}: schema {done.before} → {done.after}; as it was: {done.backup}"))


def _address(text: str) -> Address:
    """Return where a study is, without opening what may be damaged."""
    for file in (Path(text), RUNS / text / FILE, Path(text) / FILE):
        if file.is_file():
            return Address(str(file))
    return find(text).address


def _file(text: str, instead: str) -> Path:
    address = _address(text)
    if address.file is None:
        raise StudyError(f"{shown(address.url)} is no file but a server: {instead}")
    return address.file


def _on_server(address: Address, everything: bool) -> list[Audit]:
    from osetra.stores import open_store, studies
    from osetra.upkeep.check import check_store

    audits = []
    for name in studies(address.url) if everything else [address.study]:
        store = open_store(address.url, name)
        try:
            audits.append(check_store(store))
        finally:
            store.close()
    return audits


def _tell(output: Output, audits: list[Audit]) -> None:
    for audit in audits:
        name = f"{one_line(audit.study)}: " if audit.study else ""
        if audit.study:
            told = "sound" if not audit.violations else f"{len(audit.violations)} faults"
            output.show(Text(f"{name}{audit.facts} facts, {audit.points} points: {told}"))
        for violation in audit.violations[:SHOWN]:
            at = f" (version {violation.version})" if violation.version else ""
            output.show(Text(f"  {one_line(violation.text)}{at}", "red" if violation.grave else "yellow"))
        if len(audit.violations) > SHOWN:
            output.show(Text(f"  … and {len(audit.violations) - SHOWN} more; --json lists all"))


def _documents(audits: list[Audit]) -> list[dict[str, object]]:
    return [
        {
            "study": audit.study or None,
            "sound": audit.sound,
            "facts": audit.facts,
            "points": audit.points,
            "violations": [asdict(violation) for violation in audit.violations],
        }
        for audit in audits
    ]


def _counts(audits: list[Audit]) -> str:
    facts, points = sum(audit.facts for audit in audits), sum(audit.points for audit in audits)
    return f"{facts} facts, {points} points"


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB" if size >= 1e3 else f"{size} B"
