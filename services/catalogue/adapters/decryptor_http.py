"""Asks the provider named in an event to open its document (contract 2.3 of provider, 2.5 of companion).

Our own public URLs lead straight to our provider; every other URL was written on the chain by a stranger
and goes through the guarded fetcher. Nothing here logs or quotes a URL, a signature or a document.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from libs.fetch.errors import FetchError
from libs.fetch.fetcher import Fetcher
from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import sign_text
from services.catalogue.chain_ports import SealedDocument
from services.catalogue.domain.opening import MAX_PLAIN_BYTES, DecryptionFailed, DecryptionRefused

_PATH = "/api/services/decrypt"
_JSON = "application/json"
_ATTEMPTS = 3
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None when it was longer than a document may be."""

    status: int
    body: bytes | None


class Transport(Protocol):
    def post(self, url: str, body: bytes) -> Answer:
        """Raises DecryptionFailed."""

    def close(self) -> None:
        """Hang up idle connections."""


@dataclass(frozen=True, slots=True)
class _Post:
    url: str
    body: bytes | None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = _JSON


class GuardedTransport:
    """For decryptors of strangers: one deadline over everything, no matter how slowly the body drips."""

    def __init__(self, fetcher: Fetcher, seconds: float) -> None:
        self._fetcher = fetcher
        self._seconds = seconds

    def post(self, url: str, body: bytes) -> Answer:
        deadline = time.monotonic() + self._seconds
        try:
            reply = self._fetcher.open(_Post(url, body))
            return Answer(reply.status, _within(reply.chunks(), reply.close, deadline))
        except FetchError as error:
            reason = f"The decryptor cannot be reached: {error.reason}."
            raise DecryptionFailed(reason, reachable=False) from None

    def close(self) -> None:
        self._fetcher.close()


class DirectTransport:
    """For our own provider, which stands on a private address."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pool = urllib3.PoolManager(maxsize=8, retries=False)

    def post(self, url: str, body: bytes) -> Answer:
        deadline = time.monotonic() + self._seconds
        try:
            response = self._pool.request(
                "POST",
                url,
                body=body,
                headers={"Content-Type": _JSON, "Accept-Encoding": "identity"},
                timeout=urllib3.Timeout(connect=self._seconds, read=self._seconds),
                redirect=False,
                preload_content=False,
            )
            answer = _within(response.stream(64 * 1024), response.close, deadline)
            response.release_conn()
            return Answer(response.status, answer)
        except (HTTPError, OSError):
            raise DecryptionFailed("Our provider cannot be reached.", reachable=False) from None

    def close(self) -> None:
        self._pool.clear()


def _within(chunks: Iterable[bytes], hang_up: Callable[[], None], deadline: float) -> bytes | None:
    """The body, or None when it is longer or slower than we wait for."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_PLAIN_BYTES or time.monotonic() > deadline:
            hang_up()
            return None
    return bytes(body)


class Nonces:
    """Strictly rising nanoseconds, whatever the clock does; one instance per key and process."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._last = 0
        self._lock = Lock()

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, self._clock())
            return str(self._last)


class HttpDecryptor:
    """A Decryptor. Requests to one decryptor run one after the other, so that their nonces arrive rising."""

    def __init__(
        self,
        *,
        key: PrivateKey,
        provider_url: str,
        public_urls: Collection[str],
        direct: Transport,
        guarded: Transport,
        nonces: Nonces | None = None,
    ) -> None:
        self._key = key
        self._provider_url = provider_url.rstrip("/")
        self._own = {_normal(url) for url in (*public_urls, provider_url)} - {None}
        self._direct = direct
        self._guarded = guarded
        self._nonces = nonces or Nonces()
        self._own_turn = Lock()

    def lane(self, decryptor_url: str) -> str | None:
        if _normal(decryptor_url) in self._own:
            return None
        try:
            parts = urlsplit(decryptor_url)
            return f"{parts.scheme}://{parts.netloc}".lower()
        except ValueError:
            return ""

    def open(self, sealed: SealedDocument) -> bytes:
        if self.lane(sealed.decryptor_url) is None:
            with self._own_turn:
                return self._ask(self._direct, self._provider_url + _PATH, sealed)
        url = sealed.decryptor_url.rstrip("/")
        if not url.lower().startswith(("http://", "https://")):
            raise DecryptionRefused("The decryptor URL of the event is not an http(s) URL.")
        return self._ask(self._guarded, url + _PATH, sealed)

    def close(self) -> None:
        self._direct.close()
        self._guarded.close()

    def _ask(self, transport: Transport, url: str, sealed: SealedDocument) -> bytes:
        answer = transport.post(url, self._body(sealed))
        for _ in range(_ATTEMPTS - 1):
            if not _is_nonce_race(answer):
                break
            # Another indexer with our key was faster with a higher nonce.
            answer = transport.post(url, self._body(sealed))
        if answer.status == 403:
            raise DecryptionRefused(f"The decryptor refused: {_reason(answer)}")
        if answer.status not in (200, 201):
            raise DecryptionFailed(f"The decryptor answered {answer.status}: {_reason(answer)}")
        if answer.body is None:
            raise DecryptionFailed(f"The document is larger than {MAX_PLAIN_BYTES} bytes or came too slowly.")
        return answer.body

    def _body(self, sealed: SealedDocument) -> bytes:
        nonce = self._nonces.next()
        reference = sealed.tx_hash if sealed.alone else sealed.nft_address
        message = Decrypt(reference, self._key.address, str(sealed.chain_id), nonce)
        payload = {
            "chainId": sealed.chain_id,
            "decrypterAddress": self._key.address,
            "dataNftAddress": sealed.nft_address,
            "nonce": nonce,
            "signature": sign_text(message.text(), self._key),
        }
        if sealed.alone:
            payload["transactionId"] = sealed.tx_hash
        else:
            payload |= {
                "encryptedDocument": sealed.data,
                "flags": sealed.flags,
                "documentHash": sealed.document_hash,
            }
        return json.dumps(payload).encode()


def _normal(url: str) -> tuple[str, str, int, str] | None:
    """Scheme, host, port and path without a trailing slash; None for what is no http(s) URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme.lower())
    except ValueError:
        return None
    if port is None or not parts.hostname or parts.username is not None:
        return None
    host = parts.hostname.lower()
    # One gateway of a development machine goes by all of these names.
    return parts.scheme.lower(), "localhost" if host in _LOOPBACK else host, port, parts.path.rstrip("/")


def _is_nonce_race(answer: Answer) -> bool:
    return answer.status == 400 and b"nonce" in (answer.body or b"")[:4096].lower()


def _reason(answer: Answer) -> str:
    """The `error` text of a JSON answer if it is short and plain, for the state of the DID."""
    try:
        told = json.loads(answer.body or b"")
    except (ValueError, RecursionError):
        return "no reason given."
    text = told.get("error") if isinstance(told, dict) else None
    if not isinstance(text, str) or len(text) > 200 or "://" in text or "\0" in text:
        return "no reason given."
    return text
