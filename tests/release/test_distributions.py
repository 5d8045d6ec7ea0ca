"""The source distribution and the wheel, built as a maintainer builds them."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

UNPACKED_TOO = {"PKG-INFO"}
"""What a source distribution adds."""


def _build(target: str, folder: Path) -> Path:
    words = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


def _unpack(distribution: Path, folder: Path) -> Path:
    with tarfile.open(distribution) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    return unpacked


def _sources() -> set[str]:
    """Every file that is kept: what git knows or would add; in an unpacked distribution, what is there."""
    if not (ROOT / ".git").exists():
        found = (path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {
            path.relative_to(ROOT).as_posix()
            for path in found
            if not re.match(r"\..*_cache", path.relative_to(ROOT).parts[0])
        }
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def _collected(folder: Path) -> set[str]:
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", "tests"]
    listed = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout
    return {line for line in listed.splitlines() if "::" in line}


@pytest.mark.slow
def test_source_distribution_holds_every_source_and_nothing_else(tmp_path: Path) -> None:
    unpacked = _unpack(_build("sdist", tmp_path / "made"), tmp_path / "unpacked")
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert held - UNPACKED_TOO == _sources() - UNPACKED_TOO


@pytest.mark.slow
def test_every_test_is_found_in_the_unpacked_source_distribution(tmp_path: Path) -> None:
    unpacked = _unpack(_build("sdist", tmp_path / "made"), tmp_path / "unpacked")
    assert _collected(unpacked) == _collected(ROOT) != set()


@pytest.mark.slow
def test_wheel_holds_the_program_alone(tmp_path: Path) -> None:
    wheel = _build("wheel", tmp_path / "made")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        roots = {name.partition("/")[0] for name in names}
        text = archive.read(f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info/METADATA").decode()
    assert {root.partition("-")[0] for root in roots} == {"sidecar", "kirapilot_sidecar"}
    assert any(name.endswith(".data/data/share/man/man1/kirapilot-sidecar.1") for name in names)
    readme = str(email.message_from_string(text).get_payload())
    assert "protocol/TRUST.md says how" in " ".join(readme.split())
    assert not re.findall(r"\]\((?!https?:)", readme), "a link to what is not there"


def test_what_builds_the_distributions_is_installed_for_developers() -> None:
    """So that these tests build with what a release is built with."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(told["build-system"]["requires"]) <= set(told["project"]["optional-dependencies"]["dev"])
