"""`osetra completion`: the script that makes a shell complete osetra's commands."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class
from rich.text import Text

from osetra.cli.output import Output

_HOW = {
    "bash": 'eval "$(osetra completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(osetra completion zsh)"   # in ~/.zshrc',
    "fish": "osetra completion fish > ~/.config/fish/completions/osetra.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL; studies are completed by name, too."""
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    script = kind(root.command, {}, "osetra", "_OSETRA_COMPLETE").source()
    sys.stdout.write(script.rstrip() + "\n")
    output = context.obj
    assert isinstance(output, Output)
    if sys.stdout.isatty():
        output.say(Text(f"to switch it on: {_HOW[shell]}", "dim"))
