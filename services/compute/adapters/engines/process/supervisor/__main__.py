"""`python -I -S -c ...` (launch.py) comes here: read the order, leave the worker, look after the run."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` takes longer to import than all the rest
import marshal
import os

from services.compute.adapters.engines.process.supervisor.watch import Watch

TYPE_CHECKING = False  # typing costs more than all the rest of the supervisor's start
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """The caller waits until the order is read and the supervisor is nobody's child: it outlives the
    worker.
    """
    for number in (_signal.SIGINT, _signal.SIGHUP):  # ignored where a worker was started by nohup
        _signal.signal(number, _signal.SIG_DFL)  # as any other: at once, with nothing done on the way out
    order = _read_order()
    if os.fork():
        os._exit(0)
    os.set_inheritable(order["lock"], False)  # ours alone, not the sandbox's
    os.chdir("/")
    os.umask(0o022)  # the sandbox's folders are made by it; our own lie in one that is closed
    Watch(order).run()


def _read_order() -> dict[str, Any]:
    """A cut order (the worker died while it wrote) raises, and nothing was started."""
    parts = []
    while part := os.read(0, 1 << 16):
        parts.append(part)
    order: dict[str, Any] = marshal.loads(b"".join(parts))  # noqa: S302 - from our own worker
    return order
