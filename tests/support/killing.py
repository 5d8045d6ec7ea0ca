"""How a test ends a process at once, without any clean-up of its own, on every system.

A program text does it by ``os.kill(os.getpid(), KILL)``.
"""

from __future__ import annotations

import signal
import sys

if sys.platform == "win32":
    # Not a signal there: os.kill ends the process by TerminateProcess, with this number as its exit code.
    KILL = signal.SIGTERM
    KILLED = int(KILL)
else:
    KILL = signal.SIGKILL
    KILLED = -KILL
