"""A safety copy that is begun while the backup is still being read, in a process of its own.

Python works on one thing at a time, so a thread gains nothing here; a second process of this program has a processor to
itself, and is talked to as an app talks to it. A copy so made is an offer: it is taken if nobody has written to the
database since it was begun, else another one is made, and whatever goes wrong with it is no failure of the import.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from sidecar.database.connection import open_for_reading
from sidecar.own_json import encoded
from sidecar.progress import Progress, Report
from sidecar.system.own_program import start_server
from sidecar.system.paths import Places

LEAST_BYTES = 32 << 20
"""Databases from this size on: a smaller one is copied in less time than a process takes to be worth it."""

_LEAVING_SECONDS = 1.0
"""For a server that is told to leave: less than the one that tells it has itself."""

_LOOK_UP = 0.1


def pays(database: Path) -> bool:
    """Whether a second process would be quicker: for a large database, on a machine with a second processor."""
    with suppress(OSError):
        return database.stat().st_size >= LEAST_BYTES and (os.cpu_count() or 1) > 1
    return False


class _Reported(msgspec.Struct):
    value: Report


class _Made(msgspec.Struct):
    warnings: list[str] = []


class _Message(msgspec.Struct):
    """A line of the other process: a report, or the answer to one of the two requests."""

    id: int = 0
    params: _Reported | None = None
    result: _Made | None = None


_INITIALIZE, _EXPORT = 1, 2


class EarlyCopy:
    """A copy of the database at ``path``, under way since this was made. Raises OSError, SidecarError, sqlite3.Error.

    :param settings: the frontend's, as it gave them.
    """

    def __init__(self, places: Places, path: Path, settings: Mapping[str, object] | None) -> None:
        self.path = path
        self.warnings: list[str] = []
        # Before the copy is begun: who writes from here on is seen by ``is_of_now``.
        self._database = open_for_reading(places.database)
        try:
            self._version = self._version_now()
            self._process = start_server()
        except BaseException:
            self._database.close()
            raise
        self._percentage = 0
        self._made: _Made | None = None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), name="early", daemon=True)
        self._reader.start()
        asked = {"databasePath": str(places.database.absolute()), "workDir": str(places.work_dir.absolute())}
        self._send(id=_INITIALIZE, method="initialize", params=asked)
        written = {"filePath": str(path.absolute()), "settings": settings, "progressToken": "copy"}
        self._send(id=_EXPORT, method="export_data_to_file", params=written)

    def wait(self, progress: Progress) -> bool:
        """Wait until it is made, and report of that; answers whether it was. Raises Cancelled."""
        progress.plan({"copy": 1})
        progress.phase("copy", 100, "percent", "Saving the present data")
        shown = 0
        while self.is_under_way():
            progress.advance(self._percentage - shown)
            shown = self._percentage
        return self.is_made()

    def is_under_way(self) -> bool:
        """Whether it is still being made; waits a moment for it."""
        self._reader.join(_LOOK_UP)
        return self._reader.is_alive()

    def is_made(self) -> bool:
        """Whether it is there, and proved; ``warnings`` are then its own."""
        if self._made is None:
            return False
        self.warnings = self._made.warnings
        return True

    def is_of_now(self) -> bool:
        """Whether nobody has written to the database since before the copy was begun."""
        try:
            return self._version_now() == self._version
        except sqlite3.Error:
            # Busy: somebody writes.
            return False

    def end(self) -> None:
        """End the process, whatever it is at; what it had not finished it takes away itself."""
        self._send(method="exit")
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()
        self._database.close()

    def _version_now(self) -> int:
        version: int = self._database.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _send(self, **message: object) -> None:
        if self._process.stdin is not None:
            # A process that has ended is noticed by its last word, or that there is none.
            with suppress(OSError):
                self._process.stdin.write(encoded({"jsonrpc": "2.0", **message}) + b"\n")
                self._process.stdin.flush()

    def _read(self, answers: IO[bytes]) -> None:
        """Take in what the process says, until it has answered or ended."""
        with suppress(OSError, ValueError, msgspec.MsgspecError):
            for line in answers:
                message = msgspec.json.decode(line, type=_Message)
                if message.params is not None:
                    self._percentage = message.params.value.percentage
                elif message.id == _EXPORT:
                    self._made = message.result
                    return
