import math
from collections.abc import Sequence

from advice.studies import PROBLEM, spread
from osetra.advice import noise
from osetra.core.finding import Finding
from osetra.testing.histories import Log


def _confirmed(values: dict[int, list[float]], found_at: Sequence[float]) -> list[Finding]:
    log = Log(PROBLEM)
    configs = spread(len(found_at))
    for config, value in zip(configs, found_at, strict=True):
        log.run(config, value)
    for number, seeds in values.items():
        for value in seeds:
            log.run(configs[number - 1], value, repeats=number)
    return noise.find(PROBLEM, log.history)


def test_a_gap_inside_the_noise_is_called_undecided() -> None:
    (found,) = _confirmed({1: [0.10, 0.14, 0.12], 2: [0.11, 0.15, 0.13]}, [0.11, 0.12, 0.5])
    assert "differ by 0.01; fresh seeds alone make 0.0453" in found.text


def test_a_clear_winner_is_no_finding() -> None:
    assert _confirmed({1: [0.10, 0.11, 0.12], 2: [0.4, 0.41, 0.42]}, [0.11, 0.4, 0.5]) == []


def test_a_lucky_first_run_is_corrected() -> None:
    (found,) = _confirmed({1: [0.30, 0.31, 0.32]}, [0.1, 0.5])
    assert found.text.startswith("trial 1 looked better than it is: 0.1 when it was found, 0.31 on average")


def test_many_trials_without_fresh_seeds_are_reminded_of_luck() -> None:
    (found,) = _confirmed({}, [0.1 * i for i in range(25)])
    assert "If the seed matters" in found.text
    assert "2.0 standard deviations" in found.text


def test_few_trials_without_fresh_seeds_are_no_finding() -> None:
    assert _confirmed({}, [0.1, 0.2]) == []


def test_a_trial_that_lost_a_seed_is_not_compared() -> None:
    survivors = {1: [0.1, 0.12, math.nan], 2: [0.11, 0.13, 0.15]}
    assert _confirmed(survivors, [0.11, 0.13, 0.5]) == []
