"""Whatever a request brings, the Ocean room answers in one of its shapes, and never with an error of ours."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.documents import DOCUMENT, INDEXER, NFT, NONCE, TX, Publication, by_transaction, receipt
from tests.fakes.provider_app import Provider

pytestmark = pytest.mark.clause("ocean 0.4")

PATHS = st.sampled_from(
    [
        f"/api/services/{name}"
        for name in ("nonce", "encrypt", "decrypt", "fileinfo", "initialize", "download")
    ]
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"])
FIELDS = st.sampled_from(
    [
        "userAddress",
        "decrypterAddress",
        "chainId",
        "dataNftAddress",
        "transactionId",
        "encryptedDocument",
        "flags",
        "documentHash",
        "nonce",
        "signature",
        "documentId",
        "serviceId",
        "consumerAddress",
        "transferTxId",
        "fileIndex",
        "userdata",
        "environment",
        "validUntil",
        "did",
        "type",
        "url",
        "hash",
        "checksum",
        "headers",
        "method",
        "abi",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [INDEXER.address, NFT, TX, NONCE, "8996", "did:op:" + "0" * 64, "url", "access", "1e3", "0x"]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
MAPPINGS = st.dictionaries(FIELDS, VALUES, max_size=8)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/octet-stream",
        "",
        "é/ü",
    ]
)
REFUSALS = (["errors", "message", "success"], ["error"], ["error", "context"], ["error", "reason"])


def provider() -> Provider:
    made = Provider()
    made.chain.factory_nfts.add(NFT)
    made.chain.receipts[TX] = receipt(Publication().log())
    return made


PROVIDER = provider()


def check(answer: Any, method: str) -> None:
    assert answer.status_code < 500 or answer.status_code in (502, 503, 504), answer.data
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if answer.status_code >= 400 and method != "HEAD":
        body = json.loads(answer.data)
        assert list(body) in REFUSALS, body


@settings(max_examples=200, deadline=None)
@given(PATHS, METHODS, MAPPINGS, TYPES)
def test_any_json_under_any_content_type(path: str, method: str, body: dict[str, Any], kind: str) -> None:
    data = json.dumps(body).encode()
    check(PROVIDER.client().open(path, method=method, data=data, content_type=kind), method)


@settings(max_examples=200, deadline=None)
@given(PATHS, METHODS, st.binary(max_size=200), TYPES)
def test_any_bytes_as_a_body(path: str, method: str, data: bytes, kind: str) -> None:
    check(PROVIDER.client().open(path, method=method, data=data, content_type=kind), method)


@settings(max_examples=200, deadline=None)
@given(PATHS, METHODS, st.dictionaries(FIELDS, TEXTS, max_size=6))
def test_any_query(path: str, method: str, query: dict[str, str]) -> None:
    query = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    check(PROVIDER.client().open(path, method=method, query_string=query), method)


@settings(max_examples=200, deadline=None)
@given(PATHS, METHODS, st.text("%&=?+;#/\\0189abcdefxyzé", max_size=80))
def test_any_raw_query(path: str, method: str, raw: str) -> None:
    check(PROVIDER.client().open(path, method=method, query_string=raw), method)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "decrypterAddress",
                "chainId",
                "dataNftAddress",
                "transactionId",
                "nonce",
                "signature",
                "flags",
                "encryptedDocument",
                "documentHash",
            ]
        ),
        VALUES,
        min_size=1,
        max_size=2,
    )
)
def test_a_good_decrypt_with_one_or_two_fields_replaced_never_opens_twice(changes: dict[str, Any]) -> None:
    fresh = provider()
    body = {**by_transaction(), **changes}
    first = fresh.client().post("/api/services/decrypt", json=body)
    check(first, "POST")
    second = fresh.client().post("/api/services/decrypt", json=body)
    check(second, "POST")
    assert second.data != DOCUMENT
