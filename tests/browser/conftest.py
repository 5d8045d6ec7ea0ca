"""Pages in a real browser, held to the accessibility guidelines by axe-core.

Needs WebKit's small browser, what drives it, and axe-core, which ``npm ci`` in protocol/example installs.
``.ci/desktop SIDECAR`` installs and runs all of it. On a machine without, these tests skip themselves.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import AXE, THEMES, TOOLS, Browser, browser, program

HOW = "to run the tests in a browser: pyinstaller build.spec && .ci/desktop dist/kirapilot-sidecar-*"


def what_is_missing() -> str | None:
    """Why pages cannot be shown here, if so."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    missing += ["WebKit's MiniBrowser"] if program() is None else []
    missing += ["selenium"] if importlib.util.find_spec("selenium") is None else []
    missing += ["axe-core"] if not AXE.is_file() else []
    return f"missing: {', '.join(missing)}" if missing else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = what_is_missing()
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            # By a mark: of those, pytest shows one line for each file.
            item.add_marker(pytest.mark.skip(reason=f"{missing}; {HOW}"))


@pytest.fixture(scope="module", params=THEMES)
def shown_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in the light, and one in the dark."""
    with browser(request.param, tmp_path_factory.mktemp("home")) as opened:
        assert opened.script("return matchMedia('(prefers-color-scheme: dark)').matches") is (request.param == "dark")
        yield opened


@pytest.fixture(scope="module")
def in_the_light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser."""
    with browser("light", tmp_path_factory.mktemp("home")) as opened:
        yield opened
