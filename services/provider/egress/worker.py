"""gunicorn's threaded worker on a shorter way: the same connections and threads, with less done in between.

gthread hands a connection back to its main thread after each answer, and reads and writes HTTP for everybody.
Each costs as much as a small file does. The gateway keeps few connections, uses the one it used last and
sends one shape of request; so a thread waits a moment for the next one, and what has that shape is read by
`plain`. All else goes gthread's way: first requests, unusual ones, stopping, keeping and closing connections.
"""

import errno
import select
import socket
from threading import BoundedSemaphore
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from services.provider.egress import plain

LINGER_MS = 250
LINGERING_SHARE = 4  # one thread in so many may wait like this; the others are there for downloads
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)


class EgressWorker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = BoundedSemaphore(max(self.cfg.threads // LINGERING_SHARE, 1))

    def handle(self, conn: TConn) -> object:
        """True: the connection is kept, and goes back to the main thread."""
        kept = self._plainly(conn) if conn.initialized else super().handle(conn)
        while kept is True and self.alive and self._next_has_come(conn):
            kept = self._plainly(conn)
        return kept

    def _next_has_come(self, conn: TConn) -> bool:
        """Whether there is something to read: a request, or the end of the connection."""
        if conn.parser.unreader.buf.getvalue():
            return True
        if not self._places.acquire(blocking=False):
            return False
        try:
            poller = select.poll()
            poller.register(conn.sock, select.POLLIN)
            return bool(poller.poll(LINGER_MS))
        finally:
            self._places.release()

    def _plainly(self, conn: TConn) -> object:
        """Answer one request, the first bytes of which are here."""
        unreader = conn.parser.unreader
        try:
            conn.sock.setblocking(True)
            data = unreader.take_buffered() or conn.sock.recv(plain.MAX_HEAD_BYTES)
        except OSError:
            return False
        environ = plain.parse(data)
        if environ is None:
            if not data:
                return False  # the gateway closed it
            unreader.unread(data)
            return super().handle(conn)
        environ |= {"gunicorn.socket": conn.sock, "REMOTE_ADDR": "", "SERVER_NAME": "", "SERVER_PORT": ""}
        return self._answer(conn.sock, environ)

    def _answer(self, client: socket.socket, environ: dict[str, Any]) -> bool:
        """Whether the connection can be used again."""
        stopping = not self.alive
        answer = plain.Answer(client, environ["REQUEST_METHOD"], ends_connection=stopping)
        try:
            for piece in self.wsgi(environ, answer.start):
                answer.write(piece)
            answer.end()
        except Exception as error:  # noqa: BLE001 - the server's edge, where gunicorn ends them too
            self._failed(client, answer, error)
            return False
        return not stopping

    def _failed(self, client: socket.socket, answer: plain.Answer, error: Exception) -> None:
        if isinstance(error, OSError) and error.errno in _GONE:
            self.log.debug("The connection broke.")
        elif answer.begun:
            self.log.exception("Error handling request")
        else:
            self.handle_error(None, client, ("", -1), error)
