"""An archive is read back before it gets its name: a disk that keeps something else is found out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sidecar.errors.jobs import VerificationFailed
from sidecar.system import replacing
from sidecar.system.files import open_private
from tests.conftest import EVERY_KIND, Copy
from tests.support.databases import backup, export

SHARES = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]
"""Where in the file the disk goes wrong, as a share of its length."""


class LyingFile(io.BufferedRandom):
    """What no real disk can be made to do here: keeps another bit than it was given, at ``wrong``."""

    wrong: int

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        at = self.wrong - self.tell()
        if 0 <= at < len(data):
            other = bytearray(data)
            other[at] ^= 0x20
            data = memoryview(other)
        return super().write(data)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("share", SHARES)
def test_an_archive_that_reads_back_otherwise_never_replaces_the_old_one(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    database = database_copy(EVERY_KIND)
    target = backup(database, tmp_path / "b.kpbackup")
    before = target.read_bytes()

    def open_lying(path: Path) -> LyingFile:
        file = LyingFile(open_private(path).detach())  # type: ignore[attr-defined]
        file.wrong = int(share * len(before))
        return file

    monkeypatch.setattr(replacing, "open_private", open_lying)
    with pytest.raises(VerificationFailed):
        export(database, target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".kp-")] == []
