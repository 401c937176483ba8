"""Rows: new data, read as a model needs it, from a file, a folder, a known set, a frame or an array."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.core.arguments import expected, path, truth
from osetra.core.finding import Finding
from osetra.data import sources
from osetra.data.array_parts import array_parts
from osetra.data.arrays import TARGETS, as_table, inputs_of, parse_arrays, unrolled
from osetra.data.dataset import Column, Images
from osetra.data.files import read_bytes
from osetra.data.folders import files_under, unread_beside
from osetra.data.formats import parse
from osetra.data.frames import examples_of, is_examples, is_frame, table_of
from osetra.data.images import PICTURES, as_images, read_pictures
from osetra.data.listed import listed_pictures, listed_sounds, with_listed_texts
from osetra.data.multitarget import shown_names
from osetra.data.options import DataOptions
from osetra.data.schema import Text, read_schema
from osetra.data.series import Sequences, from_array, is_ragged, padded
from osetra.data.series_table import read_series
from osetra.data.sound import SOUNDS, read_sounds
from osetra.data.table import Table, Texts, as_texts
from osetra.data.texts import TEXT, TEXTS, read_texts
from osetra.data.unreadable import Unreadable, assumed_units, sentence, without_unreadable
from osetra.errors import DataError, nearest
from osetra.nets.later import adapted, precedent_of, recipes_of, said_of, with_decimals
from osetra.nets.prepare import Inputs, Preparation, apply
from osetra.nets.shift import range_warning
from osetra.nets.steps import apply_steps


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """New rows as a model takes them, and what they were made of."""

    source: str
    inputs: Inputs
    names: tuple[str, ...] = ()
    """Of picture files; empty where rows are numbered."""
    columns: tuple[Column, ...] = ()
    """Of a table, before they were prepared."""
    table: Table | None = None
    """The cells as they came, also those that the model does not use; None of pictures without any."""
    unread: tuple[Unreadable, ...] = ()
    """Cells that are not what their column was learnt as, and are taken as missing."""
    refused: tuple[str, ...] = ()
    """What was left out, and which units were assumed, a sentence each."""
    parts: tuple[str, ...] = ()
    """Of each row: train, validation or test, where a file of arrays holds the parts of a split."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed in reading, a sentence each."""
        return (*self.refused, *((sentence(self.unread),) if self.unread else ()))


_LEARNT = {"table": "a table", "sequences": "sequences", "sound": "sounds", "images": "pictures"}


def read_rows(
    preparation: Preparation, data: object, reading: DataOptions | None = None, *, strict: bool = False
) -> Rows:
    """Return the rows of data, checked.

    Args:
        preparation: what the model learnt of its data.
        data: a file, a folder, a known set, a frame or an array.
        reading: what a person says about this file; the rest is as it was learnt.
        strict: whether a cell that cannot be read is refused, where it is else missing.

    Raises:
        DataError: the data has not the columns, or the pictures, that the model learnt from.
        StudyError: `strict` is neither True nor False.
    """
    strict = truth("strict", strict)
    found = _read(preparation if reading is None else adapted(preparation, reading), data)
    if strict and found.unread:
        raise DataError(found.unread[0].refusal)
    return found


def _read(preparation: Preparation, data: object) -> Rows:
    if isinstance(data, (str, PathLike)):
        return _read_path(preparation, path("data", data))
    if is_frame(data) or isinstance(data, Mapping):
        return _inputs(preparation, table_of(data), None, "the frame")
    if is_ragged(data):
        data = padded(data, "the list")  # type: ignore[arg-type]  # it is a list of arrays
    array = examples_of(data)[0] if is_examples(data) else _array(data)
    _check_rows(array, "the array")
    if preparation.sequences is not None:
        return _sequences(
            preparation, from_array(array, "the array", preparation.sequences.recipe)[0], "the array"
        )
    if array.ndim > 2 and preparation.pictures is not None:
        return _inputs(preparation, None, as_images(array, "the array"), "the array")
    return _inputs(preparation, as_table({"x": unrolled(array)}, "the array"), None, "the array")


def _check_rows(array: NDArray[Any], source: str) -> None:
    if array.ndim and not len(array):
        raise DataError(f"{source}: the array has shape {array.shape}, no rows; give one row or more")


def _array(data: object) -> NDArray[Any]:
    """Return an array of numbers, or of what they are written as.

    Raises:
        DataError: it is none.
    """
    try:
        array = np.asarray(data)
    except Exception:  # of lists of different lengths, or of an object that pretends to be an array
        array = np.asarray(None)
    if array.ndim == 0 or array.dtype.kind not in "fiubU":
        raise expected("data", data, "a file, a frame, or an array of rows is needed", DataError)
    return array


def read_columns(preparation: Preparation, table: Table) -> tuple[Column, ...]:
    """Return the columns of a new table that the preparation knows; others are ignored.

    Raises:
        DataError: a column is missing (the nearest name is suggested), or has text where numbers were.
    """
    schema = recipes_of(preparation)
    _check_columns(preparation, table)
    found = read_schema(schema, table)
    return tuple(found[how.name] for how in preparation.columns)


def _check_columns(preparation: Preparation, table: Table) -> None:
    """Raise DataError where a column is missing that the model needs."""
    schema = recipes_of(preparation)
    missing = [recipe.name for recipe in schema if recipe.name not in table.names]
    if missing:
        hint = nearest(missing[0], [name for name in table.names if name not in preparation.target_columns])
        cased = {name.casefold(): name for name in table.names}
        if all(name.casefold() in cased for name in missing):
            hint = f" They are there in another case, such as {cased[missing[0].casefold()]!r}: rename them."
        raise DataError(
            f"{table.source}: the model needs the column{'s' if len(missing) > 1 else ''} "
            f"{shown_names([repr(name) for name in missing])}, found {shown_names(table.names)}.{hint}"
        )


def _read_path(preparation: Preparation, where: str) -> Rows:
    path = Path(where)
    if not path.exists() and path.suffix == "" and path.name == str(where):
        contents = sources.read(sources.find(str(where)))
        if preparation.sequences is not None and contents.sequences is not None:
            return _sequences(preparation, contents.sequences, contents.table.source, contents.table)
        return _inputs(preparation, contents.table, contents.images, contents.table.source)
    if path.is_dir() or path.suffix.lower() in (PICTURES if preparation.sound is None else SOUNDS):
        return _read_files(preparation, path)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    content = read_bytes(path)
    words = content.kind == "text" and _is_of_texts(preparation) and path.suffix.lower() in TEXTS
    if words and not _has_text(path):
        return _read_texts(preparation, path)
    if content.kind != "npz":
        table = parse(content, path, said_of(preparation), precedent_of(preparation))
        notes = tuple(f"{note.text}: {note.action}" if note.action else note.text for note in table.notes)
        if preparation.pictures is not None:
            found = _read_listed(preparation, table, path)
        else:
            table = with_listed_texts(table, path.parent) if preparation.texts else table
            found = _inputs(preparation, table, None, str(path))
        return replace(found, refused=(*notes, *found.refused))
    return _read_arrays(preparation, parse_arrays(content.raw, str(path)), path)


def _read_arrays(preparation: Preparation, arrays: dict[str, NDArray[Any]], path: Path) -> Rows:
    """Return the rows of arrays; of those that come in the parts of a split, the rows of all parts."""
    parts = array_parts(arrays, str(path), later=True)
    if parts is None:
        return _of_arrays(preparation, arrays, path)
    counts = ", ".join(f"{part} {count}" for part, count in Counter(parts.parts).items())
    said = f"the file holds the parts of a split, and the rows of all are taken: {counts}"
    found = _of_arrays(preparation, parts.arrays, path)
    return replace(found, names=parts.rows, refused=(*found.refused, said), parts=parts.parts)


def _of_arrays(preparation: Preparation, arrays: dict[str, NDArray[Any]], path: Path) -> Rows:
    found = inputs_of(arrays, str(path))
    _check_rows(next(iter(arrays.values())) if found is None else found[1], str(path))
    if found is not None and preparation.sequences is not None:
        rest = {name: array for name, array in arrays.items() if _beside(array, found[1])}
        sequences, _ = from_array(found[1], str(path), preparation.sequences.recipe)
        return _sequences(preparation, sequences, str(path), as_table(rest, str(path)) if rest else None)
    if found is not None and found[1].ndim > 2 and preparation.pictures is not None:
        rest = {name: array for name, array in arrays.items() if _beside(array, found[1])}
        others = as_table(rest, str(path)) if rest else None
        return _inputs(preparation, others, as_images(found[1], str(path)), str(path))
    vectors = {
        name: unrolled(array) if found and name == found[0] else array
        for name, array in arrays.items()
        if found is None or name == found[0] or _beside(array, found[1]) or name in TARGETS
    }
    return _inputs(preparation, as_table(vectors, str(path)), None, str(path))


def _read_files(preparation: Preparation, path: Path) -> Rows:
    """Return the rows of a folder of sounds, texts or pictures, or of one of those files."""
    if preparation.sound is not None:
        return _read_sounds(preparation, path)
    if _is_of_texts(preparation):
        return _read_texts(preparation, path)
    return _read_pictures(preparation, path)


def _is_of_texts(preparation: Preparation) -> bool:
    """Whether a folder of texts was learnt from, or a table of nothing else."""
    return [(type(each), each.name) for each in preparation.schema] == [(Text, TEXT)]


def _has_text(path: Path) -> bool:
    """Whether a file is a table with a column of that name, and no text itself."""
    with path.open("rb") as file:
        return TEXT.encode() in re.split(rb"[^\w]+", file.readline().lower())


def _beside(array: NDArray[Any], inputs: NDArray[Any]) -> bool:
    """Whether an array of a file is a column beside the inputs, as truth or names of rows are."""
    return array.ndim == 1 and len(array) == len(inputs) and array.dtype.kind in "biufU"


def _read_listed(preparation: Preparation, table: Table, path: Path) -> Rows:
    """Return the rows of a table that names pictures or sounds, whichever was learnt from."""
    assert preparation.pictures is not None
    if preparation.sound is not None:
        found = listed_sounds(table, path.parent, preparation.sound)
    else:
        found = listed_pictures(table, path.parent, preparation.pictures.shape)
    if found is None:
        return _inputs(preparation, table, None, str(path))
    kept = table.take(found.kept)
    names = tuple(str(kept.row(i)) for i in range(len(kept)))
    refused = _warned(found.table.notes)
    return Rows(str(path), apply(preparation, (), found.images), names, (), kept, refused=refused)


def _read_pictures(preparation: Preparation, path: Path) -> Rows:
    if preparation.pictures is None or preparation.sound is not None:
        what = "a folder" if path.is_dir() and not files_under(path, PICTURES) else "pictures"
        raise DataError(f"{path}: the model learnt from {_LEARNT[preparation.kind]}, and this is {what}")
    files, unread = _files_of(path, PICTURES, "pictures")
    read = read_pictures(files, preparation.pictures.shape, skip=path.is_dir())
    found = _inputs(preparation, None, read.images, str(path), _names_of(path, files, read.kept))
    return replace(found, refused=(*_warned(read.notes), *unread))


def _read_sounds(preparation: Preparation, path: Path) -> Rows:
    files, unread = _files_of(path, SOUNDS, "sounds")
    read = read_sounds(files, preparation.sound, skip=path.is_dir())
    names, refused = _names_of(path, files, read.kept), (*_warned(read.notes), *unread)
    return Rows(str(path), apply(preparation, (), read.pictures), names, refused=refused)


def _files_of(path: Path, suffixes: tuple[str, ...], what: str) -> tuple[list[Path], tuple[str, ...]]:
    """Return the files of a folder, or the one that a path is, and a word on those in other formats."""
    if not path.is_dir():
        return [path], ()
    files = files_under(path, suffixes)
    others = unread_beside(path, len(files), what)
    if not files:
        why = f": {others[0].text}; {others[0].action}" if others else ""
        raise DataError(f"{path}: no {what} in this folder ({', '.join(suffixes[:4])} …){why}")
    return files, tuple(f"{each.text}: {each.action}" for each in others)


def _names_of(path: Path, files: Sequence[Path], kept: Iterable[int]) -> tuple[str, ...]:
    """Return the names of the files that could be read, below their folder."""
    return tuple(str(files[i].relative_to(path)) if path.is_dir() else files[i].name for i in kept)


def _warned(notes: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(note.text for note in notes if note.level == "warning")


def _sequences(
    preparation: Preparation,
    sequences: Sequences,
    source: str,
    table: Table | None = None,
    names: tuple[str, ...] = (),
) -> Rows:
    assert preparation.sequences is not None
    wanted, given = (len(each.channels) for each in (preparation.sequences.recipe, sequences.recipe))
    if wanted != given:
        raise DataError(f"{source}: sequences of {given} channels; the model learnt from {wanted}")
    inputs = Inputs(*apply_steps(preparation.sequences, sequences))
    gone = int(np.isnan(sequences.values).any(axis=(1, 2)).sum())
    said = f"{gone} of {len(sequences)} sequences have no value in some channel: the usual one is taken"
    return Rows(source, inputs, names, (), table, refused=(said,) if gone else ())


def _read_texts(preparation: Preparation, path: Path) -> Rows:
    files, _ = _files_of(path, TEXTS, "texts")
    read = read_texts(files)
    names, table = _names_of(path, files, read.kept), Table(str(path), (TEXT,), (Texts(read.texts),))
    found = _inputs(preparation, table, None, str(path), names)
    # What is known of the rows is their names.
    return replace(found, table=None, refused=_warned(read.notes))


def _inputs(
    preparation: Preparation,
    table: Table | None,
    images: Images | None,
    source: str,
    names: tuple[str, ...] = (),
) -> Rows:
    assumed: tuple[str, ...] = ()
    if table is not None:
        preparation, assumed = with_decimals(preparation, table)
    if preparation.sequences is not None:
        recipe = preparation.sequences.recipe
        if table is None or images is not None or not recipe.series:
            raise DataError(f"{source}: the model learnt from sequences; give those")
        channels = [
            each for each in preparation.schema if each.name in table.names and each.name != recipe.time
        ]
        clean, unread = without_unreadable(channels, table)
        units = assumed_units(channels, clean)
        heads, sequences = read_series(clean, recipe, preparation.schema)
        named = tuple(text or "" for text in as_texts(heads[recipe.series]))
        found = _sequences(preparation, sequences, source, heads, named)
        return replace(found, unread=unread, refused=(*assumed, *units, *found.refused))
    if preparation.sound is not None:
        raise DataError(
            f"{source}: the model learnt from sounds; give a folder of them, one file, or a "
            "table that names them"
        )
    if preparation.pictures is None:
        if table is None or images is not None:
            raise DataError(f"{source}: the model learnt from a table, and this is pictures")
        _check_columns(preparation, table)
        clean, unread = without_unreadable(recipes_of(preparation), table)
        columns = read_columns(preparation, clean)
        units = assumed + assumed_units(preparation.schema, clean)
        return Rows(source, apply(preparation, columns), names, columns, table, unread, units)
    wanted = "×".join(map(str, preparation.pictures.shape))
    if images is None:
        raise DataError(f"{source}: the model learnt from pictures of {wanted}, and this is a table")
    if images.shape[1:] != preparation.pictures.shape:
        given = "×".join(map(str, images.shape[1:]))
        raise DataError(f"{source}: pictures of {given}; the model learnt from {wanted}, give that size")
    said = range_warning(preparation.pictures, images)
    return Rows(source, apply(preparation, (), images), names, (), table, refused=said)
