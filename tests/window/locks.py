"""A hold on the app's database: what a job waits for until the test lets go, so that it is caught in the middle."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def held(database: Path, how: str = "EXCLUSIVE") -> Iterator[None]:
    """Nobody else gets at the database within the block; the sidecar waits for 10 seconds, then gives up."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f"BEGIN {how}")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
