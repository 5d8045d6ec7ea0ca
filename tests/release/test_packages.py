"""The crate and the npm package: what a registry asks of them is there, and nothing in them leads nowhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from sidecar import __version__
from tests.conftest import ROOT

CRATE = ROOT / "protocol" / "tauri"
CLIENT = ROOT / "protocol" / "client"

MOST_KEYWORDS = 5
"""Of a crate: crates.io takes no more."""


def _links(readme: Path) -> list[str]:
    return re.findall(r"(?<=\]\()[^)]+|(?<=<)https?:[^>]+", readme.read_text("utf-8"))


@pytest.mark.parametrize("folder", [CRATE, CLIENT], ids=["crate", "npm"])
def test_no_link_of_a_packed_readme_leads_out_of_the_package(folder: Path) -> None:
    for target in _links(folder / "README.md"):
        assert re.match(r"https?://|#", target) or (folder / target).is_file(), target
        assert ".." not in target


def test_crate_says_what_its_registry_asks_for() -> None:
    told = tomllib.loads((CRATE / "Cargo.toml").read_text("utf-8"))["package"]
    assert told["version"] == __version__
    assert told.keys() >= {"description", "license", "readme", "homepage", "keywords", "categories"}
    assert len(told["keywords"]) <= MOST_KEYWORDS
    assert all(re.fullmatch(r"[a-z][\w-]{0,19}", word) for word in told["keywords"])
    assert "publish" not in told


def test_npm_package_says_what_its_registry_asks_for() -> None:
    told = json.loads((CLIENT / "package.json").read_text("utf-8"))
    assert told["version"] == __version__
    assert told.keys() >= {"description", "license", "author", "homepage", "keywords", "files"}
    assert "private" not in told


def test_both_have_the_licence_of_the_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert [(folder / "LICENSE").read_text("utf-8") for folder in (CRATE, CLIENT)] == [text, text]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_npm_package_holds_its_readme_and_licence() -> None:
    words = ["npm", "pack", "--dry-run", "--ignore-scripts", "--json"]
    told = json.loads(subprocess.run(words, cwd=CLIENT, check=True, capture_output=True).stdout)
    packages = told if isinstance(told, list) else list(told.values())
    held = {file["path"] for file in packages[0]["files"]}
    assert held >= {"LICENSE", "README.md", "package.json"}
    assert not {path for path in held if path.startswith(("tests/", "src/", "node_modules/"))}
