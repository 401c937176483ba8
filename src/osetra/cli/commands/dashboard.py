"""`osetra dashboard`: the live page in a browser."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import click
from rich.text import Text

from osetra.cli.failures import typed
from osetra.cli.options import Whole
from osetra.cli.output import Output
from osetra.dashboard.serve import PORT, Serving, check_host, serve


@click.command("dashboard")
@click.argument("place", default="", metavar="[STUDY|URL|FOLDER]")
@click.option("--port", type=Whole(1, 65535), help=f"[default: {PORT}, or the next free one]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--no-open", is_flag=True, help="Print the address without opening a browser.")
@click.option("--read-only", is_flag=True, help="Nobody can give orders on the page.")
@click.option("--certificate", type=click.Path(path_type=Path), metavar="FILE", help="For TLS, with --key.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="The certificate's key.")
@click.option("--insecure-http", is_flag=True, help="Serve other machines without TLS, knowing the risk.")
@click.option("--beside", is_flag=True, hidden=True)
@click.pass_obj
def command(
    output: Output,
    place: str,
    port: int | None,
    host: str,
    no_open: bool,
    read_only: bool,
    certificate: Path | None,
    key: Path | None,
    insecure_http: bool,
    beside: bool,
) -> None:
    """Watch studies and steer them in a browser; Ctrl-C ends the page and nothing else.

    Without an argument it shows the studies of ./osetra-runs; a file, a folder or a server may hold several.
    The address that is printed ends with a token: whoever has it can give orders.
    """
    how = Serving(
        host=host,
        port=port,
        read_only=read_only,
        certificate=certificate,
        key=key,
        insecure=insecure_http,
        browser=not no_open,
    )

    def say(address: str) -> None:
        click.echo(address)
        if beside:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        else:
            output.say(Text("Ctrl-C ends the page; the study goes on", "dim"))

    with typed():
        check_host(how)
    if beside:
        place = sys.stdin.readline().removesuffix("\n")
    serve(place, how, say, expected=beside)


def _end_with_parent() -> None:
    """Wait for the end of the pipe from the command that trains, and end the page."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
