"""This program: where it lies, and once more as a process beside this one.

A second process has what a thread has not: a processor of its own. It is talked to over pipes, and ends with them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).absolute().parents[1]


def run_from_source() -> tuple[Path, tuple[str, ...], Path]:
    """Python, the arguments that make it this program, and the folder in which it finds the package."""
    return Path(sys.executable).absolute(), ("-m", _PACKAGE.name), _PACKAGE.parent


def is_frozen() -> bool:
    """Whether this is the frozen program, whose file is ``sys.executable``."""
    return bool(getattr(sys, "frozen", False))


def start_server() -> subprocess.Popen[bytes]:
    """Start this program as a server on pipes of ours. Raises OSError.

    What it has to say besides its answers is not heard: they tell of every failure.
    """
    program, arguments, folder = run_from_source()
    return subprocess.Popen(
        [str(program), *(() if is_frozen() else arguments), "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=None if is_frozen() else folder,
        # Windows: no console that flashes up.
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
