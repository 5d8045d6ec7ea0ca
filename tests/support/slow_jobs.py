"""The sidecar, with jobs that last until a test wants otherwise: run as ``python -m tests.support.slow_jobs``."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from typing import Any

from sidecar.wire.context import Context
from sidecar.wire.methods import METHODS, Method
from sidecar.wire.params import NoParams, Params
from sidecar.wire.server import serve

SLOW_JOBS = [sys.executable, "-m", "tests.support.slow_jobs"]
"""The command that runs this module."""


class FloodParams(Params):
    """How much to report."""

    reports: int


def spin(params: NoParams, context: Context) -> None:
    """Work until cancelled; the first report tells that it runs."""
    progress = context.progress(params.progress_token)
    progress.phase("spin", 1, "turns", "Spinning")
    while True:
        progress.advance(0)


def ignore_cancel(params: NoParams, context: Context) -> None:
    """Hang, as a call into a dead network drive does."""
    context.progress(params.progress_token).phase("hang", 1, "hangs", "Hanging")
    threading.Event().wait()


def finish_anyway(params: NoParams, context: Context) -> str:
    """Note the cancellation too late, when everything is done."""
    context.progress(params.progress_token).phase("work", 1, "works", "Working")
    while not context.cancelled():
        pass
    return "finished"


def flood(params: FloodParams, context: Context) -> int:
    """Report far more than any pipe holds, as fast as possible."""
    from sidecar.progress import Report

    for number in range(params.reports):
        assert params.progress_token is not None
        context.report(params.progress_token, Report("flood", number, params.reports, "reports", 0, "x" * 1000))
    return params.reports


def write_everywhere(_params: NoParams, _context: Context) -> None:
    """Write where libraries write."""
    sys.stdout.write("from print\n")
    os.write(1, b"from a C library\n")
    warnings.warn("from a warning", stacklevel=1)


def log_much(_params: NoParams, _context: Context) -> None:
    """Log more than any pipe holds."""
    for _ in range(100):
        sys.stderr.write("x" * 10_000)


def read_input(_params: NoParams, _context: Context) -> str:
    """Read what is not ours to read."""
    return sys.stdin.read() + os.read(0, 100).decode()


def fail(_params: NoParams, _context: Context) -> None:
    """Fail as nobody foresaw."""
    raise RuntimeError("a secret of the user")


def tell_surrogate(_params: NoParams, _context: Context) -> str:
    """Answer with the name of an undecodable file."""
    return "caf\udce9"


def where(_params: NoParams, context: Context) -> str:
    """Tell which database is in force."""
    return str(context.places.database)


def _slow(name: str, run: Any, params: type[Params] = NoParams) -> dict[str, Method]:
    return {name: Method(name, run, params)}


JOBS = {
    **METHODS,
    **_slow("spin", spin),
    **_slow("ignore_cancel", ignore_cancel),
    **_slow("finish_anyway", finish_anyway),
    **_slow("flood", flood, FloodParams),
    **_slow("write_everywhere", write_everywhere),
    **_slow("log_much", log_much),
    **_slow("read_input", read_input),
    **_slow("fail", fail),
    **_slow("tell_surrogate", tell_surrogate),
    **_slow("where", where),
}

if __name__ == "__main__":
    sys.exit(serve(None, None, JOBS))
