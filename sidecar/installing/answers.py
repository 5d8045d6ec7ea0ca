"""What is answered about the system's timer: structs alone."""

from __future__ import annotations

import msgspec


class TimerFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the system that makes the timer, whole; ``path`` is a task's name where the system keeps the file."""

    path: str
    content: str


class SystemTimer(msgspec.Struct, kw_only=True):
    """The system's timer as it is now, or as it would be.

    ``system`` is "systemd", "launchd" or "task_scheduler". ``installed`` is whether there is one, ``active`` whether
    the system runs it. ``program`` is the file that it starts, "" where that is not known, and ``program_there`` is
    whether it is still there. ``changed`` is whether this command changed anything, or, tried out, would. ``commands``
    are those of the system that were, or would be, called.
    """

    system: str
    installed: bool
    active: bool
    program: str = ""
    program_there: bool = False
    changed: bool = False
    files: list[TimerFile] = msgspec.field(default_factory=list)
    commands: list[list[str]] = msgspec.field(default_factory=list)

    @property
    def is_working(self) -> bool:
        """Whether backups are made by it."""
        return self.installed and self.active and self.program_there
