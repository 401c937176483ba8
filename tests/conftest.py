"""Settings for all tests."""

import itertools
import os
import re
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from rich.console import Console, RenderableType

sys.path.insert(0, str(Path(__file__).parent))  # helper programs of a room: `from executors import programs`
os.environ.pop("PYTHONWARNINGS", None)
os.environ["OSETRA_EXPERIENCE"] = "off"  # what is tuned here is nobody's experience, and nobody's is used
# Small matrices gain nothing from threads, which wait for each other at the cost of whole cores: a model of
# 30 trials took 20 times as long where other tests ran beside. To be said before numpy is imported.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

settings.register_profile(
    "osetra", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("osetra")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL server for all tests of a process; nobody stops it."""
    from osetra.testing.rig.postgres import Cluster, programs

    if programs() is None:
        pytest.skip("PostgreSQL's server is not installed: apt install postgresql")
    with Cluster() as running:
        yield running


@pytest.fixture
def name():
    """A study's name that no other test uses."""
    return f"study-{next(_numbers)}"


@pytest.fixture
def text() -> Callable[..., str]:
    """Return what a renderable looks like on a terminal without colours, trailing blanks removed."""

    def render(view: RenderableType, width: int = 80) -> str:
        file = StringIO()
        console = Console(file=file, width=width, markup=False, highlight=False, emoji=False)
        console.print(view)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"

    return render


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test whose name holds an address, since processes that share the work would disagree.

    What takes long comes first, faults before all: nobody waits for one long test at the end.
    """
    unstable = [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]{6,}", item.nodeid)]
    if unstable:
        raise pytest.UsageError(f"give these tests stable ids (an address is in their names): {unstable[:3]}")
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, item.path.parent.name != "faults"))
