"""What a frozen program asks of the system's C library is measured, not guessed."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

import pytest

from freezing.glibc import measure
from tests.release.conftest import Release

pytestmark = [
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this system has no glibc"),
    pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump, of binutils"),
]

NEWEST = (2, 36)
"""Of the systems that the program is frozen on: Debian 12."""


def test_every_program_of_a_folder_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(sys.executable, folder / "deep" / "python")
    (folder / "words.txt").write_text("GLIBC_9.9")
    (folder / "link").symlink_to("deep/python")
    ((version, name),) = measure(folder, tmp_path)
    assert name == "deep/python"
    assert (2,) < version < (9, 9)


@pytest.mark.frozen
def test_frozen_program_needs_no_newer_glibc_than_this_systems(release: Release, tmp_path: Path) -> None:
    needs = measure(release.program, tmp_path)
    assert "the bootloader" in {name for _, name in needs}
    assert max(version for version, _ in needs) <= NEWEST
