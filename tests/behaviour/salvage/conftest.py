"""The backup that tests of salvages damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import EVERY_KIND, Copy
from tests.support.archives import Entries, entries_of
from tests.support.databases import backup


@pytest.fixture
def own(tmp_path: Path, database_copy: Copy) -> Entries:
    """The entries of a backup of ours that has a row of every kind."""
    return entries_of(backup(database_copy(EVERY_KIND), tmp_path / "whole.kpbackup"))
