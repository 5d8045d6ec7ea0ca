"""The conflicts of a merge, told one by one: what a preview counted and numbered, as a page."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from sidecar.database.connection import database_errors, open_for_reading
from sidecar.errors.conflicts import NoSuchConflict
from sidecar.errors.databases import DatabaseError
from sidecar.errors.paths import PathError
from sidecar.jobs.comparing import compared, fitting
from sidecar.jobs.request import Request
from sidecar.merging.answers import Conflict, Conflicts
from sidecar.merging.pages import Page
from sidecar.own_json import encoded
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import require_own_journals
from sidecar.restore.preview_token import database_state, is_of, read_state
from sidecar.sources.folders import files_of

PHASES = {"stage": 0.75, "check": 0.25}

COUNT = 100
"""Conflicts of a page where nothing else is asked for."""

MOST = 1_000
"""Most conflicts of a page: what one answer may hold."""


FIRST = Page(((1, MOST),), MOST)
"""What a preview reads for whoever asks to see its conflicts next."""

AHEAD_BYTES = 4_000_000
"""Most that is kept in memory for the pages behind one, as they would be sent."""


class ReadAhead:
    """The conflicts that were read with a preview or a page, for the pages to come: reading takes as long as a preview.

    They are those of the same request, and of a backup and a database that nobody has written to since.
    """

    def __init__(self) -> None:
        self._request: Request | None = None
        self._listed = Conflicts(token="", total=0, conflicts=[])

    def keep(self, request: Request, listed: Conflicts) -> None:
        """Keep what was read for a request, in the place of what was kept before; no more than AHEAD_BYTES of it."""
        kept, left = [], AHEAD_BYTES
        for conflict in listed.conflicts:
            left -= len(encoded(conflict))
            if left < 0:
                break
            kept.append(conflict)
        self._request, self._listed = request, _with(listed, kept)

    def page(self, request: Request, start: int, count: int, progress: Progress) -> Conflicts | None:
        """A page of what was kept; None where it is not all there, or nobody can tell that it still is so."""
        kept = self._listed.conflicts
        if request != self._request or not kept:
            return None
        end = min(start + count - 1, self._listed.total)
        if not kept[0].number <= start <= end <= kept[-1].number:
            return None
        if not _is_current(request, progress):
            return None
        skipped = start - kept[0].number
        return _with(self._listed, kept[skipped : skipped + count])


def _with(listed: Conflicts, conflicts: list[Conflict]) -> Conflicts:
    """The same with other conflicts of the same preview."""
    return Conflicts(token=listed.token, total=listed.total, conflicts=conflicts)


def _is_current(request: Request, progress: Progress) -> bool:
    """Whether the preview's token is still that of the backup and the database: what it numbered follows from these."""
    database = request.places.database
    try:
        state = read_state(files_of(request.file_path), progress)
        require_own_journals(database, request.places.work_dir, progress)
        with database_errors(database), closing(open_for_reading(database)) as connection:
            data = database_state(connection, database)
    except (PathError, DatabaseError):
        # For the reading to tell of.
        return False
    return is_of(request.preview_token or "", state, request.kind(), data)


def list_conflicts(
    request: Request, progress: Progress, start: int = 1, count: int = COUNT, ahead: ReadAhead | None = None
) -> Conflicts:
    """Some of the conflicts that a merge would have, from the number ``start`` on; changes nothing.

    :param request: the preview's, and its token in it: the numbers are of what that showed, or there are none.
    :param ahead: what earlier pages have read, and where this one keeps what it reads beyond itself.
    Raises NoSuchConflict, ChangedSincePreview, and whatever a preview raises.
    """
    progress.plan(PHASES)
    if ahead is not None and (page := ahead.page(request, start, count, progress)) is not None:
        return page
    most = min(count, MOST) if ahead is None else MOST
    asked = replace(request, preview=True, page=Page(((start, start + most - 1),), most))
    listed = fitting(asked, lambda fit: _listed(fit, progress))
    if start > max(listed.total, 1):
        raise NoSuchConflict(detail=f"{start}: there are {listed.total:,}")
    if ahead is None:
        return listed
    ahead.keep(request, listed)
    return _with(listed, listed.conflicts[:count])


def _listed(request: Request, progress: Progress) -> Conflicts:
    with compared(request, progress) as target:
        total = target.plan.conflicts.total if target.plan.conflicts else 0
        return Conflicts(token=target.token, total=total, conflicts=target.shown)
