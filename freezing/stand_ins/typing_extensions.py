"""Stands in for typing_extensions in the frozen program, which finds it before the real one (see build.spec).

All that oslash and msgspec take from there is in Python's own typing since 3.11, and the real module costs a
sixteenth of the time to the first answer. An import of anything else fails, and the tests of the frozen file with it.
"""

from __future__ import annotations

from typing import NotRequired, Required, get_type_hints, runtime_checkable

__all__ = ["NotRequired", "Required", "get_type_hints", "runtime_checkable"]
