"""The manual page, by argparse-manpage, from the parser of the command line: it says what --help says.

It is written with all that is made from the code: ``python -m sidecar.description.openrpc --write protocol``.
"""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

from sidecar import __version__
from sidecar.cli.arguments import PROGRAM, make_parser

PAGE = Path(__file__).resolve().parent.parent / "protocol" / "man" / f"{PROGRAM}.1"


def man_page() -> str:
    """The page. It bears the version in the place of a date: the same tree makes the same page."""
    from argparse_manpage.manpage import Manpage

    parser = make_parser()
    setattr(parser, "man_short_description", "keep and restore backups of KiraPilot's data")  # noqa: B010
    about = {"date": f"version {__version__}", "project_name": "KiraPilot", "manual_title": "User Commands"}
    # Usage is broken into lines as wide as the terminal.
    with patch.dict(os.environ, COLUMNS="80"):
        return str(Manpage(parser, _data=about)).replace(".SH COMMENTS", ".SH EXAMPLES AND EXIT STATUS")
