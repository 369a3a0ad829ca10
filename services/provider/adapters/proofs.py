"""Tell that files were downloaded, after the fact: a bounded queue, and where its proofs go.

Source: contract 8.7. A download neither waits for a proof nor fails with one; when more come than can be sent
on, the newest are dropped and counted.
"""

import logging
import os
import queue
import threading
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlencode

from prometheus_client import Counter

from libs.signing.personal import sign_text
from services.provider.domain.errors import ProviderError
from services.provider.domain.origins import OriginRequest
from services.provider.ports import Keys, Origins, ProofOfDownload

CAPACITY = 1000
_LOG = logging.getLogger(__name__)
_PROOFS = Counter("provider_proofs_total", "Proofs of download by outcome.", ["outcome"])
_SENT, _FAILED, _DROPPED = (_PROOFS.labels(outcome) for outcome in ("sent", "failed", "dropped"))


class ProofNotSent(ProviderError):
    """This proof cannot be sent on; `reason` holds no URL and no signature."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProofSender(Protocol):
    def send(self, proof: ProofOfDownload) -> None:
        """May take its time. Raises ProofNotSent."""


class ProofQueue:
    """A Proofs with one thread of its own, started at the first proof (a server may fork before that)."""

    def __init__(self, senders: Sequence[ProofSender], capacity: int = CAPACITY) -> None:
        self._senders = senders
        self._waiting: queue.Queue[ProofOfDownload] = queue.Queue(capacity)
        self._lock = threading.Lock()
        self._started_in = 0

    def record(self, proof: ProofOfDownload) -> None:
        try:
            self._waiting.put_nowait(proof)
        except queue.Full:
            _DROPPED.inc()
            return
        if self._started_in != os.getpid():
            self._start()

    def drain(self) -> None:
        """Return when everything recorded so far was tried."""
        self._waiting.join()

    def _start(self) -> None:
        with self._lock:
            if self._started_in != os.getpid():
                threading.Thread(target=self._run, name="proofs", daemon=True).start()
                self._started_in = os.getpid()

    def _run(self) -> None:
        while True:
            proof = self._waiting.get()
            for sender in self._senders:
                _try(sender, proof)
            self._waiting.task_done()


def _try(sender: ProofSender, proof: ProofOfDownload) -> None:
    try:
        sender.send(proof)
        _SENT.inc()
    except ProofNotSent as error:
        _FAILED.inc()
        _LOG.warning("proof not sent: %s", error.reason)
    except Exception as error:  # noqa: BLE001 - edge of the worker thread: the next proof must still go out
        _FAILED.inc()
        _LOG.warning("proof not sent: %s", type(error).__name__)


class HttpProof:
    """A form POST to the operator's own collector, through the guarded fetcher; its answer is ignored."""

    def __init__(self, url: str, keys: Keys, origins: Origins) -> None:
        self._url = url
        self._keys = keys
        self._origins = origins

    def send(self, proof: ProofOfDownload) -> None:
        form = {
            "orderTxId": proof.order_tx_id,
            "providerData": proof.provider_data,
            "providerSignature": sign_text(proof.provider_data, self._keys.for_chain(proof.chain_id)),
            "consumerData": proof.consumer_data,
            "consumerSignature": proof.consumer_signature,
            "consumerAddress": proof.consumer_address,
        }
        body = urlencode(form).encode()
        request = OriginRequest("POST", self._url, {}, body, "application/x-www-form-urlencoded")
        try:
            self._origins.open(request).discard()
        except ProviderError as error:
            raise ProofNotSent(f"the collector: {type(error).__name__}") from error
