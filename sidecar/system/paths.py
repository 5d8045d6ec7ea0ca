"""Where things lie: the app's database, and the work folder for snapshots and stages.

Only decides on paths; opens and creates nothing.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

DATABASE_VARIABLE = "KIRAPILOT_DATABASE"
"""Environment variable that names the database, after ``initialize`` and ``--database``."""

WORK_DIR_VARIABLE = "KIRAPILOT_WORK_DIR"
"""Environment variable that names the work folder, after ``initialize`` and ``--work-dir``."""

# The app spells its own folder in lower case on Linux only.
_APP = "kirapilot" if sys.platform.startswith("linux") else "KiraPilot"


@dataclass(frozen=True)
class Places:
    """The database a job works on, and the folder for its throw-away files."""

    database: Path
    work_dir: Path


def default_database() -> Path:
    """The shipped app's own file: its data folder, not the empty namesake in its config folder."""
    return Path(platformdirs.user_data_dir(_APP, appauthor=False), "kirapilot.db")


def default_work_dir() -> Path:
    """A folder of the user's cache: on a disk, where /tmp may be memory."""
    return Path(platformdirs.user_cache_dir(_APP, appauthor=False), "backup-work")


def find_places(database: str | None = None, work_dir: str | None = None) -> Places:
    """The places named, else those of the environment, else the platform's default.

    :param database: path given by ``initialize`` or ``--database``; "" counts as not given.
    """
    named = database or os.environ.get(DATABASE_VARIABLE)
    folder = work_dir or os.environ.get(WORK_DIR_VARIABLE)
    return Places(
        database=Path(named).absolute() if named else default_database(),
        work_dir=Path(folder).absolute() if folder else default_work_dir(),
    )
