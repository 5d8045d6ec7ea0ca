"""One seam for progress and cancellation: ``advance`` reports, and is the point at which a job stops.

Owns the arithmetic (phases, weights, throttling); knows nothing of who listens.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from sidecar.errors.base import Cancelled

INTERVAL = 0.2
"""Least seconds between two reports of one phase. Each of four phases reports at once when it begins: with
those, no second has more than the ten that the wire allows."""

HANDLER_STEPS = 20_000
"""SQLite virtual-machine steps between two looks at the cancel flag; some 1 ms of work."""

STEPS_BESIDE = 50 * HANDLER_STEPS
"""The same on a thread beside another: each look waits up to 5 ms until the other one lets Python go."""


class Report(msgspec.Struct, frozen=True):
    """One progress report: ``done`` of ``total`` units in ``phase``, ``percentage`` (0 to 100) of the whole job."""

    phase: str
    done: int
    total: int
    unit: str
    percentage: int
    message: str


class Progress:
    """Progress of one job.

    :param weights: the job's phases in order, with the share of the time each is expected to take.
    :param listen: called with each :class:`Report`, on the job's thread; must not block.
    :param cancelled: asked at every step; once true the next step raises :class:`Cancelled`.
    :param steps: of SQLite between two looks at ``cancelled``.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        listen: Callable[[Report], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        steps: int = HANDLER_STEPS,
    ) -> None:
        self._weights = dict(weights or {})
        self._listen = listen
        self._cancelled = cancelled
        self._steps = steps
        self._phase = ""
        self._message = ""
        self._unit = ""
        self._done = 0
        self._total = 0
        self._floor = 0
        self._due = 0.0
        self._begun: set[str] = set()

    def plan(self, weights: Mapping[str, float]) -> None:
        """Name the job's phases, in order, each with its share of the time; done once by the job itself."""
        self._weights = dict(weights)

    def phase(self, name: str, total: int, unit: str, message: str) -> None:
        """Begin a phase of ``total`` units; the first of a name reports at once. Raises :class:`Cancelled`."""
        self._phase, self._total, self._unit, self._message = name, total, unit, message
        self._done = 0
        if name not in self._begun:
            self._begun.add(name)
            self._due = 0.0
        self.advance(0)

    def part(self, name: str, message: str) -> Progress:
        """The progress of a job within this one, which is shown as one phase of it; begins that phase.

        Raises :class:`Cancelled`. Once another phase has begun, the part reports no more, but is cancelled as ever.
        """
        self.phase(name, 100, "percent", message)

        def follow(report: Report) -> None:
            if self._phase == name:
                self.advance(max(0, report.percentage - self._done))

        return Progress(listen=follow, cancelled=self._cancelled)

    def advance(self, units: int) -> None:
        """Count ``units`` more as done; report if a report is due. Raises :class:`Cancelled`."""
        self.check()
        self._done += units
        now = time.monotonic()
        if self._listen is not None and now >= self._due:
            self._due = now + INTERVAL
            self._floor = max(self._floor, self._percentage())
            done = min(self._done, self._total)
            self._listen(Report(self._phase, done, self._total, self._unit, self._floor, self._message))

    def waiting(self, message: str) -> None:
        """Report at once that the job waits, and what for. Raises :class:`Cancelled`."""
        before, self._message, self._due = self._message, message, 0.0
        self.advance(0)
        self._message = before

    def quietly(self) -> Progress:
        """The same job's progress for a step that is no part of its plan: cancellable, but not reported."""
        return Progress(cancelled=self._cancelled)

    def beside(self, ended: Callable[[], bool] = lambda: False) -> Progress:
        """As ``quietly``, for a step on a thread of its own that is also to end when ``ended`` says so."""
        return Progress(cancelled=lambda: ended() or self._interrupt(), steps=STEPS_BESIDE)

    def check(self) -> None:
        """Raise :class:`Cancelled` if the job is to stop."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled()

    @contextmanager
    def watching(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Let long SQL statements of ``connection`` report and be cancelled too."""
        connection.set_progress_handler(self._interrupt, self._steps)
        try:
            yield
        except sqlite3.OperationalError as error:
            # The handler can only say "stop": SQLite turns it into "interrupted".
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise Cancelled() from error
            raise
        finally:
            connection.set_progress_handler(None, 0)

    def _interrupt(self) -> bool:
        return self._cancelled is not None and self._cancelled()

    def _percentage(self) -> int:
        before = 0.0
        for name, weight in self._weights.items():
            if name == self._phase:
                share = min(self._done / self._total, 1.0) if self._total else 0.0
                return int(100 * (before + weight * share) / sum(self._weights.values()))
            before += weight
        return self._floor
