"""The manual page: ``python -m freezing.man_page`` writes protocol/man/kirapilot-sidecar.1 anew.

By argparse-manpage, from the parser of the command line, so that it says what --help says.
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


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(man_page(), "utf-8")


if __name__ == "__main__":
    main()
