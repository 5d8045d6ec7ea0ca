"""The same tree makes the same bytes only if sets are written in the same order: by a fixed seed of Python's hashes."""

from __future__ import annotations

import os
import subprocess
import sys


def ensure_fixed_hashes() -> None:
    """Return if the seed is fixed; otherwise run this build again with one, in its place."""
    if not sys.flags.hash_randomization:
        return
    words = [sys.executable, *sys.orig_argv[1:]]
    sys.exit(subprocess.run(words, env=os.environ | {"PYTHONHASHSEED": "0"}).returncode)
