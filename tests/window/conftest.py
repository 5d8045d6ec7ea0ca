"""The example app of protocol/example, in its own window, with the frozen sidecar.

Needs the built app, whose path ``KIRAPILOT_EXAMPLE`` holds, with the sidecar beside it; and what drives a window.
``.ci/desktop SIDECAR`` installs, builds and runs all of it. On a machine without, these tests skip themselves.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from sidecar.database.sample import make_fresh, make_sample
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND
from tests.window.screen import TOOLS, Home, screen
from tests.window.window import Window, window

APP_VARIABLE = "KIRAPILOT_EXAMPLE"

HOW = "to run the desktop tests: pyinstaller build.spec && .ci/desktop dist/kirapilot-sidecar-*"


def what_is_missing() -> str | None:
    """Why the window cannot be driven here, if so."""
    app = os.environ.get(APP_VARIABLE)
    if not app:
        return f"{APP_VARIABLE} does not name the built example app"
    if not Path(app).is_file():
        return f"there is no example app at {app}"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if importlib.util.find_spec("selenium") is None:
        missing.append("selenium")
    return f"missing: {', '.join(missing)}" if missing else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = what_is_missing()
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            # By a mark: of those, pytest shows one line for each file.
            item.add_marker(pytest.mark.skip(reason=f"{missing}; {HOW}"))


@pytest.fixture(scope="session")
def app() -> Path:
    """The built example; the sidecar lies beside it."""
    return Path(os.environ[APP_VARIABLE])


@pytest.fixture(scope="session")
def display(app: Path) -> Iterator[dict[str, str]]:
    """A screen for all tests."""
    assert app
    with screen() as environment:
        yield environment


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user with a database that has a row of every kind."""
    home = Home(tmp_path / "home").make()
    shutil.copy(DATA / f"{EVERY_KIND}.db", home.database)
    return home


@pytest.fixture
def fresh_home(tmp_path: Path) -> Home:
    """Another user, on a new device: a database that the app has just made."""
    home = Home(tmp_path / "new device").make()
    make_fresh(home.database)
    return home


@pytest.fixture(scope="session")
def large_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred thousand rows: a job on it takes seconds."""
    database = tmp_path_factory.mktemp("large") / "kirapilot.db"
    make_sample(database, 12_000)
    return database


@pytest.fixture(scope="session")
def large_backup(large_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    folder = tmp_path_factory.mktemp("backup")
    backup = folder / "large.kpbackup"
    export_data(Places(large_database, folder / "work"), str(backup), Progress())
    return backup


OpenWindow = Callable[..., AbstractContextManager[Window]]


@pytest.fixture
def open_window(app: Path, display: dict[str, str]) -> OpenWindow:
    """Opens the app for a user, in a block."""

    def open_it(home: Home, *arguments: str, **environment: str) -> AbstractContextManager[Window]:
        return window(app, home, display, *arguments, **environment)

    return open_it


@pytest.fixture
def shown(open_window: OpenWindow, home: Home) -> Iterator[Window]:
    """The window of the user with every kind of row."""
    with ExitStack() as stack:
        yield stack.enter_context(open_window(home))
