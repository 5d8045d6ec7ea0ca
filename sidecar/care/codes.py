"""The codes of what a repair mends: the command line names them before it has loaded anything of the job."""

from __future__ import annotations

from typing import Literal

Mendable = Literal[
    "index_lacks_rows",
    "owner_missing",
    "tie_missing",
    "list_missing",
    "template_missing",
    "no_default_list",
    "second_default_list",
    "value_missing",
]
"""Codes of the findings that a repair mends."""
