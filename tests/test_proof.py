"""An archive is read back before it gets its name: a disk that keeps something else is found out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors import VerificationFailed
from sidecar.zip_writing import ZipWriter
from tests.databases import backup, export

SHARES = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]
"""Where in the file the disk goes wrong, as a share of its length."""


@pytest.mark.parametrize("share", SHARES)
def test_an_archive_that_reads_back_otherwise_never_replaces_the_old_one(
    database_copy: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    database = database_copy("every-kind-of-row")
    target = backup(database, tmp_path / "b.kpbackup")
    before = target.read_bytes()
    finish = ZipWriter.finish

    def finish_on_a_lying_disk(writer: ZipWriter) -> None:
        """What no real disk can be made to do here: keep another bit than it was given."""
        finish(writer)
        file = writer._file
        at = int(share * file.tell())
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 0x20]))
        file.flush()

    monkeypatch.setattr(ZipWriter, "finish", finish_on_a_lying_disk)
    with pytest.raises(VerificationFailed):
        export(database, target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".kp-")] == []
