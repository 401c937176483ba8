import pytest

from osetra.errors import StudyError
from osetra.searchers import DESCRIPTIONS, by_name
from osetra.searchers.zoom import Zoom


def test_an_unknown_searcher_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(StudyError) as caught:
        by_name("sobool")
    assert str(caught.value) == (
        "'sobool': no such searcher; known: auto, bayes, tpe, cmaes, evolution, manual, grid, random, "
        "sobol, zoom. Did you mean 'sobol'?"
    )


@pytest.mark.parametrize("name", [name for name in DESCRIPTIONS if name != "auto"])
def test_a_searcher_knows_the_name_it_is_found_by(name: str) -> None:
    assert by_name(name).name == name


def test_auto_is_quasi_random_then_zoom() -> None:
    assert by_name("auto") == Zoom()
