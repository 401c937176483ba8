"""When training counts as diverged, and when it does not."""

import math

import pytest

from osetra.nets.divergence import diagnose

LN10 = math.log(10)


def judged(train, validation=None, epochs=20):
    return diagnose(train, validation or train, chance=LN10, epochs=epochs)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_divergence(value):
    assert judged([1.0, value]) == f"the loss became {value} in epoch 2"
    assert judged([1.0], [value]) == f"the loss became {value} in epoch 1"


def test_four_times_the_best_loss_is_divergence():
    assert judged([1.0, 0.5, 2.4]) == "the training loss blew up to 2.4 in epoch 3; the best was 0.5"


def test_a_tiny_loss_may_wobble():
    assert judged([1.0, 0.001, 0.01]) is None


def test_settling_at_the_loss_of_guessing_is_divergence():
    assert judged([2.40, 2.41, 2.40]) == "still at chance level after 3 epochs: loss 2.4, guessing gives 2.3"


def test_a_slow_starter_that_still_falls_goes_on():
    assert judged([2.9, 2.7, 2.5]) is None


def test_nothing_is_said_about_chance_before_a_tenth_of_the_epochs():
    assert judged([2.4] * 5, epochs=60) is None
    assert judged([2.4] * 6, epochs=60) is not None


def test_below_chance_on_either_part_is_learning():
    assert judged([2.4, 2.4, 2.4], [2.2, 2.3, 2.3]) is None


def test_a_bad_first_epoch_is_forgiven():
    assert judged([30.0]) is None
    assert judged([30.0, 2.0]) is None


def test_while_the_rate_rises_only_a_loss_that_is_no_number_counts():
    up = [1.0, 1.2, 9.0]
    assert diagnose(up, up, chance=1.0, epochs=20) is not None
    assert diagnose(up, up, chance=1.0, epochs=20, rising=True) is None
    assert diagnose([*up, math.nan], [*up, 1.0], chance=1.0, epochs=20, rising=True) is not None
    late = [1.0] * 5 + [9.0]
    assert diagnose(late, late, chance=1.0, epochs=20, rising=True) is not None
