"""Imports point one way, in the order of the pipe; some rooms know nothing of others."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "sidecar"

NEVER = [
    ("errors", {"*"}),
    ("cli", {"server", "methods", "messages", "calls", "outbox", "dispatching", "schema", "zip_reading"}),
    ("methods", {"schema", "stage", "zip_reading", "zip_writing", "database", "difference", "applying"}),
    ("server", {"exporting", "importing", "validation", "database", "stage"}),
    ("stdio", {"methods", "server", "messages", "calls"}),
    ("exporting", {"server", "methods", "messages", "cli", "stage", "difference"}),
    ("importing", {"server", "methods", "messages", "cli", "undoing"}),
    ("applying", {"server", "methods", "messages", "cli", "exporting", "safety", "zip_writing", "gathering"}),
    ("difference", {"server", "methods", "messages", "cli", "exporting", "safety", "zip_writing", "gathering"}),
    ("safety", {"importing", "applying", "stage", "difference"}),
    ("proving", {"server", "methods", "importing", "applying", "difference"}),
    ("validation", {"server", "methods", "messages", "cli", "zip_writing", "gathering", "database"}),
    ("checks", {"zip_reading", "staging", "database"}),
    ("models", {"archive_writing", "zip_reading", "zip_writing", "database"}),
    ("zip_reading", {"models", "records", "stage", "schema"}),
    ("zip_headers", {"models", "records", "stage", "schema", "zip_reading", "cutting"}),
    ("zip_writing", {"models", "records", "stage", "schema"}),
    ("progress", {"results", "server", "cli", "terminal"}),
    ("cutting", {"models", "records", "stage"}),
    ("wreckage", {"models", "records", "stage", "schema", "cutting", "fragments"}),
    ("fragments", {"records", "stage", "database", "wreckage"}),
    ("evidence", {"findings", "database", "checks"}),
    ("findings", {"wreckage", "evidence", "database", "zip_reading"}),
    ("salvaging", {"server", "methods", "messages", "cli", "zip_writing", "gathering", "policies", "difference"}),
    ("ledger", {"server", "methods", "cli", "staging", "zip_reading", "zip_writing", "applying"}),
    ("settings", {"models", "records", "stage", "files", "database", "manifest", "results"}),
    ("redaction", {"*"}),
]
"""Module -> what it must not reach, directly or through others; "*" for anything of ours."""


def _imports(module: str) -> set[str]:
    """Our modules that a module imports when it is loaded; what a command imports when called is its own affair."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sidecar":
            if node.module == "sidecar":
                found.update(name.name for name in node.names)
            else:
                found.add(node.module.split(".")[1])
    return found & MODULES


MODULES = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
GRAPH = {module: _imports(module) for module in MODULES}


def _reached(module: str) -> set[str]:
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        new = GRAPH[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def test_imports_point_one_way_only() -> None:
    assert len(list(TopologicalSorter(GRAPH).static_order())) == len(MODULES)


@pytest.mark.parametrize(("module", "strangers"), NEVER, ids=[module for module, _ in NEVER])
def test_a_room_knows_nothing_of_its_strangers(module: str, strangers: set[str]) -> None:
    assert strangers <= MODULES | {"*"}
    assert _reached(module) & (MODULES if "*" in strangers else strangers) == set()


def test_one_module_alone_opens_the_database_for_writing() -> None:
    opening = [path.stem for path in PACKAGE.glob("*.py") if "open_for_import(" in path.read_text("utf-8")]
    assert sorted(opening) == ["database", "importing"]
    assert [path.stem for path in PACKAGE.glob("*.py") if 'mode=rw"' in path.read_text("utf-8")] == ["database"]
