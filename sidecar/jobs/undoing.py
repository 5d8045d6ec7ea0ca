"""Undo: the newest safety copy, or wreck, that differs from what is there -> back into its place, to the last byte.

It keeps what is there itself, so a second undo brings back what the first took away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from sidecar.errors.backups import BackupError
from sidecar.errors.jobs import NoSafetyCopy, NoSuchCopy, NothingReplaced
from sidecar.errors.paths import PathError
from sidecar.export.safety_copies import all_copies, moment_of
from sidecar.jobs.importing import preview_restore, restore_copy
from sidecar.jobs.keeping_wrecks import all_wrecks
from sidecar.jobs.listing import copies_of_others
from sidecar.jobs.putting_back import is_in_place, preview_wreck, put_wreck_back
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of
from sidecar.rescue.wrecks import SetAside
from sidecar.results import ImportPreview, UndoResult
from sidecar.system.paths import Places


def undo_last_import(
    places: Places,
    progress: Progress,
    settings: Mapping[str, object] | None = None,
    agreed: tuple[Path, str] | None = None,
    only: Path | None = None,
) -> UndoResult:
    """Put back what the last import that changed anything replaced: rows, and the settings the copy holds.

    A copy that is what is there already (an import was killed after it had made one) is passed over.

    :param agreed: what ``preview_undo`` named, and the token of its preview: that is done, or nothing.
    :param only: the copy that is wanted, else the newest.
    Raises NoSafetyCopy, NothingReplaced, and what an import raises; the database is then what it was. A copy that
    cannot be read ends it: an older one would bring back something else than was asked for.
    """
    found: UndoResult | None = None
    for kept in _kept(places, agreed[0] if agreed else only):
        if isinstance(kept, SetAside):
            if is_in_place(kept, places.database, progress):
                continue
            return put_wreck_back(places, kept, progress, settings, agreed and agreed[1])
        with _named(kept):
            result = restore_copy(places, str(kept), progress, settings, agreed and agreed[1])
        found = found or UndoResult(**msgspec.structs.asdict(result), path=str(kept))
        if result.safety_copy is not None or result.rescue is not None:
            return UndoResult(**msgspec.structs.asdict(result), path=str(kept))
        if result.settings is not None and settings is None:
            # The copy may differ in settings that nobody showed: going on would undo too much.
            break
    if found is None:
        raise _none(places)
    return found


def preview_undo(places: Places, progress: Progress, only: Path | None = None) -> tuple[Path, ImportPreview]:
    """What an undo without settings would put back, and what it would do. Raises what the undo raises."""
    found: tuple[Path, ImportPreview] | None = None
    for kept in _kept(places, only):
        if isinstance(kept, SetAside):
            if is_in_place(kept, places.database, progress):
                continue
            return kept.path, preview_wreck(places, kept)
        with _named(kept):
            preview, has_settings = preview_restore(places, str(kept), progress)
        found = found or (kept, preview)
        if preview.rescue is not None or any(account.changes for account in preview.tables.values()):
            return kept, preview
        if has_settings:
            break
    if found is None:
        raise _none(places)
    return found


def find_copy(places: Places, name: str) -> Path:
    """The safety copy, or wreck, of that name, with or without its ending. Raises NoSuchCopy, PathError.

    Of another database in the folder, too: this one may have had that one's name.
    """
    kept = [*all_copies(places, everyones=True), *(wreck.path for wreck in all_wrecks(places, everyones=True))]
    for path in kept:
        if name in (path.name, path.stem, str(path)):
            return path
    raise NoSuchCopy(detail=name)


def _none(places: Places) -> NoSafetyCopy:
    """That there is nothing to undo, and how to get at what there is of other databases in the folder."""
    error = NoSafetyCopy(path=folder_of(places.database))
    if others := copies_of_others(places):
        error.advice = (
            "What lies there is of another database, or of this one under another name. To have it back all the same,"
            f" name it (undo --to, param to): {others[0].name} is the newest."
        )
    return error


def _kept(places: Places, only: Path | None = None) -> Iterator[Path | SetAside]:
    """Safety copies and wrecks, the newest first. Raises NothingReplaced where an import had found no database.

    :param only: the one of them that is wanted, which may be another database's.
    """
    named = only is not None
    copies = all_copies(places, everyones=named)
    moments: dict[Path | SetAside, datetime] = {path: moment for path in copies if (moment := moment_of(path))}
    with suppress(PathError):  # told of by all_copies, unless there are copies elsewhere, which can be put back
        moments |= {wreck: wreck.moment for wreck in all_wrecks(places, everyones=named)}
    for kept in sorted(moments, key=moments.__getitem__, reverse=True):
        if only is not None and only != (kept.path if isinstance(kept, SetAside) else kept):
            continue
        if isinstance(kept, SetAside) and not kept.was_there:
            raise NothingReplaced(path=places.database)
        yield kept


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of a copy that cannot be used which one it is."""
    try:
        yield
    except BackupError as error:
        error.path = error.path or str(path)
        raise
