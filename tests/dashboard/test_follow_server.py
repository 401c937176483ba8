"""A study on a PostgreSQL server, followed by a connection that the server itself keeps from writing."""

import pytest

import osetra as ose
from dashboard.test_follow import same, train
from osetra.core.facts import Noted
from osetra.dashboard import follow
from osetra.dashboard.follow import Follower
from osetra.errors import StoreError
from osetra.stores import open_reader, storage_of
from osetra.stores.address import Address


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(follow, "AGAIN", 0.0)


def study_at(url, name, trials):
    space = ose.Space(lr=ose.Float(1e-4, 1.0, scale="log"))
    study = ose.Study(url, space, minimize="val_loss", name=name, searcher="random", scheduler="full")
    return study.run(train, trials=trials, progress=False)


def test_a_study_on_a_server_is_followed_as_one_in_a_file(cluster, name):
    follower = Follower(Address(cluster.url, name))
    assert follower.look() is None and "being created" in follower.trouble
    study = study_at(cluster.url, name, 2)
    first = follower.look()
    same(first, study)
    assert follower.look() is first, "nothing is new"
    study.run(train, trials=4, progress=False)
    same(follower.look(), study)
    follower.close()


def test_the_server_refuses_whatever_a_reader_would_write(cluster, name):
    study_at(cluster.url, name, 1)
    reader = open_reader(cluster.url, name)
    before = reader.version()
    with pytest.raises(StoreError):  # it looks like a copy that was not promoted
        reader.append([Noted("topic", "name", "text")])
    assert reader.version() == before
    reader.close()


def test_a_study_that_is_deleted_and_made_anew_is_another_one(cluster, name):
    study_at(cluster.url, name, 3).close()
    follower = Follower(Address(cluster.url, name))
    first = follower.look()
    storage_of(cluster.url).delete(name)
    follower.look()
    again = study_at(cluster.url, name, 1)
    second = follower.look()
    assert second.generation > first.generation
    same(second, again)
    follower.close()
