"""Optuna's own published conformance tests, against the installed Optuna."""

from collections.abc import Callable

import pytest
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from osetra.integrations.optuna import OsetraSampler


class TestOsetraSampler(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    @pytest.fixture(params=["random", "sobol", "auto", "evolution", "cmaes"])
    def sampler(self, request: pytest.FixtureRequest) -> Callable[[], OsetraSampler]:
        return lambda: OsetraSampler(request.param, seed=1)
