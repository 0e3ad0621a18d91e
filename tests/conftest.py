"""What holds for all tests: one thread a process, and the same examples on every machine."""

import os

from hypothesis import settings

# Before torch or numpy is imported, so that scripts that tests start inherit it too.
os.environ["OMP_NUM_THREADS"] = "1"

settings.register_profile("prunescape", deadline=None, derandomize=True)
settings.load_profile("prunescape")
