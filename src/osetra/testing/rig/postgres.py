"""A PostgreSQL server of one's own, for tests and benchmarks: in a temporary folder, never as root.

    with Cluster() as cluster:
        store = open_store(cluster.url)
        cluster.crash()      # kill -9 of every process of the server
        cluster.start()

Needs the server's programs: Debian's package postgresql, or any folder with initdb on the PATH.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "100", "shared_buffers": "32MB"}
"""A crash of the server loses nothing without fsync as long as the machine goes on."""


def programs() -> Path | None:
    """Return the folder of the server's programs; None when they are not installed."""
    initdb = shutil.which("initdb")
    if initdb:
        return Path(initdb).parent
    found = [path for place in _PLACES for path in sorted(Path("/").glob(place[1:]))]
    return next((path for path in reversed(found) if (path / "initdb").exists()), None)


@dataclass(slots=True)
class Cluster:
    """A running server with one empty database.

    Args:
        settings: what differs from our settings in postgresql.conf.
        password: what the user osetra has to give; nothing when empty.
        host: the address that it listens on.
    """

    settings: dict[str, str] = field(default_factory=dict)
    password: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    folder: Path = field(init=False)
    database: str = "osetra"
    _bin: Path = field(init=False)

    def __enter__(self) -> Self:
        found = programs()
        if found is None:
            raise FileNotFoundError(
                "no initdb: install PostgreSQL's server, on Debian: apt install postgresql"
            )
        self._bin = found
        self.folder = Path(tempfile.mkdtemp(prefix="osetra-pg-"))
        self.port = self.port or _free_port(self.host)
        user = _user()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        try:
            self._create()
            self.start()
            self.create(self.database)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """What osetra.stores.open_store takes."""
        login = f"osetra:{quote(self.password, safe='')}" if self.password else "osetra"
        return f"postgresql://{login}@{self.host}:{self.port}/{self.database}"

    @property
    def pid(self) -> int:
        """The server's first process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def create(self, database: str) -> None:
        """Create an empty database and let `url` name it."""
        self.sql(f"CREATE DATABASE {database} OWNER osetra", database="postgres")
        self.database = database

    def start(self) -> None:
        """Start the server and return when it takes connections."""
        self._ctl("start", "-l", str(self.folder / "log"), "-w", "-t", "120")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: smart, fast or immediate (as in a crash)."""
        if (self.folder / "data" / "postmaster.pid").exists():
            with suppress(subprocess.CalledProcessError):
                self._ctl("stop", "-m", mode, "-w")

    def restart(self, mode: str = "immediate") -> None:
        """Stop and start the server."""
        self.stop(mode)
        self.start()

    def crash(self) -> None:
        """Kill every process of the server as a failing machine would."""
        first = self.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
            time.sleep(0.01)
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def sql(self, statement: str, *, database: str = "") -> list[tuple[object, ...]]:
        """Return the rows of a statement that the server's owner runs."""
        import psycopg

        place = f"postgresql://owner@/{database or self.database}?host={self.folder}&port={self.port}"
        with psycopg.connect(place, autocommit=True) as connection:
            found = connection.execute(statement)
            return list(found.fetchall()) if found.description else []

    def _create(self) -> None:
        data = self.folder / "data"
        self._run(
            "initdb", "-D", str(data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale", "C", "-N"
        )
        settings = {
            **_SETTINGS,
            "listen_addresses": f"'{self.host}'",
            "port": str(self.port),
            "unix_socket_directories": f"'{self.folder}'",
            **self.settings,
        }
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        method = "scram-sha-256" if self.password else "trust"
        (data / "pg_hba.conf").write_text(f"local all owner trust\nhost all all 0.0.0.0/0 {method}\n")
        login = f"CREATE ROLE osetra LOGIN CREATEDB PASSWORD '{self.password}'"
        self._run("postgres", "--single", "-D", str(data), "postgres", given=f"{login}\n")

    def _ctl(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str, given: str = "") -> None:
        user = _user()
        subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [str(self._bin / program), *words],
            input=given,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        )


def _user() -> pwd.struct_passwd | None:
    """Return whom the server runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise PermissionError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
