"""What all tests share: the real files, places of their own, and the program as a command.

Tests that use ``sidecar_command`` run the program as a process, and with ``--frozen=PATH`` run a
second time against the frozen file. They carry the marker ``pipes``; the second runs, ``frozen`` too.

Tests marked ``slow`` are left out unless ``-m`` asks for them, and so are ``exhaustive`` ones: the first take seconds
each, run before every change lands, and with ``slow(but=2)`` two of their cases always (then not by ``-m slow``); the
second take minutes. Campaigns count what they tried with the fixture ``cases``; a table of it stands at the end of the
run, and what was left out beneath it.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.system.paths import DATABASE_VARIABLE, Places
from tests.support.shell import Shell

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"

FIRST, SECOND, THIRD = "2025-08-23-first-format", "2025-08-24-task-lists", "2025-09-08-periodic-templates"
"""The generations of the app: of each there is a real database, and the backup that the app made of it."""

EVERY_KIND = "every-kind-of-row"
"""The real database that has a row of every kind the app can make, and its backup."""

GENERATIONS = (FIRST, SECOND, THIRD)
REAL = (*GENERATIONS, EVERY_KIND)
"""All of these, by name: whatever is held to real files is held to each."""

Copy = Callable[[str], Path]
"""What ``database_copy`` is: the name of a real database in, a copy of it out."""


class Cases:
    """How many cases each campaign tried, for the table at the end of a run."""

    def __init__(self) -> None:
        self._tried: Counter[str] = Counter()
        self._measured: dict[str, str] = {}

    def record(self, promise: str, tried: int = 1) -> None:
        """Count ``tried`` more cases of a promise, which is a sentence."""
        self._tried[promise] += tried

    def measured(self, what: str, value: str) -> None:
        """Show a number that was seen rather than counted: the longest wait, say."""
        self._measured[what] = value

    def dump(self) -> tuple[dict[str, int], dict[str, str]]:
        """What was counted and what was seen, as plain values that another process can send."""
        return dict(self._tried), dict(self._measured)

    def load(self, dumped: tuple[dict[str, int], dict[str, str]]) -> None:
        """Add what another process dumped."""
        self._tried.update(dumped[0])
        self._measured.update(dumped[1])

    def rows(self) -> list[tuple[str, str]]:
        """(promise, cases tried), in the order in which they were first recorded; measurements last."""
        return [(promise, f"{tried:,}") for promise, tried in self._tried.items()] + list(self._measured.items())


CASES = pytest.StashKey[Cases]()
LEFT_OUT = pytest.StashKey[dict[str, int]]()

ASKED_FOR = {
    "slow": "python -m pytest -m slow",
    "exhaustive": "python -m pytest -m exhaustive",
}
"""Marks of tests that run only when asked for, and how to ask."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--frozen", metavar="PATH", help="run the tests of the command against this file, too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "pipes: runs the program as a process")
    config.addinivalue_line("markers", "frozen: runs the frozen program (needs --frozen=PATH)")
    config.addinivalue_line("markers", "slow(but=0): takes seconds (left out, but for that many cases, unless -m asks)")
    config.addinivalue_line("markers", "exhaustive: tries every case, for minutes (left out unless -m names it)")
    if sys.platform != "win32":
        # Under nohup a hang-up is ignored, by all that the tests start too.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # So is Ctrl-C by what a shell starts in the background.
            signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[CASES] = Cases()
    config.stash[LEFT_OUT] = dict.fromkeys(ASKED_FOR, 0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Not by a default for -m: that would be lost as soon as -m asks for something else.
    asked = {mark for mark in ASKED_FOR if mark in config.getoption("markexpr")}
    # "-m slow" is what the plain command leaves out, and no case of it twice.
    only_slow = config.getoption("markexpr") == "slow"
    functions: dict[str, list[pytest.Item]] = {}
    for item in items:
        functions.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out: set[pytest.Item] = set()
    for cases in functions.values():
        marks = [mark for mark in ASKED_FOR if cases[0].get_closest_marker(mark)]
        if marks and not asked.intersection(marks):
            unasked = set(cases) - set(_few(cases))
            config.stash[LEFT_OUT][marks[-1]] += len(unasked)
            left_out |= unasked
        elif only_slow:
            left_out.update(_few(cases))
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _few(cases: list[pytest.Item]) -> list[pytest.Item]:
    """Those of a slow test's cases that run all the same, evenly spread: as many as ``slow(but=...)`` says."""
    slow = cases[0].get_closest_marker("slow")
    but: int = slow.kwargs.get("but", 0) if slow else 0
    return cases[:: -(-len(cases) // but)] if but else []


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no collection of garbage need look at them over and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many as there are cores: tests wait for the disk's flushes as long as they compute."""
    del config
    return 2 * (os.cpu_count() or 1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist, a worker hands what it counted to the one process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["cases"] = session.config.stash[CASES].dump()
        output["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker counted; every worker collects all tests, so what each left out is the same."""
    output = getattr(node, "workeroutput", {})
    if "cases" in output:
        node.config.stash[CASES].load(output["cases"])
        node.config.stash[LEFT_OUT] = output["left_out"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash[CASES].rows()
    if rows:
        terminalreporter.section("promise | cases tried")
        for promise, tried in rows:
            terminalreporter.write_line(f"{promise} | {tried}")
    left_out = {mark: count for mark, count in config.stash[LEFT_OUT].items() if count}
    if left_out:
        terminalreporter.section("left out")
        for mark, count in left_out.items():
            terminalreporter.write_line(f"{count:,} {mark} tests: {ASKED_FOR[mark]}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sidecar_command" not in metafunc.fixturenames:
        return
    commands = [pytest.param([sys.executable, "-m", "sidecar"], id="source", marks=pytest.mark.pipes)]
    frozen = metafunc.config.getoption("--frozen")
    if frozen:
        program = Path(frozen).resolve()
        if not program.is_file():
            raise pytest.UsageError(f"--frozen: there is no file {program}")
        commands.append(pytest.param([str(program)], id="frozen", marks=[pytest.mark.pipes, pytest.mark.frozen]))
    metafunc.parametrize("sidecar_command", commands, indirect=True)


@pytest.fixture
def sidecar_command(request: pytest.FixtureRequest) -> list[str]:
    """The words that start the program; arguments are to be appended."""
    return list(request.param)


@pytest.fixture
def shell(sidecar_command: list[str], fresh_database: Path, tmp_path: Path) -> Shell:
    """The program in a folder of its own, with a copy of the real database with every kind of row."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Shell(sidecar_command, folder, fresh_database)


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> Cases:
    """Where a campaign says how many cases it tried."""
    return request.config.stash[CASES]


@pytest.fixture(scope="session", autouse=True)
def _away_from_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no process it starts, finds the user's own database or cache; all find this checkout."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(DATABASE_VARIABLE, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        yield


@pytest.fixture
def real_files() -> Path:
    """The folder of databases and backups that shipped versions of the app made; not to be written to."""
    return DATA


@pytest.fixture
def database_copy(tmp_path: Path) -> Copy:
    """Makes a copy of one of the real databases, by its name without ``.db``; each call a new one."""
    made = iter(range(1_000_000))

    def copy(name: str) -> Path:
        folder = tmp_path / f"database-{next(made)}"
        folder.mkdir()
        return Path(shutil.copy(DATA / f"{name}.db", folder / "kirapilot.db"))

    return copy


@pytest.fixture
def fresh_database(database_copy: Copy) -> Path:
    """A fresh copy of the real database with every kind of row."""
    return database_copy(EVERY_KIND)


@pytest.fixture
def places(fresh_database: Path, tmp_path: Path) -> Places:
    """A copy of the real database with every kind of row, and a work folder of its own."""
    return Places(fresh_database, tmp_path / "work")
