"""The timer of this system: looked at, made, and taken away. Doing so twice is doing it once."""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.database.connection import require_file
from sidecar.errors.jobs import NoTimerService
from sidecar.installing.answers import SystemTimer, TimerFile
from sidecar.installing.program import call_of
from sidecar.installing.service import Service
from sidecar.system.paths import Places


def service_of(platform: str = sys.platform) -> Service:
    """The service of a system, as ``sys.platform`` names it. Raises NoTimerService for one that has none."""
    if platform == "darwin":
        from sidecar.installing.launchd import Launchd

        return Launchd()
    if platform == "win32":
        from sidecar.installing.task_scheduler import TaskScheduler

        return TaskScheduler()
    if platform.startswith("linux"):
        from sidecar.installing.systemd import Systemd

        return Systemd()
    raise NoTimerService(detail=platform)


def install(places: Places, service: Service, work_dir: str | None = None, *, dry_run: bool) -> SystemTimer:
    """Let the system call ``auto run`` of this program once an hour; ``dry_run``: tell only what would be done.

    :param work_dir: the work folder that somebody named.
    Raises DatabaseNotFound, CannotSchedule, NoTimerService, TimerRefused, PathError; all is then as it was before.
    """
    require_file(places.database)
    files = service.written(call_of(places, work_dir))
    found, active = service.found(), service.is_active()
    if active and service.is_same(found, files):
        return _told(service, found, active=True)
    if not dry_run:
        service.switch_on(files, places.work_dir)
        active = service.is_active()
    told = _told(service, files, active=active)
    told.installed, told.changed, told.commands = bool(found) or not dry_run, True, service.switching_on()
    return told


def installed(service: Service) -> SystemTimer:
    """The timer that there is, and whether it works. Raises NoTimerService, TimerRefused, PathError."""
    return _told(service, service.found(), active=service.is_active())


def uninstall(service: Service, *, dry_run: bool) -> SystemTimer:
    """Take the timer away; backups stay where they are. ``dry_run``: tell only what would be done.

    Raises NoTimerService, TimerRefused, PathError.
    """
    found, active = service.found(), service.is_active()
    if not found and not active:
        return _told(service, [], active=False)
    if not dry_run:
        service.switch_off()
    told = _told(service, found, active=active and dry_run)
    told.installed, told.changed, told.commands = dry_run, True, service.switching_off()
    return told


def _told(service: Service, files: list[TimerFile], *, active: bool) -> SystemTimer:
    program = service.program(files)
    return SystemTimer(
        system=service.name,
        installed=bool(files),
        active=active and bool(files),
        program=program,
        program_there=bool(program) and Path(program).is_file(),
        files=files,
    )
