"""What tests of the worst day begin with: a database in a folder of its own, and a good backup of it beside that."""

from __future__ import annotations

import shutil
from pathlib import Path

from sidecar.system.paths import Places
from tests.support.databases import backup


def home_of(database: Path, folder: Path) -> Places:
    """The user's home in ``folder``, with a copy of a database; beside it a backup, and the database as it was."""
    (folder / "home").mkdir()
    own = Path(shutil.copy(database, folder / "home" / "kirapilot.db"))
    backup(own, folder / "good.kpbackup")
    shutil.copy(own, folder / "original.db")
    return Places(own, folder / "work")


def good_backup_of(home: Places) -> str:
    return str(home.database.parent.parent / "good.kpbackup")


def original_of(home: Places) -> Path:
    return home.database.parent.parent / "original.db"
