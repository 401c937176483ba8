"""The page of every command and option, made of what click knows."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from osetra.cli import VERBS, main

HEAD = """# Every command

Made of the program itself: `osetra VERB --help` says the same. What belongs together, with examples, is in
[the command line](command-line.md).
"""


def page() -> str:
    """Return the page as Markdown."""
    context = click.Context(main, info_name="osetra")
    parts = [HEAD]
    for verb in VERBS:
        command = main.get_command(context, verb)
        assert command is not None
        parts.extend(_command(command, click.Context(command, info_name=verb, parent=context)))
    return "\n".join(parts)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield one command: its call, what it does, its options; then those below it."""
    yield f"\n## {context.command_path}\n"
    yield f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield _prose(command.help or "")
    rows = [row for one in command.get_params(context) if (row := one.get_help_record(context))]
    rows = [row for row in rows if not row[0].endswith("--help")]
    if rows:
        yield "\n| option | |\n|---|---|"
        yield from (f"| `{_cell(name)}` | {_cell(_plain(text))} |" for name, text in rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _command(child, click.Context(child, info_name=name, parent=context))


def _prose(text: str) -> str:
    """Return a help text as Markdown: what click keeps as it is becomes a block."""
    parts = []
    for part in inspect.cleandoc(text).split("\n\n"):
        kept = part.startswith("\b")
        part = part.removeprefix("\b").strip("\n")
        if kept or all(line.startswith("  ") for line in part.splitlines()):
            parts.append(f"```text\n{inspect.cleandoc(part)}\n```")
        else:
            parts.append(_plain(part))
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """Return text in which no character is markup."""
    return re.sub(r"([*_<>`\[\]])", r"\\\1", text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
