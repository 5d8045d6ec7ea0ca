"""The documents: whatever file, folder or command of ours they name is there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCUMENTS = sorted(
    path
    for path in (ROOT / "README.md", ROOT / "sidecar" / "README.md", *(ROOT / "protocol").rglob("*.md"))
    if not {"node_modules", "target"} & {*path.parts}
)

LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
NAMED = re.compile(r"(?:sidecar|tests|protocol|freezing|\.ci)/[\w./-]*\w/?|(?<![\w/.-])build\.spec")
MODULE = re.compile(r"python3? -m ((?:sidecar|tests)[\w.]*)")

MADE = ("src-tauri/binaries/", "src-tauri/gen/")
"""Folders that a build makes."""


def named_paths(text: str) -> set[str]:
    """Paths below one of our folders, as a text names them."""
    return {path.rstrip(".") for path in NAMED.findall(text) if not any(made in f"{path}/" for made in MADE)}


def anchors(text: str) -> set[str]:
    """What a link into a document may end with."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in LINK.findall(path.read_text("utf-8")):
        if "://" in target:
            continue
        other = (path.parent / target).resolve() if target else path
        assert other.exists(), target
        assert not anchor or anchor in anchors(other.read_text("utf-8")), f"{target}{anchor}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_files_and_modules_that_are_named_exist(path: Path) -> None:
    text = LINK.sub("]", path.read_text("utf-8"))
    for name in named_paths(text):
        # A package's own readme speaks of its own folders.
        assert any((place / name).exists() for place in (ROOT, path.parent)), name
    for module in MODULE.findall(text):
        assert importlib.util.find_spec(module.rstrip(".")), module


def test_names_of_files_are_told_from_other_words() -> None:
    text = (
        "See `sidecar/export/exporting.py`, tests/hostile, `.ci/run` and src-tauri/binaries/x; not/tests or build.spec."
    )
    assert named_paths(text) == {"sidecar/export/exporting.py", "tests/hostile", ".ci/run", "build.spec", "tests"} - {
        "tests"
    }
    assert anchors("## Changing the program\n### A table, or a column, of it\n") == {
        "#changing-the-program",
        "#a-table-or-a-column-of-it",
    }


def test_every_document_is_listed_in_reading_order() -> None:
    listed = (ROOT / "protocol" / "README.md").read_text("utf-8")
    for path in (ROOT / "protocol").glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in listed, path.name


def test_the_readme_says_the_two_commands_and_stays_a_page() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert "python -m pip install . && kirapilot-sidecar demo" in lines
    assert "python -m pip install '.[dev]' && python -m pytest" in lines
    assert len(lines) <= 140
