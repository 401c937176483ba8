"""`osetra db`: check, copy, save, tidy up and bring up to date the files and databases of studies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from osetra.cli.failures import REQUEST, Failure
from osetra.cli.options import complete_study, confirm, json_option, plain_name
from osetra.cli.output import Output
from osetra.core.clean import one_line
from osetra.errors import StudyError
from osetra.files import real_path
from osetra.stores import storage_of, studies
from osetra.stores.address import MAIN, SCHEME, Address, mask, parse
from osetra.stores.storage import present
from osetra.tuning.locations import (
    FILE,
    RUNS,
    Location,
    find,
    known,
    make_folder,
    move,
    remove,
    warn_of_password,
)
from osetra.tuning.locations import create as start

if TYPE_CHECKING:
    from osetra.upkeep.check import Audit

SHOWN = 20
"""How many faults or lost facts are told to people; --json tells all."""

study_argument = click.argument("study", metavar="STUDY|FILE|URL", shell_complete=complete_study)
target_argument = click.argument("to", required=False, type=click.Path(path_type=Path))


@click.group("db", short_help="Check, copy, save, tidy up and migrate studies.")
def command() -> None:
    """Look after the files and databases that studies live in.

    \b
      osetra db check digits            is everything as the protocol promises?
      osetra db backup digits           a copy, while workers write
      osetra db copy digits postgresql://host/tuning     move it to a server, or back
      osetra db create postgresql://host/tuning          a new database there
      osetra db recover broken.db       save what is readable of a damaged file
      osetra db gc digits --dry-run     what nobody needs any more
      osetra db migrate old.db          bring a file of an older osetra up to date
      osetra db list studies.db         the studies in a file or behind a URL
      osetra db rename digits numbers   call a study something else
      osetra db delete digits           with its checkpoints and its model; asks first
    """  # noqa: D301 - click reads \b as "do not rewrap"


@command.command("check")
@study_argument
@json_option
@click.pass_obj
def check(output: Output, study: str, as_json: bool) -> None:
    """Verify STUDY, or every study in FILE or behind URL, against the promises of the protocol.

    FILE#STUDY and URL#STUDY name one of several.

    Reads only, and may be run while workers write. Exit code 0: sound; 1: something is wrong.
    """
    from osetra.upkeep.check import check as make

    address, names = _located(study)
    audits = make(address.url, names)
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
    """Copy FILE, or the studies behind URL, with the checkpoints they need into a new file, and verify it.

    Workers may write meanwhile. TO is FILE-backup-DATE-TIME.db beside FILE, or DATABASE-backup-….db in
    this folder, unless given. Nothing is ever overwritten.
    """
    from osetra.upkeep.backup import backup as make

    address, names = _located(study)
    made = make(address.url, to, names=names)
    _tell(output, [audit for audit in made.audits if audit.violations])
    _line(output, f"{made.file}: {_bytes(made.size)}, {_counts(made.audits)}")
    if not made.sound:
        raise Failure(f"{made.file} is a faithful copy of a study that is not sound; see above", REQUEST)


@command.command("copy")
@click.argument("source", metavar="FROM", shell_complete=complete_study)
@click.argument("to", metavar="TO", shell_complete=complete_study)
@click.pass_obj
def copy(output: Output, source: str, to: str) -> None:
    """Copy a study into another store, with its times and the checkpoints it needs, and verify the copy.

    FROM and TO are a study's name, a file or a URL, with or without #STUDY. Without it all studies in FROM
    are copied, each under its own name. The studies in TO must be new. FROM stays as it is.

    \b
      osetra db copy digits postgresql://host/tuning
      osetra db copy postgresql://host/tuning#digits usb/digits.db
    """  # noqa: D301 - click reads \b as "do not rewrap"
    from osetra.upkeep.copy import copy as make

    address, names = _located(source)
    sources = [Address(address.url, name) for name in present(address.url, names or studies(address.url))]
    made = make(list(zip(sources, _targets(to, sources), strict=True)))
    for one in made:
        size = f", {_bytes(one.size)} of checkpoints" if one.size else ""
        verdict = "verified" if one.audit.sound else "a faithful copy of a study that is not sound"
        line = f"{one.source} → {one.target}: {_counts([one.audit])}{size}: {verdict}"
        _line(output, one_line(line))
        _tell(output, [one.audit] if one.audit.violations else [])
        if one.running:
            what = f"{len(one.running)} running in {one.source}"
            output.say(
                Text(f"{what}: given up in the copy after a minute, and trained again there", "yellow")
            )
    if len(made) == 1:
        output.say(Text(f"go on there: osetra resume '{made[0].target}'"))
    if not all(one.audit.sound for one in made):
        raise click.exceptions.Exit(REQUEST)


@command.command("create")
@click.argument("url")
@click.pass_obj
def create(output: Output, url: str) -> None:
    """Create the database that URL names, on a server that is there: postgresql://USER@HOST/NAME."""
    address = parse(url)
    warn_of_password(address)
    name = storage_of(address.url).create()
    _line(output, f"created the database {one_line(name)}; a study there: osetra tune … --store '{address}'")


@command.command("gc")
@study_argument
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@json_option
@click.pass_obj
def gc(output: Output, study: str, dry_run: bool, as_json: bool) -> None:
    """Delete checkpoints nobody needs, logs of workers that are gone, and leftovers older than an hour.

    While nothing runs, the file itself is compacted, too. Of a database the checkpoints are looked at.
    """
    address, names = _located(study)
    cleanup = storage_of(address.url).collect(names, dry_run=dry_run)
    if as_json:
        rubbish = [{"file": str(r.path), "bytes": r.size, "what": r.what} for r in cleanup.rubbish]
        body = {"dry_run": dry_run, "bytes": cleanup.size, "compacted": cleanup.compacted, "files": rubbish}
        output.document("gc", {**body, "running": cleanup.running})
        return
    for one in cleanup.rubbish:
        _line(output, f"{_bytes(one.size):>9}  {one.what}: {one_line(str(one.path))}")
    done = "would be freed" if dry_run else "freed"
    output.show(Text(f"{_bytes(cleanup.size)} {done}: {len(cleanup.rubbish)} files"))
    if cleanup.running:
        output.say(Text(f"the file was not compacted: {one_line(cleanup.running[0])} is running", "yellow"))


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

    address, _ = _located(study)
    made = save(storage_of(address.url).recoverable(), to)
    if as_json:
        output.document("recover", {"file": str(made.file), "studies": [asdict(s) for s in made.studies]})
        return
    for one in made.studies:
        lost = f"lost: {len(one.lost)} facts, {one.points_lost} points"
        text = f"{one_line(one.study)}: {one.facts} facts and {one.points} points saved; {lost}"
        _line(output, text)
        for name in one.lost[:SHOWN]:
            output.show(Text(f"  {one_line(name)}", "yellow"))
        if one.text:
            output.show(Text(f"  {one_line(one.text)}", "yellow"))
    _line(output, f"{made.file}", "bold")


@command.command("migrate")
@study_argument
@click.pass_obj
def migrate(output: Output, study: str) -> None:
    """Bring FILE, or the database of URL, up to date: after a backup, in one transaction, or not at all.

    A database's tables are copied into a namespace beside them; the workers have to be stopped before.
    """
    address = parse(study) if SCHEME.match(study) else _located(study)[0]
    done = storage_of(address.url).migrate()
    where = mask(address.url)
    if done.backup is None:
        _line(output, f"{where} has schema {done.after} already; nothing to do")
    else:
        _line(output, f"{where}: schema {done.before} → {done.after}; as it was: {done.backup}")


@command.command("list")
@click.argument("storage", metavar="[FILE|URL]", required=False)
@json_option
@click.pass_obj
def list_(output: Output, storage: str | None, as_json: bool) -> None:
    """List the studies in FILE or behind URL, or those under ./osetra-runs with where they live."""
    rows = []
    for location in [find(name) for name in known()] if storage is None else _studies_in(storage):
        study = location.open()
        history = study.history
        rows.append((location.name, len(history.searched), len(history.running), str(location.address)))
        study.close()
    if as_json:
        keys = ("study", "trials", "running", "address")
        output.document("list", {"studies": [dict(zip(keys, row, strict=True)) for row in rows]})
        return
    for name, trials, running, address in rows:
        at_work = f", {running} running" if running else ""
        _line(output, f"{one_line(name)}: {trials} trials{at_work}, {one_line(address)}")
    if not rows:
        output.say(Text("no studies there yet; start one: osetra tune digits", "dim"))


@command.command("rename")
@study_argument
@click.argument("name", callback=plain_name)
@click.pass_obj
def rename(output: Output, study: str, name: str) -> None:
    """Call STUDY something else, while nobody works on it; checkpoints, model and pictures go with it.

    A study under ./osetra-runs is found by the new name from then on.
    """
    location = find(study)
    address, inside = location.address, location.at_home and location.address.study == MAIN
    if not inside:
        storage_of(address.url).rename(address.study, name)
    if location.at_home:
        move(location, name, MAIN if inside else name)
    _line(output, f"{one_line(location.name)} is called {one_line(name)} now")
    opened = find(name if location.at_home else f"{address.url}#{name}").open()
    if "request" not in (opened.history.opened.task if opened.history.opened else {}):
        called = "" if inside else f", name={name!r}"
        store = location.folder.with_name(name) / FILE if inside else mask(address.url)
        output.say(Text(f"its program finds it as Study({str(store)!r}{called}) from now on", "yellow"))
    opened.close()


@command.command("delete")
@study_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(output: Output, study: str, yes: bool) -> None:
    """Delete STUDY with its checkpoints, while nobody works on it; asks first.

    A study under ./osetra-runs goes with its whole folder: model, pictures, logs.
    """
    location = find(study)
    opened = location.open()
    trials = len(opened.history.searched)
    opened.close()
    folder = f" and the folder {location.folder}" if location.at_home else ""
    what = f"{one_line(location.name)}: {trials} trials at {location.address}{folder}"
    if not yes and not confirm(f"{what}\nDelete them for good?"):
        raise Failure(f"{what}: nothing was deleted; without a terminal to ask in, add --yes", REQUEST)
    storage_of(location.address.url).delete(location.address.study)
    if location.at_home:
        remove(location)
    _line(output, f"deleted {what}")


def _studies_in(storage: str) -> list[Location]:
    address = parse(storage)
    warn_of_password(address)
    return [Location(name, Address(address.url, name), Path()) for name in studies(address.url)]


def _located(text: str) -> tuple[Address, Sequence[str]]:
    """Return where studies are, and which are meant: none named are all; nothing damaged is opened."""
    for file in (Path(text), RUNS / text / FILE, Path(text) / FILE):
        if file.is_file():
            return Address(str(file)), ()
    if SCHEME.match(text) and "#" not in text:
        address = parse(text)
        warn_of_password(address)
        return address, ()
    named = parse(text) if "#" in text else None
    if named is not None and named.file is not None and named.file.is_file():
        return named, (named.study,)
    address = find(text).address
    return address, (address.study,)


def _targets(text: str, sources: list[Address]) -> list[Address]:
    """Return where each study is to go; its name stays unless another one is given."""
    named = SCHEME.match(text) or "#" in text or text.endswith(".db") or Path(text).exists() or os.sep in text
    target = parse(text) if named else _at_home(text)
    if named and "#" not in text:
        return [Address(target.url, _own_name(source, alone=len(sources) == 1)) for source in sources]
    if len(sources) > 1:
        listed = ", ".join(source.study for source in sources)
        store = mask(sources[0].url)
        raise StudyError(f"{store} has several studies: {listed}; copy one: {store}#{sources[0].study}")
    return [target]


def _at_home(name: str) -> Address:
    """Return the address of a new study under the folder of studies, which is made."""
    location = start(name)
    make_folder(location.folder)
    return location.address


def _own_name(source: Address, *, alone: bool) -> str:
    """Return what people call a study: that of osetra-runs/NAME/study.db is "main" in its file."""
    if alone and source.study == MAIN and source.file is not None and source.file.name == FILE:
        return real_path(source.file.parent).name
    return source.study


def _line(output: Output, text: str, style: str = "") -> None:
    """Print a line whose paths and URLs may be copied from it: it is never broken."""
    output.data.print(Text(text, style), soft_wrap=True)


def _tell(output: Output, audits: list[Audit]) -> None:
    whole = all(audit.study or not audit.violations for audit in audits)
    for audit in audits:
        name = f"{one_line(audit.study)}: " if audit.study else ""
        if audit.study:
            sound = "sound" if whole else "no fault in what is here, but see above"
            verdict = sound if not audit.violations else f"{len(audit.violations)} faults"
            output.show(Text(f"{name}{audit.facts} facts, {audit.points} points: {verdict}"))
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
