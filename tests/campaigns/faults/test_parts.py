"""An import of a part, of two rows the newer staying, that is killed, or whose disk fails, at any step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns.faults.campaigns import FAILURES, KILLS, Fault, every_case, some_cases
from tests.campaigns.faults.shimmed import CaseServer
from tests.campaigns.faults.test_imports import Imports
from tests.conftest import EVERY_KIND, THIRD, Cases

WHOLE = "An import of a part that is killed, or whose disk fails, at any step brings back all of the part or nothing"


@pytest.mark.slow
@pytest.mark.parametrize("faults", [KILLS, FAILURES], ids=["killed", "failing"])
def test_a_part_comes_back_whole_or_not_at_all(
    faults: list[Fault], server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    imports = Imports(server, (THIRD, EVERY_KIND), tmp_path, "part")
    cases.record(WHOLE, some_cases(imports.try_one, faults, imports.steps, 30))


@pytest.mark.exhaustive
@pytest.mark.parametrize("faults", [KILLS, FAILURES], ids=["killed", "failing"])
def test_a_part_comes_back_whole_or_not_at_all_whatever_the_step(
    faults: list[Fault], server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    cases.record(WHOLE, every_case(Imports(server, (THIRD, EVERY_KIND), tmp_path, "part").try_one, faults))
