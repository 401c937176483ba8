from collections.abc import Sequence

from advice.studies import PROBLEM, spread
from osetra.advice import curves
from osetra.core.finding import Finding
from osetra.testing.histories import Log, history_of


def _curves(train: Sequence[float], val: Sequence[float], trials: int = 5) -> list[Finding]:
    log = Log(PROBLEM)
    for i, config in enumerate(spread(trials)):
        number = log.start(config)
        log.report(number, "train_loss", train)
        log.report(number, "val_loss", val)
        log.end(number, "finished", min(val) + i / 100)
    return curves.find(PROBLEM, log.history)


FALLING = [2 * 0.8**i + 0.05 for i in range(20)]


def test_a_rising_validation_loss_is_overfitting() -> None:
    val = [1 - 0.1 * i for i in range(6)] + [0.55 + 0.03 * i for i in range(14)]
    (found,) = _curves(FALLING, val)
    assert found.text.startswith("overfitting in 5 of the 5 best trials: in trial 1 the validation loss rose")
    assert "from 0.5 at step 6 to 0.94 at step 20" in found.text


def test_both_losses_high_and_close_is_underfitting() -> None:
    train = [2.3 - 0.02 * min(i, 10) for i in range(20)]
    val = [2.32 - 0.02 * min(i, 10) for i in range(20)]
    (found,) = _curves(train, val)
    assert "is as high as the validation loss" in found.text
    assert "came down by only 9 %" in found.text


def test_a_best_step_at_the_end_asks_for_longer_training() -> None:
    (found,) = _curves(FALLING, [2 - 0.05 * i for i in range(20)])
    assert found.text.startswith("training ends too early")


def test_a_best_step_at_the_start_asks_for_shorter_training() -> None:
    (found,) = _curves([1.0] * 20, [0.5] + [0.52] * 19)
    assert "training is too long" in found.text


def test_a_healthy_curve_is_no_finding() -> None:
    val = [0.3 + 0.7 * 0.6**i for i in range(14)] + [0.302, 0.301, 0.303, 0.302, 0.304, 0.303]
    assert _curves(FALLING, val) == []


def test_two_trials_are_not_a_study() -> None:
    val = [1 - 0.1 * i for i in range(6)] + [0.55 + 0.03 * i for i in range(14)]
    assert _curves(FALLING, val, trials=2) == []


def test_without_curves_nothing_is_said() -> None:
    assert curves.find(PROBLEM, history_of(PROBLEM, [(c, 1.0) for c in spread(9)])) == []
