"""ZIPs with a header that lies: one field each; test_zips has the lies that take more."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import DamagedBackup, LimitExceeded, NotABackup
from sidecar.errors.base import SidecarError
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.archives import Entries, Header, by_hand, headers, made_of
from tests.support.jobs import JOBS, JUDGING, nothing_changes, refused, verdict_of

pytestmark = pytest.mark.usefixtures("temporary")


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
        refused(places, path, error, JUDGING)
        return
    with nothing_changes(tmp_path):
        for job in JUDGING:
            assert verdict_of(lambda job=job: _run(job, places, path)) is not None  # type: ignore[misc]


def _run(job: str, places: Places, path: Path) -> object:
    if job in ("import", "merge"):
        places = Places(Path(shutil.copy(places.database, path.with_suffix(".db"))), places.work_dir)
    try:
        return JOBS[job](places, str(path), Progress())
    finally:
        path.with_suffix(".db").unlink(missing_ok=True)
