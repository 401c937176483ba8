import pytest

from osetra.errors import StudyError
from osetra.searchers import SEARCHERS, by_name


def test_an_unknown_searcher_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(StudyError) as caught:
        by_name("sobool")
    assert str(caught.value) == (
        "'sobool': no such searcher; known: auto, bayes, tpe, cmaes, evolution, manual, grid, random, "
        "sobol, zoom. Did you mean 'sobol'?"
    )


@pytest.mark.parametrize("name", SEARCHERS)
def test_a_searcher_knows_the_name_it_is_found_by(name: str) -> None:
    assert by_name(name).name == name
