"""Pictures of hand-made histories."""

from __future__ import annotations

from pathlib import Path

from osetra.views.figures.overview import save_picture
from views.histories import PROBLEM, Book, busy


def test_a_picture_is_written_in_every_format_asked_for(tmp_path: Path) -> None:
    book = busy()
    book.report(2, [2.0, 0.5, 0.1], "train_loss")
    files = save_picture(PROBLEM, book.history, [tmp_path / "a.png", tmp_path / "a.svg"], name="digits")
    assert files[0].read_bytes()[:4] == b"\x89PNG"
    drawn = files[1].read_text()
    assert "train_loss dashed" in drawn
    assert "trial 2: 0.05113" in drawn


def test_a_picture_of_nothing_says_so(tmp_path: Path) -> None:
    (file,) = save_picture(PROBLEM, Book().history, [tmp_path / "a.svg"])
    assert "no trial has finished yet" in file.read_text()


def test_names_are_shown_as_they_are_and_never_as_formulas(tmp_path: Path) -> None:
    (file,) = save_picture(
        PROBLEM, busy().history, [tmp_path / "a.svg"], name="$\\frac{a$ \x1b[31m\u202eb \U0001f9ff"
    )
    assert "$\\frac{a$" in file.read_text().replace("\\$", "$")
    assert "\x1b" not in file.read_text()
