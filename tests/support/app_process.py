"""Another program that uses the database, in a process of its own, as KiraPilot's pool does.

``python -m tests.support.app_process DATABASE PART``; each part says "ready" on its standard output and goes on
until its standard input ends.
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.client import DEADLINE
from tests.support.killing import KILL, KILLED

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def playing(part: str, database: Path) -> Iterator[subprocess.Popen[str]]:
    """The other program at work; it must end well."""
    words = [sys.executable, "-m", "tests.support.app_process", str(database), part]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            if process.stdin is not None:
                process.stdin.close()
        assert process.wait(30) == 0, process.stdout.read()


@contextmanager
def measured(database: Path, quietly: bool = False) -> Iterator[dict[str, Any]]:
    """Two connections of the other program at work; afterwards the dict holds its failures and its longest waits."""
    found: dict[str, Any] = {}
    with playing("measure quietly" if quietly else "measure", database) as process:
        yield found
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        found.update(json.loads(process.stdout.readline()))


def killed_while_writing(database: Path) -> Path:
    """Leave what an app leaves that is killed in the middle of a large transaction; answers its hot journal."""
    words = [sys.executable, "-m", "tests.support.app_process", str(database), "crash"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=2 * DEADLINE, cwd=ROOT, check=False)
    assert done.returncode == KILLED, done.stderr
    journal = database.with_name(f"{database.name}-journal")
    assert journal.stat().st_size > 0
    return journal


def _open(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=5, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    return connection


def _say_ready() -> None:
    print("ready", flush=True)  # noqa: T201 - for the test that waits for it


def hold(database: str, statement: str) -> None:
    """Hold a lock until the input ends."""
    connection = _open(database)
    connection.execute(statement)
    connection.execute("SELECT count(*) FROM tasks").fetchone()
    _say_ready()
    sys.stdin.read()
    connection.execute("ROLLBACK")


def write(database: str) -> None:
    """Be in the middle of a transaction until the input ends."""
    connection = _open(database)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE tasks SET title = 'never committed'")
    _say_ready()
    sys.stdin.read()
    connection.execute("ROLLBACK")


def commit_in_log_mode(database: str) -> None:
    """Have what was committed in the write-ahead log, and the database open, until the input ends."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("UPDATE tasks SET title = 'in the log'")
    _say_ready()
    sys.stdin.read()
    connection.close()


def live(database: str) -> None:
    """Read and write as a person at work would; any statement that fails ends the program."""
    over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    connection = _open(database)
    _say_ready()
    for turn in itertools.count():
        if over.is_set():
            break
        title = f"written by the app {turn}"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE tasks SET title = ? WHERE rowid = 1 + ? % 50", (title, turn))
        connection.execute("INSERT INTO ai_interactions (id, message, response) VALUES (?, 'm', 'r')", (f"app {turn}",))
        connection.execute("COMMIT")
        connection.execute("SELECT count(*), max(updated_at) FROM tasks").fetchone()
        over.wait(0.01)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def measure(database: str, quietly: bool) -> None:
    """As ``live``, with another connection of the pool that reads all along; at the end, what each kind waited for.

    :param quietly: lock the database as often, and write nothing.
    """
    over = threading.Event()
    longest = {"read": 0.0, "write": 0.0}
    done = {"read": 0, "write": 0}

    def timed(connection: sqlite3.Connection, kind: str, sql: str, *arguments: object) -> None:
        began = time.monotonic()
        connection.execute(sql, arguments).fetchall()
        longest[kind] = max(longest[kind], time.monotonic() - began)
        done[kind] += 1

    def read() -> None:
        connection = _open(database)
        for turn in itertools.count():
            if over.wait(0.01):
                break
            timed(connection, "read", "SELECT * FROM tasks WHERE rowid = ?", turn)
            timed(connection, "read", "SELECT count(*) FROM task_lists")

    def write() -> None:
        connection = _open(database)
        _say_ready()
        for turn in itertools.count():
            if over.wait(0.05):
                break
            timed(connection, "write", "BEGIN IMMEDIATE")
            if quietly:
                timed(connection, "write", "ROLLBACK")
                continue
            title = f"written by the app {turn}"
            timed(connection, "write", "UPDATE tasks SET title = ? WHERE rowid = 1 + ? % 50", title, turn)
            message = f"app {turn}"
            timed(
                connection, "write", "INSERT INTO ai_interactions (id, message, response) VALUES (?, 'm', 'r')", message
            )
            timed(connection, "write", "COMMIT")

    failures: list[str] = []

    def until_it_fails(part: Callable[[], None]) -> None:
        try:
            part()
        except sqlite3.Error as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=until_it_fails, args=(part,)) for part in (read, write)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"failures": failures, "longest": longest, "done": done}))  # noqa: T201 - for the test


def crash(database: str) -> None:
    """Change everything within a transaction that spills to the disk, and die."""
    connection = _open(database)
    connection.execute("PRAGMA cache_size = 5")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE tasks SET title = 'never committed', description = hex(randomblob(3000))")
    connection.execute("UPDATE ai_interactions SET message = hex(randomblob(3000))")
    os.kill(os.getpid(), KILL)


def main() -> None:
    """Play the part that the command line names."""
    database, part = sys.argv[1:]
    if part == "live":
        live(database)
    elif part in ("measure", "measure quietly"):
        measure(database, part == "measure quietly")
    elif part == "write":
        write(database)
    elif part == "commit in log mode":
        commit_in_log_mode(database)
    elif part == "crash":
        crash(database)
    else:
        hold(database, part)


if __name__ == "__main__":
    main()
