"""Undo: the newest safety copy that differs from what is there -> an import of it, to the last byte.

It makes a safety copy itself, so a second undo brings back what the first took away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sidecar.errors import BackupError, NoSafetyCopy
from sidecar.jobs.importing import preview_restore, restore_copy
from sidecar.jobs.safety_copies import folder_of, list_copies
from sidecar.progress import Progress
from sidecar.results import ImportPreview, UndoResult
from sidecar.system.paths import Places


def undo_last_import(
    places: Places,
    progress: Progress,
    settings: Mapping[str, object] | None = None,
    agreed: tuple[Path, str] | None = None,
) -> UndoResult:
    """Put back what the last import that changed anything replaced: rows, and the settings the copy holds.

    A copy that is what is there already (an import was killed after it had made one) is passed over.

    :param agreed: the copy that ``preview_undo`` named, and the token of its preview: that is done, or nothing.
    Raises NoSafetyCopy, and what an import raises; the database is then what it was. A copy that cannot be
    read ends it: an older one would bring back something else than was asked for.
    """
    found: UndoResult | None = None
    for path in _copies(places) if agreed is None else [agreed[0]]:
        with _named(path):
            result = restore_copy(places, str(path), progress, settings, agreed and agreed[1])
        found = found or UndoResult(**msgspec.structs.asdict(result), path=str(path))
        if result.safety_copy is not None:
            return UndoResult(**msgspec.structs.asdict(result), path=str(path))
        if result.settings is not None and settings is None:
            # The copy may differ in settings that nobody showed: going on would undo too much.
            break
    assert found is not None  # _copies has one at least
    return found


def preview_undo(places: Places, progress: Progress) -> tuple[Path, ImportPreview]:
    """The copy that an undo without settings would put back, and what it would do. Raises what the undo raises."""
    found: tuple[Path, ImportPreview] | None = None
    for path in _copies(places):
        with _named(path):
            preview, has_settings = preview_restore(places, str(path), progress)
        found = found or (path, preview)
        if any(account.changes for account in preview.tables.values()):
            return path, preview
        if has_settings:
            break
    assert found is not None  # _copies has one at least
    return found


def _copies(places: Places) -> list[Path]:
    folder = folder_of(places.database)
    copies = list_copies(folder)
    if not copies:
        raise NoSafetyCopy(path=folder)
    return copies


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of a copy that cannot be used which one it is."""
    try:
        yield
    except BackupError as error:
        error.path = error.path or str(path)
        raise
