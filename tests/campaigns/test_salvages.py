"""Backups damaged everywhere: a salvage never takes what the whole backup does not hold, and all that is whole."""

from __future__ import annotations

import random
import shutil
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.database.models import CONTRACT
from sidecar.errors.backups import BackupError
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from tests.conftest import DATA, REAL, Cases
from tests.support.databases import execute, export, fresh, insert, places_of
from tests.support.salvage_oracle import Oracle, contract_missing, take

EVERY_BYTE = (*REAL, "own-every-kind-of-row", "own-exact")
"""Backups damaged at each of their bytes: the others of ours are larger, and no different."""

NEVER = "A salvage of a damaged backup takes no value that the whole one does not hold"


@dataclass
class Case:
    """A whole backup, its oracle, and where the bytes of each entry lie."""

    whole: bytes
    oracle: Oracle
    path: Path
    spans: dict[str, tuple[int, int]]
    own: bool


@pytest.fixture(scope="module", params=[*REAL, *(f"own-{name}" for name in REAL), "own-exact"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    own = name.startswith("own-")
    archive = _own_backup(name.removeprefix("own-"), folder) if own else DATA / f"{name}.kpbackup"
    return Case(archive.read_bytes(), Oracle(archive, folder), folder / "damaged.kpbackup", _spans(archive), own)


def _own_backup(name: str, folder: Path) -> Path:
    if name == "exact":
        database = _odd_database(folder)
    else:
        database = Path(shutil.copy(DATA / f"{name}.db", folder / "kirapilot.db"))
    export(database, folder / "own.kpbackup")
    return folder / "own.kpbackup"


def _odd_database(folder: Path) -> Path:
    """Values that only exact.json can say, in tables of both kinds."""
    database = fresh(folder, "kirapilot.db")
    for number in range(8):
        insert(database, "tasks", id=f"t{number}", title=f"Task {number}", created_at="2026-11-22 16:07:21")
        insert(database, "threads", id=f"h{number}", title=b"\xff\xfe", assignment_task_id=f"t{number}")
    execute(database, "UPDATE tasks SET priority = NULL, tags = x'00ff' WHERE id = 't3'")
    return database


def _spans(archive: Path) -> dict[str, tuple[int, int]]:
    """Where the packed bytes of each entry begin and end."""
    spans = {}
    whole = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            name_length, extra_length = struct.unpack_from("<HH", whole, info.header_offset + 26)
            start = info.header_offset + 30 + name_length + extra_length
            spans[info.filename] = (start, start + info.compress_size)
    return spans


def _judge(case: Case, damaged: bytes) -> set[str]:
    case.path.write_bytes(damaged)
    taken = take(case.path, case.oracle.work)
    case.oracle.judge(taken)
    return case.oracle.missing(taken)


def _cuts(case: Case, count: int) -> Iterator[int]:
    step = max(len(case.whole) // count, 1)
    yield from range(step // 2, len(case.whole), step)
    for start, end in case.spans.values():
        yield from (start, end - 1, end)


def _check_cut(case: Case, length: int) -> None:
    """Of a backup that is cut, every table is taken that lies in it as a whole, in one of its two places."""
    missing = _judge(case, case.whole[:length])
    for table in case.oracle.exact:
        places = [f"{table}.json", *(["data.json"] if table in CONTRACT else [])]
        if any(case.spans[name][1] <= length for name in places if name in case.spans):
            assert table not in missing, (table, length)


@pytest.mark.slow(but=1)
def test_a_backup_that_was_cut_gives_what_lies_before_the_cut(case: Case, cases: Cases) -> None:
    tried = sorted(set(_cuts(case, 25)))
    for length in tried:
        _check_cut(case, length)
    cases.record(NEVER, len(tried))


def _flips(case: Case, count: int, seed: int) -> Iterator[bytes]:
    chosen = random.Random(seed)
    for bit in chosen.sample(range(8 * len(case.whole)), count):
        yield _flipped(case.whole, bit)


def _flipped(whole: bytes, *bits: int) -> bytes:
    damaged = bytearray(whole)
    for bit in bits:
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


@pytest.mark.slow
def test_one_flipped_bit_costs_no_record_that_stands_there_twice(case: Case, cases: Cases) -> None:
    for damaged in _flips(case, 40, 1):
        assert not contract_missing(_judge(case, damaged))
    cases.record(NEVER, 40)


@pytest.mark.slow
def test_a_flipped_bit_outside_of_the_records_costs_nothing(case: Case, cases: Cases) -> None:
    holding = [case.spans[name] for name in case.spans if name not in ("metadata.json", "manifest.json")]
    outside = [at for at in range(len(case.whole)) if not any(start <= at < end for start, end in holding)]
    for at in random.Random(2).sample(outside, 40):
        assert not _judge(case, _flipped(case.whole, 8 * at + at % 8)), at
    cases.record(NEVER, 40)


@pytest.mark.slow(but=1)
def test_many_flipped_bits_bring_in_nothing_wrong(case: Case, cases: Cases) -> None:
    chosen = random.Random(3)
    for count in [2, 3, 5, 10, 30] * 6:
        _judge(case, _flipped(case.whole, *chosen.sample(range(8 * len(case.whole)), count)))
    cases.record(NEVER, 30)


@pytest.mark.slow(but=1)
def test_a_run_of_zeros_or_noise_brings_in_nothing_wrong(case: Case, cases: Cases) -> None:
    chosen = random.Random(4)
    for number in range(20):
        length = chosen.choice([16, 512, 2048, 4096])
        start = chosen.randrange(len(case.whole))
        run = case.whole[start : start + length]
        noise = bytes(len(run)) if number % 2 else chosen.randbytes(len(run))
        _judge(case, case.whole[:start] + noise + case.whole[start + length :])
    cases.record(NEVER, 20)


@pytest.mark.slow
def test_bytes_that_were_lost_or_doubled_bring_in_nothing_wrong(case: Case, cases: Cases) -> None:
    chosen = random.Random(5)
    for _ in range(20):
        start, length = chosen.randrange(len(case.whole)), chosen.choice([1, 7, 600])
        _judge(case, case.whole[:start] + case.whole[start + length :])
        _judge(case, case.whole[: start + length] + case.whole[start:])
    cases.record(NEVER, 40)


@pytest.mark.slow(but=3)
def test_the_same_damage_in_both_places_proves_nothing(case: Case) -> None:
    """As a transfer in text mode does it: what agrees with itself was yet changed."""
    for old, new in ((b"\r\n", b"\n"), (b"\n", b"\r\n")):
        _judge(case, case.whole.replace(old, new))
    _judge(case, bytes(byte & 0x7F for byte in case.whole))


@pytest.mark.slow(but=1)
def test_what_is_damaged_is_never_called_valid(case: Case, tmp_path: Path) -> None:
    """Nothing that costs a salvage a record passes a validation, and none that passes costs one."""
    places = places_of(fresh(tmp_path))
    for damaged in (*_flips(case, 15, 6), *(case.whole[:length] for length in list(_cuts(case, 5))[:5])):
        missing = _judge(case, damaged)
        valid = validate_comprehensive(places, str(case.path), Progress()).is_valid
        assert not (valid and missing)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EVERY_BYTE, indirect=True)
def test_a_backup_cut_at_every_byte(case: Case, cases: Cases) -> None:
    for length in range(len(case.whole)):
        _check_cut(case, length)
    cases.record(NEVER, len(case.whole))


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EVERY_BYTE, indirect=True)
def test_a_bit_flipped_in_every_byte(case: Case, cases: Cases) -> None:
    for at in range(len(case.whole)):
        assert not contract_missing(_judge(case, _flipped(case.whole, 8 * at + at % 8))), at
    cases.record(NEVER, len(case.whole))


def test_nothing_but_what_a_salvage_says_goes_wrong_with_any_file(tmp_path: Path) -> None:
    chosen = random.Random(7)
    for content in (
        b"",
        b"PK",
        b"PK\3\4" * 300,
        chosen.randbytes(5000),
        b"PK\1\2" + b"\xff" * 60,
        b"PK\3\4" + b"\xff" * 60,
    ):
        (tmp_path / "file").write_bytes(content)
        with suppress(BackupError):
            assert take(tmp_path / "file", tmp_path / "work") is None
