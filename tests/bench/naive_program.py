"""What tests.bench.start holds the sidecar against: all its dependencies, imported as their manuals say, and a ping.

To be frozen with PyInstaller's defaults. Does nothing of what the sidecar does.
"""

# ruff: noqa: F401 - what counts is that they are there

from __future__ import annotations

import json
import sqlite3
import sys
import zipfile

import filelock
import isal.igzip
import isal.isal_zlib
import msgspec
import peewee
import platformdirs
import tqdm
from jsonrpcserver import Success, dispatch, method


@method
def ping() -> object:
    return Success({"pong": True})


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{dispatch(line)}\n")
        sys.stdout.flush()
