"""``kirapilot-sidecar licences``, of the source and of the frozen file."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from sidecar.cli import commands
from sidecar.description import licences
from tests.conftest import ROOT

EVERYWHERE = {
    "CPython",
    "Jinja2",
    "MarkupSafe",
    "OSlash",
    "filelock",
    "isal",
    "jsonrpcserver",
    "msgspec",
    "peewee",
    "platformdirs",
    "shtab",
    "tqdm",
    "wcwidth",
}
FROZEN_ALONE = {"ISA-L", "PyInstaller bootloader", "SQLite", "bzip2", "zlib"}


def _answer(command: Sequence[str], *words: str) -> str:
    return subprocess.run([*command, "licences", *words], check=True, capture_output=True, encoding="utf-8").stdout


def _as_json(command: Sequence[str], *words: str) -> Any:
    return msgspec.json.decode(_answer(command, "--json", *words))


def test_every_part_is_named_with_a_licence_and_its_text(sidecar_command: list[str]) -> None:
    answer = _as_json(sidecar_command)
    found = {one["name"]: one for one in answer["components"]}
    frozen = sidecar_command[0] != sys.executable
    assert answer["complete"] is frozen
    assert found.keys() >= EVERYWHERE | (FROZEN_ALONE if frozen else set())
    for one in answer["components"]:
        assert one["version"]
        assert one["licence"]
        assert all(len(text["text"]) > 100 for text in one["texts"]), one["name"]
        assert one["texts"], one["name"]


def test_a_package_that_says_nothing_of_itself_is_known_by_its_text() -> None:
    assert licences.of_distribution("jinja2").licence == "BSD-3-Clause"


def test_people_read_a_table_and_then_the_texts(sidecar_command: list[str]) -> None:
    text = _answer(sidecar_command)
    assert re.search(r"^msgspec +\d+\.\d+\.\d+ +BSD-3-Clause$", text, re.MULTILINE)
    assert re.search(r"^=+\nmsgspec \S+: LICENSE\n=+\n", text, re.MULTILINE)
    assert "Permission is hereby granted" in text


def test_a_summary_has_no_texts(sidecar_command: list[str]) -> None:
    assert "Permission is hereby granted" not in _answer(sidecar_command, "--summary")
    assert all(not one["texts"] for one in _as_json(sidecar_command, "--summary")["components"])


def test_what_tests_and_tools_need_is_not_named() -> None:
    names = {one.name.lower() for one in licences.find_licences().components}
    assert not names & {"pytest", "hypothesis", "pyinstaller", "mypy", "ruff"}


def test_sources_know_what_they_import_without_being_installed() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert list(licences.IMPORTED) == [one.partition("==")[0] for one in told]


def test_a_program_frozen_without_its_notices_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert commands.run(["licences"]) == 70
    assert not capsys.readouterr().out
