"""Serve: one process that answers one person's browser, and ends without a trace."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osetra.dashboard.guard import Door
from osetra.dashboard.token import token
from osetra.errors import MissingExtra, StudyError
from osetra.installing import install_line
from osetra.searchers.threads import one_thread_for_good

log = logging.getLogger("osetra")

PORT = 8765
SWITCH = 0.0005
"""Seconds for which a thread keeps the interpreter: advice on ten thousand trials takes long, and each answer
waits several times for its turn."""
TRIED = 20
"""Ports above the usual one that are tried when it is taken."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How the page is served."""

    host: str = "127.0.0.1"
    port: int | None = None
    """None: the usual one, or the next that is free."""
    read_only: bool = False
    certificate: Path | None = None
    key: Path | None = None
    insecure: bool = False
    """Whether the page may be served to other machines without TLS: everybody on the way reads the token."""
    browser: bool = True


def serve(place: str, how: Serving, say: Callable[[str], None], *, expected: bool = False) -> None:
    """Serve the studies of a place until Ctrl-C.

    Args:
        place: a study, a file or server with several, or a folder; empty: the usual folder.
        how: host, port and what may be done.
        say: tells the address.
        expected: whether the study may be made later.

    Raises:
        MissingExtra: Starlette or uvicorn is not installed.
        StudyError: it may not be served so, the port is taken, or there are no studies.
    """
    try:
        import uvicorn

        from osetra.dashboard.app import Dashboard
        from osetra.dashboard.assets import Assets
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        raise MissingExtra(
            f"the page needs Starlette and uvicorn; install them: {install_line('dashboard')}"
        ) from None
    from osetra.dashboard.studies import Studies, check

    check_host(how)
    if not expected:
        check(place)
    bound = listen(how.host, how.port)
    port = bound.getsockname()[1]
    secure = how.certificate is not None
    door = Door(token=token(), hosts=names_of(how.host, port), secure=secure, read_only=how.read_only)
    assets = Assets.load()
    if assets.trouble:
        log.warning("%s", assets.trouble)
    address = f"{'https' if secure else 'http'}://{shown_host(how.host)}:{port}/?token={door.token}"
    say(address)
    one_thread_for_good()  # advice is worked out beside trainings, on their cores
    sys.setswitchinterval(SWITCH)
    settings = uvicorn.Config(
        Dashboard(Studies(place), door, assets).app(),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
        ssl_certfile=how.certificate,
        ssl_keyfile=how.key,
    )
    if how.browser and not assets.trouble and _has_screen():
        webbrowser.open(address)
    uvicorn.Server(settings).run(sockets=[bound])


def check_host(how: Serving) -> None:
    """Refuse to serve other machines in the clear.

    Raises:
        StudyError: with what to do instead.
    """
    if (how.certificate is None) != (how.key is None):
        raise StudyError("--certificate and --key belong together: give both files, in PEM")
    for file in (how.certificate, how.key):
        if file is not None and not file.is_file():
            raise StudyError(f"{file}: no such file")
    if how.host in LOOPBACK or how.certificate is not None or how.insecure:
        return
    raise StudyError(
        f"--host {how.host} would show the page, and the token that steers trainings, to everybody on the "
        f"network. Better: leave --host out and reach the page through `ssh -L {PORT}:127.0.0.1:{PORT} "
        f"{socket.gethostname()}`; or give --certificate FILE --key FILE for TLS; or, on a network where you "
        "trust everybody, add --insecure-http"
    )


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket on the port, or on the usual one or the next free one.

    Raises:
        StudyError: it is taken, or the host is none of this machine.
    """
    wanted = range(PORT, PORT + TRIED) if port is None else [port]
    for each in wanted:
        try:
            return _bound(host, each)
        except OSError as error:
            if not _taken(error):
                raise StudyError(f"--host {host}: cannot listen there ({error.strerror or error})") from None
    if port is None:
        raise StudyError(f"the ports {PORT} to {PORT + TRIED - 1} are taken; choose another one with --port")
    free = next((p for p in range(port + 1, min(port + TRIED, 65536)) if _is_free(host, p)), None)
    hint = f"; {free} is free: --port {free}" if free is not None else ""
    raise StudyError(f"port {port} is taken, perhaps by another page of osetra{hint}")


def names_of(host: str, port: int) -> frozenset[str]:
    """Return the values of Host under which the page answers: none of which another site can own."""
    hosts = {host, *LOOPBACK}
    if host not in LOOPBACK:
        hosts |= {socket.gethostname(), socket.getfqdn()}
        with suppress(OSError):
            hosts |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
    hosts -= {"0.0.0.0", "::"}  # noqa: S104 - they are taken out: no browser asks for them by name
    return frozenset(f"{_bracketed(each)}:{port}".lower() for each in hosts)


def shown_host(host: str) -> str:
    """Return the host that a person opens."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - that is the question
        return _bracketed(socket.gethostname())
    return _bracketed(host)


def _has_screen() -> bool:
    """Whether a browser would be a window: one in this terminal would be in the way."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
        made.set_inheritable(False)
    except BaseException:
        made.close()
        raise
    return made


def _is_free(host: str, port: int) -> bool:
    try:
        _bound(host, port).close()
    except OSError:
        return False
    return True


def _taken(error: OSError) -> bool:
    import errno

    return error.errno in (errno.EADDRINUSE, errno.EACCES)


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host.partition("%")[0]).version == 6 else host
    except ValueError:
        return host
