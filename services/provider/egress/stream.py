"""Move a body from the origin's socket to the client's: by the kernel where it can, by copying where it
cannot.

Watches both ends: a client that leaves frees the origin at once, an origin that stalls or ends early
breaks the transfer, and a client that is merely slow is waited for. Nothing is held beyond one pipe or one
buffer.
"""

import contextlib
import errno
import fcntl
import os
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass

from libs.fetch.body import Body
from libs.fetch.errors import FetchError
from services.provider.egress.relay import TransferBroken

PIPE_BYTES = 1024 * 1024
BUFFER_BYTES = 256 * 1024
_CANNOT_SPLICE = (errno.EINVAL, errno.ENOSYS, errno.EPERM)
_FLAGS = getattr(os, "SPLICE_F_MOVE", 0) | getattr(os, "SPLICE_F_NONBLOCK", 0)
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


@dataclass(frozen=True, slots=True)
class Patience:
    """Longest silence, in seconds, that is taken for slowness and not for death."""

    origin_seconds: float = 60.0
    client_seconds: float = 3600.0


def send_body(body: Body, client: socket.socket, write: Callable[[bytes], object], patience: Patience) -> int:
    """Bytes sent. Raises TransferBroken. The origin's connection is closed or given back.

    `write` frames a piece for a response without a stated length, and sends the response's headers before the
    first one. An empty piece sends the headers alone: they wait for no byte that is not here yet.
    """
    transfer = _Transfer(body, client, write, patience)
    try:
        transfer.run()
    except TransferBroken as error:
        raise TransferBroken(error.cause, transfer.sent) from error.__cause__
    except FetchError as error:
        raise TransferBroken(f"origin: {error.reason}", transfer.sent) from error
    except TimeoutError as error:
        raise TransferBroken("client: stalled", transfer.sent) from error
    except OSError as error:
        raise TransferBroken("client: gone", transfer.sent) from error
    finally:
        body.close()
        with contextlib.suppress(OSError):
            client.setblocking(True)  # as the server handed it to us
    return transfer.sent


class _Transfer:
    def __init__(
        self, body: Body, client: socket.socket, write: Callable[[bytes], object], patience: Patience
    ) -> None:
        self._body = body
        self._client = client
        self._write = write
        self._patience = patience
        self._can_splice = hasattr(os, "splice")
        self.sent = 0

    def run(self) -> None:
        view: memoryview | None = None
        while not self._body.finished:
            rest = self._body.raw_rest() if self._can_splice else None
            if rest is not None:
                self._write(b"")
                if self._splice(*rest):
                    return
            view = view or memoryview(bytearray(BUFFER_BYTES))
            self._copy_one(view)
        self._write(b"")

    def _copy_one(self, view: memoryview) -> None:
        origin = self._body.waits_on
        if origin is not None:
            self._write(b"")
            self._await_origin(origin)
        self._client.settimeout(self._patience.client_seconds)
        count = self._body.read_into(view)
        if count:
            self._write(bytes(view[:count]))
            self.sent += count

    def _splice(self, origin: socket.socket, count: int) -> bool:
        """Whether the kernel moved all `count` bytes; False when it cannot, and then it moved none."""
        out, into = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # a smaller pipe does as well
                fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            origin.setblocking(False)
            self._client.setblocking(False)
            while count:
                held = self._pull(origin, into, count)
                if held is None:
                    self._can_splice = False
                    return False
                count -= held
                self._push(out, held)
        finally:
            os.close(out)
            os.close(into)
        self._body.moved()
        return True

    def _pull(self, origin: socket.socket, pipe: int, count: int) -> int | None:
        while True:
            try:
                moved = os.splice(origin.fileno(), pipe, min(count, PIPE_BYTES), flags=_FLAGS)
            except BlockingIOError:
                self._await_origin(origin)
                continue
            except OSError as error:
                if error.errno in _CANNOT_SPLICE:  # a matter of kernel and socket: it fails at once or never
                    return None
                raise TransferBroken("origin: the connection broke") from error
            if moved == 0:
                raise TransferBroken("origin: sent less than it announced")
            return moved

    def _push(self, pipe: int, held: int) -> None:
        while held:
            try:
                moved = os.splice(pipe, self._client.fileno(), held, flags=_FLAGS)
            except BlockingIOError:
                self._await_client()
                continue
            held -= moved
            self.sent += moved

    def _await_origin(self, origin: socket.socket) -> None:
        poller = select.poll()
        poller.register(origin, select.POLLIN)
        poller.register(self._client, _GONE)
        ready = dict(poller.poll(self._patience.origin_seconds * 1000))
        if not ready:
            raise TransferBroken("origin: stalled")
        if ready.get(self._client.fileno()):
            raise TransferBroken("client: gone")

    def _await_client(self) -> None:
        poller = select.poll()
        poller.register(self._client, select.POLLOUT | _GONE)
        ready = poller.poll(self._patience.client_seconds * 1000)
        if not ready:
            raise TransferBroken("client: stalled")
        if any(event & _GONE for _, event in ready):
            raise TransferBroken("client: gone")
