"""Settings shared by all tests of the repository."""

import os

from hypothesis import settings

# Two cores are shared by all test workers: more threads than one each only slow them down.
for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "HEADWAY_THREADS"):
    os.environ.setdefault(name, "1")

settings.register_profile("headway", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("headway")
