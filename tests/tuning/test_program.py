"""The space of one's own training, changed on the command line."""

from __future__ import annotations

import pytest

from osetra.errors import StudyError
from osetra.tuning.program import build_space
from osetra.tuning.request import Request
from osetra.tuning.studyfile import StudyFile

FILE = StudyFile(space={"lr": "log(1e-4, 1)", "units": "int(8, 64)", "optimizer": "choice(sgd, adam)"})


def changed(*words: str) -> dict[str, object]:
    return dict(build_space(None, FILE, Request(source="train.py:train", set=words)).spec)


@pytest.mark.parametrize("word", ["lr=foo", "units=many", "lr = auto"])
def test_a_range_of_numbers_does_not_become_a_text_by_a_slip(word: str) -> None:
    name = word.partition("=")[0].strip()
    with pytest.raises(StudyError, match=name):
        changed(word)


def test_the_refusal_says_how_to_mend_it() -> None:
    with pytest.raises(
        StudyError, match=r"lr is a number, and foo would be a text.*lr=log\(1e-4, 1\).*'foo'"
    ):
        changed("lr=foo")


def test_what_is_meant_is_taken() -> None:
    assert changed("lr=0.1")["lr"] == "0.1"
    assert changed("lr=float(0, 1)")["lr"] == "float(0.0, 1.0)"
    assert "foo" in str(changed("lr='foo'")["lr"])
    assert changed("optimizer=sgd")["optimizer"] == "sgd"
