"""Whose a safety copy or a wreck is, where several databases lie in one folder and share its ``backups``.

The name of the file says so: behind the time stands nothing for a database called kirapilot.db, and a hash of the name
for any other. Earlier versions wrote none: theirs are kirapilot.db's, or those of the only database in the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sidecar.system.files import resolved
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import default_database

WORD = r"(?:-[0-9a-f]{16})?"
"""What may stand between the time and the ending of a name."""

APP_MARKS = (b"m20240101_0000", b"seaql_migrations", b'CREATE TABLE "tasks"')
"""What stands in every database of the app, in several pages."""

_OWNED = re.compile(r".*Z(-[0-9a-f]{16})\.[a-z]+", re.ASCII)
_MAGIC = b"SQLite format 3\0"
_LOOKED_AT = 64 << 10
"""Bytes of a file that tell whether it is a database of the app: its schema begins on the first page."""

Kept = TypeVar("Kept")


def word_of(database: Path) -> str:
    """What stands in the names of a database's copies behind the time. Raises PathError."""
    name = _name(database)
    if name == default_database().name:
        return ""
    return f"-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"


def own(database: Path, kept: Iterable[tuple[Path, Kept]]) -> list[Kept]:
    """Of files with a path each those that are the database's. Raises PathError."""
    word = word_of(database)
    named = [(_word_in(path), each) for path, each in kept]
    if word and any(not found for found, _ in named) and _has_neighbour(database):
        return [each for found, each in named if found == word]
    return [each for found, each in named if found in ("", word)]


def _word_in(path: Path) -> str:
    found = _OWNED.fullmatch(path.name)
    return found[1] if found else ""


def _name(database: Path) -> str:
    """The name of the file as its folder has it: not every disk tells upper case from lower, or forms of an umlaut."""
    with file_errors(database, Act.STAT):
        place = resolved(database)
    with suppress(OSError, ValueError):
        names = os.listdir(place.parent)  # noqa: PTH208 - names are all that is wanted
        if place.name not in names:
            alike = [name for name in names if _folded(name) == _folded(place.name)]
            return next((name for name in alike if place.samefile(place.with_name(name))), place.name)
    return place.name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _has_neighbour(database: Path) -> bool:
    """Whether there is another database of the app in the folder, as far as its files can be read."""
    with suppress(OSError, ValueError):
        place = resolved(database)
        return any(path != place and _is_database(path) for path in place.parent.iterdir())
    return False


def _is_database(path: Path) -> bool:
    with suppress(OSError):
        if path.is_file():
            if path.name == default_database().name:
                # Whatever is the matter with it.
                return True
            with path.open("rb") as file:
                if file.read(len(_MAGIC)) != _MAGIC:
                    return False
                head = file.read(_LOOKED_AT)
            return any(mark in head for mark in APP_MARKS)
    return False
