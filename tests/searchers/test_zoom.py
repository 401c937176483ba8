import json

import numpy as np
import pytest

from osetra.core.decisions import Suggestion
from osetra.core.history import History
from osetra.core.params import Choice, Config, Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.searchers.sobol import Sobol
from osetra.searchers.zoom import OUTSIDE, Zoom
from osetra.testing.histories import Log

SPACE = Space(lr=Float(1e-4, 1, scale="log"), momentum=Float(0.5, 0.99), kind=Choice("good", "bad"))
PROBLEM = Problem(SPACE, Objective(metric="loss"))


def _loss(config: Config) -> float:
    x = SPACE.encode([config])[0]
    return float((x[1] - 0.6) ** 2 + 0.1 * (x[2] - 0.3) ** 2 + (config["kind"] == "bad"))


def _next(history: History, searcher: Zoom, count: int = 1) -> list[Suggestion]:
    return list(searcher.suggest(PROBLEM, history, count, np.random.default_rng((0, history.next_trial))))


def _study(trials: int, searcher: Zoom, target: int = 0) -> Log:
    log = Log(PROBLEM, target=target)
    for _ in range(trials):
        (suggestion,) = _next(log.history, searcher)
        log.end(log.take(suggestion), "finished", _loss(suggestion.config))
    return log


def test_the_first_round_is_quasi_random_search() -> None:
    log = _study(12, Zoom(per_round=12))
    rng = np.random.default_rng(0)
    plain = Sobol().suggest(PROBLEM, Log(PROBLEM).history, 12, rng)
    assert [t.config for t in log.history.trials.values()] == [s.config for s in plain]
    assert log.history.noted("zoom") == []


def test_a_finished_round_is_followed_by_a_note_that_a_person_can_read() -> None:
    log = _study(24, Zoom(per_round=24))
    (suggestion,) = _next(log.history, Zoom(per_round=24))
    (note,) = suggestion.notes
    assert (note.topic, note.name) == ("zoom", "2")
    assert note.text.startswith("lr 0.0001…1 → ")
    assert note.text.endswith("the best 6 of 24 trials lie there")
    assert "kind less often bad" in note.text
    assert note.data["from"] == 25
    assert json.loads(json.dumps(note.data)) == note.data


def test_a_note_tells_of_a_momentum_what_its_scale_counts() -> None:
    """0.99 and 0.999 average over 100 and 1,000 steps: as 1 they would say nothing."""
    space = Space(momentum=Float(0.5, 0.99995, scale="one_minus_log"))
    problem, searcher, rng = (
        Problem(space, Objective(metric="loss")),
        Zoom(per_round=24),
        np.random.default_rng(0),
    )
    log = Log(problem)
    for _ in range(24):
        (one,) = searcher.suggest(problem, log.history, 1, rng)
        log.end(log.take(one), "finished", (space.encode([one.config])[0, 0] - 0.8) ** 2)
    (note,) = next(iter(searcher.suggest(problem, log.history, 1, rng))).notes
    before, after = note.text.partition(":")[0].split(" → ")
    assert before == "momentum 0.5…0.99995"
    low, high = map(float, after.split("…"))
    assert 0.5 < low < high < 1 and high - low > 1e-4


def test_later_rounds_stay_inside_the_noted_box() -> None:
    log = _study(20, Zoom(per_round=12))
    box = log.history.noted("zoom")[0].data["box"]
    for number in (number for number in range(13, 21) if number % OUTSIDE):
        x = SPACE.encode([log.history.trials[number].config])[0]
        for j, name in enumerate(["lr", "momentum"], start=1):
            low, high = box[name]["unit"]
            assert low - 1e-9 <= x[j] <= high + 1e-9


def test_the_search_goes_on_from_the_notes_alone() -> None:
    log = _study(30, Zoom(per_round=10))
    notes = log.history.noted("zoom")
    assert [note.name for note in notes] == ["2", "3"]
    assert _next(log.history, Zoom(per_round=10))[0].notes[0].name == "4"


def test_rounds_come_closer_to_the_optimum_than_quasi_random_search() -> None:
    zoomed = _study(60, Zoom()).history.best(PROBLEM.objective)
    plain = Sobol().suggest(PROBLEM, Log(PROBLEM).history, 60, np.random.default_rng(0))
    assert zoomed is not None
    assert _loss(zoomed.config) < 0.5 * min(_loss(s.config) for s in plain)


def test_a_share_of_later_rounds_lies_anywhere_and_says_so() -> None:
    log = _study(100, Zoom(per_round=20))
    newest = log.history.noted("zoom")[0].data["box"]["lr"]["unit"]
    later = [log.history.trials[n] for n in range(81, 101)]
    anywhere = [t for t in later if t.number % OUTSIDE == 0]
    places = [float(SPACE.encode([t.config])[0][1]) for t in anywhere]
    assert len(anywhere) == 4
    assert min(places) < newest[0] or max(places) > newest[1]


def test_what_was_cut_away_comes_back_when_it_wins() -> None:
    log = _study(40, Zoom(per_round=20))
    low, high = log.history.noted("zoom")[-1].data["box"]["lr"]["unit"]
    assert low > 0.1
    log.run({"lr": 1.5e-4, "momentum": 0.6, "kind": "good"}, -5.0)
    (suggestion,) = _next(log.history, Zoom(per_round=20))
    box = suggestion.notes[0].data["box"]["lr"]["unit"]
    assert box[0] <= float(SPACE.encode([log.history.trials[41].config])[0][1])
    assert box[1] >= high - 0.5 * (high - low)


def test_pure_noise_narrows_nothing() -> None:
    log, rng = Log(PROBLEM), np.random.default_rng(3)
    for _ in range(41):
        (suggestion,) = _next(log.history, Zoom(per_round=10))
        log.end(log.take(suggestion), "finished", float(rng.standard_normal()))
    for note in log.history.noted("zoom"):
        assert note.data["box"]["lr"]["unit"] == [0.0, 1.0]
        assert note.text.startswith("the box stays as it is")


def test_a_round_is_a_third_of_the_target() -> None:
    log = _study(31, Zoom(), target=30)
    assert [note.data["from"] for note in log.history.noted("zoom")] == [11, 21, 31]


def test_without_a_target_a_round_has_ten_trials_and_two_for_each_hyperparameter() -> None:
    assert [note.data["from"] for note in _study(17, Zoom()).history.noted("zoom")] == [17]


def test_a_round_that_only_failed_is_not_followed_by_a_zoom() -> None:
    log = Log(PROBLEM)
    for _ in range(15):
        (suggestion,) = _next(log.history, Zoom(per_round=6))
        assert suggestion.notes == ()
        log.run(suggestion.config, None)


def test_trials_still_running_delay_the_zoom_but_not_the_workers() -> None:
    log = Log(PROBLEM)
    for i in range(8):
        (suggestion,) = _next(log.history, Zoom(per_round=8))
        number = log.take(suggestion)
        if i < 5:
            log.end(number, "finished", _loss(suggestion.config))
    (waiting,) = _next(log.history, Zoom(per_round=8))
    assert waiting.notes == ()
    log.end(6, "finished", 0.3)
    (zooming,) = _next(log.history, Zoom(per_round=8))
    assert len(zooming.notes) == 1


def test_repeats_with_fresh_seeds_do_not_fill_a_round() -> None:
    log = _study(7, Zoom(per_round=8))
    for _ in range(5):
        log.run(log.history.trials[1].config, 0.5, repeats=1)
    assert _next(log.history, Zoom(per_round=8))[0].notes == ()


def test_a_batch_carries_the_note_once() -> None:
    log = _study(8, Zoom(per_round=8))
    found = _next(log.history, Zoom(per_round=8), 4)
    assert [len(s.notes) for s in found] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"per_round": 2}, "at least 4 trials a round"), ({"share": 1.0}, "a share between 0 and 1")],
)
def test_senseless_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        Zoom(**settings)  # type: ignore[arg-type]
