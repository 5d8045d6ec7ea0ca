"""What is answered once a page was written: structs alone, so that the wire can name them without loading a job."""

from __future__ import annotations

import msgspec


class Page(msgspec.Struct, kw_only=True):
    """The page that was written: its ``path``, its ``size`` in bytes, and what of the data it does not show, in
    sentences (``cut``; empty where it shows all)."""

    path: str
    size: int
    cut: list[str]


class ReportPage(Page, kw_only=True):
    """The page about a backup. ``is_valid``, ``error_count`` and ``warning_count`` are what a validation answers; the
    page tells of all of it."""

    is_valid: bool
    error_count: int
    warning_count: int


class DifferencePage(Page, kw_only=True):
    """The page about a difference: whether there is one, how many rows differ, and how many of them it shows."""

    identical: bool
    total: int
    shown: int
