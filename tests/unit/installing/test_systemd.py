"""systemd's units, held against what its pages say; what systemd says itself is for test_judged_by_the_system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors.jobs import CannotSchedule
from sidecar.installing.program import Call
from sidecar.installing.systemd import Systemd, quoted, unquoted
from tests.unit.installing.conftest import PATHS

pytestmark = pytest.mark.usefixtures("system")


@pytest.mark.parametrize("name", PATHS)
def test_the_program_is_read_back_out_of_the_unit(name: str) -> None:
    call = Call(f"/opt/{name}/kirapilot-sidecar", ("auto", "run"), "/opt")
    assert Systemd().program(Systemd().written(call)) == call.program


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_what_is_quoted_is_one_line_of_text_and_comes_back(word: str) -> None:
    written = quoted(word)
    assert all(" " <= character != "\x7f" for character in written)
    assert unquoted(written[1:-1]) == word


def test_a_name_that_is_no_text_is_written_byte_by_byte() -> None:
    assert quoted("a\udcff\n") == r'"a\xff\x0a"'


def test_percent_and_backslash_stand_for_themselves() -> None:
    assert quoted('50% "\\') == r'"50%% \"\\"'


@pytest.mark.parametrize("folder", ["/a\nb", "/a ", "/a\\"])
def test_a_folder_that_systemd_cannot_name_is_refused(folder: str) -> None:
    with pytest.raises(CannotSchedule):
        Systemd().written(Call(sys.executable, (), folder))


def test_a_run_that_was_missed_is_made_up_for_and_another_one_at_work_is_no_failure() -> None:
    service, timer = Systemd().written(Call("/bin/true", (), ""))
    assert "Persistent=true\n" in timer.content
    assert "SuccessExitStatus=81\n" in service.content
    assert Path(service.path).parts[-4:-1] == (".config", "systemd", "user")


def test_the_units_lie_where_the_user_has_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(Path("/elsewhere").absolute()))
    assert Path(Systemd().written(Call("/bin/true", (), ""))[0].path).parts[1] == "elsewhere"
