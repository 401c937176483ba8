"""The command line `osetra`: thin verbs over studies, data sets and models.

Results go to stdout, everything for the eyes goes to stderr. Read verbs take `--json`. Exit codes are
listed in `osetra.cli.failures`. Every verb is a module of its own, imported when it is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from osetra.cli.failures import calm, explain, flush
from osetra.cli.output import Output
from osetra.cli.started import begun
from osetra.errors import nearest
from osetra.version import __version__

BEGUN = begun()
"""When the command began."""
VERBS = (
    "tune",
    "run",
    "resume",
    "worker",
    "status",
    "show",
    "best",
    "retest",
    "enqueue",
    "steer",
    "edit",
    "advice",
    "babysit",
    "dashboard",
    "replay",
    "plot",
    "export",
    "predict",
    "evaluate",
    "report",
    "import",
    "experience",
    "spaces",
    "data",
    "db",
    "doctor",
    "completion",
)
"""In the order of a first visit."""


class Verbs(click.Group):
    """A group whose commands live in `osetra.cli.commands`, one module each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of a first visit."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a verb."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"osetra.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or name the nearest one."""
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            hint = nearest(name, VERBS) or f" Known: {', '.join(VERBS)}."
            raise click.UsageError(f"no such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the words before the verb."""
        with calm():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; an error becomes one clear line and an exit code unless `--debug` is given."""
        with calm():
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> object:
        try:
            result = super().invoke(ctx)
            flush()  # a full disk is found here, and not when nobody can be told any more
            return result
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if ctx.params.get("debug"):
                raise
            raise explain(error) from error


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the full traceback when something goes wrong.")
@click.version_option(__version__, message="osetra %(version)s")
@click.pass_context
def main(ctx: click.Context, debug: bool) -> None:
    """Find good hyperparameters for deep networks, and keep them good.

    \b
    Try it:
      osetra tune digits --trials 20      tune a network on handwritten digits
      osetra tune table.csv --target y    tune a network on your own table
      osetra status                       what is there, how far is it
    """  # noqa: D301 - click reads \b as "do not rewrap"
    ctx.obj = Output(debug=debug)
