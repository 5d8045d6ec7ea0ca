"""The licences of all parts, inside of the program and beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from freezing.parts import Part, as_licences
from sidecar.description.licences import NOTICES
from sidecar.screen.rendering import licences_lines


def write_module(parts: Iterable[Part], folder: Path) -> Path:
    """A module for the program's archive of modules, where it costs nothing until it is imported."""
    path = folder / f"{NOTICES}.py"
    path.write_text(f"JSON = {msgspec.json.encode(as_licences(parts)).decode()!a}\n", "ascii")
    return path


def write_text(parts: Iterable[Part], path: Path) -> None:
    """What ``kirapilot-sidecar licences`` prints, for an app that shows it."""
    path.write_text("\n".join(licences_lines(as_licences(parts))) + "\n", "utf-8", newline="\n")
