"""What is no experience is refused before a study exists, in a sentence that says what is wanted."""

from __future__ import annotations

import numpy as np
import pytest

import osetra as ose
from osetra.errors import OsetraError


@pytest.mark.parametrize(
    "given",
    [3, np.array("x"), "x" * 100_000, "", [""], [None], {"old.db": 1}, "nobody\0s.db", ["old.db", 7]],
    ids=lambda given: repr(given)[:20],
)
def test_what_is_no_experience_is_refused(given: object) -> None:
    with pytest.raises(OsetraError):
        ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="loss", experience=given)  # type: ignore[arg-type]
