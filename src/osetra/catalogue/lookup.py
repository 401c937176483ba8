"""Lookup: catalogues and entries by name, with the nearest name when there is none."""

from __future__ import annotations

from osetra.catalogue.entry import Catalogue, CatalogueEntry
from osetra.catalogue.networks import CNN, FACTORIZATION, MLP, SEQUENCE, SOUND, TABLE, for_numbers
from osetra.catalogue.text import TEXT
from osetra.errors import SpaceError, nearest


def catalogues() -> tuple[Catalogue, ...]:
    """Return every known search space."""
    return (TABLE, TEXT, FACTORIZATION, MLP, CNN, SEQUENCE, SOUND)


def by_name(name: str) -> Catalogue:
    """Return the known search space of that name.

    Raises:
        SpaceError: unknown name; the nearest one is suggested.
    """
    known = {catalogue.name: catalogue for catalogue in catalogues()}
    if name not in known:
        raise SpaceError(f"{name}: no such search space; known: {', '.join(known)}.{nearest(name, known)}")
    return known[name]


def for_task(name: str, task: str) -> Catalogue:
    """Return the known search space of that name for a task: a regression has no classes to weigh."""
    return for_numbers(by_name(name)) if task in ("regression", "multioutput") else by_name(name)


def entry(catalogue: Catalogue, name: str) -> CatalogueEntry:
    """Return one hyperparameter of a known search space.

    Raises:
        SpaceError: unknown name; the nearest one is suggested.
    """
    for found in catalogue.entries:
        if found.name == name:
            return found
    known = ", ".join(catalogue.names)
    raise SpaceError(
        f"{name}: no such hyperparameter of {catalogue.name}; known: {known}.{nearest(name, catalogue.names)}"
    )
