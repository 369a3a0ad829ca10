"""Rows to values and back; nothing else knows both spellings."""

import json
from typing import Any

from services.catalogue.domain.facts import (
    Checkpoint,
    DidState,
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    OutcomeStatus,
    RetryEntry,
    RetryType,
)


def storable(text: str | None) -> str | None:
    """Without NUL and half characters, which PostgreSQL refuses; sentences may quote anything."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "?").encode(errors="replace").decode()


def event_row(event: EventFact) -> dict[str, Any]:
    return {
        "chain_id": event.key.chain_id,
        "block_number": event.key.block_number,
        "log_index": event.key.log_index,
        "block_hash": event.block_hash,
        "block_timestamp": event.block_timestamp,
        "tx_hash": event.tx_hash,
        "tx_from": event.tx_from,
        "kind": event.kind.value,
        "emitter": event.emitter,
        "subject": event.subject.lower(),
        "payload": json.dumps(dict(event.payload), separators=(",", ":")),
    }


def event_of(row: Any) -> EventFact:
    return EventFact(
        key=EventKey(row.chain_id, row.block_number, row.log_index),
        block_hash=row.block_hash,
        block_timestamp=row.block_timestamp,
        tx_hash=row.tx_hash,
        tx_from=row.tx_from,
        kind=EventKind(row.kind),
        emitter=row.emitter,
        subject=row.subject,
        payload=json.loads(row.payload),
    )


def checkpoint_of(row: Any) -> Checkpoint:
    return Checkpoint(row.chain_id, row.number, row.hash)


def outcome_row(outcome: DocumentOutcome) -> dict[str, Any]:
    return {
        "chain_id": outcome.key.chain_id,
        "block_number": outcome.key.block_number,
        "log_index": outcome.key.log_index,
        "nft_address": outcome.nft_address.lower(),
        "status": outcome.status.value,
        "document_hash": outcome.document_hash,
        "error": storable(outcome.error),
    }


def outcome_of(row: Any) -> DocumentOutcome:
    return DocumentOutcome(
        key=EventKey(row.chain_id, row.block_number, row.log_index),
        nft_address=row.nft_address,
        status=OutcomeStatus(row.status),
        document_hash=row.document_hash,
        error=row.error,
    )


def did_state_row(state: DidState) -> dict[str, Any]:
    return {
        "did": state.did,
        "chain_id": state.chain_id,
        "nft_address": state.nft_address,
        "nft_lower": state.nft_address.lower(),
        "tx_id": state.tx_id.lower(),
        "valid": state.valid,
        "error": storable(state.error),
    }


def did_state_of(row: Any) -> DidState:
    return DidState(
        did=row.did,
        chain_id=row.chain_id,
        nft_address=row.nft_address,
        tx_id=row.tx_id,
        valid=row.valid,
        error=row.error,
    )


def retry_row(entry: RetryEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.type.value,
        "chain_id": entry.chain_id,
        "next_at": entry.next_at,
        "created_at": entry.created_at,
        "block_number": entry.block_number,
        "log_index": entry.log_index,
        "tx_hash": entry.tx_hash.lower() if entry.tx_hash else None,
        "nft_address": entry.nft_address,
        "did": entry.did,
        "attempts": entry.attempts,
        "error": storable(entry.error),
        "dead": entry.dead,
    }


def retry_of(row: Any) -> RetryEntry:
    return RetryEntry(
        id=row.id,
        type=RetryType(row.type),
        chain_id=row.chain_id,
        next_at=row.next_at,
        created_at=row.created_at,
        block_number=row.block_number,
        log_index=row.log_index,
        tx_hash=row.tx_hash,
        nft_address=row.nft_address,
        did=row.did,
        attempts=row.attempts,
        error=row.error,
        dead=row.dead,
    )
