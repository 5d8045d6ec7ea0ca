"""Whatever people choose as a backup: what holds one opens, in every job alike, and what is none is named."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.archive import limits
from sidecar.errors.backups import DamagedBackup, LimitExceeded, NotABackup, SeveralBackups
from sidecar.errors.paths import FileInUse, SameFile
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from sidecar.sources import databases
from tests.conftest import DATA, GENERATIONS, REAL, Cases
from tests.support.archives import SHIPPED, TASK, entries_of, made_of, write
from tests.support.databases import contents, execute, query
from tests.support.oracle import Device, judge

OPENS = "A backup inside of another file, a database, and the JSON of the first releases open as a backup does"
NAMED = "A file that is no backup is refused by what it is, with the next step"


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path, SHIPPED.with_suffix(".db"))


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def _zipped(name: str, beside: dict[str, bytes] | None = None) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for entry, held in {name: data, **(beside or {})}.items():
                archive.writestr(entry, held)
        return packed.getvalue()

    return pack


WRAPPED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "in a ZIP": (_zipped("kirapilot-backup-2025-09-08.kpbackup"), ""),
    "in a ZIP, in a folder, with litter": (
        _zipped("Downloads/b.kpbackup", {"Downloads/.DS_Store": b"x", "Thumbs.db": b"x"}), "the rest is left out",
    ),
    "in a ZIP, with a letter": (_zipped("b.kpbackup", {"read me.txt": b"hello"}), "the rest is left out"),
    "in a ZIP, called a ZIP": (_zipped("backup.zip"), ""),
    "gzipped": (_gzipped, ""),
    "gzipped in a ZIP": (lambda data: _zipped("b.kpbackup.gz")(_gzipped(data)), ""),
}  # fmt: skip


def _give(device: Device, data: bytes) -> None:
    device.archive.write_bytes(data)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_backup_inside_of_another_file_opens(kind: str, generation: str, tmp_path: Path, cases: Cases) -> None:
    backup = DATA / f"{generation}.kpbackup"
    device = Device(tmp_path, backup.with_suffix(".db"))
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    device.keep()
    right = device.imported(backup)
    pack, words = WRAPPED[kind]
    _give(device, pack(backup.read_bytes()))
    assert judge(device, right, merge=False) is None
    warnings = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    assert any("the rest is left out" in line for line in warnings) == bool(words)
    assert inspect_backup(str(device.archive), Progress(), device.places).form == "archive"
    cases.record(OPENS)


@pytest.mark.parametrize("salvage", [False, True])
def test_import_and_salvage_do_not_send_each_other_in_a_circle(salvage: bool, device: Device) -> None:
    _give(device, _zipped("b.kpbackup")(SHIPPED.read_bytes()))
    assert preview_import(device.places, str(device.archive), True, Progress(), salvage=salvage).task_count


def test_a_zip_that_holds_two_backups_is_refused_with_their_names(device: Device) -> None:
    backup = SHIPPED.read_bytes()
    _give(device, _zipped("a.kpbackup", {"b.kpbackup": backup})(backup))
    judge(device, only=SeveralBackups)
    with pytest.raises(SeveralBackups, match=r"holds 2 backups: a\.kpbackup, b\.kpbackup\. Unpack it, and choose one"):
        validate_basic(device.places, str(device.archive), Progress())


def test_a_backup_is_unpacked_a_few_times_over_and_no_more(device: Device) -> None:
    data = SHIPPED.read_bytes()
    for layers in range(1, 5):
        data = _gzipped(data)
        _give(device, data)
        judge(device, only=None if layers <= 3 else LimitExceeded)


@pytest.mark.parametrize("spoil", [lambda data: data[:-9], lambda data: data[:500] + b"x" * 99 + data[599:]])
def test_a_gzip_file_that_is_cut_or_overwritten_is_damaged(spoil: Callable[[bytes], bytes], device: Device) -> None:
    _give(device, spoil(_gzipped(SHIPPED.read_bytes())))
    judge(device, only=DamagedBackup)


def _as_it_is(path: Path) -> bytes:
    return path.read_bytes()


DATABASES: dict[str, Callable[[Path], bytes]] = {
    "a database": _as_it_is,
    "gzipped": lambda path: _gzipped(path.read_bytes()),
    "in a ZIP": lambda path: _zipped("KiraPilot/kirapilot.db")(path.read_bytes()),
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("generation", REAL)
def test_a_database_of_kirapilot_opens_as_an_export_of_it_does(
    kind: str, generation: str, tmp_path: Path, cases: Cases
) -> None:
    given = DATA / f"{generation}.db"
    device = Device(tmp_path, given)
    right = contents(given, ())
    execute(device.database, "UPDATE tasks SET title = 'changed'", "DELETE FROM time_sessions")
    device.keep()
    _give(device, DATABASES[kind](given))
    assert judge(device, right, merge=False) is None
    summary = inspect_backup(str(device.archive), Progress(), device.places)
    assert (summary.form, summary.entries, summary.revision) == ("database", [], None)
    assert summary.size == device.archive.stat().st_size
    cases.record(OPENS)


def test_what_a_crash_left_beside_a_database_is_rolled_back_and_the_file_is_not_written(tmp_path: Path) -> None:
    device = Device(tmp_path)
    right = contents(device.database, ())
    journal = Path(f"{device.archive}-journal")
    with closing(sqlite3.connect(device.database)) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN")
        database.execute("UPDATE tasks SET title = hex(zeroblob(3000))")
        shutil.copy(device.database, device.archive)
        shutil.copy(f"{device.database}-journal", journal)
        database.execute("ROLLBACK")
    before = device.archive.read_bytes(), journal.read_bytes()
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    import_data(device.places, str(device.archive), True, Progress())
    assert contents(device.database, ()) == right
    assert (device.archive.read_bytes(), journal.read_bytes()) == before


def test_a_write_ahead_log_beside_a_database_is_a_part_of_it(tmp_path: Path) -> None:
    device = Device(tmp_path)
    with closing(sqlite3.connect(device.database)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE tasks SET title = 'in the log'")
        database.commit()
        shutil.copy(device.database, device.archive)
        shutil.copy(f"{device.database}-wal", f"{device.archive}-wal")
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    import_data(device.places, str(device.archive), True, Progress())
    assert set(query(device.database, "SELECT title FROM tasks")) == {("in the log",)}


def test_a_database_that_is_written_to_while_it_is_read_is_in_use(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SHIPPED.with_suffix(".db"), device.archive)

    def written(source: Path, target: Path, progress: Progress) -> None:
        copied(source, target, progress)
        os.utime(source, ns=(1, 1))

    copied = databases._copy
    monkeypatch.setattr(databases, "_copy", written)
    with pytest.raises(FileInUse):
        validate_basic(device.places, str(device.archive), Progress())


def test_the_live_database_is_no_backup_of_itself(device: Device) -> None:
    for job in (validate_basic, lambda places, path, progress: preview_import(places, path, True, progress)):
        with pytest.raises(SameFile):
            job(device.places, str(device.database), Progress())


def _overwritten(data: bytes) -> bytes:
    return data[: len(data) // 2] + b"\xa5" * 9000 + data[len(data) // 2 + 9000 :]


@pytest.mark.parametrize("spoil", [_overwritten, lambda data: data[:-5000], lambda data: data[:100] + b"\xff" * 4000])
def test_a_damaged_database_is_told_as_damaged(spoil: Callable[[bytes], bytes], device: Device) -> None:
    _give(device, spoil(SHIPPED.with_suffix(".db").read_bytes()))
    judge(device, only=DamagedBackup)


def _other_database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE places (url TEXT)")
        return database.serialize()


def _encrypted_zip() -> bytes:
    data = bytearray(SHIPPED.read_bytes())
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        position = -1
        while (position := data.find(signature, position + 1)) >= 0:
            data[position + at] |= 1
    return bytes(data)


WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty (0 bytes), not downloaded yet"),
    "one zero": (b"\0", "nothing but zeros"),
    "all zeros": (bytes(3_000_000), "nothing but zeros"),
    "a placeholder": (b"bplist00\xd3\1\2\3NSURLNameKey", "a placeholder of iCloud"),
    "a web page": (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
    "a web page behind blanks and a comment": (b"\xef\xbb\xbf\n <!-- x -->\n<HTML lang=en>", "a web page"),
    "an error of a store": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),
    "another program's database": (_other_database(), "a database of another program"),
    "another program's JSON": (b'{"name": "x", "dependencies": {}}', "JSON, but no backup"),
    "a list": (b"[1, 2, 3]", "JSON, but no backup"),
    "half of some JSON": (b'{"name": "x", "depen', "JSON, but no backup"),
    "what is in a backup": (entries_of(SHIPPED)["data.json"], "JSON, but no backup"),
    "gzip of nothing of ours": (gzip.compress(b"hello"), "a text file"),
    "a password": (_encrypted_zip(), "is encrypted: unpack it with its password"),
    "RAR": (b"Rar!\x1a\x07\1\0" + bytes(99), "a RAR archive: unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(99), "a 7z archive: unpack it"),
    "tar": (b"a.kpbackup".ljust(257, b"\0") + b"ustar\0" + bytes(99), "a tar archive: unpack it"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    "base64": (base64.encodebytes(SHIPPED.read_bytes()), "save the attachment itself"),
    "a mail": (b"Received: from x\r\nMIME-Version: 1.0\r\n\r\nhello", "a whole mail"),
    "PGP": (b"-----BEGIN PGP MESSAGE-----\n", "encrypted or signed with PGP"),
    "text": ("Grüße, this is a letter.\n".encode(), "a text file"),
    "a journal": (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600), "a part of a database"),
}


@pytest.mark.slow(but=8)
@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_named_with_the_next_step(kind: str, device: Device, cases: Cases) -> None:
    data, words = WRONG[kind]
    _give(device, data)
    judge(device, only=NotABackup)
    with pytest.raises(NotABackup) as raised:
        validate_basic(device.places, str(device.archive), Progress())
    assert words in raised.value.message
    assert raised.value.code == 20
    said = raised.value.message.lower()
    assert any(step in said for step in ("choose", "download", "unpack", "save", "use another copy"))
    cases.record(NAMED)


@pytest.mark.parametrize("ending", [".crdownload", ".part", ".PARTIAL", ".download"])
def test_a_download_under_way_is_told_by_its_name(ending: str, device: Device) -> None:
    path = device.archive.with_name(f"b.kpbackup{ending}")
    for data, error in ((SHIPPED.read_bytes()[:9000], DamagedBackup), (b"x" * 99, NotABackup)):
        path.write_bytes(data)
        with pytest.raises(error, match="a download that was not finished"):
            validate_basic(device.places, str(path), Progress())


# -- the JSON of the first releases ---------------------------------------------------------

NOW = "2025-08-14T09:30:00.125Z"


def first_json(**changed: Any) -> dict[str, Any]:
    """What the first releases saved, with every key that they had."""
    task = {
        "id": "t1", "title": "Plan", "description": "", "priority": 2, "status": "in_progress", "dependencies": [],
        "timeEstimate": 90, "actualTime": 12.5, "tags": ["a", "b ü"], "subtasks": [], "createdAt": NOW,
        "updatedAt": NOW, "dueDate": "2025-09-01T00:00:00.000Z",
    }  # fmt: skip
    document: dict[str, Any] = {
        "tasks": [task, task | {"id": "t2", "title": "Do", "dependencies": ["t1", "gone", "t1"], "projectId": "p"}],
        "timeSessions": [
            {
                "id": "s1", "taskId": "t1", "startTime": NOW, "endTime": "2025-08-14T10:30:00.125Z",
                "pausedTime": 90_500, "isActive": False, "notes": "n", "createdAt": NOW,
                "breaks": [{"id": "b", "startTime": NOW, "endTime": NOW, "reason": "tea"}],
            },
        ],
        "focusSessions": [
            {
                "id": "f1", "taskId": "t2", "plannedDuration": 25, "distractionCount": 1, "distractionLevel": "minimal",
                "notes": "", "breaks": [], "metrics": {"deep": 1}, "createdAt": NOW, "focusScore": 7.5,
            },
        ],
        "preferences": {"theme": "dark", "aiSettings": {"model": "m", "geminiApiKey": "AIza" + "x" * 35}},
        "privacySettings": {"analytics": False},
        "aiConversations": [
            {
                "id": "a1", "message": "hi", "response": "hello", "timestamp": NOW, "reasoning": "because",
                "actions": [{"type": "CREATE_TASK"}], "suggestions": [],
            },
        ],
        "exportMetadata": {"version": "1.0", "exportDate": NOW, "appVersion": "KiraPilot v1.0"},
    }  # fmt: skip
    return document | changed


def _give_json(device: Device, document: object) -> None:
    _give(device, json.dumps(document, indent=2, ensure_ascii=False).encode())


def test_the_json_of_the_first_releases_opens(device: Device, cases: Cases) -> None:
    _give_json(device, first_json())
    assert judge(device) is None
    verdict = validate_comprehensive(device.places, str(device.archive), Progress())
    assert verdict.metadata is not None
    counts = verdict.metadata
    assert (counts.task_count, counts.session_count, counts.ai_interaction_count, counts.dependency_count) == (
        2,
        1,
        1,
        1,
    )
    assert counts.created_at == NOW
    assert any(
        "1 task_dependencies on a task that the backup does not hold is left out" in one for one in verdict.warnings
    )
    summary = inspect_backup(str(device.archive), Progress(), device.places)
    assert (summary.form, summary.generation, summary.writer) == ("json", "2025-08 (JSON)", "kirapilot")
    assert summary.tables == {
        "tasks": 2, "time_sessions": 1, "ai_interactions": 1, "task_dependencies": 1, "focus_sessions": 1,
    }  # fmt: skip
    result = import_data(device.places, str(device.archive), True, Progress())
    assert result.settings is not None
    assert result.settings["kirapilot-preferences"] == {"theme": "dark", "aiSettings": {"model": "m"}}
    asked = {
        "SELECT id, title, time_estimate, actual_time, tags, due_date, project_id, dependencies FROM tasks": {
            ("t1", "Plan", 90, 12, '["a","b ü"]', "2025-09-01T00:00:00.000+00:00", None, "[]"),
            ("t2", "Do", 90, 12, '["a","b ü"]', "2025-09-01T00:00:00.000+00:00", "p", '["t1","gone","t1"]'),
        },
        "SELECT id, task_id, start_time, paused_time, is_active FROM time_sessions": {
            ("s1", "t1", "2025-08-14T09:30:00.125+00:00", 90_500, 0)
        },
        "SELECT task_id, depends_on_id FROM task_dependencies": {("t2", "t1")},
        "SELECT id, task_id, focus_score, metrics FROM focus_sessions": {("f1", "t2", 7.5, '{"deep":1}')},
        "SELECT id, action_taken, reasoning FROM ai_interactions": {("a1", '[{"type":"CREATE_TASK"}]', "because")},
    }
    assert {sql: set(query(device.database, sql)) for sql in asked} == asked
    cases.record(OPENS)


def test_lists_that_are_empty_leave_what_the_database_holds(device: Device) -> None:
    before = contents(device.database, ())
    _give_json(device, first_json(tasks=[], timeSessions=[], focusSessions=[], aiConversations=[]))
    assert judge(device, before) is None
    lines = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    assert (
        "It holds no tasks, timeSessions, aiConversations, focusSessions: those of KiraPilot stay as they are" in lines
    )


def test_a_session_whose_task_is_gone_is_left_out_and_counted(device: Device) -> None:
    sessions = first_json()["timeSessions"]
    _give_json(device, first_json(timeSessions=[*sessions, sessions[0] | {"id": "s2", "taskId": "gone"}]))
    assert judge(device) is None
    lines = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    assert "1 time_sessions of a task that the backup does not hold is left out" in lines


def test_a_record_that_is_wrong_is_named_as_in_any_backup(device: Device) -> None:
    tasks = first_json()["tasks"]
    for wrong, words in (
        ({"priority": "high"}, "Invalid task data at index 1: priority must be a whole number"),
        ({"dueDate": "soon"}, "Invalid task data at index 1: due_date is not a time"),
        ({"title": None}, "Task at index 1 is missing required fields: title"),
    ):
        _give_json(device, first_json(tasks=[tasks[0], tasks[1] | wrong]))
        verdict = validate_comprehensive(device.places, str(device.archive), Progress())
        assert any(words in line for line in verdict.errors), verdict
        assert judge(device, merge=False) == "invalid_backup"


HOSTILE: dict[str, tuple[Callable[[], bytes], type[Exception]]] = {
    "a list that is none": (lambda: json.dumps(first_json(tasks={"a": 1})).encode(), NotABackup),
    "cut": (lambda: json.dumps(first_json()).encode()[:-40], DamagedBackup),
    "a key twice": (lambda: json.dumps(first_json()).encode()[:-1] + b', "tasks": []}', DamagedBackup),
    "nested without end": (
        lambda: json.dumps(first_json(tasks=[])).encode().replace(b'"tasks": []', b'"tasks": [' + b"[" * 99_999),
        LimitExceeded,
    ),
    "not UTF-8": (lambda: json.dumps(first_json()).encode().replace(b"Plan", b"\xff\xfe"), NotABackup),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_json_that_was_made_to_do_harm_is_refused(kind: str, device: Device) -> None:
    make, error = HOSTILE[kind]
    _give(device, make())
    assert judge(device) is not None
    with pytest.raises(error):
        validate_basic(device.places, str(device.archive), Progress())


def test_json_beyond_what_a_page_could_save_is_refused_unread(device: Device) -> None:
    with device.archive.open("wb") as file:
        file.write(b'{"tasks": [')
        file.truncate(limits.MAX_FIRST_JSON_BYTES + 1)
    judge(device, only=LimitExceeded)


def test_a_zip_of_ordinary_files_is_still_missing_its_data(device: Device) -> None:
    with zipfile.ZipFile(device.archive, "w") as archive:
        archive.writestr("tasks.json", json.dumps([TASK]))
    assert judge(device) == "missing_data"
    write(device.archive, made_of())
    assert judge(device) is None
