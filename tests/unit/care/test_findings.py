"""Findings: the worst of them is the state, a bounded number is kept, and each sentence has all it speaks of."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from sidecar.care.findings import DAMAGED, EXIT_CODES, FINDINGS, HEALTHY, KEPT, KINDS, Found
from sidecar.errors.base import SidecarError
from tests.conftest import ROOT

GAPS = {"detail": "x", "rows": "3 rows", "table": "tasks", "Row": "Task 1", "parent": "task", "target": "2"}
WHERE = {"column": "status", **{name: GAPS[name] for name in ("detail", "table", "target")}}


def all_errors(kind: type[SidecarError] = SidecarError) -> list[type[SidecarError]]:
    return [each for heir in kind.__subclasses__() for each in (heir, *all_errors(heir))]


@pytest.mark.parametrize("code", KINDS)
def test_a_sentence_is_whole_and_says_what_mends_it(code: str) -> None:
    found = Found()
    found.add(code, WHERE, **{name: GAPS[name] for name in ("rows", "Row", "parent")}, wanted="text")
    (finding,) = found.findings
    assert not re.search(r"[{}]", finding.message)
    mends = {
        "repair": "repair",
        "import": "backup",
        "app": "Nothing has to be done",
        "none": "backup",
        "compact": "compact",
    }
    assert mends[finding.remedy] in finding.message
    assert not finding.message.endswith(".")


def test_the_worst_is_the_state() -> None:
    found = Found()
    assert found.state == HEALTHY
    found.add("no_list", {}, Row="Task 1")
    assert found.state == HEALTHY
    found.add("no_default_list", {})
    assert found.state == FINDINGS
    found.add("damaged", {"detail": "x"})
    assert found.state == DAMAGED


def test_of_each_code_a_hundred_are_kept_and_all_counted() -> None:
    found = Found()
    for code in ("empty", "no_default_list"):
        for _ in range(KEPT + 1):
            found.add(code, {})
    assert found.counts == {"empty": KEPT + 1, "no_default_list": KEPT + 1}
    assert [sum(each.code == code for each in found.findings) for code in found.counts] == [KEPT, KEPT]


def test_the_exit_codes_are_of_their_own() -> None:
    codes = sorted(EXIT_CODES.values())
    assert all(first < second for first, second in pairwise(codes))
    assert not {*codes[1:]} & {error.code for error in all_errors()}


def test_every_code_is_documented() -> None:
    text = (ROOT / "protocol" / "CARE.md").read_text("utf-8")
    assert {*re.findall(r"`([a-z_]+)`", text.partition("## Repair")[0])} >= KINDS.keys()
