"""systemd's units: held against systemd's own judgement where it is at hand, and against what its pages say."""

from __future__ import annotations

import os
import shutil
import subprocess
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

ANALYZE = shutil.which("systemd-analyze")


def judged(call: Call, folder: Path) -> str:
    """What systemd says of the units of a call; "" if it takes them as they are."""
    folder.mkdir()
    paths = []
    for file in Systemd().written(call):
        paths.append(folder / Path(file.path).name)
        paths[-1].write_text(file.content, "utf-8")
    ended = subprocess.run(
        [str(ANALYZE), "--user", "verify", *map(str, paths)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        check=False,
    )
    return ended.stderr.decode() + (f"code {ended.returncode}" if ended.returncode else "")


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here to judge")
@pytest.mark.parametrize("name", PATHS)
def test_systemd_takes_the_units_as_they_are(name: str, tmp_path: Path) -> None:
    program = tmp_path / name / "kirapilot-sidecar"
    program.parent.mkdir()
    shutil.copy("/bin/true", program)
    call = Call(str(program), ("auto", "run", "--database", str(tmp_path / name / "x.db")), "")
    assert judged(call, tmp_path / "units") == ""


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here to judge")
def test_the_judge_does_judge(tmp_path: Path) -> None:
    assert "not executable" in judged(Call("/no/such/program", (), ""), tmp_path / "units")


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
