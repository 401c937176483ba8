"""Options: how data is to be read where that is not left to what it looks like."""

from __future__ import annotations

from dataclasses import dataclass

from osetra.errors import DataError

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "space": " ", "pipe": "|", "\\t": "\t"}

OF_LATER_FILES = ("delimiter", "decimal", "header", "encoding", "na", "date")
"""Options that also say how rows are to be read that come after training; what columns mean is settled."""
NOBODY = "none"
"""What --user says where users and items are columns like others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """Everything about a data file that a person can say; empty is left to what it looks like."""

    delimiter: str = ""
    """Between the cells of a text file: one character, or its name."""
    decimal: str = ""
    """"." or ",": what stands before decimals."""
    header: str = ""
    """"yes", "no", or the number of the line with the names."""
    encoding: str = ""
    """What the characters of a text file are written in, such as cp1252."""
    na: tuple[str, ...] = ()
    """Texts that mean missing; COLUMN=TEXT for one column only. Empty: only empty cells do."""
    keep_na: tuple[str, ...] = ()
    """Columns in which the usual marks of a missing cell, such as NA, are levels."""
    number: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    """Columns of dates; COLUMN=dmy, mdy or ymd says their order."""
    drop: tuple[str, ...] = ()
    group: str | None = None
    """Rows with the same value stay in one part of the split."""
    series: str | None = None
    """Rows with the same value are the steps of one sequence."""
    time: str | None = None
    """Training on the past, sealed rows from the future; with series, the order of steps."""
    user: str | None = None
    """The column of users, of ratings of items; "none" where names that look so mean something else."""
    item: str | None = None
    """The column of items."""
    weight: str | None = None
    """How much each row counts."""
    split: str | None = None
    """The column that says train, validation or test."""
    test: str | None = None
    """A file of rows to seal, with the columns of the data."""
    ignore_case: bool = False
    """Whether labels that differ in case only are one."""
    labels: str | None = None
    """The column to predict that holds several labels a row, such as red;big."""
    log_target: bool = False
    """Whether the logarithm of a number is learnt, so that relative errors count."""

    def __post_init__(self) -> None:
        if self.decimal not in ("", ".", ","):
            raise DataError(f"decimal={self.decimal!r}: give '.' or ','")
        if len(self.separator) > 1:
            raise DataError(
                f"delimiter={self.delimiter!r}: give one character, or one of {', '.join(DELIMITERS)}"
            )
        if self.header not in ("", "yes", "no") and not self.header.isdigit():
            raise DataError(f"header={self.header!r}: give yes, no, or the number of the line with the names")

        if self.encoding and not _is_encoding(self.encoding):
            raise DataError(
                f"encoding={self.encoding!r}: no such encoding; give one such as utf-8, cp1252 or utf-16"
            )

    @property
    def separator(self) -> str:
        """The delimiter as a character."""
        return DELIMITERS.get(self.delimiter.lower(), self.delimiter)

    def missing(self, column: str) -> frozenset[str]:
        """Return the texts, in lower case, that were declared missing in a column."""
        said = (word.rpartition("=") for word in self.na)
        return frozenset(text.strip().lower() for name, _, text in said if name.strip() in ("", column))

    def keeps_marks(self, column: str) -> bool:
        """Whether the usual marks of a missing cell, such as NA, were said to be levels of a column."""
        return column in self.keep_na or "" in self.missing(column)

    @property
    def dates(self) -> dict[str, str]:
        """The declared columns of dates, with their order where that was given."""
        said = (word.partition("=") for word in self.date)
        return {name.strip(): order.strip().lower() for name, _, order in said}


def _is_encoding(name: str) -> bool:
    """Whether texts are written in an encoding of that name."""
    try:
        return bool(" ".encode(name))
    except (LookupError, ValueError):
        return False
