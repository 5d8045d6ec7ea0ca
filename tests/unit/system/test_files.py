"""Sources that are files, names that cannot be, links that are followed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from sidecar.database.connection import is_database_file
from sidecar.errors.base import SidecarError
from sidecar.errors.paths import IsAFolder, PathNotAllowed, PermissionDenied
from sidecar.system import names
from sidecar.system.files import mark_temporary, open_source, resolve_target
from sidecar.system.os_errors import file_errors
from sidecar.system.replacing import Saving, replacing
from tests.support.pipes_and_sockets import fifo, is_untouched
from tests.support.windows_names import short_name

NO_NAME = "a?b" if sys.platform == "win32" else "a\ud800b"
"""Windows takes half a character."""


def test_the_folder_of_a_link_is_where_the_temporary_file_lies(tmp_path: Path) -> None:
    real = tmp_path / "a real folder" / "a"
    real.parent.mkdir()
    link = tmp_path / "link"
    if sys.platform == "win32":
        (tmp_path / "beside").touch()
        link = short_name(real.parent) / "a"
    else:
        link.symlink_to(real)
    target = resolve_target(str(link))
    assert target == real
    with replacing(Saving(target)):
        assert len(list(real.parent.iterdir())) == 2
        assert len(list(tmp_path.iterdir())) == 2


def test_errors_of_the_program_are_not_taken_for_the_systems(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a bug"), file_errors(tmp_path):
        raise ValueError("a bug")


@pytest.mark.parametrize("path", ["", "a\0b", NO_NAME, "n" * 300])
def test_impossible_names_are_refused_for_reading_and_writing(path: str) -> None:
    for use in (open_source, resolve_target):
        with pytest.raises(SidecarError) as caught:
            use(path)
        assert type(caught.value) is PathNotAllowed
    assert not is_database_file(Path(path), Path("kirapilot.db")) or not path


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = fifo(tmp_path / "pipe")
    for use in (open_source, resolve_target):
        with pytest.raises(IsAFolder):
            use(str(pipe))
    assert is_untouched(pipe)


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc here")
def test_a_stream_that_is_called_a_file_is_none() -> None:
    with pytest.raises(IsAFolder):
        open_source("/proc/version")
    with pytest.raises(PermissionDenied), replacing(Saving(Path("/proc/version"))):
        pass


@pytest.mark.parametrize("known", [True, False])
def test_windows_is_told_that_a_lock_file_is_gone_in_a_moment(
    known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    class Kernel:
        def SetFileAttributesW(self, path: Any, attributes: Any) -> int:  # noqa: N802 - Windows calls it that
            told.append((path.value, attributes.value))
            return int(known)

    monkeypatch.setattr(names, "ON_WINDOWS", True)
    assert mark_temporary(tmp_path / "a", lambda _name: Kernel()) is known
    assert told == [(str(tmp_path / "a"), 0x2100)]


def test_elsewhere_names_tell_it(tmp_path: Path) -> None:
    if names.ON_WINDOWS:
        (tmp_path / "a").touch()
        assert mark_temporary(tmp_path / "a")
    else:
        assert not mark_temporary(tmp_path / "a")
