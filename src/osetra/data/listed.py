"""Listed: a table that names a file in each row, beside it: a picture, a sound, or a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osetra.core.finding import Finding
from osetra.data.dataset import Codes, Images
from osetra.data.images import PICTURES, read_pictures
from osetra.data.sound import SOUNDS, SoundRecipe, read_sounds
from osetra.data.table import Cells, Table, Texts, note
from osetra.data.texts import TEXTS, read_texts
from osetra.errors import DataError

MOST_OTHERS = 0.1
"""Share of the names in a column of files that may end otherwise."""
_SEARCHED = 20
"""Names that are looked for before a column is taken for one of files elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Pictures that a table names, or those that sounds became, and the rows of them."""

    images: Images
    table: Table
    """Without the names of the files, and without the rows of those that cannot be read."""
    kept: Codes
    """Which rows of the table they are, from 0."""
    sound: SoundRecipe | None = None
    """How the pictures were made of sounds, where they were."""


def listed(table: Table, folder: Path) -> Listed | None:
    """Return the pictures or sounds that a table names; None where it names none.

    Raises:
        DataError: the named files are not there, or none of them can be read.
    """
    return listed_pictures(table, folder) or listed_sounds(table, folder)


def listed_pictures(table: Table, folder: Path, shape: tuple[int, int, int] | None = None) -> Listed | None:
    """Return the pictures that a table names, of one shape, or of that of most; None where it names none."""
    named = _files_in(table, folder, PICTURES, "pictures")
    if named is None:
        return None
    rest, files = named
    read = read_pictures(files, shape, skip=True)
    return Listed(read.images, _noted(rest, read.notes).take(read.kept), read.kept)


def listed_sounds(table: Table, folder: Path, recipe: SoundRecipe | None = None) -> Listed | None:
    """Return the sounds that a table names, as a recipe says; None where it names none."""
    named = _files_in(table, folder, SOUNDS, "sounds")
    if named is None:
        return None
    rest, files = named
    read = read_sounds(files, recipe, skip=True)
    return Listed(read.pictures, _noted(rest, read.notes).take(read.kept), read.kept, read.recipe)


def with_listed_texts(table: Table, folder: Path, skip: Sequence[str] = ()) -> Table:
    """Return a table with the texts of files that are there in place of their names."""
    for name, cells in _columns(table, TEXTS):
        place = None if name in skip else _place(cells, folder)
        if place is None:
            continue
        files = [place / slashed(level, place) for level in cells.levels]
        read = read_texts(files)
        texts: list[str | None] = [None] * (len(files) + 1)  # the last is that of an empty cell
        for which, text in zip(read.kept, read.texts, strict=True):
            texts[which] = text
        made: list[Cells] = list(table.cells)
        made[table.names.index(name)] = Texts([texts[code] for code in cells.codes.tolist()])
        said = note("texts-listed", f"the texts are those of the files named in {name!r}")
        table = _noted(replace(table, cells=tuple(made)), (said, *read.notes))
    return table


def _files_in(
    table: Table, folder: Path, suffixes: Sequence[str], what: str
) -> tuple[Table, list[Path]] | None:
    """Return the files that a column names, one for each row, and the table without that column."""
    for name, cells in _columns(table, suffixes):
        place = _place(cells, folder)
        if place is None:
            raise DataError(
                f"{table.source}: {name} names {what} such as {cells.levels[0]!r}, which are not in "
                f"{folder}; put the {what} there, or leave the column out with --drop {name}"
            )
        said = note(what, f"the {what} are the files named in {name!r}; other columns are not used")
        return _noted(table.without([name]), (said,)), [place / slashed(cell or "", place) for cell in cells]
    return None


def _noted(table: Table, notes: tuple[Finding, ...]) -> Table:
    return replace(table, notes=(*table.notes, *notes))


def _columns(table: Table, suffixes: Sequence[str]) -> list[tuple[str, Texts]]:
    columns = zip(table.names, table.cells, strict=True)
    texts = [(name, cells) for name, cells in columns if isinstance(cells, Texts) and cells.levels]
    return [(name, cells) for name, cells in texts if _names_files(cells.levels, tuple(suffixes))]


def _names_files(levels: Sequence[str], suffixes: tuple[str, ...]) -> bool:
    return sum(level.lower().endswith(suffixes) for level in levels) >= (1 - MOST_OTHERS) * len(levels)


def _place(cells: Texts, folder: Path) -> Path | None:
    """Return the folder in which the named files are: the table's own, or one within it."""
    some = cells.levels[:_SEARCHED]
    places = [folder, *sorted(child for child in folder.iterdir() if child.is_dir())]
    return next(
        (place for place in places for level in some if _is_file(place / slashed(level, place))), None
    )


def slashed(name: str, folder: Path) -> str:
    """Return the name of a file with the slashes of this machine, where it was written on Windows."""
    return name if "\\" not in name or _is_file(folder / name) else name.replace("\\", "/")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
