"""The frozen program as a release has it, with what its build has laid beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Release:
    """The frozen program, and the files named after its target triple beside it."""

    program: Path

    def beside(self, name: str) -> Path:
        """``name`` with a star in the triple's place: ``sbom-*.cdx.json``."""
        (found,) = self.program.parent.glob(name)
        return found


@pytest.fixture
def release(request: pytest.FixtureRequest) -> Release:
    """What --frozen names."""
    frozen = request.config.getoption("--frozen")
    if not frozen:
        pytest.skip("needs the frozen file: pyinstaller build.spec && python -m pytest -m frozen --frozen=dist/...")
    return Release(Path(frozen).resolve())
