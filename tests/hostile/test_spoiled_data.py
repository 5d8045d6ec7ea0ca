"""Entries that are missing, cut short, no JSON, or say what they must not: each its own error, and nothing changed."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.archive import limits
from sidecar.errors.backups import (
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    LimitExceeded,
    MissingData,
    WouldLoseData,
)
from sidecar.errors.base import SidecarError
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.archives import TASK, made_of, with_text, write
from tests.support.jobs import JUDGING, nothing_changes, refusal, refused
from tests.support.spoiling import Spoil, in_tasks, lacking, one_task, replaced

pytestmark = pytest.mark.usefixtures("temporary")

DAMAGED: dict[str, tuple[Spoil, type[SidecarError]]] = {
    "no metadata": (lacking("metadata.json"), MissingData),
    "no data": (lacking("data.json"), MissingData),
    "metadata cut short": (lambda e: e | {"metadata.json": e["metadata.json"][:-1]}, InvalidMetadata),
    "metadata that is a list": (lambda e: e | {"metadata.json": b"[]"}, InvalidMetadata),
    "metadata without a count": (replaced("metadata.json", b"task_count", b"task_counts"), InvalidMetadata),
    "metadata with a text for a count": (
        replaced("metadata.json", b'"task_count": 1', b'"task_count": "1"'),
        InvalidMetadata,
    ),
    "metadata that is not UTF-8": (replaced("metadata.json", b"2026", b"\xff026"), InvalidMetadata),
    "metadata in UTF-16": (
        lambda e: e | {"metadata.json": e["metadata.json"].decode().encode("utf-16")},
        InvalidMetadata,
    ),
    "metadata nested without end": (replaced("metadata.json", b'"1.0.0"', b"[" * 10000), InvalidMetadata),
    "metadata with a key twice": (replaced("metadata.json", b"{", b'{"version":"2.0.0",'), InvalidMetadata),
}


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_metadata_is_told_of_by_every_job(kind: str, places: Places, tmp_path: Path) -> None:
    damage, error = DAMAGED[kind]
    refused(places, write(tmp_path / "a.zip", damage(made_of())), error)


_ONE = json.dumps(TASK)

SPOILED: dict[str, tuple[Spoil, type[SidecarError]]] = {
    "empty data": (lambda e: e | {"data.json": b""}, DamagedBackup),
    "data cut short": (lambda e: e | {"data.json": e["data.json"][:-1]}, DamagedBackup),
    "data with something after its end": (lambda e: e | {"data.json": e["data.json"] + b"{}"}, DamagedBackup),
    "data that is a list": (lambda e: e | {"data.json": b"[]"}, DamagedBackup),
    "data in UTF-16": (lambda e: e | {"data.json": e["data.json"].decode().encode("utf-16")}, DamagedBackup),
    "data with a key twice": (replaced("data.json", b"{", b'{"tasks":[],'), DamagedBackup),
    "data without tasks": (replaced("data.json", b'"tasks"', b'"task"'), MissingData),
    "data without a version": (replaced("data.json", b'"version"', b'"revision"'), MissingData),
    "tasks that are an object": (in_tasks("{}"), DamagedBackup),
    "tasks that are null": (in_tasks("null"), DamagedBackup),
    "a version that is a list": (replaced("data.json", b'"version": "1.0.0"', b'"version": []'), DamagedBackup),
    "a version that is no JSON": (replaced("data.json", b'"version": "1.0.0"', b'"version": one'), DamagedBackup),
    "settings that are a list": (replaced("data.json", b'"settings": {}', b'"settings": []'), DamagedBackup),
    "no JSON in an unknown value": (replaced("data.json", b"{", b'{"x": nope,'), DamagedBackup),
    "no JSON in an unknown list": (replaced("data.json", b"{", b'{"x": [nope],'), DamagedBackup),
    "not UTF-8 in an unknown value": (replaced("data.json", b"{", b'{"x": "\xff",'), DamagedBackup),
    "not UTF-8 in an unknown field": (
        in_tasks(one_task(x="Z").replace('"Z"', '"\\\\"').encode() + b"\xff"),
        DamagedBackup,
    ),
    "a section that is no JSON": (lambda e: e | {"tasks.json": b"nope"}, DamagedBackup),
    "a section that is an object": (lambda e: e | {"tasks.json": b"{}"}, DamagedBackup),
    "a section with other records": (lambda e: e | {"tasks.json": one_task(title="else").encode()}, InvalidBackup),
    "a section with fewer records": (lambda e: e | {"tasks.json": b"[]"}, InvalidBackup),
    "a comma before the end": (in_tasks(f"[{_ONE},]"), DamagedBackup),
    "a comma at the start": (in_tasks(f"[,{_ONE}]"), DamagedBackup),
    "two commas": (in_tasks(f"[{_ONE},,{_ONE}]", 2), DamagedBackup),
    "no comma": (in_tasks(f"[{_ONE} {_ONE}]", 2), DamagedBackup),
    "an open list": (in_tasks(f"[{_ONE}"), DamagedBackup),
    "an open record": (in_tasks(f"[{_ONE[:-1]}]"), DamagedBackup),
    "an open text": (in_tasks(f"[{_ONE[:-5]}]"), DamagedBackup),
    "NaN": (in_tasks(one_task(priority=float("nan"))), DamagedBackup),
    "Infinity": (in_tasks(one_task(priority=float("inf"))), DamagedBackup),
    "half a surrogate pair": (in_tasks(one_task(title="\ud83c")), DamagedBackup),
    "half a surrogate pair in a key": (in_tasks(one_task(**{"\ud83c": 1})), DamagedBackup),
    "a key with a NUL": (in_tasks(one_task(**{"a\0b": 1})), DamagedBackup),
    "a key in another case": (in_tasks(one_task(ID="t2")), DamagedBackup),
    "a control character": (in_tasks(one_task(title="X").replace('"X"', '"\x01"')), DamagedBackup),
    "deep nesting": (in_tasks("[" * 100_000 + "]" * 100_000), LimitExceeded),
    "deep nesting in a field": (
        in_tasks(one_task(x=0).replace('"x": 0', '"x": ' + "[" * 5000 + "]" * 5000)),
        LimitExceeded,
    ),
    "deep nesting that does not end": (in_tasks('[{"x":' * 50_000), LimitExceeded),
    "three thousand columns": (in_tasks(one_task(**{f"k{i}": 1 for i in range(3000)})), LimitExceeded),
    "numbers for records": (in_tasks("[1, 2, 3]", 3), InvalidBackup),
    "null for a record": (in_tasks("[null]"), InvalidBackup),
    "lists for records": (in_tasks("[[{}]]"), InvalidBackup),
    "empty records": (in_tasks("[{}]"), InvalidBackup),
    "an integer of 26 digits": (in_tasks(one_task(priority=10**25)), InvalidBackup),
    "an integer of 26 digits in an unknown field": (in_tasks(one_task(x=10**25)), InvalidBackup),
    "a number beyond all bounds": (in_tasks(one_task(priority=7).replace("7", "7e999")), InvalidBackup),
    "a nested value": (in_tasks(one_task(tags=["a"])), InvalidBackup),
    "a text for a number": (in_tasks(one_task(priority="1")), InvalidBackup),
    "a number for a truth": (in_tasks(one_task(is_periodic_instance=1)), InvalidBackup),
    "a time that is none": (in_tasks(one_task(due_date="tomorrow")), InvalidBackup),
    "an id that is null": (in_tasks(one_task(id=None)), InvalidBackup),
    "an id twice": (in_tasks(f"[{_ONE},{_ONE}]", 2), InvalidBackup),
    "an id of a million characters, twice": (
        in_tasks(f"[{json.dumps(TASK | {'id': 'x' * 1_000_000})},{json.dumps(TASK | {'id': 'x' * 1_000_000})}]", 2),
        InvalidBackup,
    ),
    "another count": (replaced("metadata.json", b'"task_count": 1', b'"task_count": 2'), InvalidBackup),
    "a negative count": (replaced("metadata.json", b'"task_count": 1', b'"task_count": -1'), InvalidBackup),
}


@pytest.mark.slow(but=4)
@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_data_is_told_of_by_every_job_that_reads_it(kind: str, places: Places, tmp_path: Path) -> None:
    spoil, error = SPOILED[kind]
    refused(places, write(tmp_path / "a.zip", spoil(made_of())), error, JUDGING)


HARMLESS: dict[str, Spoil] = {
    "a byte-order mark": lambda entries: {name: b"\xef\xbb\xbf" + data for name, data in entries.items()},
    "white space": lambda e: {name: b" \r\n\t" + data.replace(b", ", b" ,\n ") + b"\n" for name, data in e.items()},
    "an unknown list before the data": replaced("data.json", b"{", b'{"x": [{"a": {"b": 1}}, [["}"]], "]", 2],'),
    "an unknown object before the data": replaced("data.json", b"{", b'{"x": {"tasks": [{"a": "}"}]},'),
    "unknown values": replaced("data.json", b"{", b'{"": null, "y": -1.5e3, "z": true, "\\u00e9": "x",'),
    "braces in texts": in_tasks(one_task(title='}]},{[{"\\', description='{"a":[')),
    "NUL, U+2028 and emoji": in_tasks(one_task(title="a\0b\u2028\U0001f469\u200d\U0001f680")),
    "a key that stands twice in a record": in_tasks(one_task(title="Y").replace('{"id"', '{"title": "X", "id"')),
    "an empty text for an id": in_tasks(one_task(id="")),
    "64-bit integers": in_tasks(one_task(priority=2**63 - 1, order_num=-(2**63))),
    "no sections": lambda e: {name: e[name] for name in ("metadata.json", "data.json")},
    "entries of others": lambda e: e | {"../../evil.json": b"x", "/etc/passwd": b"x", "C:\\x": b"x", "a/b/c.txt": b""},
}


@pytest.mark.slow(but=2)
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
    path = write(tmp_path / "a.zip", with_text(one_task(colour="red").encode()))
    _refused_by_import(places, path, WouldLoseData)


def _refused_by_import(places: Places, path: Path, kind: type[SidecarError]) -> None:
    with nothing_changes(path.parent):
        for job in ("import", "merge", "preview"):
            refusal(job, places, str(path), kind)


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
    refused(places, path, LimitExceeded, ("validate",))


def test_small_entries_are_not_read_beyond_their_limit(places: Places, tmp_path: Path) -> None:
    entries = made_of()
    entries["metadata.json"] = entries["metadata.json"] + b" " * (17 << 20)
    refused(places, write(tmp_path / "a.zip", entries), LimitExceeded)
