"""What an import changes, in a line: every row of the database is in it, and one is no more than one."""

from __future__ import annotations

import pytest

from sidecar.results import TableAccount
from sidecar.screen.changes import conflict_lines, totals

LEFT_OUT = {"differs_from_database": 3, "same_values_in_database": 1, "default_list_mapped": 1}


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (TableAccount(read=1, unchanged=1), "changes nothing: 1 row stays as it is"),
        (TableAccount(read=4, unchanged=2, kept=5), "changes nothing: 7 rows stay as they are"),
        # Of five that are left out, three stand for rows of the database that stay, and are none of those kept.
        (TableAccount(read=6, unchanged=1, kept=4, left_out=LEFT_OUT), "changes nothing: 8 rows stay as they are"),
        (
            TableAccount(read=7, added=1, updated=1, kept=4, untied=2, left_out=LEFT_OUT),
            "adds 1, changes 3, leaves out 5, keeps 5; a safety copy is made first",
        ),
    ],
)
def test_the_totals_have_every_row_of_the_database(account: TableAccount, said: str) -> None:
    assert totals({"tasks": account}) == said


@pytest.mark.parametrize(("conflicts", "said"), [(1, "1 row differs from"), (2, "2 rows differ from")])
def test_one_row_differs_and_two_rows_differ(conflicts: int, said: str) -> None:
    assert conflict_lines(conflicts)[1].startswith(said)
