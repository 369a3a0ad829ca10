"""Whatever is sent to initialize and download, the answer is the contract's, never a server error."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_text
from tests.fakes.access import URL, AccessWorld, files_blob
from tests.fakes.ddos import DID, ddo, service
from tests.fakes.provider_app import Provider
from tests.fakes.receipts import TX, fee_log, order_log, receipt

pytestmark = pytest.mark.clause("ocean 0.4")

ALICE = PrivateKey("22" * 32)
WORLD = AccessWorld()
WORLD.assets.documents[DID] = ddo(services=[service(files=files_blob({"type": "url", "url": URL}))])
WORLD.chain.receipts[TX] = receipt(order_log(consumer=ALICE.address), fee_log())
CLIENT = Provider(world=WORLD, ledger=WORLD.ledger, tokens=WORLD.tokens).client()

GOOD = {
    "documentId": DID,
    "serviceId": "svc-0",
    "consumerAddress": ALICE.address,
    "transferTxId": TX,
    "fileIndex": "0",
    "nonce": "1",
    "signature": sign_text(f"{DID}1", ALICE),
    "userdata": "{}",
    "environment": "e",
    "validUntil": "0",
}
fields = st.sampled_from([*GOOD, "unknown"])
texts = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["0", "-1", "1e3", "NaN", "\x00", "0x", "[]", "{}", "null", "did:op:", "9" * 400, "😀"]),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
paths = st.sampled_from(["/api/services/initialize", "/api/services/download"])
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(response: Any) -> None:
    assert response.status_code in (200, 400, 413), response.text
    if response.status_code == 200:
        return
    body = json.loads(response.data)
    assert next(iter(body)) in ("error", "errors")
    assert GOOD["signature"][2:] not in response.text


@relaxed
@given(path=paths, changes=st.dictionaries(fields, texts, max_size=4))
def test_any_query(path: str, changes: dict[str, str]) -> None:
    check(CLIENT.get(path, query_string={**GOOD, **changes}))


@relaxed
@given(path=paths, changes=st.dictionaries(fields, values, max_size=4))
def test_any_json(path: str, changes: dict[str, Any]) -> None:
    check(CLIENT.post(path, json={**GOOD, **changes}))


@relaxed
@given(path=paths, raw=st.binary(max_size=300))
def test_any_bytes_as_a_query(path: str, raw: bytes) -> None:
    text = raw.decode("latin-1").replace("#", "%23")
    environ = {"QUERY_STRING": text, "REQUEST_METHOD": "GET"}
    check(CLIENT.open(path, environ_overrides=environ))


@relaxed
@given(path=paths, raw=st.binary(max_size=300), kind=st.sampled_from(["application/json", "text/plain", ""]))
def test_any_bytes_as_a_body(path: str, raw: bytes, kind: str) -> None:
    check(CLIENT.post(path, data=raw, content_type=kind))


@relaxed
@given(document=st.dictionaries(st.sampled_from(list(ddo())), values, max_size=3))
def test_any_document_of_the_catalogue(document: dict[str, Any]) -> None:
    world = AccessWorld()
    world.assets.documents[DID] = {**ddo(), **document}
    client = Provider(world=world, ledger=world.ledger, tokens=world.tokens).client()
    check(client.get("/api/services/initialize", query_string={**GOOD, "fileIndex": "0"}))
