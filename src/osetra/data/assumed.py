"""Assumed: what was taken for granted in reading columns, a sentence for each kind of column."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from osetra.core.finding import Finding
from osetra.data.moments import LENGTHS
from osetra.data.schema import Date
from osetra.data.table import note

if TYPE_CHECKING:
    from osetra.data.semantics import Meaning


def assumed(meanings: Sequence[Meaning]) -> tuple[Finding, ...]:
    """Return a line for each kind of column on what was assumed."""
    numbers = [f"{m.name} ({m.remark})" for m in meanings if m.kind == "number" and m.remark]
    moments = [(m, m.recipe.order) for m in meanings if isinstance(m.recipe, Date)]
    dates = [_with_remark(m) for m, order in moments if order not in LENGTHS]
    lengths = [_with_remark(m) for m, order in moments if order in LENGTHS]
    texts = [f"{m.name} ({m.remark})" for m in meanings if m.kind == "text" and m.recipe]
    codes = [m.name for m in meanings if m.kind == "category" and m.remark]
    notes = []
    if numbers:
        notes.append(
            note("numbers", f"read as numbers: {_listed(numbers)}", "--category COLUMN says otherwise")
        )
    if dates:
        text = f"dates and times become year, season, weekday, hour and elapsed days: {_listed(dates)}"
        notes.append(note("dates", text))
    if lengths:
        notes.append(note("durations", f"durations are learnt from in hours: {_listed(lengths)}"))
    if texts:
        notes.append(note("texts", f"of free text, words are learnt from in their order: {_listed(texts)}"))
    if codes:
        notes.append(
            note(
                "codes",
                f"codes with zeros in front are categories: {_listed(codes)} (--number says otherwise)",
            )
        )
    merged = [f"{m.name} ({', '.join(m.merged[:6])})" for m in meanings if m.merged]
    if merged:
        text = f"spellings of yes and no are read as two levels: {_listed(merged)}"
        notes.append(note("booleans", text, "--category COLUMN keeps each spelling"))
    return (*notes, *_of_words(meanings), *_of_marks(meanings))


def _with_remark(meaning: Meaning) -> str:
    return meaning.name + (f" ({meaning.remark})" if meaning.remark else "")


def _of_words(meanings: Sequence[Meaning]) -> tuple[Finding, ...]:
    """Return a line on words that stand among numbers, and one on numbers in several units."""
    notes = []
    among = {m.name: m.among for m in meanings if m.kind == "number" and m.among}
    if among:
        shown = [f"{name} ({', '.join(words)})" for name, words in among.items()]
        text = f"words among numbers are learnt from apart, as what is there instead of one: {_listed(shown)}"
        name, (first, *_) = next(iter(among.items()))
        missing = quote(f"{name}={first.rpartition(' in ')[0].strip(chr(39))}")
        otherwise = (
            f"--na {missing} says that it is missing, --category {quote(name)} that all are categories"
        )
        notes.append(note("words-among-numbers", text, otherwise))
    mixed = [f"{m.name} ({', '.join(m.among)})" for m in meanings if m.kind == "category" and m.among]
    if mixed:
        text = f"numbers in several units are read as categories: {_listed(mixed)}"
        notes.append(note("several-units", text, "write all of them in one unit to have numbers"))
    return tuple(notes)


def _of_marks(meanings: Sequence[Meaning]) -> tuple[Finding, ...]:
    """Return a line on marks of missing cells that are levels, and one on those that are taken as missing."""
    kept = [m.name for m in meanings if m.kept]
    gone = {m.name: m.marks for m in meanings if m.marks and not m.kept and m.kind == "category"}
    notes = []
    if kept:
        text = f"'NA' is a code beside the others of two letters: {_listed(kept)}"
        notes.append(note("na-kept", text, f"--na {quote(kept[0])}=NA says that it is missing"))
    if gone:
        words = list(dict.fromkeys(mark for marks in gone.values() for mark in marks))
        text = f"{_listed([repr(word) for word in words], 3)} taken as missing in {_listed(list(gone))}"
        notes.append(note("na-missing", text, "--keep-na COLUMN says that it is a level"))
    return tuple(notes)


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
