"""A backup for standard output, where there is none."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sidecar.cli.arguments import UsageError
from sidecar.cli.piping import export_to_output


def test_a_closed_standard_output_is_not_called_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    nothing = cast(Any, SimpleNamespace(as_json=False))
    with pytest.raises(UsageError, match="There is no standard output"):
        export_to_output(nothing, nothing)
