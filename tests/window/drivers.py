"""Programs that drive windows by a port, each of its own: two tests at a time take no port from one another."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

import psutil

from tests.window.screen import ended, eventually

_TRIES = 5


@contextmanager
def driver(command: Sequence[str], options: Sequence[str], environment: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """The process of a driver that listens to a port for each of ``options``, and the address of the first.

    A port that is free may be taken before the driver takes it, by the driver of the test beside this one; then each
    would open its window by the other, and wait for ever. So what listens is to be its own, or it is begun anew.
    """
    with ExitStack() as stack:
        for _ in range(_TRIES):
            ports = _free_ports(len(options))
            words = [*command, *(f"--{option}={port}" for option, port in zip(options, ports, strict=True))]
            server = subprocess.Popen(
                words,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            stack.enter_context(ended(server))
            eventually(lambda: all(map(_answers, ports)), f"{command[0]} listens")  # noqa: B023
            if _listening(server.pid).issuperset(ports):
                yield server.pid, f"http://127.0.0.1:{ports[0]}"
                return
        raise AssertionError(f"others took the free ports of {command[0]} {_TRIES} times")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _answers(port: int) -> bool:
    with socket.socket() as knock:
        knock.settimeout(1)
        return knock.connect_ex(("127.0.0.1", port)) == 0


def _listening(pid: int) -> set[int]:
    """The ports that a process and its children listen to."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        connections = [each.net_connections("tcp") for each in (process, *process.children(recursive=True))]
        return {one.laddr.port for each in connections for one in each if one.status == psutil.CONN_LISTEN}
    return set()
