"""Documents that the page fetches: made once while nothing changes, and never so old that they mislead."""

import time

from osetra.core.history import History
from osetra.core.problem import Objective, Problem
from osetra.core.ranges import Float
from osetra.core.space import Space
from osetra.dashboard.documents import Documents
from osetra.dashboard.follow import View

PROBLEM = Problem(Space(lr=Float(0, 1)), Objective(metric="loss"))


def view_at(version, generation=0):
    return View(PROBLEM, History(version), generation)


class Maker:
    """Makes documents that count, and takes so many seconds of a core for each."""

    def __init__(self, seconds=0.0):
        self.seconds, self.made = seconds, 0

    def __call__(self, view):
        until = time.thread_time() + self.seconds
        while time.thread_time() < until:
            pass
        self.made += 1
        return {"made": self.made}


def test_a_document_is_made_once_while_nothing_changes():
    documents, make = Documents(), Maker()
    assert documents.get(("a",), view_at(1), make) == documents.get(("a",), view_at(1), make) == b'{"made":1}'
    assert documents.get(("a",), view_at(2), make) == b'{"made":2}'
    assert documents.get(("a",), view_at(2, generation=1), make) == b'{"made":3}'


def test_what_takes_long_rests_but_never_where_orders_are_given():
    documents, make = Documents(), Maker(0.15)
    first = documents.get(("importance",), view_at(1), make)
    assert documents.get(("importance",), view_at(2), make) == first
    first = documents.get(("trial", "1"), view_at(1), make, exact=True)
    assert documents.get(("trial", "1"), view_at(2), make, exact=True) != first
