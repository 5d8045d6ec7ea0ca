"""The policy: whether, when and where backups are made by themselves. Its file is ``policy_file``'s affair."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from sidecar.automatic.retention import Keep

DEFAULT_FOLDER = "backups/automatic"
"""Where backups go unless told otherwise: beside the database, and so on the same disk."""

Trigger = Literal["start", "timer", "update", "clear", "manual"]
"""Who asks: the app that has started, a timer, an update about to be installed, data about to be cleared, a person."""

Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that backups are kept in: ``path`` is absolute, from home (``~/``), or from the database's folder."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    keep: Keep = Keep()


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and when a backup is due, and where it goes.

    ``every`` is the time between two; with ``hours`` it is so many hours. ``after_changes`` is a number of commits
    that make one due sooner, 0 for none. ``stale_hours`` is the age from which on the newest backup of a place
    counts as stale, 0 for three times what lies between two.
    """

    enabled: bool = True
    every: Literal["hours", "daily", "weekly", "monthly"] = "daily"
    hours: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 6
    after_changes: Count = 0
    before_update: bool = True
    before_clear: bool = True
    stale_hours: Count = 0
    drill: bool = True
    places: Annotated[list[Place], msgspec.Meta(min_length=1, max_length=20)] = msgspec.field(
        default_factory=lambda: [Place(path=DEFAULT_FOLDER)]
    )


class PolicyFile(msgspec.Struct, kw_only=True):
    """The policy in force, and what is to be told of its file: ``remark`` is "" where there is nothing."""

    policy: Policy
    path: str
    exists: bool
    remark: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether the defaults stand in for a policy that could not be read: nobody knows how many were to be kept."""
        return not self.exists and self.remark != ""
