import pytest

from osetra.core.registry import Registry
from osetra.errors import StudyError
from osetra.policies import DESCRIPTIONS, POLICIES, by_names
from osetra.policies.paired import Paired
from osetra.schedulers import SCHEDULERS
from osetra.schedulers.full import Full
from osetra.searchers import SEARCHERS
from osetra.searchers.random import Random

FRUIT: Registry[object] = Registry("searcher", "osetra.searchers", {"random": ("random:Random", "by chance")})


def test_a_name_is_built_when_it_is_asked_for() -> None:
    assert FRUIT.build("random") == Random()
    assert dict(FRUIT) == {"random": "by chance"}


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(StudyError) as caught:
        FRUIT.build("randon")
    assert str(caught.value) == "'randon': no such searcher; known: random. Did you mean 'random'?"


def test_policies_are_asked_for_as_schedulers_are() -> None:
    assert list(DESCRIPTIONS) == [*SCHEDULERS, *POLICIES]
    with pytest.raises(StudyError, match=r"'freeze_thw': no such scheduler; .* Did you mean 'freeze_thaw'"):
        by_names(Random(), "freeze_thw")
    assert by_names(Random(), "pbt").searcher == Random()


def test_a_scheduler_given_as_an_object_is_paired_and_a_policy_is_taken_as_it_is() -> None:
    policy = by_names(Random(), Full())
    assert policy == Paired(Random(), Full())
    assert by_names(Random(), policy) is policy


@pytest.mark.parametrize("registry", [SEARCHERS, SCHEDULERS])
def test_everything_in_a_registry_bears_its_name(registry: Registry[object]) -> None:
    assert {name: registry.build(name).name for name in registry} == {name: name for name in registry}  # type: ignore[attr-defined]


def test_only_what_stops_or_extends_running_trials_judges() -> None:
    assert [name for name in SCHEDULERS if not SCHEDULERS.build(name).judges] == ["full"]
