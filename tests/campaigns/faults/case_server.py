"""Runs jobs, each in a process of its own that a fault awaits: ``python -m tests.campaigns.faults.case_server``.

Reads a request a line, JSON: "job" (a name of ``RUN``), "database", "work_dir", "path", "roots" (what it watches),
"log" (where it notes the steps), "at", "code", "mode" (see shim.c), "spilling" (whether the transaction of an import
outgrows its cache). Answers each with a line: {"signal": the signal that killed the job or 0, "kind", "message",
"path": those of its error, or null, "crash": a traceback where the error is none of ours}.

The jobs are forked from a process that has loaded everything and done an import, so that thousands of cases take
minutes, not hours.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sidecar.restore.applying
import sidecar.restore.prebuilt_tables
from sidecar.automatic.pruning import prune_backups
from sidecar.automatic.running import run_backup_if_due
from sidecar.care.compacting import compact_database
from sidecar.care.repairing import repair_database
from sidecar.clearing.clearing import clear_all_data
from sidecar.database.connection import retrying
from sidecar.errors.base import SidecarError
from sidecar.jobs.importing import import_data
from sidecar.jobs.undoing import undo_last_import
from sidecar.merging.policy import NEWER
from sidecar.progress import Progress
from sidecar.selection.request import Selection
from sidecar.system.paths import Places
from tests.support.jobs import JOBS, Job

assert sys.platform != "win32"

PART = Selection(tables=["tasks", "time_sessions"])

RUN: dict[str, Job] = {
    **JOBS,
    "part": lambda places, path, progress: import_data(
        places, path, False, progress, selection=PART, on_conflict=NEWER
    ),
    "undo": lambda places, _path, progress: undo_last_import(places, progress),
    "automatic": lambda places, _path, progress: run_backup_if_due(places, "start", progress),
    "looked after": lambda places, _path, progress: run_backup_if_due(places, "timer", progress),
    "prune": lambda places, _path, progress: prune_backups(places, progress, dry_run=False),
    "clear": lambda places, _path, progress: clear_all_data(places, progress),
    "repair": lambda places, _path, progress: repair_database(places, progress, dry_run=False),
    "compact": lambda places, _path, progress: compact_database(places, progress),
}

# Not by tests.conftest, which loads pytest: each fork would carry it.
DATA = Path(__file__).resolve().parents[2] / "data"

SECONDS = 60
"""After these a case is stuck, and dies of SIGALRM."""


def _spill(connection: sqlite3.Connection, sql: str, progress: Progress) -> None:
    connection.execute("PRAGMA main.cache_size = 5")
    retrying(connection, sql, progress)


def _arm(request: Mapping[str, Any]) -> None:
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    roots = "\n".join(request["roots"]).encode()
    ctypes.CDLL(None).faults_arm(roots, log, request["at"], request["code"], request["mode"])


def _run(request: Mapping[str, Any]) -> dict[str, Any]:
    if request.get("spilling"):
        setattr(sidecar.restore.applying, "retrying", _spill)  # noqa: B010 - not exported by it
    places = Places(Path(request["database"]), Path(request["work_dir"]))
    signal.alarm(SECONDS)
    _arm(request)
    try:
        RUN[request["job"]](places, request["path"], Progress())
    except SidecarError as error:
        return {"kind": error.kind, "message": error.message, "path": error.path}
    except Exception:  # noqa: BLE001 - the test shows it
        return {"crash": traceback.format_exc()}
    return {"kind": None}


def _in_a_process(request: Mapping[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, json.dumps(_run(request)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, **(json.loads(said) if said else {})}


def _warm_up() -> None:
    """What a process makes once and keeps, decoders of records say, is there before the first fork, and not moved."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(shutil.copy(DATA / "every-kind-of-row.db", Path(folder, "kirapilot.db")))
        backup = DATA / "2025-09-08-periodic-templates.kpbackup"
        RUN["import"](Places(database, Path(folder, "work")), str(backup), Progress())
    gc.collect()
    # A collection in a child would write to, and so copy, every page that it shares with this process.
    gc.freeze()


def main() -> None:
    """Answer requests until the input ends."""
    _warm_up()
    sidecar.restore.prebuilt_tables.WORTH_ROWS = 1  # the files of these cases are small, but every step is to be met
    for line in sys.stdin:
        print(json.dumps(_in_a_process(json.loads(line))), flush=True)  # noqa: T201 - for the test that reads it


if __name__ == "__main__":
    main()
