"""Drawing: templates and data -> the text of a page, piece by piece. The one place that knows the library.

What comes out is HTML that any XML parser reads as well: a title that breaks out of its element would break the page
for the tests, too. It holds no script, and its policy forbids all there could be, and every address but its own style.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jinja2

from sidecar import __version__
from sidecar.report import wording
from sidecar.report.target import MARK

_FILTERS = ("text", "number", "plural", "hours", "moment", "moment_here", "day", "week", "table", "status", "priority")


def pieces(template: str, **values: Any) -> Iterator[str]:
    """The page that a template makes of ``values``; what comes in as an iterator is drawn as it comes."""
    style = _read("page.css").strip()
    sha256 = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    stream = (
        _environment()
        .get_template(template)
        .stream(
            mark=MARK,
            style=style,
            policy=f"default-src 'none'; style-src 'sha256-{sha256}'; base-uri 'none'; form-action 'none'",
            version=__version__,
            now=datetime.now(UTC),
            zone=wording.zone(datetime.now().astimezone()),
            **values,
        )
    )
    stream.enable_buffering(200)
    return iter(stream)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # A template is compiled once in the life of a process.
        auto_reload=False,
    )
    environment.filters.update({name: getattr(wording, name) for name in _FILTERS})
    return environment


def _read(name: str) -> str:
    # As data of the package: in the frozen program there is no folder of sources.
    data = pkgutil.get_data("sidecar.report", f"templates/{name}")
    assert data is not None
    return data.decode().replace("\r\n", "\n")
