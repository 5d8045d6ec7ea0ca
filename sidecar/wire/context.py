"""What a method may use besides its params: where things lie, and how to report and be stopped.

The job modules' seams (Places, Progress) are made here, when a job first asks for them: an idle
sidecar loads neither SQLite nor the platform's folders.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from sidecar.wire.messages import Id

if TYPE_CHECKING:
    from pathlib import Path

    from sidecar.jobs.conflicts import ReadAhead
    from sidecar.progress import Progress, Report
    from sidecar.system.paths import Places
    from sidecar.wire.params import PreviewParams

Token = str | int
"""The caller's name for the progress of one request."""


PREVIEWS = 32
"""Previews that are remembered: more than anybody has open."""


class Session:
    """The places in force: those of ``initialize``, before those the process was started with.

    Used by the worker only, in the order of the requests: ``initialize`` moves what comes after it.
    """

    def __init__(self, database: str | None = None, work_dir: str | None = None) -> None:
        self._database = database
        self._work_dir = work_dir
        self._places: Places | None = None
        self._tidied: set[Path] = set()
        self.previews: dict[str, tuple[Places, PreviewParams]] = {}
        """The latest previews by their tokens: of which places, and of what."""
        self._ahead: ReadAhead | None = None

    @property
    def places(self) -> Places:
        """The places in force."""
        return self._places or self.move(None, None)

    @property
    def conflicts_ahead(self) -> ReadAhead:
        """What the latest preview, or page of conflicts, has read for the pages to come."""
        if self._ahead is None:
            from sidecar.jobs.conflicts import ReadAhead

            self._ahead = ReadAhead()
        return self._ahead

    def move(self, database: str | None, work_dir: str | None) -> Places:
        """Use these places from now on; None, or "", means the one the process was started with."""
        from sidecar.system.paths import find_places

        self._places = find_places(database or self._database, work_dir or self._work_dir)
        return self._places

    def note_preview(self, token: str, params: PreviewParams) -> None:
        """Remember what a preview was of, that its token alone may name it."""
        self.previews.pop(token, None)
        self.previews[token] = (self.places, params)
        while len(self.previews) > PREVIEWS:
            del self.previews[next(iter(self.previews))]

    def tidy(self) -> None:
        """Remove what killed jobs left in the work folder in force; does so once for each work folder."""
        work_dir = self.places.work_dir
        if work_dir in self._tidied:
            return
        self._tidied.add(work_dir)
        with suppress(OSError, ValueError):  # a folder that cannot be used is for the next job to tell of
            if any(work_dir.iterdir()):
                from sidecar.system.workfolder import sweep

                sweep(work_dir)


class Context(msgspec.Struct, frozen=True):
    """One request's surroundings.

    ``report`` sends a progress report under a token and never waits; ``cancelled`` tells whether
    this request is to stop; ``cancel`` stops another one, by its id.
    """

    session: Session
    report: Callable[[Token, Report], None]
    cancelled: Callable[[], bool]
    cancel: Callable[[Id], None]

    @property
    def places(self) -> Places:
        """The places in force for this request."""
        return self.session.places

    def progress(self, token: Token | None) -> Progress:
        """The progress of this request: reported if the caller named a token for it, cancellable either way."""
        from sidecar.progress import Progress

        report = self.report
        listen = None if token is None else lambda told: report(token, told)
        return Progress(listen=listen, cancelled=self.cancelled)
