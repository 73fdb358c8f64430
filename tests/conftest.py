"""Settings shared by all tests of the repository."""

import atexit
import os
import shutil
import signal
import tempfile

from hypothesis import settings

# Two cores are shared by all test workers: more threads than one each only slow them down.
for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "HEADWAY_THREADS"):
    os.environ.setdefault(name, "1")

# Tests that are run in the background, or under nohup, ignore signals, and so would the commands that are sent them.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# What commands remember of installations and projects goes to a cache that ends with the tests.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="headway-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

settings.register_profile("headway", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("headway")
