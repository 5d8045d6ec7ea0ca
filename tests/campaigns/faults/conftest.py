"""What the tests of faults share: the compiled shim, and a server of cases under it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.faults.shimmed import CaseServer, case_server, compiled


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim as a library; skips where there is no C compiler."""
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def server(shim: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseServer]:
    """Runs jobs under the shim."""
    with case_server(shim, tmp_path_factory.mktemp("steps")) as running:
        yield running
