"""`osetra experience`: what past studies teach new ones, and how to have it forgotten."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from osetra.cli.options import json_option, study_argument
from osetra.cli.output import Output
from osetra.core.clean import one_line
from osetra.errors import StudyError
from osetra.experience import home
from osetra.experience.names import readable
from osetra.experience.records import FEWEST, SUFFIX, StudyRecord, read_record
from osetra.tuning.locations import find


@click.group("experience", short_help="What past studies teach new ones: list, forget, export, add.")
def command() -> None:
    """What past studies teach new ones.

    osetra tune and osetra run keep a record of each study, and try first what the records say; with
    --no-experience they do neither. OSETRA_EXPERIENCE names the folder, or is off.

    \b
      osetra experience list                      what is kept, and where
      osetra experience forget digits             no longer this one
      osetra experience forget --all              none at all
      osetra experience export digits -o digits.json.gz     for others, or for Study(experience=[...])
      osetra experience add digits.json.gz        from others
    """  # noqa: D301 - click reads \b as "do not rewrap"


@command.command("list")
@json_option
@click.pass_obj
def list_(output: Output, as_json: bool) -> None:
    """Show what is kept, the latest study first."""
    records, wrong = home.kept()
    for sentence in wrong:
        output.say(Text(one_line(sentence), "yellow"))
    folder = home.home()
    if as_json:
        output.document("experience", {"folder": str(folder or ""), "records": [_row(r) for r in records]})
        return
    output.say(Text("experience is off" if folder is None else f"kept in {folder}", "dim"))
    for one in records:
        goal = f"{one.direction} {one.metric}"
        output.show(Text(one_line(f"{one.name}  {one.finished} trials, {goal}, over {_searched(one)}")))
    if not records and folder is not None:
        output.say(Text(f"nothing yet: osetra tune keeps each study of {FEWEST} trials or more", "dim"))


@command.command("forget")
@click.argument("names", metavar="NAME…", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Forget everything.")
@click.pass_obj
def forget(output: Output, names: tuple[str, ...], every: bool) -> None:
    """Delete records by their NAME, or by the name of their study."""
    if bool(names) is every:
        raise click.UsageError(
            "name what is to be forgotten, as osetra experience list shows it, or give --all"
        )
    gone = home.forget(home.names() if every else names)
    output.say(Text(f"forgotten: {', '.join(gone) or 'nothing, for nothing was kept'}"))


@command.command("export")
@study_argument
@click.option("-o", "--out", type=click.Path(path_type=Path), help=f"The file [default: NAME{SUFFIX}].")
@click.pass_obj
def export(output: Output, study: str, out: Path | None) -> None:
    """Write what STUDY teaches, its trials as configurations with values, to a file for others."""
    from osetra.study.experience import record_from

    location = find(study)
    opened = location.open()
    try:
        record = record_from(opened.problem, opened.history, location.name)
    finally:
        opened.close()
    _check_enough(record)
    path = out or Path(f"{location.name}{SUFFIX}")
    if not path.name.endswith(SUFFIX):
        raise click.UsageError(f"-o {path}: the name of such a file ends with {SUFFIX}")
    try:
        home.write(record, path)
    except OSError as error:
        raise StudyError(f"{path}: cannot be written: {error.strerror or error}; name another file") from None
    output.say(Text(f"{record.finished} trials written to {path}"))


@command.command("add")
@click.argument("file", metavar=f"FILE{SUFFIX}", type=click.Path(path_type=Path))
@click.pass_obj
def add(output: Output, file: Path) -> None:
    """Keep a record that somebody exported."""
    record = read_record(file)
    _check_enough(record)
    path = home.keep(record)
    if path is None:
        raise StudyError(f"experience is off: {home.VARIABLE}={home.OFF}; name a folder there, or unset it")
    output.say(Text(f"kept as {record.name}"))


def _check_enough(record: StudyRecord) -> None:
    if record.finished < FEWEST:
        raise StudyError(
            f"{record.study} has {record.finished} trials with a value; {FEWEST} are needed to teach anything"
        )


def _searched(record: StudyRecord) -> str:
    space = readable(record.space)
    return "a space of another version" if space is None else ", ".join(space.searched)


def _row(record: StudyRecord) -> dict[str, object]:
    return {
        "name": record.name,
        "study": record.study,
        "trials": record.finished,
        "metric": record.metric,
        "direction": record.direction,
        "space": record.space,
        "opened": record.opened,
        "osetra": record.osetra,
    }
