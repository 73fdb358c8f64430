import subprocess
import sys

import pytest
from headway.allocator import _glibc

pytestmark = pytest.mark.skipif(_glibc() is None, reason="another C library than glibc, which nobody can tell a thing")

SCRIPT = """
import resource, sys
import numpy as np
from headway.allocator import give_back, keep_freed

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return int(open("/proc/self/statm").read().split()[1])

def steps():
    before = pages()
    for _ in range(20):
        layers = [np.ones(5_000_000, np.uint8) for _ in range(8)]
        del layers
    return pages() - before

if sys.argv[1] == "keep":
    keep_freed()
steps()
needed, held = steps(), resident()
give_back()
print(needed, held - resident())
"""
PAGES = 8 * 5_000_000 // 4096


def told(word):
    done = subprocess.run([sys.executable, "-c", SCRIPT, word], capture_output=True, text=True, check=True)
    return map(int, done.stdout.split())


def test_what_a_step_frees_the_next_one_has_without_asking_the_system():
    asked, _ = told("plain")
    needed, returned = told("keep")
    assert needed < asked / 20
    assert returned > 0.9 * PAGES, "and it is given back when the stage is over"
