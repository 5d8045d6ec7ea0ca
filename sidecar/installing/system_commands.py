"""The system's own commands: called, waited for, and what they complain of."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
from collections.abc import Sequence

from sidecar.errors.jobs import NoTimerService, TimerRefused

SECONDS = 60
"""Longest wait for one of them."""


def call(command: Sequence[str]) -> str:
    """What a command prints. Raises NoTimerService where there is no such program, TimerRefused where it fails."""
    ended = _run(command)
    if ended.returncode:
        said = " ".join(_text(ended.stderr or ended.stdout).split()) or f"code {ended.returncode}"
        raise TimerRefused(detail=f"{' '.join(command[:3])}: {said.rstrip('.')}")
    return _text(ended.stdout)


def succeeds(command: Sequence[str]) -> bool:
    """Whether a command ends well. Raises NoTimerService, TimerRefused where it does not end."""
    return _run(command).returncode == 0


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            env=_environment(),
            check=False,
            # No window for the moment that it takes.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise NoTimerService(detail=f"{command[0]}: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise TimerRefused(detail=f"{' '.join(command[:3])}: no answer in {SECONDS} s") from error


def _environment() -> dict[str, str]:
    """The environment without what PyInstaller's bootloader adds for the program itself: its own libraries."""
    environment = dict(os.environ)
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = environment.pop(f"{name}_ORIG", None)
        if before is not None:
            environment[name] = before
        elif getattr(sys, "frozen", False):
            environment.pop(name, None)
    return environment


CONSOLE = "oem" if sys.platform == "win32" else "utf-8"
"""How a system's commands write what is not ASCII: on Windows as its old consoles did."""


def _text(said: bytes) -> str:
    if said.startswith(codecs.BOM_UTF16_LE):
        return said.decode("utf-16", "replace").strip()
    try:
        return said.decode("utf-8").strip()
    except UnicodeDecodeError:
        return said.decode(CONSOLE, "replace").strip()
