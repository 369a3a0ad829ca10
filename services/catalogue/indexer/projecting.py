"""Gathers the stored facts of NFTs, projects them and stores the result, inside the caller's unit."""

from collections.abc import Collection, Iterable
from typing import Any

from libs.signing.keys import checksum, did_for
from services.catalogue.domain.documents import parse_object
from services.catalogue.domain.facts import EventFact, EventKind
from services.catalogue.domain.projection import (
    METADATA_KINDS,
    NftStory,
    asset_of,
    datatokens_of,
    did_state_of,
    served_event,
)
from services.catalogue.domain.purgatory import purgatory_of
from services.catalogue.domain.sightings import NftIdentity, TokenIdentity
from services.catalogue.domain.tokens import TokenStory
from services.catalogue.ports import IndexUnit

# Contract facts of NFTs and datatokens that are older than the indexed blocks.
NFT_IDENTITY, TOKEN_IDENTITY = "nft identity", "token identity"
# Notes of the index about itself.
NOBODY, SCOPE, PURGATORY, PROJECTED = "0x" + "0" * 40, "scope", "purgatory", "projected"
_ADDRESS_LENGTH = 42
# Rises with every change of what is computed from the same facts: served documents, and the fields, words
# and facets that find them. Indexes of another number are computed anew, without asking chain or decryptors.
PROJECTION = 1


def project(unit: IndexUnit, chain_id: int, nfts: Iterable[str]) -> None:
    """Bring asset and DID state of these NFTs (lower-case) in line with the facts."""
    for nft in sorted(nfts):
        story = _story(unit, chain_id, nft)
        asset, state = asset_of(story), did_state_of(story)
        if asset is None:
            unit.remove_asset(story.did)
        else:
            unit.put_asset(asset)
        if state is None:
            unit.remove_did_state(story.did)
        else:
            unit.put_did_state(state)


def project_anew(unit: IndexUnit, chain_id: int, nfts: Iterable[str]) -> None:
    """As `project`, for rows that other code may have computed: nothing stored is taken for up to date."""
    chosen = list(nfts)
    for nft in chosen:
        unit.remove_asset(did_for(checksum(nft), chain_id))
    project(unit, chain_id, chosen)


def nfts_touched(
    unit: IndexUnit, chain_id: int, subjects: Iterable[str], exchange_tokens: Iterable[str] = ()
) -> set[str]:
    """The NFTs whose story these subjects may belong to: themselves, or whoever names them as a datatoken."""
    addresses = {subject for subject in subjects if len(subject) == _ADDRESS_LENGTH} | set(exchange_tokens)
    if not addresses:
        return set()
    return addresses | unit.nfts_of_datatokens(chain_id, addresses)


def with_documents(unit: IndexUnit, chain_id: int, nfts: Collection[str]) -> set[str]:
    """Those of them that have a metadata event: for the others there is nothing to project."""
    return {nft for kind in METADATA_KINDS for nft in unit.known(chain_id, kind, nfts)} if nfts else set()


def nft_identity(value: Any | None) -> NftIdentity | None:
    return None if value is None else NftIdentity(**value)


def token_identity(value: Any | None) -> TokenIdentity | None:
    return None if value is None else TokenIdentity(**value)


def _story(unit: IndexUnit, chain_id: int, nft: str) -> NftStory:
    events = unit.events(chain_id, [nft])
    outcomes = {outcome.key: outcome for outcome in unit.outcomes(chain_id, nft)}
    served = served_event(events, outcomes)
    body = unit.document(outcomes[served.key].document_hash or "") if served else None
    document = parse_object(body) if body is not None else None
    address = checksum(nft)
    return NftStory(
        did=did_for(address, chain_id),
        chain_id=chain_id,
        nft_address=address,
        events=events,
        outcomes=outcomes,
        document=document,
        tokens={token: _token(unit, chain_id, token) for token in datatokens_of(document or {})},
        identity=nft_identity(unit.contract_fact(chain_id, nft, NFT_IDENTITY)),
        purgatory=purgatory_of(unit.contract_fact(chain_id, NOBODY, PURGATORY)),
    )


def _token(unit: IndexUnit, chain_id: int, token: str) -> TokenStory:
    events = [event for event in unit.events(chain_id, [token]) if event.subject == token]
    exchanges = {_exchange_id(event) for event in events if event.kind is EventKind.EXCHANGE_CREATED}
    return TokenStory(
        events=events,
        rates=unit.events(chain_id, exchanges) if exchanges else (),
        identity=token_identity(unit.contract_fact(chain_id, token, TOKEN_IDENTITY)),
    )


def _exchange_id(event: EventFact) -> str:
    return str(event.payload["exchangeId"])
