"""What is answered about automatic backups: structs alone, so that the wire can name them without loading a job."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, when, and in which words for the user."""

    when: datetime
    kind: str
    message: str


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """A restore that was tried on a throw-away database: ``outcome`` is "fine", "rotten" or "not_tried"."""

    when: datetime
    name: str
    outcome: str
    detail: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is removed until a person has looked: ``detail`` says which tables shrank, and how far."""

    since: datetime
    detail: str


class PlaceOutcome(msgspec.Struct, kw_only=True):
    """What became of one place: ``outcome`` is "made", "copied", "current", "missing" or "failed"."""

    path: str
    outcome: str
    backup: str | None = None
    warning: str = ""


class Checked(msgspec.Struct, kw_only=True):
    """One backup: ``outcome`` is "fine", "rotten" or "not_tried" (with the reason in ``detail``)."""

    path: str
    outcome: str
    detail: str = ""


class PlaceDrill(msgspec.Struct, kw_only=True):
    """The drill of one place; null where there is no proved backup to try."""

    path: str
    drill: Drill | None


class RunResult(msgspec.Struct, kw_only=True):
    """What a run did: ``outcome`` is "made", "current" (nothing changed since the newest proved one) or "not_due".

    Of a run that was not due ``places`` holds those alone that lacked the newest one, and got it now.
    ``checked`` and ``drills`` are what a timer's run looked after besides: what was re-read, and restored on trial.
    """

    outcome: str
    why: str = ""
    backup: str | None = None
    rows: dict[str, int] = msgspec.field(default_factory=dict)
    places: list[PlaceOutcome] = msgspec.field(default_factory=list)
    removed: list[str] = msgspec.field(default_factory=list)
    held: str = ""
    next_due: datetime | None = None
    warnings: list[str] = msgspec.field(default_factory=list)
    checked: list[Checked] = msgspec.field(default_factory=list)
    drills: list[PlaceDrill] = msgspec.field(default_factory=list)


class PlaceHealth(msgspec.Struct, kw_only=True):
    """One place: ``state`` is "healthy", "stale", "failing" or "never"; ``present`` is false for an unplugged disk.

    ``newest`` names its newest proved backup, made at ``made``; ``age_hours`` counts from when it was last found to
    hold what the database holds. ``kept`` is how many are whole there, ``rotten`` how many are not.
    """

    path: str
    state: str
    present: bool
    newest: str | None = None
    made: datetime | None = None
    age_hours: float | None = None
    rows: dict[str, int] = msgspec.field(default_factory=dict)
    size: int = 0
    kept: int = 0
    rotten: int = 0
    failure: Failure | None = None
    drill: Drill | None = None


class BackupStatus(msgspec.Struct, kw_only=True):
    """All places, and the worst that is to be said of them: ``state`` may also be "held"."""

    state: str
    enabled: bool
    places: list[PlaceHealth]
    last: datetime | None = None
    next_due: datetime | None = None
    failure: Failure | None = None
    hold: Hold | None = None
    warnings: list[str] = msgspec.field(default_factory=list)


class CheckResult(msgspec.Struct, kw_only=True):
    """What was re-read, those longest not looked at first; ``left`` is how many wait for a later run."""

    checked: list[Checked]
    left: int


class DrillResult(msgspec.Struct, kw_only=True):
    """The drill of each place."""

    places: list[PlaceDrill]


class HoldAnswer(msgspec.Struct, kw_only=True):
    """The hold that was lifted; null where there was none."""

    lifted: Hold | None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one backup: ``reason`` says why it stays, or why it may go."""

    path: str
    stays: bool
    reason: str


class PruneResult(msgspec.Struct, kw_only=True):
    """A verdict on each automatic backup, by place and age, and the paths that were removed."""

    verdicts: list[Verdict]
    removed: list[str]
    held: str = ""
    warnings: list[str] = msgspec.field(default_factory=list)


class Noted(msgspec.Struct, kw_only=True):
    """What is kept with a backup now, in so many places."""

    number: int
    note: str
    pinned: bool
    places: int
