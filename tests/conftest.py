"""Settings for all tests."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # helper programs of a room: `from executors import programs`
os.environ.pop("PYTHONWARNINGS", None)

settings.register_profile(
    "osetra", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("osetra")
