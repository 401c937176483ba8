import pytest

from osetra.numerics.memory import Memory


def test_an_answer_is_computed_once() -> None:
    memory, asked = Memory[int](2), []

    def answer() -> int:
        asked.append(1)
        return 7

    assert memory.recall(b"a", answer) == memory.recall(b"a", answer) == 7
    assert len(asked) == 1


def test_the_oldest_answer_goes_first() -> None:
    memory = Memory[int](2)
    for place, key in enumerate((b"a", b"b", b"c")):
        memory.recall(key, lambda: place)
    assert len(memory) == 2
    assert memory.recall(b"b", lambda: -1) == 1
    assert memory.recall(b"a", lambda: -1) == -1


def test_a_failure_is_no_answer() -> None:
    memory = Memory[int](2)
    with pytest.raises(ZeroDivisionError):
        memory.recall(b"a", lambda: 1 // 0)
    assert len(memory) == 0
