"""The progress bar: what is being done, how far it is, how much of it, and how long it will take.

Fits any terminal: on a narrow one, the counts make way for the bar, then the words.
"""

from __future__ import annotations

import shutil
import threading
import time
from typing import TextIO

from tqdm import tqdm

from sidecar.progress import Report
from sidecar.screen.text import columns, cut, size

NARROW = 72
"""Columns below which the counts are not shown."""

FORESEEN_AFTER = 2.0
"""Seconds after which the time that is left can be told from the time that has passed."""

_LEAST_BAR = 4


class Bar:
    """A progress bar on a terminal, gone when the job has ended."""

    def __init__(self, stream: TextIO) -> None:
        # Neither its watching thread nor its lock between processes is of use to one bar.
        tqdm.monitor_interval = 0
        tqdm.set_lock(threading.RLock())
        self._begun = time.monotonic()
        plain = "{percentage:3.0f}%|{bar}|"
        self._bar = tqdm(total=100, file=stream, leave=False, dynamic_ncols=True, bar_format=plain)

    def show(self, report: Report) -> None:
        """Draw one report."""
        width = shutil.get_terminal_size().columns
        self._bar.bar_format = shape(report, time.monotonic() - self._begun, width)
        self._bar.n = report.percentage
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


def shape(report: Report, seconds: float, width: int) -> str:
    """What tqdm is to draw on ``width`` columns, ``seconds`` after the job began."""
    left = _time_left(report.percentage, seconds)
    counts = _counts(report) if width >= NARROW else ""
    end = f"{counts}{left}"
    room = width - len("100%||") - 1 - _LEAST_BAR - columns(end) - 1
    message = cut(report.message, max(room, 1))
    return f"{_literal(message)} {{percentage:3.0f}}%|{{bar}}|{_literal(end)}"


def _counts(report: Report) -> str:
    if report.unit == "bytes":
        return f" {size(report.done)} of {size(report.total)}"
    if report.unit == "percent":
        # The percentage of a part says no more than the bar does.
        return ""
    return f" {report.done:,} of {report.total:,} {report.unit}"


def _time_left(percentage: int, seconds: float) -> str:
    if seconds < FORESEEN_AFTER or not 0 < percentage < 100:
        return ""
    left = round(seconds * (100 - percentage) / percentage)
    hours, rest = divmod(left, 3600)
    clock = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    return f" {clock} left"


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
