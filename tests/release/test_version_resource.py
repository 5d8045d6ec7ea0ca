"""The version resource of the Windows program, evaluated as PyInstaller does: there by its own classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from freezing.version_resource import version_resource
from sidecar import __version__


@dataclass
class Node:
    """Stands for any of PyInstaller's classes, which can be imported on Windows alone."""

    given: tuple[Any, ...]
    named: dict[str, Any]

    def strings(self) -> dict[str, str]:
        """All StringStructs beneath this one."""
        found: dict[str, str] = {}
        for one in [*self.given, *self.named.values()]:
            for child in one if isinstance(one, list) else [one]:
                if isinstance(child, Node):
                    found |= child.strings()
        if len(self.given) == 2 and all(isinstance(one, str) for one in self.given):
            found[self.given[0]] = self.given[1]
        return found


CLASSES = (
    "VSVersionInfo",
    "FixedFileInfo",
    "StringFileInfo",
    "StringTable",
    "StringStruct",
    "VarFileInfo",
    "VarStruct",
)


def _evaluate(text: str) -> Node:
    def node(*given: Any, **named: Any) -> Node:
        return Node(given, named)

    result: Node = eval(text, {"__builtins__": {}} | dict.fromkeys(CLASSES, node))
    return result


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("1.2.3", (1, 2, 3, 0)), ("1.2", (1, 2, 0, 0)), ("2.0.0rc1", (2, 0, 0, 0)), ("10.20.30.dev4", (10, 20, 30, 0))],
)
def test_numbers_are_those_of_the_version(version: str, numbers: tuple[int, ...]) -> None:
    fixed = _evaluate(version_resource(version, "some.exe")).named["ffi"].named
    assert fixed["filevers"] == fixed["prodvers"] == numbers


def test_words_are_what_windows_shows() -> None:
    told = _evaluate(version_resource(__version__, "kirapilot-sidecar-x86_64-pc-windows-msvc.exe")).strings()
    assert told["FileDescription"] == "KiraPilot backup sidecar"
    assert told["FileVersion"] == told["ProductVersion"] == __version__
    assert told["OriginalFilename"] == "kirapilot-sidecar-x86_64-pc-windows-msvc.exe"
    # Without these Windows shows an empty page.
    assert {"CompanyName", "FileDescription", "FileVersion", "InternalName", "ProductName"} <= told.keys()


def test_a_version_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with no number"):
        version_resource("next", "some.exe")
