"""Loading: from a file, a folder or a name to a checked Dataset.

load("penguins.csv", target="species")
load("digits")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from osetra.data import sources
from osetra.data.arrays import as_table, inputs_of, read_arrays, target_of
from osetra.data.columns import infer, usable
from osetra.data.dataset import Dataset, Images, TaskKind, fingerprint, imbalance, settle_target
from osetra.data.images import as_images, read_class_folders
from osetra.data.tables import SUFFIXES, Table, read_table
from osetra.errors import DataError, nearest
from osetra.files import kind_of

USUAL_TARGETS = ("target", "label", "class", "y")


def load(
    where: str | Path,
    *,
    target: str | None = None,
    task: TaskKind | None = None,
    drop: Sequence[str] = (),
    categories: Sequence[str] = (),
) -> Dataset:
    """Read a data file, a folder of pictures by class, or a known data set.

    Args:
        where: a path (.csv, .tsv, .txt, .parquet, .npz, a folder), or a name from `sources.known()`.
        target: the column to predict; known sets and image folders have one already.
        task: "binary", "multiclass" or "regression" instead of what the target looks like.
        drop: columns to leave out.
        categories: number columns to read as categories.

    Raises:
        DataError: the data cannot be used as it is; the text names file, column and row.
        MissingExtra: a package is needed to read it.
    """
    path = Path(where)
    if kind := kind_of(path):
        raise DataError(f"{path} is {kind}, and data is read from a file more than once; write it to a file")
    if path.is_dir():
        images, classes, notes = read_class_folders(path)
        settled = settle_target(classes, task=task)
        return Dataset(
            name=path.name, source=str(path), images=images, target_name="class",
            target=settled.values, task=settled.task, classes=settled.classes,
            fingerprint=fingerprint((), images, settled), notes=notes + imbalance(settled, "class"),
        )  # fmt: skip
    if not path.exists() and path.suffix == "" and path.name == str(where):
        source = sources.find(str(where))
        contents = sources.read(source)
        return _assemble(
            contents.table, target or contents.target, name=source.name, images=contents.images,
            task=task or (contents.task if target is None else None), drop=drop,
            categories=categories, licence=source.licence,
        )  # fmt: skip
    if path.suffix == ".npz":
        return _from_arrays(path, target=target, task=task, drop=drop, categories=categories)
    if not path.exists():
        raise DataError(
            f"{path}: no such file; check the path, or name a data set ('osetra data' lists them)"
        )
    if not path.name.lower().endswith(SUFFIXES):
        raise DataError(f"{path}: this kind of file is not read; give one of {', '.join(SUFFIXES)}")
    table = read_table(path)
    chosen = _chosen_target(table, target)
    return _assemble(table, chosen, name=path.stem.split(".")[0], task=task, drop=drop, categories=categories)


def _from_arrays(
    path: Path,
    *,
    target: str | None,
    task: TaskKind | None,
    drop: Sequence[str],
    categories: Sequence[str],
) -> Dataset:
    arrays = read_arrays(path)
    inputs = inputs_of(arrays, str(path))
    if inputs is None:
        table = as_table(arrays, str(path))
        chosen = _chosen_target(table, target)
        return _assemble(table, chosen, name=path.stem, task=task, drop=drop, categories=categories)
    name, values = inputs
    chosen = target_of(arrays, target, str(path))
    images = as_images(values, str(path)) if values.ndim > 2 else None
    used = {chosen: arrays[chosen]} if images is not None else {name: values, chosen: arrays[chosen]}
    if len(values) != len(arrays[chosen]):
        raise DataError(
            f"{path}: {name} has {len(values)} rows and {chosen} has {len(arrays[chosen])}; "
            "they must be equally long"
        )
    table = as_table(used, str(path))
    return _assemble(
        table, chosen, name=path.stem, images=images, task=task, drop=drop, categories=categories
    )


def _assemble(
    table: Table,
    target: str,
    *,
    name: str,
    task: TaskKind | None,
    drop: Sequence[str],
    categories: Sequence[str],
    images: Images | None = None,
    licence: str = "",
) -> Dataset:
    if target not in table.names:
        raise _no_target(table, target)
    wanted = infer(target, table[target], category=target in categories)
    settled = settle_target(wanted, task=task)
    others = tuple(name for name in categories if name != target)
    columns, notes = ((), ()) if images is not None else usable(table, target, drop=drop, categories=others)
    return Dataset(
        name=name, source=table.source, licence=licence, columns=columns, images=images,
        target_name=target, target=settled.values, task=settled.task, classes=settled.classes,
        fingerprint=fingerprint(columns, images, settled), notes=notes + imbalance(settled, target),
    )  # fmt: skip


def _chosen_target(table: Table, target: str | None) -> str:
    if target is not None:
        if target not in table.names:
            raise _no_target(table, target)
        return target
    for name in table.names:
        if name.lower() in USUAL_TARGETS:
            return name
    shown = ", ".join(table.names)
    raise DataError(f"{table.source}: which column is to be predicted? Give --target with one of: {shown}")


def _no_target(table: Table, target: str) -> DataError:
    shown = ", ".join(table.names)
    return DataError(
        f"{target!r}: no such column in {table.source}.{nearest(target, table.names)} Columns: {shown}"
    )
