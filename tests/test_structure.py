"""Imports point one way, room by room; a new module is covered by the room it lies in."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "sidecar"

ORDER = (
    "__main__",
    "cli",
    "screen",
    "description",
    "wire",
    "report",
    "comparison",
    "installing",
    "clearing",
    "care",
    "automatic",
    "jobs",
    "export",
    "sources",
    "selection",
    "restore",
    "merging",
    "rescue",
    "salvage",
    "stage",
    "archive",
    "database",
    "system",
    "results",
    "progress",
    "own_json",
    "json_wording",
    "errors",
    "__init__",
)
"""The rooms, and the modules beside them: each may import from those behind it, never from those before."""

EXCEPTIONS = {("wire.methods", "description.openrpc")}
"""The one import that points up, when it is called: rpc.discover answers with what describes the methods."""

NEVER = [
    ("cli", {"restore", "rescue", "salvage", "stage", "archive"}),
    ("wire", {"restore", "rescue", "salvage", "stage", "archive", "database"}),
    ("installing", {"automatic", "jobs", "export", "sources", "restore", "rescue", "salvage", "stage", "archive"}),
    ("salvage", {"archive.zip_writing", "archive.archive_writing"}),
    ("stage", {"archive.zip_writing", "archive.archive_writing", "database.connection"}),
    ("rescue", {"restore", "salvage", "archive", "database.connection.open_for_import"}),
    ("restore", {"archive.zip_reading", "archive.zip_writing", "database.connection.open_for_import"}),
    ("archive.zip_headers", {"json", "msgspec", "archive.json_stream", "database"}),
    ("archive.zip_reading", {"json", "msgspec", "archive.json_stream", "database"}),
    ("archive.zip_writing", {"json", "msgspec", "archive.json_stream", "database"}),
    ("archive.redaction", {"archive.manifest", "archive.json_stream", "database", "system", "errors"}),
    ("salvage.zip_entries", {"json", "msgspec", "archive.json_stream", "salvage.json_fragments", "database"}),
    ("errors", {"results", "progress", "system"}),
]
"""Room or module -> what none of its modules may name in an import: a room, a module, a name in one, a library."""

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.parent == PACKAGE or path.name != "__init__.py"
}
ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())


def _names(path: Path, *, loading: bool = False) -> set[str]:
    """Dotted names that a file imports, ours without "sidecar."; ``loading``: only when it is itself imported."""
    tree = ast.parse(path.read_text("utf-8"))
    found: set[str] = set()
    for node in tree.body if loading else ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return {name.removeprefix("sidecar.") for name in found}


def _modules(names: set[str]) -> set[str]:
    """The modules of ours among ``names``, which may name something in them."""
    return {name for name in names if name in MODULES} | {
        name.rpartition(".")[0] for name in names if name.rpartition(".")[0] in MODULES
    }


def _room(module: str) -> str:
    return module.split(".")[0]


def _lies_in(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


def test_every_module_lies_in_a_room_of_the_order() -> None:
    assert {_room(module) for module in MODULES} == set(ORDER)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """Those in functions and those for types alone count like all others."""
    up = {
        other
        for other in _modules(_names(MODULES[module]))
        if ORDER.index(_room(other)) < ORDER.index(_room(module)) and (module, other) not in EXCEPTIONS
    }
    assert not up, f"{module} imports what lies above it"


def test_the_exception_is_still_needed() -> None:
    for module, other in EXCEPTIONS:
        assert other in _modules(_names(MODULES[module]))
        assert other not in _modules(_names(MODULES[module], loading=True))


def test_modules_import_each_other_in_no_circle() -> None:
    graph = {module: _modules(_names(path, loading=True)) - {module} for module, path in MODULES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize(("place", "strangers"), NEVER, ids=[place for place, _ in NEVER])
def test_a_room_knows_nothing_of_its_strangers(place: str, strangers: set[str]) -> None:
    inside = [module for module in MODULES if _lies_in(module, place)]
    assert inside
    for module in inside:
        met = {name for name in _names(MODULES[module]) for stranger in strangers if _lies_in(name, stranger)}
        assert not met, f"{module} knows {met}"


@pytest.mark.slow
def test_no_module_needs_ctypes_to_be_loaded() -> None:
    """The program frozen for Linux does without it (see build.spec)."""
    assert not [module for module, path in MODULES.items() if "ctypes" in _names(path, loading=True)]


def test_the_errors_import_nothing_but_each_other() -> None:
    inside = [module for module in MODULES if _lies_in(module, "errors")]
    assert inside
    for module in inside:
        assert {_room(other) for other in _modules(_names(MODULES[module]))} <= {"errors"}


def test_one_module_alone_opens_the_database_for_writing() -> None:
    opening = [module for module, path in MODULES.items() if "open_for_import" in path.read_text("utf-8")]
    assert sorted(opening) == ["care.repairing", "database.connection", "jobs.comparing"]
    placing = [module for module, path in MODULES.items() if "open_for_placing" in path.read_text("utf-8")]
    assert sorted(placing) == ["care.compacting", "database.connection", "rescue.placing"]
    writing = re.compile(r'sqlite_uri\([^)]*"rw"\)|mode=rw\b')
    assert [module for module, path in MODULES.items() if writing.search(path.read_text("utf-8"))] == [
        "database.connection"
    ]


def test_one_function_alone_spells_a_uri_for_sqlite() -> None:
    spelling = re.compile(r"as_uri\(|[\"'f]file:")
    assert [module for module, path in MODULES.items() if spelling.search(path.read_text("utf-8"))] == ["system.names"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_small_and_says_what_it_owns(room: str) -> None:
    files = sorted((PACKAGE / room).glob("*.py"))
    assert 3 <= len(files) - 1 <= 14
    body = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


def test_few_files_lie_beside_the_rooms() -> None:
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= 8


MAP = (PACKAGE / "README.md").read_text("utf-8")

ANSWERS = [row.split(" | ") for row in re.findall(r"^\| (.+ \| .+ \| .+) \|$", MAP, re.MULTILINE)[1:]]
"""The map's questions, each with files and names."""


def _defined(path: Path) -> set[str]:
    """What a file defines: classes, functions and constants, and within classes "Class.name"."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        found |= _named(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for part in node.body for name in _named(part)}
    return found


def _named(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def test_the_map_lists_the_rooms_in_the_order_of_the_pipe() -> None:
    listed = re.findall(r"^\| `(\w+)/` \|", MAP, re.MULTILINE)
    assert listed == [room for room in ORDER if room in ROOMS]


def test_the_map_draws_the_arrow_as_it_is() -> None:
    arrow = re.search(r"^ {4}__main__ ->(?:.|\n)+?\n\n", MAP, re.MULTILINE)
    assert arrow is not None
    assert tuple(re.findall(r"\w+", arrow[0])) == ORDER[:-1]


def test_the_map_answers_many_questions() -> None:
    assert len(ANSWERS) >= 20
    assert {room for room in ROOMS if f"`{room}/" in "".join(files for _, files, _ in ANSWERS)} == set(ROOMS)


@pytest.mark.slow(but=38)
@pytest.mark.parametrize(("question", "files", "names"), ANSWERS, ids=[question for question, _, _ in ANSWERS])
def test_the_map_leads_to_files_and_names_that_exist(question: str, files: str, names: str) -> None:
    paths = [PACKAGE / name for name in re.findall(r"`(.+?)`", files)]
    wanted = set(re.findall(r"`(.+?)`", names))
    assert paths, question
    assert wanted, question
    assert not wanted - set().union(*map(_defined, paths)), question
    for path in paths:
        assert wanted & _defined(path), f"{question}: nothing of {path.name} is named"
