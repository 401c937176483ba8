"""Any sequence of public calls, right or wrong, leaves a study that opens, is sound and says the same."""

from __future__ import annotations

import logging
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import osetra as ose
from osetra.core.invariants import violations
from osetra.errors import OsetraError
from osetra.stores import open_store

SPACE = ose.Space(lr=ose.Float(1e-4, 1, log=True), trial=ose.Int(1, 3), kind=ose.Choice("a", "b"))
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        0.5,
        float("nan"),
        2**70,
        "",
        "a\0b",
        "\ud800",
        b"a",
        [1],
        {1: 2},
        object(),
        ValueError("x"),
    ]
)
VALUES = st.one_of(st.floats(allow_nan=True), WRONG)


def misbehave(kind: str) -> Any:
    """Return a training function that does something, good or bad."""

    def train(run: ose.Run) -> Any:
        if kind == "raises":
            raise ValueError("no\0 good \ud800")
        if kind == "edits":
            run.config.clear()
        if kind == "nan":
            run.report(loss=float("nan"))
        if kind == "reports":
            for step in run.steps(3):
                run.report(loss=1 / step)
                run.checkpoint({"step": step})
        return {"nothing": None, "wrong": "text", "reports": None}.get(kind, 0.5)

    return train


CALLS = st.one_of(
    st.tuples(st.just("ask")),
    st.tuples(st.just("report"), VALUES),
    st.tuples(st.just("tell"), VALUES),
    st.tuples(st.just("fail"), WRONG),
    st.tuples(st.just("enqueue"), st.sampled_from(["lr", "trial", "nonsense"]), VALUES),
    st.tuples(
        st.just("order"), st.integers(-1, 4), st.sampled_from(["stop", "set", "pause", "note", "?"]), VALUES
    ),
    st.tuples(
        st.just("run"), st.sampled_from(["good", "raises", "edits", "nan", "reports", "nothing", "wrong"])
    ),
    st.tuples(st.just("confirm"), WRONG),
    st.tuples(st.just("curve"), WRONG),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("open twice")),
    st.tuples(st.just("open wrongly"), WRONG),
    st.tuples(st.just("close")),
)


class User:
    """Somebody who calls one thing after the other."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.study = ose.Study(file, SPACE, minimize="loss", searcher="random")
        self.asked: list[ose.Run] = []

    def call(self, what: str, *args: Any) -> None:
        """Do one thing; what is refused is refused by an OsetraError."""
        with suppress(OsetraError):
            self._do(what, args)

    def _do(self, what: str, args: tuple[Any, ...]) -> None:  # noqa: C901 - one case for each call
        study, last = self.study, self.asked[-1] if self.asked else None
        match what:
            case "ask":
                self.asked.append(study.ask())
            case "report" if last is not None:
                last.report(loss=args[0])
            case "tell":
                study.tell(last, args[0])  # type: ignore[arg-type]  # there may be none
            case "fail":
                study.tell(last, failed=args[0])  # type: ignore[arg-type]  # likewise
            case "enqueue":
                study.enqueue({args[0]: args[1]})
            case "order":
                study.order(args[0], args[1], {"lr": args[2]} if args[1] == "set" else None, why="so")
            case "run":
                trials = len(study.trials) + 1
                study.run(misbehave(args[0]), trials=trials, progress=False)
            case "confirm":
                study.confirm(misbehave("good"), top=args[0], progress=False)
            case "curve":
                study.curve(1, args[0])
            case "open twice":
                with_another = ose.Study(self.file)
                with_another.enqueue(lr=0.5)
                with_another.close()
            case "open wrongly":
                ose.Study(self.file, args[0], seed=args[0]).close()
            case "reopen" | "close":
                study.close()
                self.study, self.asked = ose.Study(self.file), []


def said(study: ose.Study) -> tuple[str, ...]:
    """Return everything that a study says of itself."""
    best = study.history.best(study.problem.objective)
    number = None if best is None else best.number
    return str(study), repr(study.trials), repr(study.records()), repr(number), str(study.advice)


@settings(max_examples=40, deadline=None)
@given(st.lists(CALLS, max_size=12))
def test_any_sequence_of_calls_leaves_a_sound_study_that_says_the_same(calls: list[tuple[Any, ...]]) -> None:
    logging.getLogger("osetra").setLevel(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as folder:
            user = User(Path(folder) / "study.db")
            for call in calls:
                user.call(*call)
            before = said(user.study)
            user.study.close()
            again = ose.Study(user.file)
            assert said(again) == before
            again.close()
            store = open_store(str(user.file))
            faults = [one.text for one in violations(store.read(), store.read_points()[0]) if one.grave]
            store.close()
            assert faults == []
    finally:
        logging.getLogger("osetra").setLevel(logging.NOTSET)
