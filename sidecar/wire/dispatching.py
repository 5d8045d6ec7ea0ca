"""Dispatching one request, by jsonrpcserver: and the one place that knows how to import it.

jsonrpcserver 5.0.9 loads jsonschema, asyncio and an HTTP server from its package's ``__init__`` and
``main`` modules, for default arguments and servers that we never use: 150 ms, most of a start. What
does the work is ``jsonrpcserver.dispatcher``, which needs none of them, and of ``oslash`` one module in
fifteen. So both are imported without running their packages' ``__init__``; nothing is replaced or patched.

Its decoder and validator are arguments; both have nothing to do here, since
:mod:`sidecar.wire.messages` has decoded and checked the request already. Two of its habits shape this
seam: one bad element spoils a whole batch, so it gets single requests only; and an exception that
reaches it is sent verbatim, so no method may let one out.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sidecar.wire.messages import Answer, MethodNotFound, Request, refusal, shorten


@contextmanager
def _package_left_unrun(name: str) -> Iterator[None]:
    """Within, submodules of ``name`` are imported as if its ``__init__`` were empty.

    Afterwards the package is forgotten: whoever imports it later gets all of it. What was
    imported within keeps working, being held by who imported it. A package that is loaded
    already is used as it is.
    """
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    if name in sys.modules:
        yield
        return
    sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]


with _package_left_unrun("oslash"), _package_left_unrun("jsonrpcserver"):
    from jsonrpcserver.codes import ERROR_METHOD_NOT_FOUND
    from jsonrpcserver.dispatcher import dispatch_to_response_pure
    from jsonrpcserver.response import to_serializable_one
    from jsonrpcserver.result import Error, Success

__all__ = ["Error", "Handler", "Success", "dispatch"]

Handler = Callable[..., Any]
"""What jsonrpcserver calls: (context, *args, **kwargs) -> Success or Error. Raises nothing."""


def dispatch(request: Request, handlers: dict[str, Handler], context: object) -> Answer | None:
    """Do what ``request`` asks, with ``context`` as the handler's first argument.

    Returns the answer; None for a notification.
    """
    answer = dispatch_to_response_pure(
        request=cast(str, request.members),
        deserializer=_already_decoded,
        validator=_already_checked,
        methods=handlers,
        context=context,
        post_process=cast(Any, to_serializable_one),
    )
    return _in_our_words(request, cast("Answer | None", answer))


def _already_decoded(members: Any) -> Any:
    return members


def _already_checked(members: Any) -> Any:
    return members


def _in_our_words(request: Request, answer: Answer | None) -> Answer | None:
    if answer is not None and answer.get("error", {}).get("code") == ERROR_METHOD_NOT_FOUND:
        return refusal(MethodNotFound(detail=shorten(request.method)), request.id)
    return answer
