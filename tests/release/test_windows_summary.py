"""The account of a run on Windows' Python: each test once, and what is left out by reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.windows_summary import (
    missing,
    read_list,
    report,
    report_frozen,
    take_account,
    take_account_of_frozen,
)

LIST = """
# a comment
run tests/unit/system
try tests/behaviour/test_b.py
not tests/unit/system/test_a.py::test_link  wine's: its links are none
out tests/hostile/test_full_disk.py  Windows': small disks are mounted
apart tests/window           Linux: a window
"""

BY_FILE = Counter(
    {
        "tests/unit/system/test_a.py": 50,
        "tests/behaviour/test_b.py": 10,
        "tests/hostile/test_full_disk.py": 1,
        "tests/window/test_w.py": 70,
        "tests/unit/test_unnamed.py": 9,
    }
)


def write(folder: Path, name: str, passed: int, failed: int = 0, skipped: str | None = None) -> None:
    cases = [f'<testcase classname="{name}" name="p{n}"/>' for n in range(passed)]
    cases += [f'<testcase classname="{name}" name="f{n}"><failure/></testcase>' for n in range(failed)]
    if skipped is not None:
        cases.append(f'<testcase classname="{name}" name="s"><skipped message="{skipped}"/></testcase>')
    path = folder / f"{name.replace('/', '_')}.xml"
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>", "utf-8")


def summary(folder: Path, whole: bool = False) -> tuple[list[str], int]:
    return report(take_account(read_list(LIST), folder, BY_FILE), whole)


def test_each_test_is_counted_once_and_what_is_left_out_has_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "tests/unit/system", 49, skipped="POSIX modes")
    write(tmp_path, "tests/behaviour/test_b.py", 10)
    write(tmp_path, "tests/unit/test_unnamed.py", 9)
    said, code = summary(tmp_path)
    assert said[0].startswith("3 of 71 left out")
    assert {line.strip() for line in said[1:4]} == {
        "1  Windows': POSIX modes",
        "1  Windows': small disks are mounted",
        "1  wine's: its links are none",
    }
    assert "    70  not counted: of other systems alone" in said
    assert said[-1] == "Windows: 68 passed, 0 failed, 3 skipped"
    assert code == 0


def test_a_failure_counts_where_the_tests_are_to_run_and_is_told_where_they_are_tried(tmp_path: Path) -> None:
    write(tmp_path, "tests/unit/system", 50)
    write(tmp_path, "tests/behaviour/test_b.py", 9, failed=1)
    write(tmp_path, "tests/unit/test_unnamed.py", 9)
    said, code = summary(tmp_path)
    assert "failed, and tried only: tests/behaviour/test_b.py::f0" in said
    assert code == 0
    write(tmp_path, "tests/unit/system", 49, failed=1)
    said, code = summary(tmp_path)
    assert "failed: tests/unit/system::f0" in said
    assert code == 1


@pytest.mark.parametrize("turn", ["again", "alone"])
def test_what_passes_when_it_is_tried_once_more_has_passed(turn: str, tmp_path: Path) -> None:
    write(tmp_path, "tests/unit/system", 49, failed=1)
    again = '<testsuites><testsuite><testcase classname="tests/unit/system" name="f0"/></testsuite></testsuites>'
    (tmp_path / f"tests_unit_system.{turn}.xml").write_text(again, "utf-8")
    said, code = summary(tmp_path)
    assert said[-1].startswith("Windows: 50 passed, 0 failed")
    assert code == 0


@pytest.mark.parametrize(("whole", "code"), [(False, 0), (True, 1)])
def test_what_the_time_did_not_allow_is_named_and_decides_a_whole_run_alone(
    whole: bool, code: int, tmp_path: Path
) -> None:
    write(tmp_path, "tests/unit/system", 50)
    write(tmp_path, "tests/unit/test_unnamed.py", 9)
    said, found = summary(tmp_path, whole)
    assert "    10  for want of time: tests/behaviour/test_b.py" in said
    assert found == code


def test_more_than_one_in_twenty_left_out_fails(tmp_path: Path) -> None:
    write(tmp_path, "tests/unit/system", 10, skipped="POSIX modes")
    said, code = summary(tmp_path)
    assert "More than one test in twenty is left out." in said
    assert code == 1


def test_a_run_in_which_nothing_passed_fails(tmp_path: Path) -> None:
    assert summary(tmp_path)[1] == 1


def test_of_the_frozen_programs_tests_those_have_to_pass_that_pass_from_source(tmp_path: Path) -> None:
    names = ["tests/unit/system", "tests/behaviour/test_b.py"]
    write(tmp_path, "tests/unit/system", 5)
    write(tmp_path, "tests/behaviour/test_b.py", 1, failed=1)

    def frozen() -> tuple[list[str], int]:
        return report_frozen(take_account_of_frozen(read_list(LIST), tmp_path, names))

    assert frozen() == (
        ["failed, and tried only: tests/behaviour/test_b.py::f0", "Frozen: 6 passed, 0 failed, 1 skipped"],
        0,
    )
    write(tmp_path, "tests/unit/system", 4, failed=1)
    assert frozen()[1] == 1


def test_the_list_names_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = read_list((ROOT / ".ci" / "windows.tests").read_text("utf-8"))
    assert missing(lines) == []
    assert all(line.reason for line in lines if line.verb in ("not", "out", "apart"))
    reasons = ("Windows':", "wine's:", "3.11.3's:")
    assert all(line.reason.startswith(reasons) for line in lines if line.verb in ("not", "out"))
