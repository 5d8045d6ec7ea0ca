"""Campaigns: which steps of a job are met by which faults, and what must hold after each, whatever the job."""

from __future__ import annotations

import errno
import itertools
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.database.introspection import quote
from sidecar.system.os_errors import Act, typed
from sidecar.system.paths import Places
from tests.campaigns.faults.shimmed import FAIL_ON, FAIL_ONCE, KILL, TEAR, Outcome, Step

CODES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)


@dataclass(frozen=True)
class Fault:
    """What meets a job at one of its steps."""

    mode: int
    code: int = 0

    @property
    def kills(self) -> bool:
        return self.mode in (KILL, TEAR)


KILLS = [Fault(KILL), Fault(TEAR)]
FAILURES = [Fault(mode, code) for code in CODES for mode in (FAIL_ONCE, FAIL_ON)]

ODD_CODES = (
    errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EBUSY, errno.EEXIST, errno.ENOENT,
    errno.EFBIG, errno.EDQUOT, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN, errno.ENODEV,
    errno.ENAMETOOLONG, errno.EMFILE, errno.ENOMEM, errno.ENOLCK, getattr(errno, "EREMOTEIO", errno.EIO),
)  # fmt: skip
"""What network drives, FUSE, sticks that are pulled out and a system under strain answer as well."""

ODD_FAILURES = [Fault(mode, code) for code in ODD_CODES for mode in (FAIL_ONCE, FAIL_ON)]


def kinds_of(code: int, path: Path) -> set[str]:
    """What an errno may be told as, in whatever act it was met."""
    return {typed(OSError(code, "a test"), path, act).kind for act in Act}


TryOne = Callable[[int, Fault], Outcome]
"""Runs a job whose N-th step meets a fault, and asserts what must hold."""


def every_case(try_one: TryOne, faults: Sequence[Fault]) -> int:
    """Each fault at step N = 1, 2, 3... until the job has no such step left; answers the number of cases."""
    tried = 0
    for fault in faults:
        for at in itertools.count(1):
            outcome = _tried(try_one, at, fault)
            if len(outcome.steps) < at:
                assert outcome.kind is None
                assert not outcome.killed
                break
            tried += 1
    return tried


def some_cases(try_one: TryOne, faults: Sequence[Fault], steps: Sequence[Step], number: int) -> int:
    """Each kind of step once, and of the writes as many as make ``number``; the faults take turns."""
    kinds = {(step.call, re.sub("[0-9a-f]{8}", "*", step.path)): at for at, step in enumerate(steps, 1)}
    chosen = {*kinds.values(), *range(1, len(steps) + 1, max(len(steps) // max(number - len(kinds), 1), 1))}
    for at, fault in zip(sorted(chosen), itertools.cycle(faults)):
        _tried(try_one, at, fault)
    return len(chosen)


def _tried(try_one: TryOne, at: int, fault: Fault) -> Outcome:
    try:
        return try_one(at, fault)
    except AssertionError as error:
        error.add_note(f"at step {at}, {fault}")
        raise


@contextmanager
def about(outcome: Outcome, at: int) -> Iterator[None]:
    """Say of an assertion that fails which step was hit, and how the job ended."""
    try:
        yield
    except AssertionError as error:
        hit = outcome.steps[at - 1] if len(outcome.steps) >= at else None
        error.add_note(f"{hit}; killed: {outcome.killed}; {outcome.kind}: {outcome.message} ({outcome.path})")
        raise


def is_cleaning_up(step: Step) -> bool:
    """Whether a step removes what is not needed any more: that it fails is no reason for the job to fail."""
    return step.call in ("unlink", "rmdir") and not step.path.endswith("-journal")


def is_done_without(step: Step) -> bool:
    """Whether a step may fail and the job succeed.

    A folder that is there, a lock tried twice, a database that is only read, a snapshot that is read and written
    where the system cannot copy it.
    """
    return step.call in ("mkdir", "open", "copy_file_range")


Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(database: Path) -> Rows:
    """Every row, read as the app reads: a plain connection, which finds the database whole."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        connection.text_factory = bytes
        return {name: _rows(connection, name) for name in names}


def _rows(connection: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    # A task list that is made again gets the time of its making: it differs from run to run.
    made_again = " WHERE name NOT LIKE 'Restored list %'" if name == "task_lists" else ""
    rows = connection.execute(f"SELECT * FROM {quote(name)}{made_again}").fetchall()
    if made_again:
        rows += connection.execute("SELECT id, name FROM task_lists WHERE name LIKE 'Restored list %'").fetchall()
    return sorted(rows, key=repr)


def as_before(places: Places, pristine: Path) -> None:
    """Put the database's folder back as it was, and remove what was kept in the work folder."""
    shutil.rmtree(places.database.parent)
    for second in places.work_dir.glob("backups-*"):
        shutil.rmtree(second)
    shutil.copytree(pristine, places.database.parent)
