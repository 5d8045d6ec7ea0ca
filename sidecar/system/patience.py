"""Patience: virus scanners, indexers and sync clients hold files for moments, and the system then refuses.

Written by hand: the well-known libraries for this load asyncio, a tenth of a second of start-up for twenty lines.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sidecar.progress import Progress
from sidecar.system import names
from sidecar.system.os_errors import is_held, winerror

_SECONDS_ON_WINDOWS, _SECONDS_ELSEWHERE = 10.0, 3.0
"""Longest wait. Elsewhere, only network drives and Windows' own disks (WSL) refuse what they would take later."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25

_SHARING = frozenset({5, 32, 33, 170, 303, 1224})
"""Windows: held by another program. 5, "access denied", is also what renaming over such a file gives."""

_MOMENTARY = frozenset({errno.EACCES, errno.EBUSY, errno.ETXTBSY, errno.EAGAIN})

_NOT_PERMITTED = frozenset({5, errno.EACCES})
"""What says of a file that one may not use it, on Windows and elsewhere: unless it is held, nothing is waited for."""

T = TypeVar("T")


def patiently(do: Callable[[], T], path: Path, progress: Progress | None = None, if_permitted: bool = False) -> T:
    """What ``do`` answers, tried again while another program holds ``path``, for some seconds.

    :param if_permitted: what is not permitted is not waited for, as when a file is to be read, removed or made.
    The wait is told, and can be cancelled, by way of ``progress``. Raises what the last try raised, Cancelled.
    """
    deadline = time.monotonic() + (_SECONDS_ON_WINDOWS if names.ON_WINDOWS else _SECONDS_ELSEWHERE)
    pause, told = _FIRST_PAUSE, False
    while True:
        try:
            return do()
        except OSError as error:
            for_good = not is_momentary(error) or (if_permitted and _is_refused(error, path, progress))
            if for_good or time.monotonic() >= deadline:
                raise
        if progress is not None:
            if told:
                progress.check()
            else:
                progress.waiting(f"Waiting for another program to let go of {path.name}")
        told = True
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _is_refused(error: OSError, path: Path, progress: Progress | None) -> bool:
    # Python's own ``open`` says the same of a file of Windows that another program holds, which is worth a wait that
    # somebody is told of; one of many files that are looked at is passed over.
    return (winerror(error) or error.errno) in _NOT_PERMITTED and (progress is None or not is_held(path))


def is_momentary(error: OSError) -> bool:
    """Whether a refusal may be gone in a moment."""
    number = winerror(error)
    return number in _SHARING if number else error.errno in _MOMENTARY
