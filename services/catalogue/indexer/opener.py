"""Opens the document of one metadata event and records what became of it.

The network comes first, outside any transaction; then one unit checks that the event is still there and
writes outcome, document, projection and queue together. Dying anywhere in between only means doing it again.
"""

import hashlib
import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from libs.signing.keys import checksum, did_for
from services.catalogue.chain_ports import ChainSource, Decryptor, DocumentRules, SealedDocument
from services.catalogue.domain.documents import UnreadableDocument, parse_object
from services.catalogue.domain.facts import (
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    Lease,
    OutcomeStatus,
    RetryEntry,
)
from services.catalogue.domain.opening import (
    DecryptionFailed,
    DocumentRefused,
    check_identity,
    check_publisher,
    check_validators,
    flags_of,
    is_encrypted,
    matches_hash,
    open_plain,
)
from services.catalogue.domain.projection import METADATA_KINDS, datatokens_of
from services.catalogue.domain.sightings import ChainUnavailable
from services.catalogue.indexer import meters
from services.catalogue.indexer.projecting import TOKEN_IDENTITY, project
from services.catalogue.indexer.settings import Policy, RetrySettings
from services.catalogue.ports import Clock, Index

log = logging.getLogger(__name__)
_LONGEST_ERROR = 2000
_OWN_PROVIDER_DELAY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What an opener works with."""

    decryptor: Decryptor
    rules: DocumentRules
    policy: Policy
    retry: RetrySettings
    clock: Clock
    jitter: Callable[[], float] = random.random


class Opener:
    def __init__(self, source: ChainSource, index: Index, lease: Lease, tools: Tools) -> None:
        self._source = source
        self._chain_id = source.chain_id
        self._index = index
        self._lease = lease
        self._tools = tools

    def lane(self, entry: RetryEntry) -> str | None:
        """Whose turn this entry waits for; None: our own provider, or nobody needs to be asked."""
        event, _ = self._facts(entry)
        if event is None or not is_encrypted(event):
            return None
        return self._tools.decryptor.lane(str(event.payload["decryptorUrl"]))

    def work(self, entry: RetryEntry) -> bool:
        """Do one entry; False when its decryptor is out of reach and the rest of its lane should wait.

        Raises LeaseLost and whatever the database raises.
        """
        event, same_tx = self._facts(entry)
        if event is None:
            with self._index.unit(self._lease) as unit:
                if unit.event(_key(entry)) is None:
                    unit.drop(entry.id)
            return True
        try:
            body = self._open(event, same_tx)
            identities = self._identities(self._check(event, body))
        except DocumentRefused as refused:
            digest = hashlib.sha256(body).hexdigest() if isinstance(refused, _AfterOpening) else None
            self._settle(entry, event, OutcomeStatus.REFUSED, digest, refused.reason)
        except DecryptionFailed as failed:
            self._postpone(entry, event, failed)
            return failed.reachable
        except ChainUnavailable as error:
            self._postpone(entry, event, DecryptionFailed(f"The chain cannot be read: {error}"))
        else:
            self._settle(entry, event, OutcomeStatus.STORED, body, None, identities)
        return True

    def put_off(self, entries: Sequence[RetryEntry], seconds: float) -> None:
        """Not tried and not counted: their turn comes later. Raises LeaseLost."""
        next_at = self._tools.clock.now() + seconds
        with self._index.unit(self._lease) as unit:
            for entry in entries:
                unit.reschedule(entry.id, next_at=next_at, attempts=entry.attempts, error=entry.error)

    # -- network ----------------------------------------------------------------------------------

    def _open(self, event: EventFact, same_tx: Sequence[EventFact]) -> bytes:
        policy = self._tools.policy
        check_validators(event, same_tx, policy.allowed_validators)
        check_publisher(event, policy.allowed_publishers)
        if not is_encrypted(event):
            return open_plain(event)
        others = [other for other in same_tx if other.kind in METADATA_KINDS and other.key != event.key]
        sealed = SealedDocument(
            decryptor_url=str(event.payload["decryptorUrl"]),
            chain_id=self._chain_id,
            nft_address=event.emitter,
            tx_hash=event.tx_hash,
            alone=not others,
            flags=flags_of(event),
            data=str(event.payload["data"]),
            document_hash=str(event.payload["metaDataHash"]),
        )
        body = self._tools.decryptor.open(sealed)
        if not matches_hash(body, event):
            raise DecryptionFailed("The decryptor's answer does not match the hash in the event.")
        return body

    def _identities(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Contract facts of datatokens whose creation lies before the indexed blocks."""
        tokens = datatokens_of(document)
        with self._index.unit() as unit:
            known = unit.known(self._chain_id, EventKind.TOKEN_CREATED, tokens)
            unknown = [
                token
                for token in tokens
                if token not in known and unit.contract_fact(self._chain_id, token, TOKEN_IDENTITY) is None
            ]
        found = {token: self._source.token_identity(token) for token in unknown}
        return {token: asdict(identity) for token, identity in found.items() if identity is not None}

    def _check(self, event: EventFact, body: bytes) -> Mapping[str, Any]:
        nft = checksum(event.subject)
        try:
            document = parse_object(body)
            check_identity(
                document, did=did_for(nft, self._chain_id), chain_id=self._chain_id, nft_address=nft
            )
        except UnreadableDocument as error:
            raise _AfterOpening(f"The document cannot be read: {error.reason}.") from None
        except DocumentRefused as refused:
            raise _AfterOpening(refused.reason) from None
        problems = self._tools.rules.problems(document, chain_id=self._chain_id, nft_address=nft)
        if problems:
            text = json.dumps(dict(problems), ensure_ascii=False, default=str)
            raise _AfterOpening(f"The document is not valid: {text}"[:_LONGEST_ERROR])
        return document

    # -- database ---------------------------------------------------------------------------------

    def _facts(self, entry: RetryEntry) -> tuple[EventFact | None, list[EventFact]]:
        with self._index.unit() as unit:
            event = unit.event(_key(entry))
            if event is None or event.kind not in METADATA_KINDS:
                return None, []
            return event, unit.events_of_tx(self._chain_id, event.tx_hash)

    def _settle(
        self,
        entry: RetryEntry,
        event: EventFact,
        status: OutcomeStatus,
        body: bytes | str | None,
        reason: str | None,
        identities: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        with self._index.unit(self._lease) as unit:
            if not _is_still_there(unit.event(event.key), event):
                return
            for token, identity in identities.items():
                unit.put_contract_fact(self._chain_id, token, TOKEN_IDENTITY, identity)
            digest = unit.put_document(body) if isinstance(body, bytes) else body
            unit.set_outcome(DocumentOutcome(event.key, event.subject, status, digest, reason))
            unit.drop(entry.id)
            project(unit, self._chain_id, [event.subject])
        meters.DOCUMENTS.labels(str(self._chain_id), status.value).inc()
        log.info(
            "document settled",
            extra={
                "chain": self._chain_id,
                "did": entry.did,
                "tx": event.tx_hash,
                "outcome": status.value,
                "reason": reason,
                "attempts": entry.attempts,
            },
        )

    def _postpone(self, entry: RetryEntry, event: EventFact, failed: DecryptionFailed) -> None:
        retry, now = self._tools.retry, self._tools.clock.now()
        delay = min(retry.first_delay_seconds * 2 ** min(entry.attempts, 30), retry.longest_delay_seconds)
        if not failed.reachable and self.lane(entry) is None:
            delay = min(delay, _OWN_PROVIDER_DELAY_SECONDS)
        dead = now - entry.created_at >= retry.dead_after_seconds
        with self._index.unit(self._lease) as unit:
            if not _is_still_there(unit.event(event.key), event):
                return
            unit.set_outcome(
                DocumentOutcome(event.key, event.subject, OutcomeStatus.PENDING, None, failed.reason)
            )
            unit.reschedule(
                entry.id,
                next_at=now + delay * (0.5 + self._tools.jitter()),
                attempts=entry.attempts + 1,
                error=failed.reason,
                dead=dead,
            )
            project(unit, self._chain_id, [event.subject])
        meters.DOCUMENTS.labels(str(self._chain_id), "dead" if dead else "failed").inc()
        log.warning(
            "document given up" if dead else "document not opened",
            extra={
                "chain": self._chain_id,
                "did": entry.did,
                "tx": event.tx_hash,
                "reason": failed.reason,
                "attempts": entry.attempts + 1,
            },
        )


class _AfterOpening(DocumentRefused):
    """The document was read and is not fit: asking the decryptor again would not help."""


def _key(entry: RetryEntry) -> EventKey:
    return EventKey(entry.chain_id, entry.block_number or 0, entry.log_index or 0)


def _is_still_there(found: EventFact | None, event: EventFact) -> bool:
    return found is not None and found.block_hash == event.block_hash and found.tx_hash == event.tx_hash
