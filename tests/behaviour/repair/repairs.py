"""Repairs in tests: the faults that one mends, and how to ask for it."""

from __future__ import annotations

from typing import Any

from sidecar.care.answers import RepairResult
from sidecar.care.mending import REPAIRS
from sidecar.care.repairing import repair_database
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.behaviour.test_check import FAULTS

MENDABLE = {fault: told for fault, told in FAULTS.items() if told[0] in REPAIRS}


def repair(places: Places, dry_run: bool = False, **options: Any) -> RepairResult:
    return repair_database(places, Progress(), dry_run, **options)
