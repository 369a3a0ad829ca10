"""What is served after ordinary events; each weakness of the companion contract 4.5 by name."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.catalogue.domain.facts import EventKind
from services.catalogue.domain.opening import DecryptionRefused
from services.catalogue.domain.sightings import NftIdentity, TokenIdentity
from services.catalogue.indexer.settings import Policy
from tests.fakes.indexing import (
    BASE_TOKEN,
    FACTORY,
    PUBLISHER,
    STRANGER_URL,
    Emitted,
    Publication,
    Rig,
    ScriptedChain,
    address,
    digest,
    new_database,
)

pytestmark = pytest.mark.clause("ocean C2.4", "ocean C4")


def test_a_published_asset_is_served_with_what_the_cache_adds(rig: Rig, alpha: Publication) -> None:
    block = rig.chain.mine(*alpha.published())
    rig.settle()

    asset = rig.asset(alpha)
    assert asset is not None
    tx = asset["event"]["tx"]
    assert asset["event"] == {
        "tx": tx,
        "txid": tx,
        "block": block.number,
        "from": PUBLISHER,
        "contract": alpha.nft,
        "datetime": "2023-11-14T22:13:32Z",
    }
    assert asset["nft"] == {
        "address": alpha.nft,
        "name": "alpha",
        "symbol": "NFT",
        "state": 0,
        "tokenURI": "ipfs://first",
        "owner": PUBLISHER,
        "created": "2023-11-14T22:13:32Z",
    }
    assert asset["datatokens"] == [
        {"address": alpha.datatoken, "name": "Token of alpha", "symbol": "DT", "serviceId": "svc"}
    ]
    assert asset["stats"] == {"allocated": 0, "orders": 0, "price": {}}
    assert asset["purgatory"] == {"state": False, "reason": ""}
    assert asset["metadata"]["name"] == "alpha v1"
    assert rig.state(alpha) == (True, None)


def test_what_a_document_says_about_itself_is_replaced_by_facts(rig: Rig, alpha: Publication) -> None:
    class Boaster(Publication):
        def document(self) -> dict[str, object]:
            return super().document() | {"stats": {"orders": 10**6}, "nft": {"owner": "me"}, "purgatory": 1}

    boaster = Boaster("alpha")
    rig.chain.mine(*boaster.published())
    rig.settle()
    asset = rig.asset(boaster)
    assert asset is not None
    assert asset["stats"]["orders"] == 0
    assert asset["nft"]["owner"] == PUBLISHER
    assert asset["purgatory"]["state"] is False


def test_an_idle_poll_costs_one_light_call(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.chain.calls.clear()
    rig.settle()
    assert rig.chain.calls == {"head": 1}


@pytest.mark.parametrize("flags", [0, 2, 3])
def test_documents_of_every_flag_are_opened(rig: Rig, flags: int) -> None:
    sealed = Publication("alpha", flags=flags)
    rig.chain.mine(*sealed.published())
    rig.settle()
    assert rig.asset(sealed) is not None
    assert len(rig.decryptor.asked) == (1 if flags & 2 else 0)


def test_a_plain_document_asks_nobody_even_when_its_decryptor_is_a_stranger(rig: Rig) -> None:
    plain = Publication("alpha", decryptor_url=STRANGER_URL)
    rig.chain.mine(*plain.published())
    rig.settle()
    assert rig.asset(plain) is not None
    assert rig.decryptor.asked == []


def test_two_publications_in_one_transaction_are_both_indexed(
    rig: Rig, alpha: Publication, beta: Publication
) -> None:
    one, two = replace(alpha, flags=2), replace(beta, flags=2)
    rig.chain.mine(*one.published(), *two.published())
    rig.settle()
    assert set(rig.served()) == {alpha.did, beta.did}
    # Naming the transaction would be ambiguous for a decryptor that reads its first event only.
    assert [sealed.alone for sealed in rig.decryptor.asked] == [False, False]


def test_an_update_in_the_transaction_of_the_creation_wins(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published(), alpha.updated(version=2))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["metadata"]["name"] == "alpha v2"


def test_an_update_for_an_unknown_asset_is_a_creation(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.creation())
    rig.chain.mine(alpha.updated(version=2))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["metadata"]["name"] == "alpha v2"


def test_an_update_keeps_the_time_of_creation(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.mine_empty(3)
    rig.chain.mine(alpha.updated(version=2))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["nft"]["created"] < asset["event"]["datetime"]


def test_look_alike_events_of_foreign_contracts_are_not_indexed(rig: Rig, alpha: Publication) -> None:
    token = {"name": "x", "symbol": "x", "nft": alpha.nft.lower()}
    rig.chain.mine(alpha.metadata())  # no factory ever announced this NFT
    rig.chain.mine(Emitted(EventKind.NFT_CREATED, address("other factory"), token, alpha.nft))
    rig.settle()
    assert rig.served() == {}
    assert rig.state(alpha) is None


def test_order_events_of_other_contracts_do_not_count(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.mine(alpha.ordered(), alpha.ordered(), alpha.ordered(address("foreign token")))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["orders"] == 2


def test_orders_of_a_borrowed_datatoken_do_not_count(rig: Rig, alpha: Publication, beta: Publication) -> None:
    class Borrower(Publication):
        def document(self) -> dict[str, object]:
            document = super().document()
            document["services"][0]["datatokenAddress"] = beta.datatoken
            return document

    rig.chain.mine(*beta.published())
    rig.chain.mine(*Borrower("alpha").published())
    rig.chain.mine(beta.ordered(), beta.for_sale(10**18))
    rig.settle()
    borrower, lender = rig.asset(alpha), rig.asset(beta)
    assert borrower is not None
    assert lender is not None
    assert (borrower["stats"]["orders"], borrower["stats"]["price"]) == (0, {})
    assert lender["stats"]["orders"] == 1


def test_orders_that_come_before_the_document_count(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.creation(), alpha.ordered())
    rig.chain.mine(alpha.metadata())
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["orders"] == 1


def test_price_follows_the_exchange_and_its_changes(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published(), alpha.for_sale(25 * 10**17))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["price"] == {"value": 2.5, "tokenAddress": BASE_TOKEN, "tokenSymbol": "OCEAN"}
    rig.chain.mine(alpha.rate_changed(3 * 10**18), alpha.rate_changed(1, address("foreign exchange")))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["price"]["value"] == 3.0


def test_a_foreign_exchange_or_dispenser_sets_no_price(rig: Rig, alpha: Publication) -> None:
    foreign = address("foreign")
    rig.chain.mine(*alpha.published(), alpha.for_sale(1, foreign), alpha.given_away(foreign))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["price"] == {}


def test_a_dispenser_makes_the_price_zero(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published(), alpha.given_away())
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["price"] == {"value": 0}


def test_transfers_and_token_uri_updates_are_followed(rig: Rig, alpha: Publication) -> None:
    buyer = address("buyer")
    rig.chain.mine(*alpha.published())
    rig.chain.mine(
        Emitted(EventKind.NFT_TRANSFER, alpha.nft, {"from": PUBLISHER, "to": buyer}),
        Emitted(EventKind.TOKEN_URI_UPDATE, alpha.nft, {"tokenURI": "ipfs://second", "tokenId": 1}),
        Emitted(EventKind.NFT_TRANSFER, address("cats"), {"from": PUBLISHER, "to": buyer}),
    )
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert (asset["nft"]["owner"], asset["nft"]["tokenURI"]) == (buyer, "ipfs://second")


@pytest.mark.parametrize("state", [2, 3])
def test_revoked_assets_keep_only_what_the_contract_lists_and_come_back_whole(
    rig: Rig, alpha: Publication, state: int
) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    whole = rig.asset(alpha)
    rig.chain.mine(alpha.state_changed(state))
    rig.settle()
    short = rig.asset(alpha)
    assert short is not None
    assert set(short) == {"event", "nft", "datatokens", "stats"}
    assert short["nft"]["state"] == state
    rig.chain.mine(alpha.state_changed(0))
    rig.settle()
    assert rig.asset(alpha) == whole


@pytest.mark.parametrize("state", [1, 4, 5])
def test_other_states_keep_the_asset_whole(rig: Rig, alpha: Publication, state: int) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.mine(alpha.state_changed(state))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["nft"]["state"] == state
    assert asset["metadata"]["name"] == "alpha v1"


def test_state_of_an_unknown_asset_waits_for_nothing(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.creation())
    rig.chain.mine(alpha.state_changed(5))
    rig.settle()
    assert rig.queue() == []
    rig.chain.mine(alpha.metadata())
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["nft"]["state"] == 0


# -- refusals ----------------------------------------------------------------------------------------


def test_a_document_that_breaks_the_schema_is_refused_with_the_reason(rig: Rig, alpha: Publication) -> None:
    rig.rules.found["alpha v1"] = {"metadata.name": "is too dull"}
    rig.chain.mine(*alpha.published())
    rig.settle()
    assert rig.asset(alpha) is None
    valid, error = rig.state(alpha) or (True, None)
    assert not valid
    assert "is too dull" in str(error)
    assert rig.queue() == []


def test_a_refused_update_leaves_the_version_before(rig: Rig, alpha: Publication) -> None:
    rig.rules.found["alpha v2"] = {"metadata.name": "is too dull"}
    rig.chain.mine(*alpha.published())
    rig.chain.mine(alpha.updated(version=2, state=4))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["metadata"]["name"] == "alpha v1"
    assert asset["nft"]["state"] == 4, "the state is a fact of the chain, whatever the document"
    assert rig.state(alpha) != (True, None)


def test_a_document_that_speaks_of_another_nft_is_refused(
    rig: Rig, alpha: Publication, beta: Publication
) -> None:
    class Thief(Publication):
        def document(self) -> dict[str, object]:
            return beta.document()

    rig.chain.mine(*Thief("alpha").published())
    rig.settle()
    assert rig.served() == {}
    assert "DID" in str((rig.state(alpha) or ("", ""))[1])


def test_a_document_with_another_hash_is_refused(rig: Rig, alpha: Publication) -> None:
    event = alpha.metadata()
    forged = replace(event, payload={**event.payload, "metaDataHash": digest("other")})
    rig.chain.mine(*alpha.creation(), forged)
    rig.settle()
    assert rig.asset(alpha) is None
    assert "hash" in str((rig.state(alpha) or ("", ""))[1])


def test_the_hex_hash_that_ocean_js_puts_on_plain_documents_is_accepted(rig: Rig, alpha: Publication) -> None:
    event = alpha.metadata()
    text = str(event.payload["data"])
    import hashlib

    quirk = "0x" + hashlib.sha256(text.encode()).hexdigest()
    rig.chain.mine(*alpha.creation(), replace(event, payload={**event.payload, "metaDataHash": quirk}))
    rig.settle()
    assert rig.asset(alpha) is not None


def test_publishers_outside_the_list_are_refused(tmp_path: Path, alpha: Publication) -> None:
    rig = Rig(tmp_path, policy=Policy(allowed_publishers=frozenset({address("else").lower()})))
    rig.chain.mine(*alpha.published())
    rig.settle()
    assert rig.asset(alpha) is None
    assert rig.state(alpha) == (False, f"Sender {PUBLISHER} is not in ALLOWED_PUBLISHERS.")
    rig.stop()


def _proof(alpha: Publication, validator: str, document_hash: object = None) -> Emitted:
    payload = {
        "validator": validator,
        "metaDataHash": document_hash or alpha.metadata().payload["metaDataHash"],
    }
    return Emitted(EventKind.METADATA_VALIDATED, alpha.nft, payload)


def test_proofs_of_allowed_validators_are_kept_for_updates_and_creations(
    tmp_path: Path, alpha: Publication
) -> None:
    validator = address("validator")
    rig = Rig(tmp_path, policy=Policy(allowed_validators=frozenset({validator.lower()})))
    rig.chain.mine(*alpha.creation())
    rig.chain.mine(alpha.metadata(EventKind.METADATA_UPDATED), _proof(alpha, validator))
    rig.settle()
    assert rig.asset(alpha) is not None
    rig.stop()


def test_proofs_over_another_document_or_by_the_zero_address_prove_nothing(
    tmp_path: Path, alpha: Publication
) -> None:
    validator, nobody = address("validator"), "0x" + "0" * 40
    policy = Policy(allowed_validators=frozenset({validator.lower(), nobody}))
    rig = Rig(tmp_path, policy=policy)
    rig.chain.mine(*alpha.published(), _proof(alpha, validator, digest("other")), _proof(alpha, nobody))
    rig.chain.mine(_proof(alpha, validator))  # right, but in another transaction
    rig.settle()
    assert rig.asset(alpha) is None
    rig.stop()


def test_a_refusal_of_the_decryptor_is_final_until_asked_for(rig: Rig) -> None:
    sealed = Publication("alpha", flags=2)
    rig.decryptor.always = DecryptionRefused("The decryptor refused: Asset revoked")
    rig.chain.mine(*sealed.published())
    rig.settle()
    assert len(rig.decryptor.asked) == 1
    assert rig.queue() == []
    assert rig.state(sealed) == (False, "The decryptor refused: Asset revoked")


def test_a_document_refused_because_of_its_state_is_asked_for_when_the_state_ends(rig: Rig) -> None:
    sealed = Publication("alpha", flags=2, state=1)
    rig.decryptor.always = DecryptionRefused("The decryptor refused: Asset end of life")
    rig.chain.mine(*sealed.published())
    rig.settle()
    rig.decryptor.always = None
    rig.chain.mine(sealed.state_changed(0))
    rig.settle()
    assert rig.asset(sealed) is not None


# -- contracts older than the index ------------------------------------------------------------------


def test_assets_created_before_the_first_indexed_block_are_described_by_their_contracts(
    tmp_path: Path, alpha: Publication
) -> None:
    chain = ScriptedChain(start_block=2)
    chain.mine(*alpha.creation())
    chain.old_nfts[alpha.nft.lower()] = NftIdentity("old", "O", "ipfs://old", PUBLISHER)
    chain.old_tokens[alpha.datatoken.lower()] = TokenIdentity(alpha.nft.lower(), "old token", "OT")
    rig = Rig(tmp_path, chain)
    chain.mine(alpha.metadata())
    chain.mine(alpha.ordered())
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert (asset["nft"]["name"], asset["nft"]["owner"]) == ("old", PUBLISHER)
    assert asset["datatokens"][0]["name"] == "old token"
    assert asset["stats"]["orders"] == 1
    rig.stop()


def test_another_deployment_on_the_same_chain_begins_a_new_index(tmp_path: Path, alpha: Publication) -> None:
    database = new_database(tmp_path)
    first = Rig(tmp_path, database=database)
    first.chain.mine(*alpha.published())
    first.settle()
    second = first.restart()
    second.loop = second._loop()
    parts = replace(second.loop._parts, scope="deployment two")
    second.loop._parts = parts
    second.chain.contracts = replace(second.chain.contracts, factory=FACTORY.lower()[:-1] + "0")
    second.settle()
    assert second.served() == {}
    second.stop()
