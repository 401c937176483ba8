"""Loading: from a file, a folder or a name to a checked Dataset.

load("penguins.csv", target="species")
load("digits")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osetra.data import sources
from osetra.data.array_parts import ArrayParts, array_parts
from osetra.data.array_roles import with_roles
from osetra.data.arrays import as_table, inputs_of, parse_arrays, sequences_of, target_of
from osetra.data.checks import checks
from osetra.data.dataset import Dataset, Images, TaskKind, fingerprint, imbalance, settle_target
from osetra.data.files import read_bytes
from osetra.data.folders import class_folders, read_folders
from osetra.data.formats import parse, read_table
from osetra.data.images import PICTURES, as_images, read_class_folders
from osetra.data.listed import listed, with_listed_texts
from osetra.data.multitarget import labelled_columns, labelled_tags, mark_of, shown_names, target_names
from osetra.data.options import DataOptions
from osetra.data.recommendation import Interactions, interactions
from osetra.data.roles import FROM_TEST_FILE, roles_of, with_test_file
from osetra.data.semantics import Meaning, check_columns, understand
from osetra.data.series import Sequences, from_array
from osetra.data.series_table import gathered
from osetra.data.sound import SOUNDS, SoundRecipe, read_sounds
from osetra.data.table import Table, check_names, note
from osetra.data.targets import Labelled, labelled
from osetra.data.texts import CLASS, TEXT, holds_texts, read_text_folders
from osetra.errors import DataError
from osetra.files import kind_of

USUAL_TARGETS = ("target", "label", "class", "y")


class TargetUnknown(DataError):
    """Nobody said which column is to be predicted, and none is called so; the table was read."""

    def __init__(self, table: Table) -> None:
        super().__init__(
            f"{table.source}: which column is to be predicted? Give --target with one of: "
            f"{shown_names(table.names)}"
        )
        self.table = table


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A data set with the raw table that it was made of, for a look at both."""

    dataset: Dataset
    table: Table | None = None
    meanings: tuple[Meaning, ...] = ()
    """What each input column means."""


def load(
    where: str | Path,
    *,
    target: str | Sequence[str] | None = None,
    task: TaskKind | None = None,
    reading: DataOptions | None = None,
) -> Dataset:
    """Read a data file, a folder of pictures or texts by class, or a known data set.

    Args:
        where: a path to a table, arrays or a folder of pictures or texts, or a name from `sources.known()`.
        target: the column to predict, or several; known sets and image folders have one already.
        task: "binary", "multiclass" or "regression" instead of what the target looks like.
        reading: what is not to be left to what it looks like.

    Raises:
        DataError: the data cannot be used as it is; the text names file, column and row.
        TargetUnknown: nobody said what is to be predicted.
        MissingExtra: a package is needed to read it.
    """
    return load_all(where, target=target, task=task, reading=reading).dataset


def load_all(
    where: str | Path,
    *,
    target: str | Sequence[str] | None = None,
    task: TaskKind | None = None,
    reading: DataOptions | None = None,
) -> Loaded:
    """Read what `load` reads, and keep the raw table beside it."""
    path, reading = Path(where), reading or DataOptions()
    if kind := kind_of(path):
        raise DataError(f"{path} is {kind}, and data is read from a file more than once; write it to a file")
    if path.is_dir() and holds_texts(path):
        reading = replace(reading, text=(TEXT,))
        return _assemble(read_text_folders(path), (CLASS,), path.name, task, reading)
    if path.is_dir():
        sounds = not class_folders(path, PICTURES) and class_folders(path, SOUNDS)
        return Loaded(_sounds(path, task) if sounds else _pictures(path, task))
    if not path.exists() and path.suffix == "" and path.name == str(where):
        source = sources.find(str(where))
        contents = sources.read(source)
        wanted = task or (contents.task if target is None else None)
        chosen = _chosen_targets(contents.table, target or contents.target, reading)
        loaded = _assemble(
            contents.table, chosen, source.name, wanted, reading, contents.images, contents.sequences
        )
        return replace(loaded, dataset=replace(loaded.dataset, licence=source.licence))
    if not path.exists():
        raise DataError(
            f"{path}: no such file; check the path, or name a data set ('osetra data' lists them)"
        )
    content = read_bytes(path)
    if content.kind == "npz":
        return _from_arrays(path, content.raw, target, task, reading)
    table = parse(content, path, reading)
    if reading.test:
        table = with_test_file(table, read_table(Path(reading.test), reading), reading.test)
    name = path.name.split(".")[0]
    if reading.series:
        return _series(table, _chosen_targets(table, target, reading), name, task, reading)
    found = listed(table.without(reading.drop), path.parent)
    if found is not None:
        chosen = _chosen_targets(found.table, target, reading, last=True)
        plain = replace(reading, drop=())
        return _assemble(found.table, chosen, name, task, plain, found.images, sound=found.sound)
    table = with_listed_texts(table, path.parent, skip=reading.drop)
    return _assemble(table, _chosen_targets(table, target, reading), name, task, reading)


def _pictures(path: Path, task: TaskKind | None) -> Dataset:
    images, classes, parts, notes = read_class_folders(path)
    settled = settle_target(classes, task=task)
    return Dataset(
        name=path.name, source=str(path), images=images, target_name="class",
        target=settled.values, task=settled.task, classes=settled.classes, parts=parts,
        fingerprint=fingerprint((), images, settled), notes=notes + imbalance(settled, "class"),
    )  # fmt: skip


def _sounds(path: Path, task: TaskKind | None) -> Dataset:
    found = read_folders(path, SOUNDS, "sounds")
    sounds = read_sounds(found.files, skip=True)
    classes, parts = found.labels(sounds.kept)
    settled = settle_target(classes, task=task)
    return Dataset(
        name=path.name, source=str(path), images=sounds.pictures, sound=sounds.recipe, target_name="class",
        target=settled.values, task=settled.task, classes=settled.classes, parts=parts,
        fingerprint=fingerprint((), sounds.pictures, settled),
        notes=(*found.notes, *sounds.notes, *imbalance(settled, "class")),
    )  # fmt: skip


def _from_arrays(
    path: Path, raw: bytes, target: str | Sequence[str] | None, task: TaskKind | None, reading: DataOptions
) -> Loaded:
    arrays = parse_arrays(raw, str(path))
    given = array_parts(arrays, str(path))
    arrays = arrays if given is None else given.arrays
    inputs = inputs_of(arrays, str(path))
    if inputs is None:
        table = _with_split(as_table(arrays, str(path)), given)
        return _assemble(table, _chosen_targets(table, target, reading), path.stem, task, reading)
    name, values = inputs
    wanted = target_names(target, list(arrays), str(path)) if target and not isinstance(target, str) else ()
    chosen = wanted or (target_of(arrays, target, str(path)),)  # type: ignore[arg-type]  # no sequence is left
    for each in chosen:
        if not arrays[each].ndim:
            raise DataError(f"{path}: {each} is a single value; a target has one value for each row")
        if len(values) != len(arrays[each]):
            raise DataError(
                f"{path}: {name} has {len(values)} rows and {each} has {len(arrays[each])}; "
                "they must be equally long"
            )
    truth = {each: arrays[each] for each in chosen}
    answers = as_table(truth, str(path))
    others = {key: array for key, array in arrays.items() if key != name and key not in truth}
    split = given is not None and given.column is not None
    whole, reading = with_roles(_with_split(answers, given), others, reading, given_split=split)
    if sequences_of(name, values):
        sequences, notes = from_array(values, str(path))
        text = f"{name} is read as {sequences.text}; call the array images if it holds pictures"
        whole = replace(whole, notes=(*whole.notes, note("sequences", text), *notes))
        return _assemble(whole, answers.names, path.stem, task, reading, sequences=sequences)
    if values.ndim > 2:
        return _assemble(whole, answers.names, path.stem, task, reading, as_images(values, str(path)))
    table = as_table({name: values}, str(path))
    table = replace(whole, names=table.names + whole.names, cells=table.cells + whole.cells)
    check_names(table.names, str(path))
    return _assemble(table, answers.names, path.stem, task, reading)


def _with_split(table: Table, given: ArrayParts | None) -> Table:
    """Return a table with the split that the arrays of its file came in."""
    if given is None:
        return table
    table = replace(table, notes=(*table.notes, *given.notes))
    if given.column is None:
        return table
    return replace(table, names=(*table.names, FROM_TEST_FILE), cells=(*table.cells, given.column))


def _series(
    table: Table, targets: Sequence[str], name: str, task: TaskKind | None, reading: DataOptions
) -> Loaded:
    found = gathered(table, targets, reading)
    heads = replace(found.heads, notes=(*found.heads.notes, *found.notes))
    plain = replace(reading, series=None, time=None)
    loaded = _assemble(heads, targets, name, task, plain, sequences=found.sequences)
    dialect = (reading.delimiter, reading.decimal, reading.header, reading.encoding)
    dataset = replace(loaded.dataset, schema=found.schema, dialect=dialect, manner=table.manner)
    return Loaded(dataset, table, found.meanings)


def _assemble(
    table: Table,
    targets: Sequence[str],
    name: str,
    task: TaskKind | None,
    reading: DataOptions,
    images: Images | None = None,
    sequences: Sequences | None = None,
    sound: SoundRecipe | None = None,
) -> Loaded:
    check_columns(table, reading)
    single = len(targets) == 1 and images is None
    found = interactions(table, targets[0], task, reading) if single else Interactions(reading, task)
    reading = found.reading
    rows = _labelled(table, targets, found.task, reading)
    multi = rows.target.multi
    target = ", ".join(multi.names if multi and multi.columns else targets)
    settled, roles = rows.target, roles_of(rows.table, reading)
    notes = rows.table.notes + rows.notes + roles.notes
    if images is not None or sequences is not None:
        content = roles.content
        if images is not None:
            images = images if len(rows.kept) == len(images) else images[rows.kept]
        if sequences is not None:
            sequences = sequences.rows(rows.kept)
            content += sequences.content
        dataset = Dataset(
            name=name, source=table.source, images=images, sequences=sequences, sound=sound,
            target_name=target, target=settled.values, task=settled.task, classes=settled.classes,
            fingerprint=fingerprint((), images, settled, content),
            notes=notes + imbalance(settled, target),
            groups=roles.groups, times=roles.times, parts=roles.parts, weights=roles.weights,
            log_target=reading.log_target, multi=multi, target_units=settled.units,
        )  # fmt: skip
        return Loaded(dataset, rows.table)
    inputs = understand(rows.table, reading, skip=(*targets, *roles.skipped))
    warnings = checks(rows.table, inputs.columns, settled, targets, reading)
    dataset = Dataset(
        name=name, source=table.source, columns=inputs.columns, schema=inputs.schema,
        dialect=(reading.delimiter, reading.decimal, reading.header, reading.encoding), manner=table.manner,
        target_name=target, target=settled.values, task=settled.task, classes=settled.classes,
        fingerprint=fingerprint(inputs.columns, None, settled, roles.content),
        notes=notes + found.notes + inputs.notes + warnings + imbalance(settled, target), pair=found.pair,
        groups=roles.groups, times=roles.times, parts=roles.parts, weights=roles.weights,
        log_target=reading.log_target, multi=multi, target_units=settled.units,
    )  # fmt: skip
    return Loaded(dataset, rows.table, inputs.meanings)


def _labelled(table: Table, targets: Sequence[str], task: TaskKind | None, reading: DataOptions) -> Labelled:
    if reading.labels and tuple(targets) != (reading.labels,):
        raise DataError(
            f"--labels {reading.labels}: the labels of one column are predicted by themselves; leave "
            "--target out, or name the same column"
        )
    if len(targets) > 1:
        return labelled_columns(table, targets, task, reading)
    mark = mark_of(table, targets[0], task, reading)
    if mark:
        return labelled_tags(table, targets[0], mark, reading)
    return labelled(table, targets[0], task, reading)


def _chosen_targets(
    table: Table, target: str | Sequence[str] | None, reading: DataOptions, *, last: bool = False
) -> tuple[str, ...]:
    found = target_names(target or reading.labels, table.names, table.source)
    if found:
        return found
    for name in table.names:
        if name.lower() in USUAL_TARGETS:
            return (name,)
    if last:
        return (table.names[-1],)
    raise TargetUnknown(table)
