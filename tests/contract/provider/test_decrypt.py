"""`POST /api/services/decrypt`: documents in clear, refusals in order. Source: contract 2.3, 5.3."""

import hashlib
import json
import lzma
from typing import Any

import pytest

from libs.chain.errors import RpcTimeout, RpcUnavailable
from libs.signing import ecies
from libs.signing.keys import PrivateKey
from libs.signing.personal import digests
from services.provider.adapters.keys import ProviderKeys
from services.provider.domain.callers import AuthUnavailable
from services.provider.ports import TokenHolder
from tests.fakes.documents import (
    DOCUMENT,
    INDEXER,
    NFT,
    NONCE,
    OTHER_NFT,
    TX,
    Publication,
    by_arguments,
    by_transaction,
    receipt,
    signed,
)
from tests.fakes.provider import PROVIDER_KEY, FakeChain
from tests.fakes.provider_app import Provider

pytestmark = pytest.mark.clause("ocean 2.3", "ocean 5.3")

PATH = "/api/services/decrypt"
STRANGER = PrivateKey("0x" + "11" * 32)


@pytest.fixture
def provider() -> Provider:
    return published(Provider(), Publication())


def published(provider: Provider, publication: Publication, event: str = "MetadataCreated") -> Provider:
    provider.chain.factory_nfts.add(NFT)
    provider.chain.receipts[TX] = receipt(publication.log(event))
    return provider


def post(provider: Provider, body: dict[str, Any], **more: Any) -> Any:
    return provider.client().post(PATH, json=body, **more)


def refused(answer: Any, status: int, text: str) -> None:
    assert (answer.status_code, json.loads(answer.data)) == (status, {"error": text})


def field_errors(answer: Any) -> Any:
    body = json.loads(answer.data)
    assert (answer.status_code, body["message"], body["success"]) == (400, "Validation error", False)
    return body["errors"]


# -- what goes well -----------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 4, 7])
def test_document_comes_back_as_published(flags: int) -> None:
    provider = published(Provider(), Publication(flags=flags))
    answer = post(provider, by_transaction())
    assert (answer.status_code, answer.data) == (201, DOCUMENT)
    assert answer.headers["Content-Type"].split(";")[0] == "text/plain"


@pytest.mark.parametrize("event", ["MetadataCreated", "MetadataUpdated"])
def test_creation_and_update_events_both_count(event: str) -> None:
    provider = published(Provider(), Publication(), event)
    assert post(provider, by_transaction()).data == DOCUMENT


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_document_sent_along_is_opened_without_a_transaction(provider: Provider, flags: int) -> None:
    answer = post(provider, by_arguments(Publication(flags=flags)))
    assert (answer.status_code, answer.data) == (201, DOCUMENT)


def test_hex_without_prefix_is_fine(provider: Provider) -> None:
    arguments = Publication().arguments()
    bare = {name: value[2:] for name, value in arguments.items() if isinstance(value, str)}
    assert post(provider, by_arguments(Publication(), **bare)).data == DOCUMENT


def test_legacy_lzma_is_read_as_upstream_reads_it(provider: Provider) -> None:
    old = lzma.compress(DOCUMENT, format=lzma.FORMAT_ALONE)
    assert post(provider, by_arguments(Publication(flags=1, data=old))).data == DOCUMENT


@pytest.mark.parametrize("state", [0, 4, 5])
def test_active_disabled_and_unlisted_assets_may_be_read(provider: Provider, state: int) -> None:
    provider.chain.states[NFT] = state
    assert post(provider, by_transaction()).status_code == 201


def test_parameters_may_come_in_the_query(provider: Provider) -> None:
    answer = provider.client().post(PATH, query_string=by_transaction())
    assert answer.data == DOCUMENT


def test_chain_id_may_be_text_or_number(provider: Provider) -> None:
    assert post(provider, by_transaction("1", chainId="8996")).status_code == 201
    assert post(provider, by_transaction("2", chainId=8996)).status_code == 201


def test_nft_in_lower_case_is_checksummed_for_the_chain_and_signed_as_sent(provider: Provider) -> None:
    assert post(provider, by_transaction(dataNftAddress=NFT.lower())).status_code == 201
    body = by_arguments(Publication(), "1795295486993079058", dataNftAddress=NFT.lower())
    assert post(provider, body).status_code == 201


def test_each_chain_opens_with_its_own_key() -> None:
    keys = ProviderKeys(by_chain={8996: STRANGER})
    provider = published(Provider(keys=keys), Publication(key=STRANGER))
    assert post(provider, by_transaction()).data == DOCUMENT


def test_nonce_is_used_up_in_a_scope_of_its_own(provider: Provider) -> None:
    post(provider, by_transaction())
    assert provider.ledger.rows == {("decrypt", INDEXER.address): NONCE}


# -- who asks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("chain_id", "nonce"), [("899", "6" + NONCE), ("89", "96" + NONCE)])
def test_a_request_seen_elsewhere_cannot_lock_its_signer_out(
    provider: Provider, chain_id: str, nonce: str
) -> None:
    """Indexers send signed requests to whatever decryptor a publisher names. The same text with the border
    between chain id and nonce elsewhere would use up a nonce that no clock reaches."""
    moved = by_transaction() | {"chainId": chain_id, "nonce": nonce}
    refused(post(provider, moved), 400, f"Unsupported chain ID {chain_id}")
    assert provider.ledger.rows == {}
    assert post(provider, by_transaction()).status_code == 201


def test_of_two_chains_that_a_text_may_name_the_longer_is_meant() -> None:
    provider = published(Provider(more_chains=[FakeChain(chain_id=899)]), Publication())
    moved = by_transaction() | {"chainId": "899", "nonce": "6" + NONCE}
    assert field_errors(post(provider, moved))["signature"].startswith("Invalid signature for ethereum")
    assert provider.ledger.rows == {}
    assert post(provider, by_transaction()).status_code == 201
    refused(
        post(provider, by_transaction("7" + NONCE, chainId=899)),
        400,
        "Asset not deployed by the data NFT factory.",
    )


def test_replay_is_refused_with_the_exact_text(provider: Provider) -> None:
    body = by_transaction()
    assert post(provider, body).status_code == 201
    text = f"Invalid signature expected nonce ({NONCE}) > current nonce ({NONCE})."
    assert field_errors(post(provider, body)) == {"signature": text}


def test_json_integer_nonces_do_not_replay(provider: Provider) -> None:
    body = by_transaction(int(NONCE))
    outcomes = [post(provider, body).status_code for _ in range(3)]
    assert outcomes == [201, 400, 400]
    assert post(provider, by_transaction(NONCE)).status_code == 400


def test_lower_cased_address_does_not_open_a_fresh_counter(provider: Provider) -> None:
    assert post(provider, by_transaction()).status_code == 201
    lowered = by_transaction(decrypterAddress=INDEXER.address.lower())
    assert "expected nonce" in field_errors(post(provider, lowered))["signature"]


def test_decimal_nonces_are_signed_as_written(provider: Provider) -> None:
    assert post(provider, by_transaction("1644315615.24195")).status_code == 201
    raw = json.dumps(signed({**by_transaction("1644315615.250"), "nonce": "1644315615.250"}))
    number = raw.replace('"1644315615.250"', "1644315615.250")
    answer = provider.client().post(PATH, data=number, content_type="application/json")
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "nonce", ["1e3", "inf", "nan", "NaN", "-1", "+1", " 7", "7 ", "1.", ".5", "٣٤", "0x10", "1" * 31, "1,5"]
)
def test_nonces_that_are_no_plain_numbers(provider: Provider, nonce: str) -> None:
    assert field_errors(post(provider, by_transaction(nonce))) == {"nonce": ["The nonce must be a number."]}
    assert provider.ledger.rows == {}


@pytest.mark.parametrize("literal", ["1e3", "-5", "1E5", "-0.5"])
def test_json_numbers_with_sign_or_exponent_are_refused(provider: Provider, literal: str) -> None:
    raw = json.dumps(by_transaction("7777")).replace('"7777"', literal)
    answer = provider.client().post(PATH, data=raw, content_type="application/json")
    assert field_errors(answer) == {"nonce": ["The nonce must be a number."]}


def forged(signature: str) -> dict[str, str]:
    raw = bytearray(bytes.fromhex(signature[2:]))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high_s = (order - int.from_bytes(raw[32:64], "big")).to_bytes(32, "big")
    flipped = bytes([raw[0] ^ 1]) + bytes(raw[1:])
    return {
        "flipped": "0x" + flipped.hex(),
        "truncated": signature[:-2],
        "longer": signature + "00",
        "high s": "0x" + (bytes(raw[:32]) + high_s + bytes([55 - raw[64]])).hex(),
        "wrong v": "0x" + (bytes(raw[:64]) + b"\x05").hex(),
        "zeros": "0x" + "00" * 65,
        "no hex": "0x" + "zz" * 65,
        "words": "hello",
        "huge": "0x" + "ab" * 20_000,
    }


@pytest.mark.parametrize(
    "kind", ["flipped", "truncated", "longer", "high s", "wrong v", "zeros", "no hex", "words", "huge"]
)
def test_forged_signatures_are_refused_and_never_echoed(provider: Provider, kind: str) -> None:
    body = by_transaction()
    body["signature"] = forged(body["signature"])[kind]
    answer = post(provider, body)
    text = field_errors(answer)["signature"]
    assert text.startswith("Invalid signature ") or text == ["The signature is too long."]
    assert body["signature"].encode() not in answer.data
    assert provider.ledger.rows == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"chainId": 1},
        {"transactionId": "0x" + "b0" * 32},
        {"decrypterAddress": STRANGER.address},
        {"nonce": "1795295486993079058"},
        {"nonce": NONCE + ".0"},
    ],
)
def test_every_signed_item_is_bound(changes: dict[str, Any]) -> None:
    provider = published(Provider(more_chains=[FakeChain(chain_id=1)]), Publication())
    answer = post(provider, {**by_transaction(), **changes})
    assert "Invalid signature" in field_errors(answer)["signature"]
    assert provider.ledger.rows == {}


def test_both_ids_glued_together_are_not_the_message(provider: Provider) -> None:
    body = by_transaction()
    body["signature"] = signed({**body, "transactionId": TX + NFT, "signature": ""})["signature"]
    wrong = signed({k: v for k, v in body.items() if k != "signature"} | {"transactionId": TX + NFT})
    answer = post(provider, {**body, "signature": wrong["signature"]})
    assert "Invalid signature" in field_errors(answer)["signature"]


@pytest.mark.parametrize("signature", [None, ""])
def test_without_signature_or_token_the_field_is_a_list(provider: Provider, signature: str | None) -> None:
    body = by_transaction()
    body.pop("signature")
    if signature is not None:
        body["signature"] = signature
    text = "Invalid signature provided. Please check the nonce or documentId."
    assert field_errors(post(provider, body)) == {"signature": [text]}


def test_smart_accounts_sign_through_their_contract(provider: Provider) -> None:
    wallet = OTHER_NFT
    body = by_transaction(decrypterAddress=wallet)
    message = f"{TX}{wallet}8996{NONCE}"
    provider.chain.contract_signatures.add((wallet, digests(message)[0], b"\xab\xcd"))
    assert post(provider, {**body, "signature": "0xabcd"}).status_code == 201
    refused_again = post(provider, {**body, "signature": "0xabce", "nonce": "1795295486993079058"})
    assert "Invalid signature" in field_errors(refused_again)["signature"]


# -- AuthToken ----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["AuthToken", "authtoken", "Authorization"])
def test_auth_token_stands_in_for_the_signature(provider: Provider, header: str) -> None:
    provider.tokens.holders["aaa.bbb.ccc"] = TokenHolder(INDEXER.address)
    body = {**by_transaction(nonce=None), "signature": ""}
    assert post(provider, body, headers={header: "aaa.bbb.ccc"}).status_code == 201
    assert provider.ledger.rows == {}


def test_auth_token_with_a_nonce_uses_it_up(provider: Provider) -> None:
    provider.tokens.holders["aaa.bbb.ccc"] = TokenHolder(INDEXER.address)
    body = {**by_transaction(), "signature": ""}
    headers = {"AuthToken": "aaa.bbb.ccc"}
    assert post(provider, body, headers=headers).status_code == 201
    text = f"Invalid signature expected nonce ({NONCE}) > current nonce ({NONCE})."
    assert field_errors(post(provider, body, headers=headers)) == {"signature": text}


def test_a_present_signature_wins_over_a_good_token_even_if_wrong(provider: Provider) -> None:
    provider.tokens.holders["aaa.bbb.ccc"] = TokenHolder(INDEXER.address)
    body = {**by_transaction(), "signature": "0x" + "11" * 65}
    answer = post(provider, body, headers={"AuthToken": "aaa.bbb.ccc"})
    assert isinstance(field_errors(answer)["signature"], str)


@pytest.mark.parametrize(
    ("holder", "headers"),
    [
        (TokenHolder(STRANGER.address), {"AuthToken": "aaa.bbb.ccc"}),
        (TokenHolder(INDEXER.address, chain_id=1), {"AuthToken": "aaa.bbb.ccc"}),
        (TokenHolder(INDEXER.address), {"AuthToken": "ddd.eee.fff"}),
        (TokenHolder(INDEXER.address), {"Authorization": "Bearer aaa.bbb.ccc"}),
        (TokenHolder(INDEXER.address), {"Authorization": "aaa.bbb"}),
    ],
)
def test_other_peoples_other_chains_and_unknown_tokens_are_refused(
    provider: Provider, holder: TokenHolder, headers: dict[str, str]
) -> None:
    provider.tokens.holders["aaa.bbb.ccc"] = holder
    answer = post(provider, {**by_transaction(), "signature": ""}, headers=headers)
    text = "Invalid signature provided. Please check the nonce or documentId."
    assert field_errors(answer) == {"signature": [text]}
    assert provider.ledger.rows == {}


def test_a_token_that_cannot_be_checked_is_503_not_yes(provider: Provider) -> None:
    provider.tokens.error = AuthUnavailable()
    answer = post(provider, {**by_transaction(), "signature": ""}, headers={"AuthToken": "aaa.bbb.ccc"})
    assert answer.status_code == 503
    assert list(json.loads(answer.data)) == ["error"]


# -- what may be read, checks in the contract's order --------------------------------------------


def test_unknown_chain(provider: Provider) -> None:
    refused(post(provider, by_transaction(chainId=137)), 400, "Unsupported chain ID 137")


def test_decrypters_off_the_list_are_403() -> None:
    provider = published(Provider(authorized=[STRANGER.address]), Publication())
    refused(post(provider, by_transaction()), 403, "Decrypter not authorized")


def test_decrypters_are_compared_checksummed() -> None:
    provider = published(Provider(authorized=[INDEXER.address.lower()]), Publication())
    assert post(provider, by_transaction(decrypterAddress=INDEXER.address.lower())).status_code == 201


def test_nft_of_another_factory(provider: Provider) -> None:
    body = by_transaction(dataNftAddress=OTHER_NFT)
    refused(post(provider, body), 400, "Asset not deployed by the data NFT factory.")


@pytest.mark.parametrize(
    ("state", "status", "text"),
    [
        (1, 403, "Asset end of life"),
        (2, 403, "Asset deprecated"),
        (3, 403, "Asset revoked"),
        (6, 400, "Invalid MetadataState"),
        (255, 400, "Invalid MetadataState"),
    ],
)
def test_closed_states(provider: Provider, state: int, status: int, text: str) -> None:
    provider.chain.states[NFT] = state
    refused(post(provider, by_transaction()), status, text)


@pytest.mark.parametrize(
    "transaction",
    ["0x" + "b0" * 32, "0x", TX[:-1], TX + "0", TX[2:], "latest", "0x" + "zz" * 32, "1", "x" * 999],
)
def test_transactions_that_cannot_be_used(provider: Provider, transaction: str) -> None:
    refused(
        post(provider, by_transaction(transactionId=transaction)), 400, "Failed to process transaction id."
    )


def test_metadata_events_of_other_contracts_do_not_count(provider: Provider) -> None:
    provider.chain.receipts[TX] = receipt(Publication().log(emitter=OTHER_NFT))
    refused(post(provider, by_transaction()), 400, "Failed to process transaction id.")


def test_several_publications_in_one_transaction_each_give_their_own_document(provider: Provider) -> None:
    other = Publication(document=b'{"id":"did:op:other"}')
    provider.chain.factory_nfts.add(OTHER_NFT)
    provider.chain.receipts[TX] = receipt(other.log(emitter=OTHER_NFT), Publication().log())
    assert post(provider, by_transaction("1")).data == DOCUMENT
    assert post(provider, by_transaction("2", dataNftAddress=OTHER_NFT)).data == other.document


def test_first_creation_wins_over_updates_in_one_transaction(provider: Provider) -> None:
    updated = Publication(document=b'{"id":"updated"}')
    provider.chain.receipts[TX] = receipt(updated.log("MetadataUpdated"), Publication().log())
    assert post(provider, by_transaction()).data == DOCUMENT


@pytest.mark.parametrize(
    "changes",
    [
        {"flags": "2"},
        {"flags": 256},
        {"flags": 2.0},
        {"flags": -1},
        {"flags": True},
        {"flags": [2]},
        {"encryptedDocument": "0xzz"},
        {"encryptedDocument": "0x123"},
        {"encryptedDocument": 12},
        {"encryptedDocument": ["0x12"]},
        {"documentHash": "0x1234"},
        {"documentHash": "0x" + "00" * 33},
        {"documentHash": "sha256"},
    ],
)
def test_arguments_that_are_not_bytes(provider: Provider, changes: dict[str, Any]) -> None:
    answer = post(provider, by_arguments(Publication(), **changes))
    refused(answer, 400, "Failed to convert input args to bytes.")


def test_blobs_for_somebody_elses_key(provider: Provider) -> None:
    answer = post(provider, by_arguments(Publication(key=STRANGER)))
    refused(answer, 400, "Failed to decrypt.")


@pytest.mark.parametrize("data", [b"x", b"\x04" + b"\x00" * 200, b"\x00" * 97])
def test_blobs_that_are_none(provider: Provider, data: bytes) -> None:
    refused(post(provider, by_arguments(Publication(data=data))), 400, "Failed to decrypt.")


@pytest.mark.parametrize("data", [b"x", b"\xfd7zXZ\x00", lzma.compress(DOCUMENT)[:-9]])
def test_bytes_that_do_not_decompress(provider: Provider, data: bytes) -> None:
    refused(post(provider, by_arguments(Publication(flags=1, data=data))), 400, "Failed to decompress")


def test_documents_that_do_not_match_their_hash(provider: Provider) -> None:
    refused(post(provider, by_arguments(Publication(sha256=b"\x01" * 32))), 400, "Checksum doesn't match.")
    provider.chain.receipts[TX] = receipt(Publication(sha256=b"\x01" * 32).log())
    refused(post(provider, by_transaction("1795295486993079058")), 400, "Checksum doesn't match.")


FILES = {
    "datatokenAddress": OTHER_NFT,
    "nftAddress": OTHER_NFT,
    "files": [{"type": "url", "url": "https://s"}],
}


@pytest.mark.parametrize(
    "secret",
    [
        json.dumps(FILES).encode(),
        json.dumps(FILES["files"]).encode(),
        b'{"files":"x"}',
        b'{"id":"did:op:1","files":[]}',
        b'{"files":[],"files":null}',
        "\ufeff".encode() + json.dumps(FILES).encode(),
        json.dumps(FILES).encode("utf-16"),
        b" \n" + json.dumps(FILES).encode(),
    ],
)
@pytest.mark.parametrize("flags", [2, 3])
def test_files_blobs_of_other_assets_are_not_handed_out_even_with_the_right_hash(
    provider: Provider, secret: bytes, flags: int
) -> None:
    answer = post(provider, by_arguments(Publication(document=secret, flags=flags)))
    refused(answer, 400, "Only asset documents are decrypted here.")


def test_lzma_bombs_do_not_unfold(provider: Provider) -> None:
    bomb = lzma.compress(bytes(200_000_000), preset=0)
    claim = hashlib.sha256(b"whatever").digest()
    assert len(bomb) < 60_000
    answer = post(provider, by_arguments(Publication(flags=1, data=bomb, sha256=claim)))
    refused(answer, 400, "Failed to decompress")


def test_chained_streams_share_one_bound(provider: Provider) -> None:
    chained = lzma.compress(bytes(4_000_000)) * 5
    answer = post(provider, by_arguments(Publication(flags=1, data=chained)))
    refused(answer, 400, "Failed to decompress")


@pytest.mark.parametrize(("error", "status"), [(RpcUnavailable("x"), 502), (RpcTimeout("x"), 504)])
def test_chain_trouble_is_never_a_refusal_for_good(provider: Provider, error: Exception, status: int) -> None:
    provider.chain.error = error
    assert post(provider, by_transaction()).status_code == status


# -- shape --------------------------------------------------------------------------------------

REQUIRED = ("decrypterAddress", "chainId", "dataNftAddress", "nonce")


def test_nothing_at_all_names_every_required_field(provider: Provider) -> None:
    without = "field is required when transactionId is not present."
    assert field_errors(post(provider, {})) == {
        **{field: [f"The {field} field is required."] for field in REQUIRED},
        "encryptedDocument": [f"The encryptedDocument {without}"],
        "flags": [f"The flags {without}"],
        "documentHash": [f"The documentHash {without}"],
    }


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_missing_or_empty_fields(provider: Provider, field: str, value: str | None) -> None:
    body = by_transaction()
    body.pop(field)
    if value is not None:
        body[field] = value
    assert field_errors(post(provider, body)) == {field: [f"The {field} field is required."]}


@pytest.mark.parametrize("field", [*REQUIRED, "transactionId", "signature"])
@pytest.mark.parametrize("value", [["x"], {"a": 1}, "x" * 100_000, "a\x00b", "\ud800"])
def test_wrong_types_huge_and_nul_name_the_field(provider: Provider, field: str, value: Any) -> None:
    answer = post(provider, {**by_transaction(), field: value})
    assert list(field_errors(answer)) == [field]
    assert provider.ledger.rows == {}


@pytest.mark.parametrize("field", ["decrypterAddress", "dataNftAddress"])
@pytest.mark.parametrize("value", ["0x12", "me", 7, True, INDEXER.address[2:]])
def test_addresses_must_be_addresses(provider: Provider, field: str, value: Any) -> None:
    answer = post(provider, {**by_transaction(), field: value})
    assert field_errors(answer) == {field: [f"The {field} must be a valid address."]}


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", 1.5, True, "0x2324", "8996 ", "٨", "9" * 19])
def test_chain_id_must_be_an_integer(provider: Provider, value: Any) -> None:
    answer = post(provider, {**by_transaction(), "chainId": value})
    assert field_errors(answer) == {"chainId": ["The chainId must be an integer."]}


def test_doubled_parameters_are_refused(provider: Provider) -> None:
    answer = provider.client().post(f"{PATH}?nonce=1&nonce=2", json=by_transaction())
    assert list(field_errors(answer)) == ["nonce"]
    doubled = json.dumps(by_transaction())[:-1] + ',"nonce":"5"}'
    answer = provider.client().post(PATH, data=doubled, content_type="application/json")
    assert list(field_errors(answer)) == ["nonce"]


def test_a_signature_in_the_wrong_place_is_never_echoed(provider: Provider) -> None:
    signature = by_transaction()["signature"]
    for field in (*REQUIRED, "transactionId"):
        answer = post(provider, {**by_transaction(), field: signature})
        assert answer.status_code == 400
        assert signature[2:].encode() not in answer.data


def test_too_large_bodies_are_413_in_json(provider: Provider) -> None:
    body = {**by_transaction(), "encryptedDocument": "0x" + "00" * 5_000_000}
    answer = post(provider, body)
    assert answer.status_code == 413
    assert list(json.loads(answer.data)) == ["error", "context"]


def test_what_upstreams_library_encrypted_is_opened(provider: Provider) -> None:
    vector = (
        "044f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa385b6b1b8ead809ca67454d9683fcf2ba03456"
        "d6fe2c4abe2b07f0fbdbb2f1c12222222222222222222222222222222294972007ba47974c9297ba5a516ae9992b158cb4410a6b"
    )
    blob = bytes.fromhex(vector)
    assert ecies.decrypt(PrivateKey(PROVIDER_KEY), blob) == b'{"a":1}'
    digest = hashlib.sha256(b'{"a":1}').digest()
    answer = post(provider, by_arguments(Publication(data=blob, sha256=digest)))
    assert (answer.status_code, answer.data) == (201, b'{"a":1}')
