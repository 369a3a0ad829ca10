"""POST JSON to a node: the lean client of libs/http1, with the request's head written once."""

import base64
from urllib.parse import unquote, urlsplit

from libs.http1.client import Client, host_header


class Poster:
    """Posts bodies to one http(s) URL. Thread-safe and fork-safe."""

    def __init__(self, url: str, max_answer_bytes: int, max_idle: int = 64) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http(s) URL")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if any(not "!" <= character <= "~" for character in target + parts.netloc):
            raise ValueError("not a URL")
        self._head = (
            f"POST {target} HTTP/1.1\r\nHost: {host_header(parts)}\r\n"
            "Content-Type: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: tidegate\r\n"
            f"{_authorization(parts.username, parts.password)}Content-Length: "
        ).encode("ascii")
        self._client = Client(parts, max_body_bytes=max_answer_bytes, max_idle=max_idle)

    def post(self, body: bytes, timeout_seconds: float) -> bytes:
        """The body of a 200 answer; our questions may be asked twice.

        Raises HttpFailure, AnswerTooBig, TimeoutError, OSError.
        """
        request = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
        return self._client.exchange("POST", request, timeout_seconds, repeatable=True, only=200).body


def _authorization(username: str | None, password: str | None) -> str:
    if username is None:
        return ""
    pair = f"{unquote(username)}:{unquote(password or '')}".encode()
    return f"Authorization: Basic {base64.b64encode(pair).decode()}\r\n"
