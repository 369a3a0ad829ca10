"""Ports for a stack beside others: benchmarks and tests start theirs where nothing listens."""

import contextlib
import socket

from scripts.stack.config import Ports


def free_ports() -> Ports:
    """Ports that were free a moment ago, held open together so that they differ."""
    with contextlib.ExitStack() as held:
        numbers = []
        for _ in Ports.__dataclass_fields__:
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            numbers.append(probe.getsockname()[1])
    return Ports(**dict(zip(Ports.__dataclass_fields__, numbers, strict=True)))
