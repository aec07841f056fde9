"""The fuzzing compares with the plain reading of tests/shape; a longer run is a profile."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shape"))

# pytest tests/fuzz --hypothesis-profile=soak --timeout=0: other examples on every run, some
# seven minutes of one core. The number only tells the profile: test_fuzz.py multiplies its own.
settings.register_profile(
    "soak",
    max_examples=20_000,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def _untraced(no_cover: None) -> None:
    """Run at full speed: examples repeat the same lines, and other tests cover these."""
