"""Locations: where studies live, and what people call them.

A study lives in osetra-runs/NAME/study.db, beside its model and its pictures, or in a store elsewhere
that osetra-runs/NAME/study.url names. People name it by NAME, by that folder, by a .db file anywhere,
or by the URL of its store: postgresql://host/db#STUDY, sqlite:///file.db#STUDY, file.db#STUDY.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import given
from osetra.core.arguments import path as path_checked
from osetra.errors import NoDatabase, StoreError, StudyError, nearest
from osetra.files import read_regular, real_path
from osetra.stores import is_server, studies
from osetra.stores.address import MAIN, SCHEME, Address, check_path, mask, parse
from osetra.stores.sqlite.place import check_kind, followed

if TYPE_CHECKING:
    from osetra.core.space import Space
    from osetra.study.study import Study

log = logging.getLogger("osetra")

RUNS = Path("osetra-runs")
FILE = "study.db"
_NAME = re.compile(r"[\w][\w .+-]{0,99}")
LINK = "study.url"
"""The address of a study that lives elsewhere, without any password."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a study lives."""

    name: str
    address: Address
    folder: Path
    """Where pictures and the model go; it need not exist for a study elsewhere."""

    @property
    def exists(self) -> bool:
        """Whether the study has been created."""
        file = self.address.file
        return (file is None or file.exists()) and self.address.study in studies(self.address.url)

    @property
    def at_home(self) -> bool:
        """Whether the folder leads to the study, so that its name is enough to find it."""
        file, kept = self.address.file, _linked(self.folder)
        if kept is not None:
            return kept.bare == self.address.bare
        return file is not None and file.absolute() == (self.folder / FILE).absolute()

    @property
    def reference(self) -> str:
        """What a person types to name the study: its name, its folder, or its address elsewhere."""
        if self.at_home:
            usual = real_path(RUNS / self.name) == real_path(self.folder)
            return self.name if usual else str(self.folder)
        return shlex.quote(str(self.address))

    def open(self, searcher: str | None = None, scheduler: str | None = None) -> Study:
        """Open the study, which must exist; what is left out is as it was created with."""
        from osetra.study.study import Study

        return Study(self.address.url, searcher=searcher, scheduler=scheduler, name=self.address.study)

    def start(self, space: Space, **options: Any) -> Study:
        """Open the study, created when it is new; its name finds it from now on, wherever it lives.

        Raises:
            StudyError: its folder cannot be written.
        """
        from osetra.study.study import Study

        make_folder(self.folder)
        study = Study(self.address.url, space, name=self.address.study, **options)
        if self.address != _inside(self.folder):
            (self.folder / LINK).write_text(f"{self.address.bare}\n", encoding="utf-8")
        return study


def known(root: Path = RUNS) -> list[str]:
    """Return the names of the studies under a folder, the latest first."""
    files = [*root.glob(f"*/{FILE}"), *root.glob(f"*/{LINK}")]
    files.sort(key=lambda file: file.stat().st_mtime, reverse=True)
    return list(dict.fromkeys(file.parent.name for file in files))


def find(text: str, root: Path = RUNS) -> Location:
    """Return the place of an existing study.

    Raises:
        StudyError: there is none; the text lists the known ones and the nearest.
        StoreError: its store cannot be reached or read.
    """
    if not SCHEME.match(text) and (here := _here(text, root)):
        return here
    address = parse(text)
    warn_of_password(address)
    there = address.file is None or address.file.is_file()
    if SCHEME.match(text) and not there:
        raise StudyError(
            f"{address}: there is no file {address.file}; start a study there: osetra tune --store"
        )
    if SCHEME.match(text) or there:
        return _elsewhere(_named(address, chosen="#" in text), root)
    check_there(text)
    names = known(root)
    if not names:
        raise StudyError(
            f"{mask(text)}: no such study, and none under ./{root}; start one: osetra tune digits"
        )
    listed = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    raise StudyError(f"{mask(text)}: no such study; known under ./{root}: {listed}.{nearest(text, names)}")


def check_there(text: str) -> None:
    """Make sure that a text which names no study names nothing else either.

    Raises:
        StoreError: it is a folder without a study, a pipe, or a link that leads nowhere.
    """
    path = Path(text)
    if path.is_dir():
        raise StoreError(f"{text}: a study is a file, and this is a folder without {FILE} in it")
    check_kind(path)
    to = followed(path)
    check_kind(to)
    if path.is_symlink():
        raise StoreError(f"{text}: this link leads to {to}, and there is no such file yet")


def _here(text: str, root: Path) -> Location | None:
    """Return the place of a study that is named by its folder or its file."""
    check_path(text)
    path = Path(text)
    if path.is_file() and path.name == FILE:
        return Location(real_path(path.parent).name, _named(Address(text)), path.parent)
    for folder in (root / text, path):
        address = _linked(folder)
        if address is None and (folder / FILE).is_file():
            address = _inside(folder)
        if address is not None:
            return Location(real_path(folder).name, address, folder)
    beside = Path(f"{text}.db")
    if not path.exists() and beside.is_file():
        return _elsewhere(_named(Address(str(beside))), root)  # a program of one's own made it here
    return None


def create(
    name: str,
    out: Path | None = None,
    root: Path = RUNS,
    store: str | None = None,
    confirm: Callable[[str], bool] | None = None,
) -> Location:
    """Return the place of a new or existing study; nothing is made before the study starts.

    Args:
        name: what people call it, and its name in a store of its own choice.
        out: its folder, instead of root/name.
        root: where the folders of studies are.
        store: the URL of the store; left out, the one that the folder names, else a file in the folder.
        confirm: asks somebody a question, such as whether a missing database is to be created.

    Raises:
        StudyError: the folder belongs to a study in another store.
    """
    folder = out if out is not None else root / name
    kept = _linked(folder)
    if kept is None and (folder / FILE).exists():
        kept = _inside(folder)
    address = kept or _inside(folder)
    if store is not None:
        address = parse(store, None if "#" in store else name)
        warn_of_password(address)
        if address.file is not None:
            path_checked("store", address.file)
            address = Address(str(address.file.absolute()), address.study)
        elif is_server(address.url) and confirm is not None:
            _offer_database(address, confirm)
        if kept is not None and kept.bare != address.bare:
            raise StudyError(
                f"{folder} belongs to the study at {kept}, not to {address}; give the new one another --name"
            )
    return Location(real_path(folder).name, address, folder)


def move(location: Location, name: str, study: str) -> Path:
    """Give the folder of a study another name beside it, and return it.

    Args:
        location: where it is.
        name: the folder's new name.
        study: what the study is called in its store by now.

    Raises:
        StudyError: there is such a folder already.
    """
    folder = real_path(location.folder).with_name(name)
    if folder.exists():
        raise StudyError(f"{folder} is there already; choose another name, or move it away")
    location.folder.rename(folder)
    if (folder / LINK).exists():
        (folder / LINK).write_text(f"{Address(location.address.url, study).bare}\n", encoding="utf-8")
    return folder


def remove(location: Location) -> None:
    """Delete the folder of a study with all that is in it."""
    shutil.rmtree(location.folder)


def make_folder(folder: Path) -> None:
    """Make a folder and prove that it can be written; raises StudyError when it cannot."""
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(
            f"{folder}: cannot write there ({reason}); choose another folder with --out"
        ) from None


def _offer_database(address: Address, confirm: Callable[[str], bool]) -> None:
    """Create the missing database of a new study when somebody says yes.

    Raises:
        NoDatabase: there is none, and nobody wants it.
    """
    try:
        studies(address.url)
    except NoDatabase:
        from osetra.stores.postgres import create_database

        if not confirm(f"{mask(address.url)}: no such database; create it?"):
            raise
        create_database(address.url)


def _inside(folder: Path) -> Address:
    return Address(str(folder / FILE))


def _linked(folder: Path) -> Address | None:
    """Return the address that a folder keeps of its study elsewhere."""
    try:
        text = read_regular(folder / LINK).decode().strip()
    except OSError:
        return None
    return parse(text)


def _named(address: Address, *, chosen: bool = False) -> Address:
    """Return the address with a study that is there: the one named, "main", or the only one.

    Raises:
        StudyError: there is none of that name, or several to choose from; they are listed.
    """
    names = studies(address.url)
    if address.study in names:
        return address
    store = Address(address.url)
    if not names:
        start_one = f"osetra tune train.py:train -c study.toml --store '{store}'"
        raise StudyError(f"{store}: there is no study in it yet; start one there: {start_one}")
    listed = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    if chosen:
        hint = nearest(address.study, names)
        raise StudyError(f"{store}: there is no study {address.study!r} in it; it has: {listed}.{hint}")
    if len(names) > 1:
        raise StudyError(f"{store} has several studies: {listed}; name one: {store}#{names[0]}")
    return Address(address.url, names[0])


def warn_of_password(address: Address) -> None:
    """Tell somebody who typed a password that everybody on the machine can read it."""
    if mask(address.url) != address.url:
        log.warning(
            "a password on the command line stands in the list of processes and in the shell's history; "
            "leave it out, and set PGPASSWORD or write ~/.pgpass"
        )


def _elsewhere(address: Address, root: Path) -> Location:
    """Return the place of a study that was named by its address."""
    file = address.file
    path = file or Path(re.split(r"[?#]", SCHEME.sub("", address.url))[0])
    name = name_for(address.study if address.study != MAIN else path.stem)
    if file is not None:
        return Location(name, address, file.parent)
    folder = root / name
    taken = _linked(folder) or (_inside(folder) if (folder / FILE).exists() else None)
    if taken is not None and taken.bare != address.bare:
        folder = root / f"{name}-{hashlib.sha256(address.bare.encode()).hexdigest()[:6]}"
    return Location(name, address, folder)


def check_name(name: object) -> None:
    """Raise StudyError for a name that would lead out of the folder of studies, or is none."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        better = name_for(name)[:100] if isinstance(name, str) else "digits-2"
        raise StudyError(
            f"{given(name)} is no name: letters, digits, spaces and . _ + - are, up to 100 of them, a letter "
            f"or digit first; such as {better!r}"
        )


def name_for(source: str) -> str:
    """Return a folder name for a data file, a data set or a script: `data/Iris set.csv` → `Iris-set`."""
    stem = Path(source).stem if os.sep in source or "." in source else source
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "study"
