"""Ports for a stack beside others: benchmarks and tests start theirs where nothing listens."""

import contextlib
import random
import socket
from pathlib import Path

from scripts.stack.config import Ports

# Below those that the kernel gives to connections: such a port stays free until the stack binds it.
FIRST, LAST = 12_000, 32_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports() -> Ports:
    """Ports that were free a moment ago, held open together so that they differ."""
    last = min(LAST, _ephemeral_start() - 1)
    candidates = iter(random.sample(range(FIRST, last), 1000))
    with contextlib.ExitStack() as held:
        numbers: list[int] = []
        while len(numbers) < len(Ports.__dataclass_fields__):
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                number = next(candidates)
                probe.bind(("127.0.0.1", number))
                numbers.append(number)
    return Ports(**dict(zip(Ports.__dataclass_fields__, numbers, strict=True)))


def _ephemeral_start() -> int:
    try:
        start = int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return LAST + 1
    return start if start > FIRST + 2000 else LAST + 1
