"""A study whose first trainings fail alike stops and shows why; anything else goes on."""

import random
import sys
import uuid
from pathlib import Path

import pytest

import osetra as ose
from osetra.command import CommandTraining
from osetra.errors import StudyError, TrainingFailed
from osetra.study.failfast import FIRST, kind_of

SPACE = ose.Space(x=ose.Float(0, 1))


def study_at(path):
    return ose.Study(path / "s.db", SPACE, minimize="loss", searcher="random", scheduler="full")


def broken(run):
    raise KeyError(f"hidden_size of trial {run.trial} at 0x7f{run.trial:04x}")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_error_three_times_stops_the_study_with_its_traceback(tmp_path, workers):
    study = study_at(tmp_path)
    with pytest.raises(TrainingFailed) as caught:
        study.run(broken, trials=50, workers=workers)
    text = str(caught.value)
    assert text.startswith(
        f"the first {FIRST} trials failed with the same error, so the study has stopped: Key"
    )
    assert "keep_going=True" in text and "Traceback" in text and "in broken" in text
    assert FIRST <= len(study.history.ended) < 50
    assert list(study.history.running) == []


def test_who_keeps_going_trains_them_all(tmp_path):
    study = study_at(tmp_path).run(broken, trials=6, keep_going=True)
    assert [trial.state for trial in study.trials] == ["failed"] * 6


def test_different_errors_do_not_stop_it(tmp_path):
    errors = [ValueError, KeyError, OSError, TypeError]

    def train(run):
        raise errors[run.trial % 4]("bad")

    assert len(study_at(tmp_path).run(train, trials=6).trials) == 6


@pytest.mark.parametrize("good", [1, 2, 3])
def test_one_result_among_the_first_is_enough_to_go_on(tmp_path, good):
    def train(run):
        if run.trial != good:
            broken(run)
        return 0.5

    assert len(study_at(tmp_path).run(train, trials=8).trials) == 8


def test_the_next_call_may_have_been_mended(tmp_path):
    with pytest.raises(StudyError):
        study_at(tmp_path).run(broken, trials=9)
    study = study_at(tmp_path).run(lambda run: run.config["x"], trials=9)
    assert len(study.history.finished) == 9 - FIRST


def test_keep_going_is_true_or_false(tmp_path):
    with pytest.raises(StudyError, match="keep_going='yes': True or False is needed"):
        study_at(tmp_path).run(broken, trials=4, keep_going="yes")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_training_that_gives_its_trial_back_again_and_again_fails_with_a_hint(tmp_path, workers):
    def train(run):
        if run.trial == 2:
            raise ose.Interrupted("skip")
        return 0.5

    study = study_at(tmp_path).run(train, trials=4, workers=workers)
    assert [trial.state for trial in study.trials] == ["finished", "failed", "finished", "finished"]
    assert len(study.trials[1].attempts) == 3
    assert (
        "raised Interrupted 3 times" in study.trials[1].reason and "osetra.Diverged" in study.trials[1].reason
    )


def test_who_gets_on_in_between_may_give_back_as_often_as_it_likes(tmp_path):
    def train(run):
        begun = (run.restore() or {"step": 0})["step"]
        for step in run.steps(8):
            run.report(loss=1 / step)
            run.checkpoint({"step": step})
            if step == begun + 1 and step < 8:
                raise ose.Interrupted("one step at a time")

    study = study_at(tmp_path).run(train, trials=1, checkpoints=ose.Checkpoints(every=0))
    assert (study.trials[0].state, len(study.trials[0].attempts)) == ("finished", 8)


NOISE = (
    lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    lambda rng: f"{rng.getrandbits(64):016x}",
    lambda rng: f"<Model object at {rng.getrandbits(44):#x}>",
    lambda rng: f"/tmp/tmp{''.join(rng.choices('abcdefghijklm', k=8))}/weights.bin",
    lambda rng: f"C:\\Temp\\{rng.getrandbits(20)}",
    lambda rng: f"10.0.{rng.getrandbits(8)}.7:{rng.getrandbits(12)}",
    lambda rng: f"{rng.uniform(-9, 9)!r}",
    lambda rng: "".join(rng.choices("abcdefxyz", k=12)),
)
"""What differs from run to run in the texts of errors."""


def raises(kind: int, text: str) -> None:
    if kind == 0:
        raise KeyError(text)
    if kind == 1:
        raise RuntimeError(f"cannot do {text}\\nand {text}")
    try:
        raises(0, text)
    except KeyError as error:
        raise OSError(f"{text}: wrapped") from error


@pytest.mark.parametrize("way", ["inline", "processes", "program"])
@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_errors_are_alike_by_what_was_raised_where_and_not_by_their_texts(
    tmp_path: Path, way: str, kinds: int
) -> None:
    rng = random.Random(kinds)
    noises = [rng.choice(NOISE)(rng) for _ in range(40)]
    study = study_at(tmp_path)
    if way == "program":
        if kinds > 1:
            noises = noises[:12]
        program = tmp_path / "train.py"
        source = Path(__file__).read_text()
        source = source[source.index("def raises(") : source.index('@pytest.mark.parametrize("way"')]
        program.write_text(
            f"import os\n{source}\nt = int(os.environ['OSETRA_TRIAL'])\nraises(t % {kinds}, {noises!r}[t])\n"
        )
        train = CommandTraining([sys.executable, str(program)])
    else:

        def train(run):
            raises(run.trial % kinds, noises[run.trial])

    with pytest.raises(TrainingFailed) as caught:
        study.run(train, trials=30, executor=ose.Processes(1) if way == "processes" else None)
    count = FIRST * kinds
    same = "the same error" if kinds == 1 else f"one of {kinds} errors each"
    assert str(caught.value).startswith(f"the first {count} trials failed with {same}, so the study")
    assert count <= len(study.history.ended) <= count + 1


@pytest.mark.parametrize("noise", NOISE[:-1])
def test_texts_alone_are_alike_but_for_what_looks_random(noise) -> None:
    rng = random.Random(3)
    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random")
    texts = [f"could not open {noise(rng)} after {rng.random()} s" for _ in range(20)]
    kinds = {kind_of(study.tell(study.ask(), failed=text)) for text in texts}
    assert len(kinds) == 1
    for word in ("could not read x", "out of memory", "could not open"):
        assert kind_of(study.tell(study.ask(), failed=word)) not in kinds


@pytest.mark.parametrize("share", [1 / 3, 1 / 2])
def test_configurations_that_fail_now_and_then_seldom_stop_a_study(share: float) -> None:
    """By chance, one error that a share of all configurations meets comes three times first: share ** 3."""
    stopped = 0
    for seed in range(60):
        rng = random.Random(seed)
        failing = [rng.random() < share for _ in range(12)]
        study = ose.Study("memory:", SPACE, minimize="loss", searcher="random", seed=seed)

        def train(run, failing=failing):
            if failing[run.trial - 1]:
                raise ValueError("no")
            return 0.5

        try:
            study.run(train, trials=12, progress=False)
        except TrainingFailed:
            stopped += 1
            assert all(failing[:FIRST])
        else:
            assert not all(failing[:FIRST])
    assert stopped < 60 * 3 * share**3
