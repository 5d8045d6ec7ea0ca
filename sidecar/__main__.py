"""How the program starts: as the app's sidecar on a pipe, or as a command line.

Imports next to nothing: what is imported before the first answer decides the start-up time.
"""

from __future__ import annotations

import os
import sys
import time

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell reports it."""

_DAY = 24 * 60 * 60


def main() -> int:
    """Run what the arguments ask for, and return the exit code (0 to 255)."""
    arguments = sys.argv[1:]
    _use_a_zone_of_this_earth()
    try:
        if _is_sidecar(arguments):
            from sidecar.wire.server import serve

            return serve(None, None)
        from sidecar.cli.commands import run

        return run(arguments)
    except KeyboardInterrupt:
        # Only before a command, or the server, has taken over the signals: nothing was begun.
        return INTERRUPTED


def _use_a_zone_of_this_earth() -> None:
    """Python's calendar takes no zone that is a day or more away, which TZ may name: UTC stands in for it."""
    if abs(time.localtime().tm_gmtoff) >= _DAY and sys.platform != "win32":
        os.environ["TZ"] = "UTC0"
        time.tzset()


def _is_sidecar(arguments: list[str]) -> bool:
    """A bare ``serve`` needs no command line parser, and nobody types without a terminal."""
    if arguments:
        return arguments == ["serve"]
    if sys.stdin is None or not sys.stdin.isatty():
        return True
    from sidecar.system.streams import is_terminal

    return not is_terminal(sys.stdin)


if __name__ == "__main__":
    sys.exit(main())
