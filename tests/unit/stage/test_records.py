"""Rows in messages: a person knows them by a word, and not by the name of their table."""

from __future__ import annotations

import pytest

from sidecar.database.models import KNOWN
from sidecar.stage.records import named, singular

OF_ONE_ROW = {"user_preferences", "logging_config"}


@pytest.mark.parametrize("table", sorted(KNOWN.keys() - OF_ONE_ROW))
def test_a_row_of_each_table_has_a_word(table: str) -> None:
    assert table not in singular(table)
    assert named(table)[0].isupper()
