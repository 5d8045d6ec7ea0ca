"""The conflicts of a merge, told one by one: what a preview counted and numbered, as a page."""

from __future__ import annotations

from dataclasses import replace

from sidecar.errors.conflicts import NoSuchConflict
from sidecar.jobs.comparing import compared, fitting
from sidecar.jobs.request import Request
from sidecar.merging.answers import Conflicts
from sidecar.merging.pages import Page
from sidecar.progress import Progress

PHASES = {"stage": 0.75, "check": 0.25}

COUNT = 100
"""Conflicts of a page where nothing else is asked for."""

MOST = 1_000
"""Most conflicts of a page: what one answer may hold."""


def list_conflicts(request: Request, progress: Progress, start: int = 1, count: int = COUNT) -> Conflicts:
    """Some of the conflicts that a merge would have, from the number ``start`` on; changes nothing.

    :param request: the preview's, and its token in it: the numbers are of what that showed, or there are none.
    Raises NoSuchConflict, ChangedSincePreview, and whatever a preview raises.
    """
    progress.plan(PHASES)
    asked = replace(request, preview=True, page=Page(((start, start + count - 1),), min(count, MOST)))
    listed = fitting(asked, lambda fit: _listed(fit, progress))
    if start > max(listed.total, 1):
        raise NoSuchConflict(detail=f"{start}: there are {listed.total:,}")
    return listed


def _listed(request: Request, progress: Progress) -> Conflicts:
    with compared(request, progress) as target:
        total = target.plan.conflicts.total if target.plan.conflicts else 0
        return Conflicts(token=target.token, total=total, conflicts=target.shown)
