"""Where things lie: the app's database, and the work folder for snapshots and stages.

Only decides on paths; opens and creates nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from sidecar.system.names import absolute

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


NO_HOME = Path("~")
"""Where default places lie when the home folder is not known (no HOME, no such user): nothing is ever made there."""


def default_database() -> Path:
    """The shipped app's own file: its data folder, not the empty namesake in its config folder."""
    return _at_home(platformdirs.user_data_dir) / "kirapilot.db"


def default_work_dir() -> Path:
    """A folder of the user's cache: on a disk, where /tmp may be memory."""
    return _at_home(platformdirs.user_cache_dir) / "backup-work"


def _at_home(folder: Callable[..., str]) -> Path:
    try:
        return Path(folder(_APP, appauthor=False))
    except RuntimeError:
        return NO_HOME


def is_homeless(path: Path) -> bool:
    """Whether a place is a default one, and the home folder it would lie in is not known."""
    return path.parts[:1] == NO_HOME.parts


def find_places(database: str | None = None, work_dir: str | None = None) -> Places:
    """The places named, else those of the environment, else the platform's default.

    :param database: path given by ``initialize`` or ``--database``; "" counts as not given.
    """
    named = database or os.environ.get(DATABASE_VARIABLE)
    found = absolute(named) if named else default_database()
    folder = work_dir or os.environ.get(WORK_DIR_VARIABLE)
    work = absolute(folder) if folder else default_work_dir()
    if is_homeless(work) and not is_homeless(found):
        # On a disk, too, and for the same people.
        work = found.parent / "backup-work"
    return Places(database=found, work_dir=work)
