"""GET state/ddo, state/retryQueue, chains/list and chains/status/<id>."""

from typing import Any

from flask import Blueprint, Response, request

from libs.web.gate import public
from libs.web.params import Params
from services.catalogue.dialects.aquarius.errors import answer
from services.catalogue.dialects.aquarius.reading import whole
from services.catalogue.domain.facts import RetryEntry
from services.catalogue.usecases.registry import UseCases
from services.catalogue.usecases.states import IndexStates

QUEUE_INDEX = "aquarius_retries"


def add(room: Blueprint, usecases: UseCases) -> None:
    states = usecases.states
    room.add_url_rule("/state/ddo", "did_state", public(lambda: _did_state(states)))
    room.add_url_rule("/state/retryQueue", "retry_queue", public(lambda: _retry_queue(states)))
    room.add_url_rule("/chains/list", "chains", public(lambda: _chains(states)))
    room.add_url_rule("/chains/status/<chain_id>", "chain", public(lambda chain_id: _chain(states, chain_id)))


def _did_state(states: IndexStates) -> Response:
    params = Params.of_query(request)
    did, nft, tx_id = (params.text(name) or None for name in ("did", "nft", "txId"))
    if did is None and nft is None and tx_id is None:
        return answer({"error": "You need to specify one of: nft, txId, did"}, 400)
    chain_id = whole(params.text("chainId"), "chainId")
    state = states.did_state(did=did, nft=nft, tx_id=tx_id, chain_id=chain_id)
    shown = {
        "nft": state.nft_address,
        "did": state.did,
        "chain_id": state.chain_id,
        "tx_id": state.tx_id,
        "valid": state.valid,
        "error": state.error,
    }
    return answer(shown, 200)


def _retry_queue(states: IndexStates) -> Response:
    params = Params.of_query(request)
    total, entries = states.queue(
        chain_id=whole(params.text("chainId"), "chainId"),
        nft=params.text("nft") or None,
        did=params.text("did") or None,
        type=params.text("type") or None,
    )
    hits = [
        {"_index": QUEUE_INDEX, "_id": entry.id, "_score": None, "_source": _queued(entry)}
        for entry in entries
    ]
    found = {"total": {"value": total, "relation": "eq"}, "max_score": None, "hits": hits}
    return answer({"took": 1, "timed_out": False, "hits": found}, 200)


def _queued(entry: RetryEntry) -> dict[str, Any]:
    data = {"block": entry.block_number, "txId": entry.tx_hash, "logIndex": entry.log_index}
    return {
        "id": entry.id,
        "type": entry.type.value,
        "chain_id": entry.chain_id,
        "number_retries": entry.attempts,
        "next_retry": int(entry.next_at),
        "create_timestamp": int(entry.created_at),
        "data": {name: value for name, value in data.items() if value is not None},
        "nft_address": entry.nft_address,
        "did": entry.did,
        "error": entry.error,
        "given_up": entry.dead,
    }


def _chains(states: IndexStates) -> Response:
    chains = states.chains()
    if not chains:
        return answer({"error": "No chains found."}, 404)
    return answer({str(chain.chain_id): True for chain in chains}, 200)


def _chain(states: IndexStates, chain_id: str) -> Response:
    chain = states.chain(chain_id)
    return answer({"last_block": chain.last_block or 0, "version": chain.version}, 200)
