"""Other people: what is written is for its owner only, what is thrown away is gone, what is said holds no record."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.cli import commands
from sidecar.database.introspection import quote
from sidecar.database.models import KNOWN
from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import Cases
from tests.support import archives
from tests.support.archives import Entries
from tests.support.client import DEADLINE, Client
from tests.support.jobs import JOBS
from tests.support.made_private import judge
from tests.unit.system.test_workfolder import killed_job

SILENT = "No message, error or log holds more of a record than an id and a field name"

CANARY = "The canary sings: 7b1f, and 2+2"
"""In every text of a record but ids, and in no message."""


@pytest.fixture
def mask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("mask", [0, 0o022, 0o077], indirect=True, ids=oct)
@pytest.mark.parametrize("job", ["export", "import", "merge", "preview", "validate"])
def test_whatever_a_job_makes_is_for_its_owner_only(
    job: str, mask: int, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = judge(monkeypatch)
    target = tmp_path / "target" / "a.kpbackup"
    target.parent.mkdir()
    if job != "export":
        shutil.copy(archives.SHIPPED, target)
        target.chmod(0o600)
    # Whose list a backup has that was given is not for a job to say.
    given = target if job != "export" and sys.platform == "win32" else None
    found: dict[str, str] = {}

    def look() -> bool:
        for root in (places.work_dir, target.parent):
            found.update({path.name.split("-")[0]: wrong(path) for path in root.rglob("*") if path != given})
        return False

    JOBS[job](places, str(target), Progress(cancelled=look))
    look()
    throw_away = {"export": {"snapshot.db", "exact"}, "import": {"stage.db", "plan.db"}, "validate": {"stage.db"}}
    assert throw_away.get(job, throw_away["import"]) <= found.keys()
    assert {name: said for name, said in found.items() if said} == {}
    assert mask != 0o077 or sys.platform == "win32" or stat.S_IMODE(target.stat().st_mode) == 0o600


# What is said. A canary sits in every text of a record; whatever goes wrong, it is not in what is said of it.


class Listener:
    """Runs jobs and collects all that they say."""

    def __init__(self, places: Places, capfd: pytest.CaptureFixture[str]) -> None:
        self._places, self._capfd = places, capfd
        self.failures = 0

    def listen(self, path: Path) -> str:
        """All that validation and import say of a backup, as results, errors and exit codes."""
        result = validate_comprehensive(self._places, str(path), Progress())
        said = [msgspec.json.encode(result).decode()]
        for words in (["import", "--yes"], ["import", "--yes", "--merge"], ["validate"], ["inspect"]):
            for shown in ([], ["--json"]):
                where = ["--database", str(self._places.database), "--work-dir", str(self._places.work_dir)]
                places = where if words[0] != "inspect" else []
                self.failures += commands.run([*words, str(path), *shown, *places]) != 0
        captured = self._capfd.readouterr()
        return "\n".join([*said, captured.out, captured.err])

    def hear(self, path: Path) -> None:
        said = self.listen(path)
        for part in ("canary", "sings", "7b1f"):
            assert part not in said, said[max(said.index(part) - 200, 0) : said.index(part) + 100]


@pytest.fixture
def listener(places: Places, capfd: pytest.CaptureFixture[str]) -> Listener:
    return Listener(places, capfd)


def _records() -> dict[str, list[dict[str, Any]]]:
    """Records of the shipped app, a canary in each text but ids and times."""
    data = json.loads(archives.entries_of(archives.SHIPPED)["data.json"])
    records = {name: data[name] for name in archives.SECTIONS}
    for name, rows in records.items():
        for row in rows:
            for column, field in KNOWN[name].items():
                if column != "id" and not column.endswith("_id") and field.kind in ("text", "json"):
                    row[column] = CANARY
    return records


WRONG: dict[str, Any] = {
    "text": CANARY, "list": [CANARY], "object": {CANARY[:4]: CANARY}, "null": None, "huge": 10**30, "float": 1.5,
    "nested": [[[{"a": CANARY}]]],
}  # fmt: skip
"""What stands where something else should."""


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_of_whichever_column_is_not_quoted(
    wrong: str, listener: Listener, tmp_path: Path, cases: Cases
) -> None:
    records = _records()
    for name, rows in records.items():
        example = rows[0]
        # A text is no wrong value of an id, and an id may be told.
        columns = [column for column in example if wrong != "text" or not column.endswith("id")]
        # A record for each column, in which that column is wrong.
        records[name] = [example | {"id": f"{name} {at}", column: WRONG[wrong]} for at, column in enumerate(columns)]
        cases.record(SILENT, len(records[name]))
    listener.hear(archives.write(tmp_path / "a.kpbackup", _made_of(records)))
    assert listener.failures > 0


def _made_of(records: dict[str, list[dict[str, Any]]]) -> Entries:
    return archives.made_of(records["tasks"], **{name: rows for name, rows in records.items() if name != "tasks"})


def _doubled(records: dict[str, list[dict[str, Any]]]) -> Entries:
    return _made_of({name: [*rows, *rows] for name, rows in records.items()})


def _without(records: dict[str, list[dict[str, Any]]]) -> Entries:
    return _made_of({name: [{**row, "id": None} for row in rows] for name, rows in records.items()})


def _pieces(records: dict[str, list[dict[str, Any]]]) -> Entries:
    return _made_of({name: [{"id": row["id"]} for row in rows] for name, rows in records.items()})


def _contradicting(records: dict[str, list[dict[str, Any]]]) -> Entries:
    entries = _made_of(records)
    return entries | {"tasks.json": entries["tasks.json"].replace(b"sings", b"sings louder", 1)}


def _with_bytes(old: bytes, new: bytes) -> Callable[[dict[str, list[dict[str, Any]]]], Entries]:
    def make(records: dict[str, list[dict[str, Any]]]) -> Entries:
        return {name: text.replace(old, new) for name, text in _made_of(records).items()}

    return make


DAMAGES: dict[str, Callable[[dict[str, list[dict[str, Any]]]], Entries]] = {
    "every record twice": _doubled,
    "no ids": _without,
    "ids alone": _pieces,
    "a section that differs": _contradicting,
    "not UTF-8": _with_bytes(b"sings", b"sings\xff"),
    "lone surrogates": _with_bytes(b"sings", b"sings\\ud800"),
    "control characters": _with_bytes(b"sings", b"sings\x01"),
    "cut strings": _with_bytes(b'7b1f, and 2+2"', b"7b1f"),
    "cut records": _with_bytes(b'7b1f, and 2+2"}', b'7b1f, and 2+2"'),
    "not a number": _with_bytes(b'"The canary sings: 7b1f, and 2+2"', b"NaN"),
    "bare words": _with_bytes(b'"The canary sings: 7b1f, and 2+2"', b"canary"),
    "keys": _with_bytes(b'"title":', b'"The canary sings":'),
}
"""Ways for a backup to be wrong, and what they make of records with canaries."""


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "keys"])
def test_a_damaged_backup_is_not_quoted(damage: str, listener: Listener, tmp_path: Path, cases: Cases) -> None:
    listener.hear(archives.write(tmp_path / "a.kpbackup", DAMAGES[damage](_records())))
    assert listener.failures > 0
    cases.record(SILENT)


@pytest.mark.slow
def test_a_backup_cut_or_changed_anywhere_is_not_quoted(listener: Listener, tmp_path: Path, cases: Cases) -> None:
    whole = archives.write(tmp_path / "a.kpbackup", _made_of(_records())).read_bytes()
    for at in range(100, len(whole), len(whole) // 12):
        (tmp_path / "b.kpbackup").write_bytes(whole[:at])
        listener.hear(tmp_path / "b.kpbackup")
        (tmp_path / "b.kpbackup").write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        listener.hear(tmp_path / "b.kpbackup")
        cases.record(SILENT, 2)


STORED = {
    "texts": "'{canary}'",
    "texts that are not UTF-8": "CAST(X'{hex}FF' AS TEXT)",
    "blobs": "X'{hex}'",
    "texts with a NUL": "'{canary}' || char(0) || '{canary}'",
}
"""SQL of what a hand, or a bug, can leave in any column."""


def _spoilt(database: Path, stored: str) -> None:
    sql = STORED[stored].format(canary=CANARY, hex=CANARY.encode().hex())
    with closing(sqlite3.connect(database)) as connection:
        for table in KNOWN:
            for column in KNOWN[table]:
                if column != "id" and not column.endswith("_id") and column != "is_default":
                    connection.execute(f"UPDATE OR IGNORE {quote(table)} SET {quote(column)} = {sql}")
        connection.commit()


@pytest.mark.slow
@pytest.mark.parametrize("stored", STORED)
def test_a_database_with_odd_values_everywhere_is_not_quoted(
    stored: str, places: Places, tmp_path: Path, listener: Listener, capfd: pytest.CaptureFixture[str], cases: Cases
) -> None:
    target = str(tmp_path / "a.kpbackup")
    _spoilt(places.database, stored)
    where = ["--database", str(places.database), "--work-dir", str(places.work_dir)]
    for shown in ([], ["--json"]):
        assert commands.run(["export", "--yes", target, *where, *shown]) == 0
    captured = capfd.readouterr()
    assert "canary" not in captured.out + captured.err
    listener.hear(Path(target))
    # And what the exact values say is not quoted when they contradict the records.
    entries = archives.entries_of(Path(target))
    if "exact.json" in entries:
        cells = json.loads(entries["exact.json"])
        odd = [cell | {"storage": "integer"} for cell in cells] + [cell | {"base64": CANARY} for cell in cells]
        odd += [cell | {"row": 10**6} for cell in cells]
        entries["exact.json"] = json.dumps(odd).encode()
        listener.hear(archives.write(Path(target), archives.resigned(entries)))
        assert listener.failures > 0
    cases.record(SILENT, sum(map(len, KNOWN.values())))


@pytest.mark.slow
def test_a_row_that_the_database_refuses_is_not_quoted(listener: Listener, places: Places, tmp_path: Path) -> None:
    with closing(sqlite3.connect(places.database)) as connection:
        connection.execute("CREATE TRIGGER t BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'no more tasks'); END")
    listener.hear(archives.write(tmp_path / "a.kpbackup", _made_of(_records())))
    assert listener.failures > 0


def test_a_preview_shows_titles_for_that_is_what_it_is_for(places: Places, tmp_path: Path) -> None:
    """The control of this module's silence: the canary is there to be heard."""
    path = archives.write(tmp_path / "a.kpbackup", _made_of(_records()))
    entries = archives.entries_of(path)
    assert entries["data.json"].count(CANARY.encode()) > 50
    archives.write(path, archives.made_of([archives.TASK | {"title": CANARY}]))
    preview = JOBS["preview"](places, str(path), Progress())
    assert CANARY in repr(preview)


def test_an_unforeseen_failure_is_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        try:
            json.loads(CANARY)
        except ValueError as error:
            raise RuntimeError(CANARY) from error

    monkeypatch.setattr("sidecar.jobs.validating.validate_comprehensive", fail)
    (tmp_path / "a.kpbackup").touch()
    for shown in ([], ["--json"]):
        assert commands.run(["validate", str(tmp_path / "a.kpbackup"), *shown]) == 70
    captured = capfd.readouterr()
    assert "canary" not in captured.out + captured.err
    assert "RuntimeError" in captured.err


# What is left. A killed job's files go with the next job, and with the next start of the server.


def test_what_a_killed_job_left_goes_when_the_server_starts_again(sidecar_command: list[str], tmp_path: Path) -> None:
    """Whoever never makes a backup again has no copy of the data lying about."""
    killed_job(tmp_path, files=3)
    (tmp_path / "etilqs_0123456789abcdef").write_bytes(b"a temporary file of SQLite")
    assert len(list(tmp_path.iterdir())) > 1
    with Client([*sidecar_command, "serve", "--work-dir", str(tmp_path)]) as client:
        client.request("initialize")
        client.close_input()
        assert client.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_start_leaves_a_neighbours_work_alone(places: Places, tmp_path: Path) -> None:
    """A job that is at work keeps its files while other sidecars start, work and end."""
    words = [sys.executable, "-m", "sidecar", "serve", "--work-dir", str(places.work_dir)]
    asked = b'{"jsonrpc":"2.0","id":1,"method":"initialize"}\n'
    starts = 0

    def look() -> bool:
        nonlocal starts
        if not starts and list(places.work_dir.glob("job-*/snapshot.db")):
            starts += 1
            subprocess.run(words, input=asked, capture_output=True, check=True, timeout=2 * DEADLINE)
        return False

    export_data(places, str(tmp_path / "a.kpbackup"), Progress(cancelled=look))
    assert starts == 1
    assert list(places.work_dir.iterdir()) == []


@pytest.mark.parametrize("overwrite", [True, False])
def test_an_import_that_fails_leaves_no_stage(overwrite: bool, places: Places, tmp_path: Path) -> None:
    path = archives.write(tmp_path / "a.kpbackup", _doubled(_records()))
    with pytest.raises(SidecarError):
        import_data(places, str(path), overwrite, Progress())
    assert list(places.work_dir.iterdir()) == []
