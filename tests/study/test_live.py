"""A study in a notebook that is followed while somebody trains."""

import importlib
import sys
import time
from types import ModuleType, SimpleNamespace

import pytest

import osetra as ose
from osetra.errors import MissingExtra, StudyError


@pytest.fixture
def shown(monkeypatch):
    """Stand for a notebook; returns what was displayed, in order."""
    texts = []
    display = ModuleType("IPython.display")
    display.HTML = str
    handle = SimpleNamespace(update=texts.append)
    display.display = lambda text, display_id: texts.append(text) or handle
    whole = ModuleType("IPython")
    whole.__spec__ = importlib.machinery.ModuleSpec("IPython", None)
    monkeypatch.setitem(sys.modules, "IPython", whole)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return texts


def test_a_cell_follows_the_study_until_it_is_stopped(shown):
    study = ose.Study("memory:", ose.Space(lr=ose.Float(0, 1)), minimize="loss", searcher="random")
    live = study.live(every=0.01)
    assert len(shown) == 1
    study.run(lambda run: run.config["lr"], trials=3, progress=False)
    deadline = time.monotonic() + 20
    while "3 finished" not in shown[-1] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "3 finished" in shown[-1]
    count = len(shown)
    time.sleep(0.1)
    assert len(shown) == count, "nothing is sent while nothing happens"
    live.stop()
    study.run(lambda run: run.config["lr"], trials=4, progress=False)
    time.sleep(0.1)
    assert len(shown) == count
    assert not live._thread.is_alive()


def test_without_a_notebook_it_says_so(monkeypatch):
    study = ose.Study("memory:", ose.Space(lr=ose.Float(0, 1)), minimize="loss")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="osetra dashboard"):
        study.live()
    with pytest.raises(StudyError, match="every"):
        study.live(every=0)
