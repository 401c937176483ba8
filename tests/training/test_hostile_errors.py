"""Exceptions that misbehave when they are looked at: their trial fails, and nothing comes out."""

import pytest

import osetra as ose


class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Hostile(Exception, metaclass=Nameless):
    def __str__(self):
        raise SystemExit(3)

    __repr__ = __str__


class Secret(Exception):
    def _refuse(self):
        raise KeyboardInterrupt

    __traceback__ = __cause__ = __context__ = __notes__ = __class__ = property(_refuse)


class Numbered(Exception, metaclass=type("Five", (type,), {"__name__": 5})):
    def __str__(self):
        return 5


class Words(str):
    def _refuse(self, *_):
        raise KeyboardInterrupt

    __str__ = __format__ = __repr__ = __bool__ = __len__ = encode = _refuse


class Wordy(Exception):
    def __str__(self):
        return Words("some words")

    __repr__ = __str__


class Noted(ose.OsetraError):
    __notes__ = 5

    def __str__(self):
        raise KeyboardInterrupt


HIDDEN = "its text cannot be shown"
KINDS = {
    Hostile: f"Hostile: {HIDDEN}",
    Secret: "Secret",
    Numbered: f"Numbered: {HIDDEN}",
    Wordy: "Wordy: some words",
    Noted: HIDDEN,
    GeneratorExit: "GeneratorExit",
    MemoryError: "out of memory",
    lambda: ExceptionGroup("two", [Hostile(), Secret()]): "ExceptionGroup: two (2 sub-exceptions)",
    lambda: BaseExceptionGroup("one", [KeyboardInterrupt()]): "BaseExceptionGroup: one (1 sub-exception)",
    lambda: SystemExit(Hostile()): "the training called sys.exit(…)",
    lambda: SystemExit(Wordy()): "the training called sys.exit(some words)",
    lambda: ValueError("red\x1b[31m\x00 and half \ud800"): "ValueError: red and half ?",
}


@pytest.mark.parametrize("executor", [None, ose.Processes(1)], ids=["inline", "processes"])
def test_every_one_fails_its_own_trial_with_a_reason(tmp_path, executor):
    kinds = KINDS

    def train(run):
        if run.trial <= len(kinds):
            raise list(kinds)[run.trial - 1]()
        return 0.5

    space = ose.Space(x=ose.Float(0, 1))
    study = ose.Study(tmp_path / "s.db", space, minimize="loss", searcher="random")
    study.run(train, trials=len(kinds) + 1, executor=executor, keep_going=True, progress=False)
    assert [trial.reason for trial in study.trials] == [*kinds.values(), ""]
    assert [trial.state for trial in study.trials] == ["failed"] * len(kinds) + ["finished"]
