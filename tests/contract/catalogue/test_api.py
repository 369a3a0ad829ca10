"""Golden exchanges of every other route (contract 2.1), and what hostile requests get."""

import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.signing import personal
from libs.signing.keys import PrivateKey
from services.catalogue.adapters.store_sql.index import SqlIndex
from services.catalogue.domain.facts import AssetRecord, Checkpoint, DidState, RetryEntry, RetryType
from tests.contract.catalogue.conftest import KEY, PREFIX
from tests.fakes.catalogue_assets import raw_ddo, served

pytestmark = pytest.mark.clause("ocean C2.1")

OCTETS = "application/octet-stream"
TX = "0x" + "1f" * 32


def test_ddo(filled: FlaskClient, assets: dict[str, AssetRecord]) -> None:
    rain = assets["rain"]
    response = filled.get(f"{PREFIX}/assets/ddo/{rain.did}")
    assert response.status_code == 200
    assert response.get_json() == rain.document
    assert response.content_type == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert rain.document["event"]["tx"] == rain.document["event"]["txid"]


def test_unlisted_and_revoked_assets_are_served_by_did(
    filled: FlaskClient, assets: dict[str, AssetRecord]
) -> None:
    assert filled.get(f"{PREFIX}/assets/ddo/{assets['unlisted'].did}").get_json()["nft"]["state"] == 5
    revoked = filled.get(f"{PREFIX}/assets/ddo/{assets['revoked'].did}").get_json()
    assert set(revoked) == {"event", "nft", "datatokens", "stats"}


def test_missing_ddo_text_that_ocean_py_looks_for(filled: FlaskClient) -> None:
    response = filled.get(f"{PREFIX}/assets/ddo/did:op:nothing")
    assert response.status_code == 404
    assert response.get_json() == {"error": "Asset DID did:op:nothing not found in Elasticsearch."}


@pytest.mark.parametrize(
    "did", ["%00", "a" * 5000, "%ff%fe", "did:op:%0a", "%27%20OR%201=1--", "..%2f..%2fetc", "%F0%9F%8C%8A"]
)
@pytest.mark.parametrize("route", ["ddo", "metadata"])
def test_hostile_dids_are_not_found(filled: FlaskClient, route: str, did: str) -> None:
    for headers in ({}, {"If-None-Match": '"x"'}):
        response = filled.get(f"{PREFIX}/assets/{route}/{did}", headers=headers)
        assert response.status_code == 404
        assert "error" in response.get_json()
        assert len(response.data) < 2000


def test_revalidation(filled: FlaskClient, assets: dict[str, AssetRecord]) -> None:
    path = f"{PREFIX}/assets/ddo/{assets['rain'].did}"
    tag = filled.get(path).headers["ETag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = filled.get(path, headers={"If-None-Match": asked})
        assert (response.status_code, response.data) == (304, b"")
        assert response.headers["ETag"] == tag
        assert response.headers["X-Request-Id"]
        assert filled.head(path, headers={"If-None-Match": asked}).status_code == 304
    assert filled.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_changed_document_has_another_tag(client: FlaskClient, index: SqlIndex) -> None:
    ddo = raw_ddo(1)
    path = f"{PREFIX}/assets/ddo/{ddo['id']}"
    with index.unit() as unit:
        unit.put_asset(served(ddo, 1, orders=1))
    before = client.get(path).headers["ETag"]
    with index.unit() as unit:
        unit.put_asset(served(ddo, 1, orders=2))
    after = client.get(path, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before
    assert after.get_json()["stats"]["orders"] == 2


def test_metadata(filled: FlaskClient, assets: dict[str, AssetRecord]) -> None:
    rain, revoked = assets["rain"], assets["revoked"]
    assert filled.get(f"{PREFIX}/assets/metadata/{rain.did}").get_json() == rain.document["metadata"]
    response = filled.get(f"{PREFIX}/assets/metadata/{revoked.did}")
    assert response.status_code == 404
    assert "not found" in response.get_json()["error"]


def test_names(filled: FlaskClient, assets: dict[str, AssetRecord]) -> None:
    dids = [assets["rain"].did, "did:op:unknown", assets["revoked"].did]
    response = filled.post(f"{PREFIX}/assets/names", json={"didList": dids})
    assert response.get_json() == {dids[0]: "Rain gauges of Europe", dids[1]: "", dids[2]: ""}


def test_names_takes_one_look_up_for_thousands(filled: FlaskClient, assets: dict[str, AssetRecord]) -> None:
    dids = [f"did:op:{number:064x}" for number in range(5000)] + [assets["wind"].did]
    answer = filled.post(f"{PREFIX}/assets/names", json={"didList": dids}).get_json()
    assert len(answer) == 5001
    assert answer[assets["wind"].did] == "Wind speeds"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({}, "`didList` is required in the request payload."),
        ({"didList": []}, "The requested didList can not be empty."),
        ({"didList": None}, "The requested didList can not be empty."),
        ({"didList": "did:op:1"}, "The didList must be a list."),
        ({"didList": {"a": 1}}, "The didList must be a list."),
        ({"didList": ["a", {"b": 1}]}, "The didList must hold texts."),
        ({"didList": ["x"] * 10_001}, "The requested didList is too long."),
        ([], "Invalid payload. The request could not be converted into a dict."),
        ("didList", "Invalid payload. The request could not be converted into a dict."),
    ],
)
def test_names_refuses(filled: FlaskClient, payload: Any, text: str) -> None:
    response = filled.post(f"{PREFIX}/assets/names", json=payload)
    assert response.status_code == 400
    assert response.get_json()["error"] == text


@pytest.mark.parametrize("route", ["names", "query", "triggerCaching"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"didList": ["\\u0000"]}',
        b'{"query": {"term": {"a": "\\ud800"}}}',
        b"\xff\xfe",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 200_000,
    ],
)
def test_broken_bodies_are_refused(filled: FlaskClient, route: str, body: bytes) -> None:
    response = filled.post(f"{PREFIX}/assets/{route}", data=body, content_type="application/json")
    assert response.status_code == 400
    assert "error" in response.get_json()


def test_huge_bodies_are_refused(filled: FlaskClient) -> None:
    for route in ("assets/names", "assets/query", "assets/triggerCaching"):
        response = filled.post(f"{PREFIX}/{route}", data=b" " * (2 * 1024 * 1024))
        assert response.status_code == 413
        assert "larger" in response.get_json()["error"]
    response = filled.post(
        f"{PREFIX}/assets/ddo/validate", data=b" " * (2 * 1024 * 1024), content_type=OCTETS
    )
    assert response.status_code == 413


@pytest.mark.parametrize(
    "query",
    [
        {"index": "aquarius_retries"},
        {"script_fields": {"x": {"script": "1"}}},
        {"query": {"script": {"script": "1 == 1"}}},
        {"query": {"function_score": {}}},
        {"query": {"nested": {"path": "services"}}},
        {"query": {"regexp": {"metadata.name": ".*"}}},
        {"query": {"terms": {"_id": {"index": "other", "id": "1", "path": "x"}}}},
        {"query": {"query_string": {"query": "/.*/"}}},
        {"query": {"query_string": {"query": "a~2"}}},
        {"query": {"query_string": {"query": "[1 TO 2]"}}},
        {"query": {"query_string": {"query": '"open'}}},
        {"query": {"query_string": {"query": "(open"}}},
        {"query": {"query_string": {"query": "close)"}}},
        {"query": {"range": {"nft.created": {"gte": "now-1d"}}}},
        {"size": 10_001},
        {"from": 9_999, "size": 2},
        {"from": -1},
        {"size": "many"},
        {"sort": {"_script": {"script": "1"}}},
        {"aggs": {"x": {"scripted_metric": {}}}},
        {"aggs": {"x": {"terms": {"field": "a", "size": 100_000}}}},
        {"query": []},
        {"query": {"bool": {"must": "x"}}},
        {"query": {"term": {"a": {"b": 1}}}},
    ],
)
def test_search_is_closed_to_scripts_other_indices_and_huge_pages(filled: FlaskClient, query: Any) -> None:
    """Weakness 33: upstream hands the body to the search engine as it comes."""
    response = filled.post(f"{PREFIX}/assets/query", json=query)
    assert response.status_code == 400
    assert response.get_json()["error"]


def test_a_repeated_search_sees_every_change_at_once(client: FlaskClient, index: SqlIndex) -> None:
    body = {"query": {"match_all": {}}}
    totals = []
    for number in range(3):
        for _ in range(2):
            totals.append(
                client.post(f"{PREFIX}/assets/query", json=body).get_json()["hits"]["total"]["value"]
            )
        with index.unit() as unit:
            unit.put_asset(served(raw_ddo(number), number))
    with index.unit() as unit:
        unit.remove_asset(raw_ddo(0)["id"])
    totals.append(client.post(f"{PREFIX}/assets/query", json=body).get_json()["hits"]["total"]["value"])
    assert totals == [0, 0, 1, 1, 2, 2, 2]


def test_long_pages_are_whole(client: FlaskClient, index: SqlIndex) -> None:
    with index.unit() as unit:
        for number in range(130):
            unit.put_asset(served(raw_ddo(number), number, orders=number))
    body = {"size": 3000, "sort": {"stats.orders": "desc"}}
    hits = client.post(f"{PREFIX}/assets/query", json=body).get_json()["hits"]["hits"]
    assert [hit["_source"]["stats"]["orders"] for hit in hits] == list(range(129, -1, -1))


# -- validate


def validate(client: FlaskClient, body: bytes, content_type: str = OCTETS) -> Any:
    return client.post(f"{PREFIX}/assets/ddo/validate", data=body, content_type=content_type)


def is_vouched_for(answer: dict[str, Any], body: bytes) -> bool:
    digest = hashlib.sha256(body).digest()
    raw = bytes.fromhex(answer["r"][0][2:] + answer["s"][0][2:]) + bytes([answer["v"] - 27])
    signer = personal.recover(personal.digest(digest), raw)
    return answer["hash"] == "0x" + digest.hex() and signer == answer["publicKey"] == KEY.address


def test_validate_signs_the_hash_of_the_very_bytes(filled: FlaskClient) -> None:
    body = json.dumps(raw_ddo(1), indent=3).encode()
    response = validate(filled, body)
    assert response.status_code == 200
    answer = response.get_json()
    assert list(answer) == ["hash", "publicKey", "v", "r", "s"]
    assert len(answer["r"]) == len(answer["s"]) == 1
    assert is_vouched_for(answer, body)


@pytest.mark.parametrize("signs_did", [True, False])
@pytest.mark.parametrize("number_as", [str, int])
def test_validate_takes_the_signed_shape_of_newer_clients(
    filled: FlaskClient, signs_did: bool, number_as: type
) -> None:
    key = PrivateKey("0x" + "07" * 32)
    ddo = raw_ddo(2, name='Ärger & \\ "quotes" {}[]')
    inner = json.dumps(ddo, ensure_ascii=False, separators=(" ,", " : "))
    signature = personal.sign_text((ddo["id"] if signs_did else key.address) + "12", key)
    wrapper = {"publisherAddress": key.address, "nonce": number_as("12"), "signature": signature}
    body = '{"x" : [{"ddo": 1}], "ddo":  ' + inner + " ," + json.dumps(wrapper)[1:]
    response = validate(filled, body.encode())
    assert response.status_code == 200, response.data
    assert is_vouched_for(response.get_json(), inner.encode())


@pytest.mark.parametrize(
    "change", [{"signature": "0x" + "00" * 65}, {"nonce": "13"}, {"signature": None}, {"nonce": {}}]
)
def test_validate_refuses_a_publisher_it_cannot_believe(filled: FlaskClient, change: dict[str, Any]) -> None:
    key = PrivateKey("0x" + "07" * 32)
    signature = personal.sign_text(key.address + "12", key)
    body = {"ddo": raw_ddo(2), "publisherAddress": key.address, "nonce": "12", "signature": signature}
    response = validate(filled, json.dumps(body | change).encode())
    assert response.status_code == 400
    assert response.get_json() == {"error": "Invalid signature provided."}
    assert signature not in response.get_data(as_text=True)


def test_validate_names_the_fields_at_fault(filled: FlaskClient) -> None:
    """Weakness 41: upstream pairs messages with paths from two unordered walks."""
    ddo = raw_ddo(1)
    del ddo["metadata"]["author"]
    ddo["services"][0]["timeout"] = "0"
    ddo["services"].append({})
    response = validate(filled, json.dumps(ddo).encode())
    assert response.status_code == 400
    errors = response.get_json()["errors"]
    assert errors["metadata.author"] == "is required"
    assert errors["services[0].timeout"] == "must be an integer"
    assert errors["services[1].id"] == "is required"
    assert not any(path.startswith("services[0].") and path != "services[0].timeout" for path in errors)


def test_validate_without_a_version(filled: FlaskClient) -> None:
    response = validate(filled, b"{}")
    assert response.status_code == 400
    assert response.get_json() == [{"message": "no version provided for DDO."}]


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream; charset=utf-8", ""])
def test_validate_insists_on_its_media_type(filled: FlaskClient, content_type: str) -> None:
    response = validate(filled, json.dumps(raw_ddo(1)).encode(), content_type)
    assert response.status_code == 400
    text = "Invalid request content type: should be application/octet-stream"
    assert response.get_json() == {"error": text}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"not a dict", b'{"version": NaN}', b'{"a":1,"a":1}', b"\xff", b"[" * 100_000]
)
def test_validate_refuses_what_is_no_document(filled: FlaskClient, body: bytes) -> None:
    response = validate(filled, body)
    assert response.status_code == 400
    text = "Invalid payload. The request could not be converted into a dict."
    assert response.get_json()["error"] == text


def test_validation_schema(filled: FlaskClient) -> None:
    for version in ("4.0.0", "4.1.0", "4.3.0", "4.5.0"):
        schema = filled.get(f"{PREFIX}/validation/schema?version={version}").get_json()
        assert schema["properties"]["version"] == {"const": version}
    assert filled.get(f"{PREFIX}/validation/schema").get_json()["title"] == "Ocean DDO 4.5.0"
    response = filled.get(f"{PREFIX}/validation/schema?version=9")
    assert (response.status_code, response.get_json()) == (404, {"error": "Schema version not found."})


# -- states


def test_did_states(client: FlaskClient, index: SqlIndex) -> None:
    did, nft = raw_ddo(1)["id"], raw_ddo(1)["nftAddress"]
    with index.unit() as unit:
        unit.put_did_state(DidState(did, 8996, nft, TX, False, "No\0pe."))
    expected = {"nft": nft, "did": did, "chain_id": 8996, "tx_id": TX, "valid": False, "error": "No?pe."}
    for query in (f"did={did}", f"nft={nft}", f"nft={nft.lower()}&chainId=8996", f"txId={TX}"):
        assert client.get(f"{PREFIX}/state/ddo?{query}").get_json() == expected
    assert client.get(f"{PREFIX}/state/ddo?did={did}&chainId=1").status_code == 404


def test_state_of_an_unknown_did_is_not_found(filled: FlaskClient) -> None:
    """Weakness 42: upstream answers 500."""
    response = filled.get(f"{PREFIX}/state/ddo?did=did:op:unknown")
    assert response.status_code == 404
    assert response.get_json()["error"]


@pytest.mark.parametrize("query", ["", "did=", "chainId=8996", "did=%00", "did=a&did=b", "did=x&chainId=x"])
def test_state_questions_that_cannot_be_answered(filled: FlaskClient, query: str) -> None:
    response = filled.get(f"{PREFIX}/state/ddo?{query}")
    assert response.status_code == 400
    assert response.get_json()["error"]


def test_retry_queue(client: FlaskClient, index: SqlIndex) -> None:
    nft = raw_ddo(1)["nftAddress"]
    entry = RetryEntry(
        id="a" * 64, type=RetryType.EVENT, chain_id=8996, next_at=20.5, created_at=10.5, block_number=7,
        log_index=0, tx_hash=TX, nft_address=nft, did="did:op:1", attempts=2, error="later",
    )  # fmt: skip
    with index.unit() as unit:
        assert unit.enqueue(entry)
    for query in ("", "?chainId=8996", f"?nft={nft.lower()}", "?did=did:op:1", "?type=event"):
        answer = client.get(f"{PREFIX}/state/retryQueue{query}").get_json()
        assert answer["hits"]["total"] == {"value": 1, "relation": "eq"}
        assert answer["hits"]["hits"][0]["_source"] == {
            "id": "a" * 64, "type": "event", "chain_id": 8996, "number_retries": 2, "next_retry": 20,
            "create_timestamp": 10, "data": {"block": 7, "txId": TX, "logIndex": 0}, "nft_address": nft,
            "did": "did:op:1", "error": "later", "given_up": False,
        }  # fmt: skip
    assert client.get(f"{PREFIX}/state/retryQueue?type=tx").get_json()["hits"]["hits"] == []


def test_chains(client: FlaskClient, index: SqlIndex) -> None:
    response = client.get(f"{PREFIX}/chains/list")
    assert (response.status_code, response.get_json()) == (404, {"error": "No chains found."})
    index.set_chain(8996, "1.2.3")
    index.set_chain(137, "1.2.3")
    with index.unit() as unit:
        unit.add_checkpoint(Checkpoint(8996, 41, "0xaa"))
        unit.add_checkpoint(Checkpoint(8996, 42, "0xbb"))
    assert client.get(f"{PREFIX}/chains/list").get_json() == {"137": True, "8996": True}
    status = f"{PREFIX}/chains/status"
    assert client.get(f"{status}/8996").get_json() == {"last_block": 42, "version": "1.2.3"}
    assert client.get(f"{status}/137").get_json() == {"last_block": 0, "version": "1.2.3"}
    for unknown in ("1", "x", "08996", "%00"):
        assert client.get(f"{status}/{unknown}").status_code == 404
    assert client.get(f"{status}/1").get_json() == {"error": "Chain 1 is not indexed."}


# -- triggerCaching


def test_trigger_caching(client: FlaskClient, index: SqlIndex) -> None:
    index.set_chain(8996, "1")
    path = f"{PREFIX}/assets/triggerCaching"
    for payload in (
        {"transactionId": TX, "chain_id": 8996},
        {"transactionId": TX.upper().replace("0X", "0x"), "chainId": "8996"},
        {"transactionId": TX, "chainId": 8996, "logIndex": 3},
    ):
        response = client.post(path, json=payload)
        assert (response.status_code, response.data) == (200, b"Queued")
    assert client.post(f"{path}?transactionId={TX}&chain_id=8996").data == b"Queued"
    with index.unit() as unit:
        waiting = unit.due(8996, 2**40, 10)
    assert sorted((entry.tx_hash, entry.log_index) for entry in waiting if entry.log_index is None) == [
        (TX, None)
    ]
    assert len(waiting) == 2


def test_trigger_caching_wakes_what_was_given_up(client: FlaskClient, index: SqlIndex) -> None:
    index.set_chain(8996, "1")
    payload = {"transactionId": TX, "chain_id": 8996}
    client.post(f"{PREFIX}/assets/triggerCaching", json=payload)
    with index.unit() as unit:
        (entry,) = unit.due(8996, 2**40, 10)
        unit.reschedule(entry.id, next_at=2.0**40, attempts=9, error="x", dead=True)
        assert unit.due(8996, 2**50, 10) == []
        assert unit.queue_sizes(8996) == (0, 1)
    client.post(f"{PREFIX}/assets/triggerCaching", json=payload)
    with index.unit() as unit:
        (entry,) = unit.due(8996, 2**40, 10)
        assert (entry.attempts, entry.error, entry.dead) == (0, None, False)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"transactionId": TX},
        {"chain_id": 8996},
        {"transactionId": TX, "chain_id": 1},
        {"transactionId": "0x12", "chain_id": 8996},
        {"transactionId": TX + "00", "chain_id": 8996},
        {"transactionId": 12, "chain_id": 8996},
        {"transactionId": TX, "chain_id": "x"},
        {"transactionId": TX, "chain_id": True},
        {"transactionId": TX, "chain_id": 8996, "logIndex": -1},
        {"transactionId": TX, "chain_id": 8996, "logIndex": "x"},
        {"transactionId": TX, "chain_id": 8996, "logIndex": 2**40},
    ],
)
def test_trigger_caching_refuses(client: FlaskClient, index: SqlIndex, payload: dict[str, Any]) -> None:
    index.set_chain(8996, "1")
    response = client.post(f"{PREFIX}/assets/triggerCaching", json=payload)
    assert response.status_code == 400
    assert response.get_json()["error"]
    assert client.get(f"{PREFIX}/state/retryQueue").get_json()["hits"]["total"]["value"] == 0


# -- the rest


@pytest.mark.parametrize("path", ["/", PREFIX, f"{PREFIX}/"])
def test_root(filled: FlaskClient, path: str) -> None:
    response = filled.get(path)
    assert response.status_code == 200
    assert response.get_json()["software"] == "Aquarius"


def test_health_and_spec(filled: FlaskClient) -> None:
    assert filled.get(f"{PREFIX}/health").status_code == 200
    assert filled.get("/health/live").status_code == 200
    assert filled.get("/health/ready").status_code == 200
    assert filled.get(f"{PREFIX}/spec").get_json()["openapi"].startswith("3.")


def test_every_mistake_has_the_rooms_error_shape(filled: FlaskClient) -> None:
    for response, status in (
        (filled.get(f"{PREFIX}/nothing"), 404),
        (filled.get(f"{PREFIX}/assets/query"), 405),
        (filled.delete(f"{PREFIX}/assets/ddo/x"), 405),
        (filled.get("/elsewhere"), 404),
    ):
        assert response.status_code == status
        assert list(response.get_json()) == ["error"]


def test_browsers_anywhere_may_call(filled: FlaskClient) -> None:
    headers = {"Origin": "https://dapp.example", "Access-Control-Request-Method": "POST"}
    response = filled.options(f"{PREFIX}/assets/query", headers=headers)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://dapp.example"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]


def test_doubled_slashes_lead_to_the_same_place(filled: FlaskClient, assets: dict[str, AssetRecord]) -> None:
    assert filled.get(f"/api//aquarius///assets/ddo/{assets['rain'].did}").status_code == 200
