"""Which program the timer is to start, and with which arguments: this one, by a path that lasts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from sidecar.errors.jobs import CannotSchedule
from sidecar.system.own_program import is_frozen, run_from_source
from sidecar.system.paths import WORK_DIR_VARIABLE, Places

PROGRAM = "kirapilot-sidecar"

_PASSING = ("AppTranslocation", "_MEI")
"""What the name of a folder begins with that macOS, or the program itself, takes away again; an AppImage names its own
in APPDIR."""


@dataclass(frozen=True)
class Call:
    """What is to be started: absolute ``program``, its arguments, and the folder to start it in, if that matters."""

    program: str
    arguments: tuple[str, ...]
    folder: str = ""


def call_of(places: Places, work_dir: str | None = None) -> Call:
    """The call of ``auto run`` for a database.

    The database is always named, for a timer need not have the variables that name it here; the work folder only if
    somebody named it. Raises CannotSchedule where this program lies in a place that does not last.
    """
    arguments = ["auto", "run", "--database", str(places.database.absolute())]
    if work_dir or os.environ.get(WORK_DIR_VARIABLE):
        arguments += ["--work-dir", str(places.work_dir)]
    program, before, folder = _this_program()
    if _is_passing(program):
        raise CannotSchedule(detail=f"{program} lies in a folder that does not last; copy it elsewhere first")
    return Call(str(program), (*before, *arguments), folder)


def _this_program() -> tuple[Path, tuple[str, ...], str]:
    """The frozen file, else pip's script, else Python and this package, which it finds in the folder above."""
    program, arguments, folder = run_from_source()
    if is_frozen():
        return program, (), ""
    script = Path(sys.argv[0]).absolute()
    for path in (script, script.with_name(f"{script.name}.exe")):
        if path.stem == PROGRAM and path.is_file():
            return path, (), ""
    return program, arguments, str(folder)


def _is_passing(program: Path) -> bool:
    mounted = os.environ.get("APPDIR")
    is_mounted = bool(mounted) and program.is_relative_to(str(mounted))
    return is_mounted or any(part.startswith(_PASSING) for part in program.parts)
