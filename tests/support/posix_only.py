"""Imported first by what POSIX alone can run: elsewhere it skips the tests of the module that imports it."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs what POSIX alone has: fork, limits, pseudo terminals", allow_module_level=True)
