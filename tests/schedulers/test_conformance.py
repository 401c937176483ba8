"""Every scheduler, in several forms, goes through the kit."""

import pytest

from osetra.schedulers.asha import ASHA
from osetra.schedulers.auto import Auto
from osetra.schedulers.full import Full
from osetra.schedulers.hyperband import Hyperband
from osetra.schedulers.median import Median
from osetra.schedulers.patience import Patience
from osetra.testing.schedulers import CASES, check_scheduler

SCHEDULERS = {
    "auto": Auto(),
    "auto, one rise": Auto(shares=(0.5,), keep=0.5, least=1),
    "full": Full(),
    "asha": ASHA(),
    "asha, stopping": ASHA(form="stop"),
    "asha, eta 2 from 4": ASHA(eta=2, min_steps=4),
    "hyperband": Hyperband(),
    "median": Median(),
    "median, eager": Median(others=1),
    "patience": Patience(steps=4),
}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", SCHEDULERS)
def test_scheduler(name, case):
    check_scheduler(SCHEDULERS[name], case)
