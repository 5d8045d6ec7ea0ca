"""Transcripts: conversations with the sidecar as files in protocol/transcripts, to be replayed line by line.

Their form is described in that folder's README. ``python -m tests.support.transcripts`` writes down anew what the
sidecar answers to the lines that are sent: look at the difference before it is committed.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from tests.conftest import DATA, EVERY_KIND, ROOT, THIRD
from tests.support.archives import Entries, edited, entries_of, write
from tests.support.client import Client

FOLDER = ROOT / "protocol" / "transcripts"

SENT, SENT_BYTES, INPUT_ENDS = "-->", "--x", "--|"
RECEIVED, PROGRESS, LEFT = "<--", "<~~", "<-|"
COMMENT = "#"
MARKS = (SENT, SENT_BYTES, INPUT_ENDS, RECEIVED, PROGRESS, LEFT, COMMENT)

BAD_BYTE, CUT_AT = 5000, 18_000
"""Where a backup is damaged: in its data.json, and in time_sessions.json, which comes after tasks.json."""

ZEROED = slice(0, 100)
"""Where a database is broken: in its header. What SQLite says of other pages differs with its version."""

_LONG = re.compile(r"<(\d+) characters>")
_STAMP = re.compile(r"\d{8}T\d{6}\.\d{6}Z|\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}Z")
_TOKEN = re.compile(r"[0-9a-f]{32}(-[0-9a-f]{32}-\d+(-[0-9a-f]{16}){2})?-[0-9a-f]{32}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

PLACEHOLDERS: dict[str, Callable[[Any], bool]] = {
    "<time>": lambda value: isinstance(value, str) and _MOMENT.fullmatch(value) is not None,
    "<token>": lambda value: isinstance(value, str) and _TOKEN.fullmatch(value) is not None,
    "<number>": lambda value: type(value) is int and value >= 0,
    "<document>": lambda value: isinstance(value, dict) and value["openrpc"].startswith("1.3."),
}
"""What stands for a value that differs from run to run, and what that may be."""

_VARYING = {
    **dict.fromkeys(("created_at", "made", "last", "next_due", "when", "since", "until", "vanished"), "<time>"),
    **dict.fromkeys(("size", "packed", "before", "after"), "<number>"),
}
"""Key -> the placeholder that is written down for its value."""


@dataclass(frozen=True)
class Line:
    """One line of a transcript: its mark, and the rest."""

    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}".rstrip()


def read(path: Path) -> list[Line]:
    """All lines of a transcript. Raises ValueError for one without a mark."""
    # By line feeds alone: titles hold other characters that end a line to some.
    written = path.read_text("utf-8").removesuffix("\n").split("\n")
    lines = [Line(*(text + " ").split(" ", 1)) for text in written]
    for number, line in enumerate(lines, 1):
        if line.mark and line.mark not in MARKS:
            raise ValueError(f"{path.name}:{number}: {line}")
    return [replace(line, text=line.text.rstrip()) for line in lines]


def start(command: Sequence[str], folder: Path) -> Client:
    """A sidecar for one transcript, with ``folder`` as transcripts expect it."""
    shutil.copy(DATA / f"{EVERY_KIND}.db", folder / "kirapilot.db")
    shutil.copy(DATA / f"{EVERY_KIND}.kpbackup", folder / "backup.kpbackup")
    shutil.copy(DATA / f"{THIRD}.kpbackup", folder / "other.kpbackup")
    whole = (folder / "other.kpbackup").read_bytes()
    (folder / "damaged.kpbackup").write_bytes(whole[:BAD_BYTE] + b"?" + whole[BAD_BYTE + 1 : CUT_AT])
    entries = entries_of(DATA / f"{EVERY_KIND}.kpbackup")
    write(
        folder / "other-version.kpbackup", edited(entries, "metadata.json", lambda told: told.update(version="2.0.0"))
    )
    write(folder / "without-data.kpbackup", {"metadata.json": entries["metadata.json"]})
    write(folder / "a-task-twice.kpbackup", _with_a_task_twice(entries))
    write(folder / "other-device.kpbackup", _of_another_device(entries))
    shutil.copy(folder / "kirapilot.db", folder / "faulty.db")
    with closing(sqlite3.connect(folder / "faulty.db")) as connection, connection:
        connection.execute("UPDATE time_sessions SET task_id = 'gone' WHERE rowid = 1")
        connection.execute("UPDATE tasks SET task_list_id = 'gone' WHERE rowid = 2")
    broken = bytearray((folder / "kirapilot.db").read_bytes())
    broken[ZEROED] = bytes(len(broken[ZEROED]))
    (folder / "broken.db").write_bytes(broken)
    (folder / "letter.txt").write_text("Dear diary", "utf-8")
    (folder / "folder").mkdir()
    places = {"KIRAPILOT_DATABASE": str(folder / "kirapilot.db"), "XDG_CACHE_HOME": str(folder / "cache")}
    # No variable moves a user's cache on Windows.
    work = ["--work-dir", str(folder / "cache" / "kirapilot" / "backup-work")] if sys.platform == "win32" else []
    return Client([*command, "serve", *work], environment=os.environ | places)


def _with_a_task_twice(entries: Entries) -> Entries:
    def double(tasks: list[Any]) -> None:
        tasks.append(tasks[0])

    entries = edited(entries, "tasks.json", double)
    entries = edited(entries, "data.json", lambda data: double(data["tasks"]))
    return edited(entries, "metadata.json", lambda told: told.update(task_count=told["task_count"] + 1))


def _of_another_device(entries: Entries) -> Entries:
    """Rows were changed on both: a task here and later there, another one there first, and a session."""

    def change(tasks: list[Any], sessions: list[Any]) -> None:
        tasks[0] |= {"title": "Renamed on the other device", "updated_at": "2027-01-02T03:04:05.000000006Z"}
        tasks[1] |= {"priority": 3, "updated_at": "2020-01-01T00:00:00Z"}
        sessions[0] |= {"notes": "Written down on the other device"}

    entries = edited(entries, "tasks.json", lambda tasks: change(tasks, [{}]))
    entries = edited(entries, "time_sessions.json", lambda sessions: change([{}, {}], sessions))
    return edited(entries, "data.json", lambda data: change(data["tasks"], data["time_sessions"]))


def play(lines: Sequence[Line], client: Client, folder: Path) -> Iterator[tuple[Line, Any]]:
    """Send what is to be sent, and answer each message or exit code received, with the line that speaks of it.

    Lines that are sent one after the other arrive together. Of progress, a line stands for any number of reports.
    """
    kept: list[Any] = []
    stamps: list[str] = []
    tokens: list[str] = []

    def hear() -> Any:
        text = json.dumps(message := client.read())
        stamps.extend(_STAMP.findall(text))
        tokens.extend(found[0] for found in _TOKEN.finditer(text))
        return message

    for sent, group in itertools.groupby(lines, lambda line: line.mark in (SENT, SENT_BYTES)):
        if sent:
            client.send_bytes(b"".join(_bytes(line, folder, stamps, tokens) for line in group))
            continue
        for line in group:
            match line.mark:
                case "--|":
                    client.close_input()
                case "<-|":
                    assert kept + client.read_rest() == []
                    yield line, client.wait()
                case "<--":
                    yield line, kept.pop() if kept else hear()
                case "<~~":
                    while matches(json.loads(line.text), message := kept.pop() if kept else hear(), folder):
                        yield line, message
                    kept.append(message)


def matches(expected: Any, received: Any, folder: PurePath) -> bool:
    """Whether what came is what a transcript says, placeholders filled in; no key may be added or missing."""
    if isinstance(expected, str):
        if expected in PLACEHOLDERS:
            return PLACEHOLDERS[expected](received)
        return isinstance(received, str) and _STAMP.sub("<stamp>", _with_folder(received, folder)) == expected
    if isinstance(expected, dict):
        return (
            isinstance(received, dict)
            and expected.keys() == received.keys()
            and all(matches(value, received[key], folder) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(received, list)
            and len(expected) == len(received)
            and all(map(matches, expected, received, itertools.repeat(folder)))
        )
    return type(expected) is type(received) and bool(expected == received)


def _with_folder(text: str, folder: PurePath) -> str:
    """What was said with "<folder>" for the folder, and with slashes in the paths below it, on every system."""
    path = re.compile(re.escape(str(folder)) + r"([\\/][\w.-]+)*")
    return path.sub(lambda found: "<folder>" + found[0].removeprefix(str(folder)).replace("\\", "/"), text)


def _bytes(line: Line, folder: Path, stamps: Sequence[str], tokens: Sequence[str]) -> bytes:
    if line.mark == SENT_BYTES:
        return bytes.fromhex(line.text)
    text = line.text.replace("<folder>", json.dumps(str(folder))[1:-1])
    if "<stamp>" in text:
        text = text.replace("<stamp>", min(stamps))
    if "<token>" in text:
        text = text.replace("<token>", tokens[-1])
    return _LONG.sub(lambda found: "x" * int(found[1]), text).encode() + b"\n"


def _written_down(message: Any, folder: Path, key: str = "") -> Any:
    """A message with placeholders for what varies."""
    if isinstance(message, str):
        if PLACEHOLDERS["<token>"](message):
            return "<token>"
        return _VARYING.get(key) or _STAMP.sub("<stamp>", _with_folder(message, folder))
    if isinstance(message, dict):
        if "openrpc" in message:
            return "<document>"
        return {key: _written_down(value, folder, key) for key, value in message.items()}
    if isinstance(message, list):
        return [_written_down(value, folder, key) for value in message]
    return message if message is None else _VARYING.get(key, message)


def _record(path: Path) -> None:
    lines = read(path)
    with tempfile.TemporaryDirectory() as name, start([sys.executable, "-m", "sidecar"], Path(name)) as client:
        heard = {id(line): message for line, message in play(lines, client, Path(name)) if line.mark != PROGRESS}
        for number, line in enumerate(lines):
            if id(line) in heard:
                told = json.dumps(_written_down(heard[id(line)], Path(name)), separators=(",", ":"), ensure_ascii=False)
                lines[number] = replace(line, text=told)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def main() -> None:
    """Write down all answers anew."""
    for path in sorted(FOLDER.glob("*.txt")):
        _record(path)


if __name__ == "__main__":
    main()
