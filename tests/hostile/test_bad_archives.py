"""Backups that are damaged, foreign, too new or hostile: each its own error, and a database that stays as it was."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.archive import limits
from sidecar.database.introspection import quote, read_schema
from sidecar.errors.backups import (
    BackupError,
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    LimitExceeded,
    MissingData,
    NotABackup,
    TooNew,
    UnsupportedVersion,
    WouldLoseData,
)
from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND
from tests.support import archives
from tests.support.archives import TASK, Entries, Header, by_hand, edited, headers, made_of, with_text, write
from tests.support.jobs import JUDGING, READING, nothing_changes, refusal, refused_file, temporary_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return temporary_folder(tmp_path / "temporary", monkeypatch)


@pytest.fixture(scope="session")
def own_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small backup that this program made."""
    folder = tmp_path_factory.mktemp("own")
    database = Path(shutil.copy(DATA / f"{EVERY_KIND}.db", folder / "kirapilot.db"))
    export_data(Places(database, folder / "work"), str(folder / "own.kpbackup"), Progress())
    return folder / "own.kpbackup"


@pytest.fixture
def own_entries(own_backup: Path) -> Entries:
    return archives.entries_of(own_backup)


def _refused(places: Places, path: Path, kind: type[SidecarError], jobs: tuple[str, ...] = READING) -> None:
    """Every job refuses the file with the same kind of error, and changes nothing."""
    with nothing_changes(path.parent):
        for job in jobs:
            error = refusal(job, places, str(path), kind)
            assert not error.reassurance, "what is wrong is the file, and nothing else"
        if kind is not InvalidBackup:
            refused_file(places, str(path), kind)
        else:
            result = validate_comprehensive(places, str(path), Progress())
            assert not result.is_valid
            assert result.errors
            assert all(len(line) <= 500 for line in result.errors)


# Not an archive, or not a whole one


@pytest.mark.parametrize(
    "content",
    [b"", b"P", b"PK", b"not a zip at all", b"\0" * 5000, b"SQLite format 3\0" + b"\0" * 100, b"PK\5\6" + b"\0" * 17],
)
def test_a_file_that_never_was_a_zip_is_no_backup(content: bytes, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "a.kpbackup"
    path.write_bytes(content)
    _refused(places, path, NotABackup)


def test_another_programs_zip_is_no_backup(places: Places, tmp_path: Path) -> None:
    for entries in ({}, {"word/document.xml": b"<w/>"}, {"metadata.json": b"{}"}):
        _refused(places, write(tmp_path / "a.zip", entries), MissingData)


def test_a_beginning_that_was_lost_is_refused(own_backup: Path, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "cut.kpbackup"
    whole = own_backup.read_bytes()
    for lost in (1, 29, 500, len(whole) // 2):
        path.write_bytes(whole[lost:])
        _refused(places, path, DamagedBackup, JUDGING)


def _rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = bytes
        return {
            name: sorted(connection.execute(f"SELECT * FROM {quote(name.decode())}").fetchall(), key=repr)
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        }


def _verdict(job: Callable[[], object]) -> str | None:
    try:
        job()
    except BackupError as error:
        return error.kind
    return None


# Versions


@pytest.mark.parametrize("version", ['"1.0.1"', '"2.0.0"', '""', "1", "null", "[]", '{"a":1}', '"1.0.0 "'])
def test_another_version_is_not_supported(version: str, places: Places, tmp_path: Path) -> None:
    entries = made_of()
    entries["metadata.json"] = entries["metadata.json"].replace(b'"1.0.0"', version.encode())
    _refused(places, write(tmp_path / "a.zip", entries), UnsupportedVersion)


def test_data_of_another_version_is_not_supported(places: Places, tmp_path: Path) -> None:
    entries = edited(made_of(), "data.json", lambda data: data.update(version="9.9.9"))
    _refused(places, write(tmp_path / "a.zip", entries), UnsupportedVersion, JUDGING)


def test_a_newer_revision_of_the_format_asks_for_an_update(
    own_entries: Entries, places: Places, tmp_path: Path
) -> None:
    def renew(manifest: dict[str, Any]) -> None:
        manifest["revision"] += 1
        manifest["tables"] = "what a later format may make of it"

    entries = edited(own_entries, "manifest.json", renew)
    _refused(places, write(tmp_path / "a.zip", entries), TooNew)


# JSON


def _without(name: str) -> Callable[[Entries], Entries]:
    return lambda entries: {key: data for key, data in entries.items() if key != name}


def _replaced(name: str, old: bytes, new: bytes) -> Callable[[Entries], Entries]:
    def replace(entries: Entries) -> Entries:
        assert old in entries[name]
        return entries | {name: entries[name].replace(old, new, 1)}

    return replace


DAMAGED: dict[str, tuple[Callable[[Entries], Entries], type[SidecarError]]] = {
    "no metadata": (_without("metadata.json"), MissingData),
    "no data": (_without("data.json"), MissingData),
    "metadata cut short": (lambda e: e | {"metadata.json": e["metadata.json"][:-1]}, InvalidMetadata),
    "metadata that is a list": (lambda e: e | {"metadata.json": b"[]"}, InvalidMetadata),
    "metadata without a count": (_replaced("metadata.json", b"task_count", b"task_counts"), InvalidMetadata),
    "metadata with a text for a count": (
        _replaced("metadata.json", b'"task_count": 1', b'"task_count": "1"'),
        InvalidMetadata,
    ),
    "metadata that is not UTF-8": (_replaced("metadata.json", b"2026", b"\xff026"), InvalidMetadata),
    "metadata in UTF-16": (
        lambda e: e | {"metadata.json": e["metadata.json"].decode().encode("utf-16")},
        InvalidMetadata,
    ),
    "metadata nested without end": (_replaced("metadata.json", b'"1.0.0"', b"[" * 10000), InvalidMetadata),
    "metadata with a key twice": (_replaced("metadata.json", b"{", b'{"version":"2.0.0",'), InvalidMetadata),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_metadata_is_told_of_by_every_job(kind: str, places: Places, tmp_path: Path) -> None:
    damage, error = DAMAGED[kind]
    _refused(places, write(tmp_path / "a.zip", damage(made_of())), error)


def _in_tasks(text: str | bytes, count: int = 1) -> Callable[[Entries], Entries]:
    tasks = text.encode() if isinstance(text, str) else text
    return lambda _: with_text(tasks, count)


def _task(**changes: Any) -> str:
    return json.dumps([TASK | changes])


_ONE = json.dumps(TASK)

SPOILED: dict[str, tuple[Callable[[Entries], Entries], type[SidecarError]]] = {
    "empty data": (lambda e: e | {"data.json": b""}, DamagedBackup),
    "data cut short": (lambda e: e | {"data.json": e["data.json"][:-1]}, DamagedBackup),
    "data with something after its end": (lambda e: e | {"data.json": e["data.json"] + b"{}"}, DamagedBackup),
    "data that is a list": (lambda e: e | {"data.json": b"[]"}, DamagedBackup),
    "data in UTF-16": (lambda e: e | {"data.json": e["data.json"].decode().encode("utf-16")}, DamagedBackup),
    "data with a key twice": (_replaced("data.json", b"{", b'{"tasks":[],'), DamagedBackup),
    "data without tasks": (_replaced("data.json", b'"tasks"', b'"task"'), MissingData),
    "data without a version": (_replaced("data.json", b'"version"', b'"revision"'), MissingData),
    "tasks that are an object": (_in_tasks("{}"), DamagedBackup),
    "tasks that are null": (_in_tasks("null"), DamagedBackup),
    "a version that is a list": (_replaced("data.json", b'"version": "1.0.0"', b'"version": []'), DamagedBackup),
    "a version that is no JSON": (_replaced("data.json", b'"version": "1.0.0"', b'"version": one'), DamagedBackup),
    "settings that are a list": (_replaced("data.json", b'"settings": {}', b'"settings": []'), DamagedBackup),
    "no JSON in an unknown value": (_replaced("data.json", b"{", b'{"x": nope,'), DamagedBackup),
    "no JSON in an unknown list": (_replaced("data.json", b"{", b'{"x": [nope],'), DamagedBackup),
    "not UTF-8 in an unknown value": (_replaced("data.json", b"{", b'{"x": "\xff",'), DamagedBackup),
    "not UTF-8 in an unknown field": (
        _in_tasks(_task(x="Z").replace('"Z"', '"\\\\"').encode() + b"\xff"),
        DamagedBackup,
    ),
    "a section that is no JSON": (lambda e: e | {"tasks.json": b"nope"}, DamagedBackup),
    "a section that is an object": (lambda e: e | {"tasks.json": b"{}"}, DamagedBackup),
    "a section with other records": (lambda e: e | {"tasks.json": _task(title="else").encode()}, InvalidBackup),
    "a section with fewer records": (lambda e: e | {"tasks.json": b"[]"}, InvalidBackup),
    "a comma before the end": (_in_tasks(f"[{_ONE},]"), DamagedBackup),
    "a comma at the start": (_in_tasks(f"[,{_ONE}]"), DamagedBackup),
    "two commas": (_in_tasks(f"[{_ONE},,{_ONE}]", 2), DamagedBackup),
    "no comma": (_in_tasks(f"[{_ONE} {_ONE}]", 2), DamagedBackup),
    "an open list": (_in_tasks(f"[{_ONE}"), DamagedBackup),
    "an open record": (_in_tasks(f"[{_ONE[:-1]}]"), DamagedBackup),
    "an open text": (_in_tasks(f"[{_ONE[:-5]}]"), DamagedBackup),
    "NaN": (_in_tasks(_task(priority=float("nan"))), DamagedBackup),
    "Infinity": (_in_tasks(_task(priority=float("inf"))), DamagedBackup),
    "half a surrogate pair": (_in_tasks(_task(title="\ud83c")), DamagedBackup),
    "half a surrogate pair in a key": (_in_tasks(_task(**{"\ud83c": 1})), DamagedBackup),
    "a key with a NUL": (_in_tasks(_task(**{"a\0b": 1})), DamagedBackup),
    "a key in another case": (_in_tasks(_task(ID="t2")), DamagedBackup),
    "a control character": (_in_tasks(_task(title="X").replace('"X"', '"\x01"')), DamagedBackup),
    "deep nesting": (_in_tasks("[" * 100_000 + "]" * 100_000), LimitExceeded),
    "deep nesting in a field": (
        _in_tasks(_task(x=0).replace('"x": 0', '"x": ' + "[" * 5000 + "]" * 5000)),
        LimitExceeded,
    ),
    "deep nesting that does not end": (_in_tasks('[{"x":' * 50_000), LimitExceeded),
    "three thousand columns": (_in_tasks(_task(**{f"k{i}": 1 for i in range(3000)})), LimitExceeded),
    "numbers for records": (_in_tasks("[1, 2, 3]", 3), InvalidBackup),
    "null for a record": (_in_tasks("[null]"), InvalidBackup),
    "lists for records": (_in_tasks("[[{}]]"), InvalidBackup),
    "empty records": (_in_tasks("[{}]"), InvalidBackup),
    "an integer of 26 digits": (_in_tasks(_task(priority=10**25)), InvalidBackup),
    "an integer of 26 digits in an unknown field": (_in_tasks(_task(x=10**25)), InvalidBackup),
    "a number beyond all bounds": (_in_tasks(_task(priority=7).replace("7", "7e999")), InvalidBackup),
    "a nested value": (_in_tasks(_task(tags=["a"])), InvalidBackup),
    "a text for a number": (_in_tasks(_task(priority="1")), InvalidBackup),
    "a number for a truth": (_in_tasks(_task(is_periodic_instance=1)), InvalidBackup),
    "a time that is none": (_in_tasks(_task(due_date="tomorrow")), InvalidBackup),
    "an id that is null": (_in_tasks(_task(id=None)), InvalidBackup),
    "an id twice": (_in_tasks(f"[{_ONE},{_ONE}]", 2), InvalidBackup),
    "an id of a million characters, twice": (
        _in_tasks(f"[{json.dumps(TASK | {'id': 'x' * 1_000_000})},{json.dumps(TASK | {'id': 'x' * 1_000_000})}]", 2),
        InvalidBackup,
    ),
    "another count": (_replaced("metadata.json", b'"task_count": 1', b'"task_count": 2'), InvalidBackup),
    "a negative count": (_replaced("metadata.json", b'"task_count": 1', b'"task_count": -1'), InvalidBackup),
}


@pytest.mark.slow(but=9)
@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_data_is_told_of_by_every_job_that_reads_it(kind: str, places: Places, tmp_path: Path) -> None:
    spoil, error = SPOILED[kind]
    _refused(places, write(tmp_path / "a.zip", spoil(made_of())), error, JUDGING)


HARMLESS: dict[str, Callable[[Entries], Entries]] = {
    "a byte-order mark": lambda entries: {name: b"\xef\xbb\xbf" + data for name, data in entries.items()},
    "white space": lambda e: {name: b" \r\n\t" + data.replace(b", ", b" ,\n ") + b"\n" for name, data in e.items()},
    "an unknown list before the data": _replaced("data.json", b"{", b'{"x": [{"a": {"b": 1}}, [["}"]], "]", 2],'),
    "an unknown object before the data": _replaced("data.json", b"{", b'{"x": {"tasks": [{"a": "}"}]},'),
    "unknown values": _replaced("data.json", b"{", b'{"": null, "y": -1.5e3, "z": true, "\\u00e9": "x",'),
    "braces in texts": _in_tasks(_task(title='}]},{[{"\\', description='{"a":[')),
    "NUL, U+2028 and emoji": _in_tasks(_task(title="a\0b\u2028\U0001f469\u200d\U0001f680")),
    "a key that stands twice in a record": _in_tasks(_task(title="Y").replace('{"id"', '{"title": "X", "id"')),
    "an empty text for an id": _in_tasks(_task(id="")),
    "64-bit integers": _in_tasks(_task(priority=2**63 - 1, order_num=-(2**63))),
    "no sections": lambda e: {name: e[name] for name in ("metadata.json", "data.json")},
    "entries of others": lambda e: e | {"../../evil.json": b"x", "/etc/passwd": b"x", "C:\\x": b"x", "a/b/c.txt": b""},
}


@pytest.mark.slow(but=5)
@pytest.mark.parametrize("kind", HARMLESS)
def test_oddities_that_do_no_harm_are_read(kind: str, places: Places, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    path = write(folder / "a.zip", HARMLESS[kind](made_of()))
    assert validate_comprehensive(places, str(path), Progress()).errors == []
    import_data(places, str(path), True, Progress())
    with closing(sqlite3.connect(places.database)) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
        title = connection.execute("SELECT title FROM tasks").fetchone()[0]
    assert title == {"braces in texts": '}]},{[{"\\', "a key that stands twice in a record": "Y"}.get(kind, title)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["backup", "database-0", "temporary", "work"]
    assert [entry.name for entry in folder.iterdir()] == ["a.zip"]


def test_what_the_target_has_no_place_for_is_not_dropped_in_silence(places: Places, tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", with_text(_task(colour="red").encode()))
    _refused_by_import(places, path, WouldLoseData)


def _refused_by_import(places: Places, path: Path, kind: type[SidecarError]) -> None:
    with nothing_changes(path.parent):
        for job in ("import", "merge", "preview"):
            refusal(job, places, str(path), kind)


# ZIP


def _spoiled(change: Callable[[list[Header]], object]) -> Callable[[Entries], list[Header]]:
    def spoil(entries: Entries) -> list[Header]:
        made = headers(entries)
        change(made)
        return made

    return spoil


def _set(**changes: Any) -> Callable[[list[Header]], None]:
    """Change the header of tasks.json, which is the third."""

    def change(made: list[Header]) -> None:
        assert made[2].name == b"tasks.json"
        for name, value in changes.items():
            setattr(made[2], name, value)

    return change


def _overlap(made: list[Header]) -> None:
    made[3].offset = 0


def _inside(made: list[Header]) -> None:
    """An entry within another's data, as in the bombs that use one run of bytes many times."""
    made[2].method, made[3].offset = 0, 40


FORGED: dict[str, tuple[Callable[[list[Header]], object], type[SidecarError]]] = {
    "an entry twice": (lambda made: made.append(Header(b"tasks.json", b"[]")), DamagedBackup),
    "data twice": (lambda made: made.append(Header(b"data.json", b"{}")), DamagedBackup),
    "two entries in one place": (_overlap, DamagedBackup),
    "an entry inside another": (_inside, DamagedBackup),
    "another name in the local header": (_set(local={"name": b"other.json"}), DamagedBackup),
    "another method in the local header": (_set(local={"method": 0}), DamagedBackup),
    "encrypted in the local header only": (_set(local={"flags": 1}), DamagedBackup),
    "another checksum in the local header": (_set(local={"crc": 7}), DamagedBackup),
    "another size in the local header": (_set(local={"size": 7}), DamagedBackup),
    "another packed size in the local header": (_set(local={"packed": 7}), DamagedBackup),
    "a wrong checksum": (_set(crc=7), DamagedBackup),
    "a size too small": (_set(size=1), DamagedBackup),
    "a size too large": (_set(size=100_000), DamagedBackup),
    "an offset beyond the end": (_set(offset=1 << 30), DamagedBackup),
    "encrypted": (_set(flags=1), NotABackup),
    "LZMA": (_set(method=14), NotABackup),
    "an unknown method": (_set(method=99), NotABackup),
    "a symbolic link": (_set(attributes=(stat.S_IFLNK | 0o777) << 16), NotABackup),
    "data that is not deflated": (_set(packed=b"\xff" * 50), DamagedBackup),
    "data after the end of the deflated": (
        lambda made: setattr(made[2], "packed", made[2].body() + b"hidden"),
        DamagedBackup,
    ),
    "deflated data that does not end": (lambda made: setattr(made[2], "packed", made[2].body()[:-3]), DamagedBackup),
    "no deflated data at all": (_set(packed=b""), DamagedBackup),
    "bzip2 that is none": (_set(method=12, packed=b"BZh91AY&SY"), DamagedBackup),
    "a terabyte that is not there": (
        _set(size=0xFFFFFFFE, packed=b"\x00\x01"),
        SidecarError,
    ),
    "an empty name": (lambda made: made.append(Header(b"", b"x")), DamagedBackup),
    "100,000 entries": (
        lambda made: made.extend(Header(b"e%d" % i, b"", method=0) for i in range(100_000)),
        LimitExceeded,
    ),
    "2,000 entries": (lambda made: made.extend(Header(b"e%d" % i, b"", method=0) for i in range(2000)), LimitExceeded),
}


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", FORGED)
def test_forged_zips_are_refused(kind: str, places: Places, tmp_path: Path) -> None:
    change, error = FORGED[kind]
    path = by_hand(tmp_path / "a.zip", _spoiled(change)(made_of()))
    if error is not SidecarError:
        _refused(places, path, error, JUDGING)
        return
    with nothing_changes(tmp_path):
        for job in JUDGING:
            assert _verdict(lambda job=job: _run(job, places, path)) is not None  # type: ignore[misc]


def _run(job: str, places: Places, path: Path) -> object:
    from tests.support.jobs import JOBS

    if job in ("import", "merge"):
        places = Places(Path(shutil.copy(places.database, path.with_suffix(".db"))), places.work_dir)
    try:
        return JOBS[job](places, str(path), Progress())
    finally:
        path.with_suffix(".db").unlink(missing_ok=True)


def test_a_record_beyond_all_size_is_refused_before_it_takes_memory(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_RECORD_BYTES", 1 << 20)
    path = tmp_path / "a.zip"
    entries = made_of()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            if name != "data.json":
                archive.writestr(name, data)
        with archive.open("data.json", "w", force_zip64=True) as entry:
            entry.write(b'{"version":"1.0.0","created_at":"2026-01-01T00:00:00Z","tasks":[{"id":"')
            for _ in range(4):
                entry.write(b"x" * (1 << 20))
            entry.write(b'"}]}')
    _refused(places, path, LimitExceeded, ("validate",))


def test_small_entries_are_not_read_beyond_their_limit(places: Places, tmp_path: Path) -> None:
    entries = made_of()
    entries["metadata.json"] = entries["metadata.json"] + b" " * (17 << 20)
    _refused(places, write(tmp_path / "a.zip", entries), LimitExceeded)


# Manifests that lie


def _add_table(name: str, columns: dict[str, str], key: list[str]) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["tables"].update(
        {name: {"entry": "x.json", "rows": 1, "columns": columns, "key": key}}
    )


LYING: dict[str, tuple[Callable[[dict[str, Any]], object], type[SidecarError]]] = {
    "another hash": (lambda m: m["entries"]["threads.json"].update(sha256="0" * 64), InvalidBackup),
    "another size": (lambda m: m["entries"]["threads.json"].update(size=1), InvalidBackup),
    "other rows": (lambda m: m["tables"]["threads"].update(rows=99), InvalidBackup),
    "an entry that is not there": (lambda m: m["entries"].update(gone={"size": 0, "sha256": ""}), InvalidBackup),
    "a table whose entry is not there": (
        lambda m: m["tables"]["threads"].update(entry="gone.json", rows=0),
        InvalidBackup,
    ),
    "a reserved name": (_add_table("sqlite_x", {"a": ""}, ["a"]), DamagedBackup),
    "the schema itself": (_add_table("sqlite_master", {"a": ""}, ["a"]), DamagedBackup),
    "a table in another case": (_add_table("Tasks", {"a": ""}, ["a"]), DamagedBackup),
    "a NUL in a table": (_add_table("a\0b", {"a": ""}, ["a"]), DamagedBackup),
    "a NUL in a column": (_add_table("x", {"a\0": ""}, []), DamagedBackup),
    "a NUL in a type": (_add_table("x", {"a": "TE\0XT"}, []), DamagedBackup),
    "columns in two cases": (_add_table("x", {"a": "", "A": ""}, []), DamagedBackup),
    "a key that is no column": (_add_table("x", {"a": ""}, ["b"]), DamagedBackup),
    "3,000 columns": (_add_table("x", {f"c{i}": "" for i in range(3000)}, []), LimitExceeded),
    "rows without end": (lambda m: m["tables"]["threads"].update(rows=10**30), SidecarError),
    "a revision that is a text": (lambda m: m.update(revision="1"), DamagedBackup),
    "no tables": (lambda m: m.pop("tables"), DamagedBackup),
}


@pytest.mark.slow(but=6)
@pytest.mark.parametrize("kind", LYING)
def test_a_manifest_that_lies_is_found_out(kind: str, own_entries: Entries, places: Places, tmp_path: Path) -> None:
    lie, error = LYING[kind]
    entries = edited(own_entries | {"x.json": b'[{"a": 1}]'}, "manifest.json", lie)
    path = write(tmp_path / "a.zip", entries)
    if error is SidecarError:
        with nothing_changes(tmp_path):
            assert _verdict(lambda: import_data(places, str(path), True, Progress())) is not None
    else:
        _refused(places, path, error, JUDGING)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    "name", ["plan tasks", "gone tasks", "section tasks", "stage", "tasks: id", "", "main", "e'v\"il"]
)
def test_no_name_of_a_table_collides_with_the_programs_own(name: str, places: Places, tmp_path: Path) -> None:
    """A database may hold any table; it comes back whatever it is called."""
    with closing(sqlite3.connect(places.database)) as connection, connection:
        connection.execute(f'CREATE TABLE {quote(name)} ("kp row", "kp shape", "row", "action", "" , "rowid" TEXT)')
        connection.execute(f"INSERT INTO {quote(name)} VALUES (1, 2.5, 'three', NULL, x'05', '')")
    path = tmp_path / "a.kpbackup"
    export_data(places, str(path), Progress())
    expected = _rows(places.database)
    with closing(sqlite3.connect(places.database)) as connection, connection:
        connection.execute(f"DELETE FROM {quote(name)}")
        connection.execute("DELETE FROM tasks")
        assert name in read_schema(connection)
    import_data(places, str(path), True, Progress())
    assert _rows(places.database) == expected


def test_hostile_names_in_entries_never_become_paths(own_entries: Entries, places: Places, tmp_path: Path) -> None:
    evil = "../../../evil.json"

    def move(manifest: dict[str, Any]) -> None:
        manifest["tables"]["threads"]["entry"] = evil
        manifest["entries"][evil] = manifest["entries"].pop("threads.json")

    entries = edited(own_entries, "manifest.json", move)
    entries[evil] = entries.pop("threads.json")
    with nothing_changes(tmp_path.parent):
        path = write(tmp_path / "a.zip", entries)
        assert validate_comprehensive(places, str(path), Progress()).errors == []
        path.unlink()
