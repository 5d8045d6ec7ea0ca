"""For the owner only, on each system by its own means; Windows' calls are replaced by ones that note what they get."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sidecar.system import names
from sidecar.system.permissions import is_write_protected, make_folder, make_private, owner_to_be, unprotected

ON_WINDOWS = sys.platform == "win32"


class Library:
    """A library of Windows: notes each call, and answers as told."""

    def __init__(self, answers: dict[str, int]) -> None:
        self.answers, self.called = answers, list[tuple[str, tuple[Any, ...]]]()

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> int:
            self.called.append((name, arguments))
            return self.answers.get(name, 1)

        return call


@pytest.mark.parametrize(
    ("answers", "private"),
    [
        ({"SetNamedSecurityInfoW": 0}, True),
        ({"SetNamedSecurityInfoW": 1}, False),
        ({"ConvertStringSecurityDescriptorToSecurityDescriptorW": 0}, False),
        ({"GetSecurityDescriptorDacl": 0}, False),
    ],
)
def test_a_new_file_on_windows_gets_a_list_of_its_own_and_a_disk_without_lists_is_no_failure(
    answers: dict[str, int], private: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", True)
    library = Library(answers)
    assert make_private(tmp_path / "a", lambda _name: library) is private
    called = dict(library.called)
    (text, *_) = called["ConvertStringSecurityDescriptorToSecurityDescriptorW"]
    assert text.value.startswith("D:P("), "protected: nothing is inherited"
    assert all(name not in text.value for name in (";WD)", ";BU)", ";AU)")), "not for everybody, nor for all users"
    if "SetNamedSecurityInfoW" in called:
        path, kind, what, owner, group, *_ = called["SetNamedSecurityInfoW"]
        assert (path.value, kind, what.value, owner, group) == (str(tmp_path / "a"), 1, 0x80000004, None, None)
    assert ("LocalFree" in called) is (answers != {"ConvertStringSecurityDescriptorToSecurityDescriptorW": 0})


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="root alone gives files away")
def test_what_root_makes_is_for_the_owner_of_what_it_is_made_for(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    shutil.chown(tmp_path / "home", 12345, 23456)
    make_folder(tmp_path / "home" / "backups")
    found = (tmp_path / "home" / "backups").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (12345, 23456, 0o700)
    owner = owner_to_be(tmp_path / "home")
    assert owner is not None
    assert (owner.user, owner.group) == (12345, 23456)


def test_others_give_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "win32":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert owner_to_be(tmp_path) is None


def test_a_file_is_write_protected_when_no_mode_lets_anybody_write_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert not is_write_protected(path), "what is not there protects nothing"
    path.touch()
    # Windows makes an attribute of a mode: of what the owner may do.
    for mode, expected in ((0o444, True), (0o400, True), (0o644, False), (0o600, False), (0o464, ON_WINDOWS)):
        path.chmod(mode)
        assert is_write_protected(path) is expected
    path.chmod(0o600)


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_write_protected_on_windows_lets_itself_be_replaced_and_is_so_again(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", True)
    path = tmp_path / "a"
    path.touch()
    path.chmod(0o444)
    with suppress(OSError), unprotected(path):
        assert not is_write_protected(path)
        if fails:
            raise OSError
    assert is_write_protected(path)
    path.chmod(0o600)
    with unprotected(path):
        pass
    assert not is_write_protected(path)
