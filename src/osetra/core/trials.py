"""Trials: all trials of a study by number, in blocks that longer histories share with shorter ones.

A history is immutable and a new one follows each fact, so neither adding a fact nor asking a question
may cost what the study is long. A fact replaces one block of 256 trials; all others are shared. What
is derived from a block is kept with it: a question about 100,000 trials asks the one block that is
new and 390 that remember their answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, ValuesView
from itertools import chain
from typing import Any, Concatenate, ParamSpec, TypeVar

from osetra.core.trial import Trial

BLOCK = 256
"""Trials per block, about the root of the longest study: both a block and the list of blocks are copied."""

P = ParamSpec("P")
T = TypeVar("T")


class Trials(Mapping[int, Trial]):
    """An immutable mapping from numbers to trials; iterates in the order of the blocks."""

    __slots__ = ("_blocks", "_size")

    def __init__(self, trials: Mapping[int, Trial] | None = None) -> None:
        self._blocks: dict[int, _Block] = {}
        self._size = 0
        if trials:
            grown = self.updated(trials)
            self._blocks, self._size = grown._blocks, grown._size

    def updated(self, changed: Mapping[int, Trial]) -> Trials:
        """Return these trials with some added or replaced."""
        touched: dict[int, dict[int, Trial]] = {}
        for number, trial in changed.items():
            place = number // BLOCK
            if place not in touched:
                old = self._blocks.get(place)
                touched[place] = {} if old is None else dict(old.trials)
            touched[place][number] = trial
        grown = Trials()
        grown._blocks = {**self._blocks, **{place: _Block(trials) for place, trials in touched.items()}}
        grown._size = self._size + sum(
            len(trials) - len(self._blocks[place].trials if place in self._blocks else ())
            for place, trials in touched.items()
        )
        return grown

    def derived(
        self, view: Callable[Concatenate[Sequence[Trial], P], T], *given: P.args, **_: P.kwargs
    ) -> Iterator[T]:
        """Yield what a pure function of a block's trials (and more that is given) returns for each block.

        A block remembers the latest answer of every function while the same is given.
        """
        return (block.derived(view, given) for block in self._blocks.values())

    def chosen(self, view: Callable[[Sequence[Trial]], Iterable[Trial]]) -> list[Trial]:
        """Return the trials that a pure function chooses from every block, in order."""
        return list(chain.from_iterable(block.derived(view, ()) for block in self._blocks.values()))

    def since(self, earlier: Trials) -> list[Trial]:
        """Return the trials that are new or changed since an earlier state of these trials, in order."""
        changed: list[Trial] = []
        for place, block in self._blocks.items():
            old = earlier._blocks.get(place)
            if old is not block:
                known = {} if old is None else old.trials
                changed += [t for number, t in block.trials.items() if known.get(number) is not t]
        return changed

    def __getitem__(self, number: int) -> Trial:
        try:
            return self._blocks[number // BLOCK].trials[number]
        except KeyError:
            raise KeyError(number) from None

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(block.trials for block in self._blocks.values())

    def __len__(self) -> int:
        return self._size

    def values(self) -> ValuesView[Trial]:
        """Return the trials in order."""
        return _Values(self)

    def __repr__(self) -> str:
        return f"Trials({dict(self.items())!r})"


class _Values(ValuesView[Trial]):
    """The trials block by block, without looking each of them up."""

    __slots__ = ()
    _mapping: Trials

    def __iter__(self) -> Iterator[Trial]:
        return chain.from_iterable(block.trials.values() for block in self._mapping._blocks.values())


class _Block:
    """Some trials that do not change, and what was derived from them."""

    __slots__ = ("_known", "trials")

    def __init__(self, trials: dict[int, Trial]) -> None:
        self.trials = trials
        self._known: dict[Callable[..., Any], tuple[tuple[Any, ...], Any]] = {}

    def derived(self, view: Callable[..., T], given: tuple[Any, ...]) -> T:
        known = self._known.get(view)
        if known is None or known[0] != given:
            known = self._known[view] = (given, view(tuple(self.trials.values()), *given))
        answer: T = known[1]
        return answer
