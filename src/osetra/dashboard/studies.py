"""Studies: what one server shows, found anew from time to time, each under an id that is no path."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from osetra.dashboard.follow import Follower
from osetra.dashboard.steering import PageSteering
from osetra.dashboard.stream import StudyChannel
from osetra.errors import NewerSchema, OlderSchema, OsetraError, StudyError
from osetra.stores import is_server, studies
from osetra.stores.address import SCHEME, Address, mask, parse
from osetra.tuning.locations import FILE, RUNS, Location, find, known, name_for
from osetra.views.panels.study import study_id

AGAIN = 3.0
"""Seconds until a place is searched for studies again."""
MOST = 1000
"""Studies of one place that are listed."""


class UnknownStudy(StudyError):
    """There is no study of that id (any more)."""


@dataclass(slots=True, eq=False)
class ShownStudy:
    """A study of the page, with what reads it and what writes to it."""

    id: str
    location: Location
    channel: StudyChannel
    steering: PageSteering

    @classmethod
    def at(cls, location: Location) -> ShownStudy:
        """Return the study at a place; nothing is opened yet."""
        address = location.address
        follower = Follower(address)
        channel = StudyChannel(follower, location.reference)
        return cls(study_id(address), location, channel, PageSteering(address, follower))

    async def close(self) -> None:
        """Release everything."""
        await self.channel.close()
        self.steering.close()


@dataclass(slots=True, eq=False)
class Studies:
    """All studies of a place: one study, a file or a server with several, or a folder with files."""

    place: str = ""
    """What a person named; empty stands for the usual folder of studies."""
    _shown: dict[str, ShownStudy] = field(default_factory=dict)
    _searched: float = -AGAIN
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def title(self) -> str:
        """The place, as it may be shown."""
        return mask(self.place) if self.place else f"./{RUNS}"

    def all(self) -> list[ShownStudy]:
        """Return the studies that are there now, the latest first."""
        with self._lock:
            now = time.monotonic()
            if now - self._searched >= AGAIN:
                found = [ShownStudy.at(location) for location in _locations(self.place)[:MOST]]
                # One that is followed stays, also when it is gone for the moment.
                self._shown = {each.id: self._shown.get(each.id, each) for each in found} | {
                    key: each for key, each in self._shown.items() if each.channel.subscribers
                }
                self._searched = now
            return list(self._shown.values())

    def find(self, key: str) -> ShownStudy:
        """Return the study of an id.

        Raises:
            UnknownStudy: there is none.
        """
        found = self._shown.get(key) or next((each for each in self.all() if each.id == key), None)
        if found is None:
            raise UnknownStudy(f"there is no such study (any more) in {self.title}")
        return found

    async def close(self) -> None:
        """Release all of them."""
        for each in list(self._shown.values()):
            await each.close()


def _locations(place: str) -> list[Location]:
    """Return where the studies are, none of a place that is not there (yet)."""
    try:
        return locations(place)
    except OsetraError:
        return []


def locations(place: str) -> list[Location]:
    """Return where the studies of a place are; a study, a file or server with several, a folder.

    Raises:
        StudyError: it is none of these.
        StoreError: it cannot be reached or read.
    """
    if not place:
        return _in_folder(RUNS)
    path = Path(place)
    if not SCHEME.match(place) and path.is_dir() and not (path / FILE).is_file():
        return _in_folder(path)
    address = parse(place)
    several = "#" not in place and (is_server(address.url) or (address.file and address.file.is_file()))
    if several and len(names := studies(address.url)) > 1:
        return [find(f"{address.url}#{name}") for name in names]
    return [find(place)]


def check(place: str) -> None:
    """Make sure, before a server is started, that a place has studies or may get some."""
    if place:
        locations(place)


def _in_folder(root: Path) -> list[Location]:
    """Return the studies under a folder: in folders of their own, and in files."""
    found: list[Location] = []
    for name in known(root):
        try:
            found.append(find(name, root))
        except OsetraError:  # it was deleted this moment, or its server is away
            continue
    for file in sorted(_files(root), key=lambda file: -file.stat().st_mtime):
        try:
            found += [find(f"{file}#{name}") for name in studies(str(file))]
        except (NewerSchema, OlderSchema):  # of another version: it is listed, with what to do
            found.append(Location(name_for(file.stem), Address(str(file)), root))
        except OsetraError:  # somebody else's database
            continue
    return list({str(each.address): each for each in found}.values())


def _files(root: Path) -> Sequence[Path]:
    try:
        return [file for file in root.glob("*.db") if file.is_file()]
    except OSError:
        return []
