"""A PostgreSQL server per test process, and a fresh study name per test."""

import itertools
import os

import pytest

from osetra.testing.postgres import Cluster, programs

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster():
    if programs() is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL's server is not installed: apt install postgresql")
        pytest.skip("PostgreSQL's server is not installed: apt install postgresql")
    with Cluster() as running:
        yield running


@pytest.fixture
def name():
    return f"study-{next(_numbers)}"
