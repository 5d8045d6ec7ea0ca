"""Where a broken database is kept: beside the database, among the safety copies, or else in the work folder.

A restore sets nothing aside in one place that it cannot have back from there: an undo and the list look into both.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sidecar.errors.jobs import VerificationFailed
from sidecar.errors.paths import PathError
from sidecar.export.safety_copies import copy_errors, new_moment
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of, make_folder, require_plugged, second_folder_of
from sidecar.rescue.owners import own
from sidecar.rescue.wrecks import SetAside, list_wrecks, set_aside
from sidecar.system.paths import Places


def keep_wreck(places: Places, progress: Progress) -> SetAside:
    """Set the database aside as it is; what is made for that goes again when the set is removed.

    Where the folder beside the database cannot take it, it lies in the work folder, and ``remarks`` say so.
    Raises SafetyCopyFailed, Cancelled: then there is no such wreck.
    """
    folder = folder_of(places.database)
    with copy_errors(folder):
        try:
            return _keep_in(folder, places, progress)
        except (PathError, VerificationFailed) as error:
            # A disk that was taken out comes back, and would have been the place.
            require_plugged(folder)
            try:
                aside = _keep_in(second_folder_of(places), places, progress)
            except (PathError, VerificationFailed):
                raise error from None
            return replace(aside, remarks=(_told(aside, error), *aside.remarks))


def all_wrecks(places: Places, everyones: bool = False) -> list[SetAside]:
    """The wrecks of a database, beside it and in the work folder, the newest first.

    :param everyones: those of other databases in its folder, too.
    Raises PathError for the folder beside the database, unless there are some in the second place.
    """
    second: list[SetAside] = []
    with suppress(PathError):  # a work folder that cannot be used is for the job that needs it to tell of
        second = list_wrecks(second_folder_of(places))
    try:
        first = list_wrecks(folder_of(places.database))
        if not everyones:
            first = own(places.database, [(wreck.path, wreck) for wreck in first])
    except PathError:
        if not second:
            raise
        first = []
    return sorted((*first, *second), key=lambda wreck: wreck.moment, reverse=True)


def _keep_in(folder: Path, places: Places, progress: Progress) -> SetAside:
    made = make_folder(folder)
    try:
        moment = new_moment(folder_of(places.database), second_folder_of(places))
        return replace(set_aside(places.database, folder, moment, progress), made_folder=made)
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _told(aside: SetAside, error: PathError | VerificationFailed) -> str:
    what = "The broken database" if aside.was_there else "The mark that there was no database"
    return f"{what} lies in the work folder ({aside.path}): beside the database it could not be kept. {error.message}"
