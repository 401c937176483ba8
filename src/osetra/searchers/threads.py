"""One thread for small matrices: several wait for each other for longer than they work.

A model of 30 trials took up to 20 times as much of the processors where trainings ran beside it, since the
threads of a linear algebra library wait by turning round.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Let linear algebra keep to one thread inside; afterwards it has as many as before.

    In the main thread only: of two that take threads away and give them back, one would give back nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return nullcontext()
    limit: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limit


def one_thread_for_good() -> None:
    """Let linear algebra keep to one thread in this process, and so wherever it is asked for.

    Libraries that are there are told so; those that come later, such as SciPy's, read the environment.
    """
    from threadpoolctl import ThreadpoolController

    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    ThreadpoolController().limit(limits=1, user_api="blas")


@cache
def _libraries() -> Any:
    """Return the libraries that are loaded; looking for them takes 10 ms."""
    import scipy.linalg  # noqa: F401 - it brings a library of its own
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
