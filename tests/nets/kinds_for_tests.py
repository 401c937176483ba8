"""A small data set for every known search space, with two classes or more to tell apart."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from data.test_sound import folder
from nets import test_factorization, test_sequences
from nets.tables_for_tests import market, shapes
from nets.texts_for_tests import reviews
from osetra.data.dataset import CategoryColumn
from osetra.data.loading import load


@cache
def family_and_data(name):
    """What a known search space is of."""
    if name == "table":
        return "mlp", market()
    if name == "text":
        return "mlp", uneven(with_places(reviews()))
    if name in ("mlp", "cnn"):
        return name, shapes()
    with tempfile.TemporaryDirectory() as place:
        if name == "sound":
            return "cnn", uneven(load(folder(Path(place, "sounds"), 20)))
        if name == "sequence":
            file = test_sequences.write(Path(place, "series.csv"))
            return "sequence", uneven(load(file, target="shape", reading=test_sequences.READING))
        lines = test_factorization.ratings(300).splitlines()
        rated = [
            f"{line.rpartition(',')[0]},{'yes' if float(line.rpartition(',')[2]) > 3 else 'no'}"
            for line in lines[1:]
        ]
        file = Path(place, "ratings.csv")
        file.write_text("\n".join(["user_id,item_id,hour,liked", *rated]) + "\n")
        return "factorization", load(file, target="liked")


def smallest(catalogue):
    """A width that every space knows, and that trains fast."""
    (units,) = [entry.params[0] for entry in catalogue.entries if entry.name == "units"]
    return max(16, units.low)


def batch_of(catalogue):
    """The smallest mini-batch that a space knows."""
    (batch,) = [entry.params[0] for entry in catalogue.entries if entry.name == "batch_size"]
    return min(batch.options)


def uneven(data):
    """The same data with some answers turned, so that one class is rarer than the other."""
    rare = (data.target == 1) & (np.arange(len(data)) % 3 == 0)
    return replace(data, target=np.where(rare, 0, data.target))


def with_places(data):
    """The same data with a category of many levels beside its columns."""
    levels = tuple(f"place {i}" for i in range(20))
    return replace(data, columns=(*data.columns, CategoryColumn("place", np.arange(len(data)) % 20, levels)))
