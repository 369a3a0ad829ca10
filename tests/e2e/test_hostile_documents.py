"""What publishers write to the chain, meaning harm: neither the index nor the services stop over it."""

import copy
import json
from typing import Any

import pytest
import requests

from scripts.chain.assets import AssetSpec, ServiceSpec, build_ddo
from scripts.chain.metadata import set_metadata
from scripts.chain.publish import create_tokens
from tests.e2e.market import SERVICE, Market

pytestmark = pytest.mark.clause("ocean C4")

FILE = {"type": "url", "url": "http://127.0.0.1:1/", "method": "GET"}


@pytest.fixture(scope="module")
def template(market: Market) -> dict[str, Any]:
    """A good document and tokens of its own, not yet published."""
    spec = AssetSpec(services=[ServiceSpec(files=[FILE], pricing="dispenser")])
    nft, datatokens = create_tokens(market.publisher, market.entries, spec)
    chain_id = market.stack.config.chain_id
    return build_ddo(spec, market.provider, nft=nft, datatokens=datatokens, chain_id=chain_id)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def with_service(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    changed["services"][0].update(changes)
    return changed


DOCUMENTS: dict[str, Any] = {
    "unknown version": lambda ddo: {**ddo, "version": "99.0.0"},
    "no version": lambda ddo: {name: value for name, value in ddo.items() if name != "version"},
    "another asset's id": lambda ddo: {**ddo, "id": "did:op:" + "0" * 64},
    "another chain": lambda ddo: {**ddo, "chainId": 1},
    "another NFT": lambda ddo: {**ddo, "nftAddress": ddo["services"][0]["datatokenAddress"]},
    "deep": lambda ddo: {**ddo, "metadata": {**ddo["metadata"], "additionalInformation": nested(400)}},
    "no services": lambda ddo: {**ddo, "services": []},
    "services of the wrong type": lambda ddo: {**ddo, "services": {"0": 1}},
    "null services": lambda ddo: {**ddo, "services": [None]},
    "metadata as a text": lambda ddo: {**ddo, "metadata": "x"},
    "credentials as a number": lambda ddo: {**ddo, "credentials": 5},
    "credentials of odd entries": lambda ddo: {**ddo, "credentials": {"allow": [None, 5, {"type": []}]}},
    "timeout as a text": lambda ddo: with_service(ddo, timeout="for ever"),
    "negative timeout": lambda ddo: with_service(ddo, timeout=-1),
    "huge timeout": lambda ddo: with_service(ddo, timeout=10**30),
    "files as an object": lambda ddo: with_service(ddo, files={"a": 1}),
    "files that are no ciphertext": lambda ddo: with_service(ddo, files="0x1234"),
    "endpoint as a list": lambda ddo: with_service(ddo, serviceEndpoint=["http://127.0.0.1:1/"]),
    "datatoken of nobody": lambda ddo: with_service(ddo, datatokenAddress="0x" + "1" * 40),
    "a forged event": lambda ddo: {**ddo, "event": {"txid": "0x0"}, "stats": {"orders": 10**9}, "nft": 1},
    "large": lambda ddo: {**ddo, "metadata": {**ddo["metadata"], "description": "a" * 60_000}},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_means_harm_is_refused_or_harmless(
    market: Market, template: dict[str, Any], name: str
) -> None:
    document = DOCUMENTS[name](template)
    sent = {**document, "nftAddress": template["nftAddress"]}
    if document.get("nftAddress") != template["nftAddress"]:
        sent = document
    _write(market, template, document if sent is document else sent)
    did = template["id"]
    validated = requests.post(
        f"{market.stack.gateway}/api/aquarius/assets/ddo/validate",
        data=json.dumps(document).encode(),
        headers={"Content-Type": "application/octet-stream"},
        timeout=10,
    )
    assert validated.status_code in (200, 400)
    query = {"documentId": did, "serviceId": SERVICE, "consumerAddress": market.buyer.address, "fileIndex": 0}
    answered = requests.get(f"{market.stack.gateway}/api/services/initialize", params=query, timeout=20)
    assert answered.status_code in (200, 400), answered.text
    seen = requests.post(
        f"{market.stack.gateway}/api/services/fileinfo", json={"did": did, "serviceId": SERVICE}, timeout=20
    )
    assert seen.status_code in (200, 400), seen.text
    every = {"query": {"query_string": {"query": "sample"}}, "sort": {"nft.created": "desc"}, "size": 50}
    found = requests.post(f"{market.stack.gateway}/api/aquarius/assets/query", json=every, timeout=20)
    assert found.status_code == 200, found.text


def _write(market: Market, template: dict[str, Any], document: dict[str, Any]) -> None:
    """To the template's own NFT, whatever the document says of itself."""

    class Written(dict):  # type: ignore[type-arg]
        """Serialises as the document; says the template's NFT when asked where to write."""

        def __getitem__(self, name: str) -> Any:
            return template["nftAddress"] if name == "nftAddress" else super().__getitem__(name)

    set_metadata(market.publisher, Written(document), market.provider)


def test_the_index_goes_on_after_them(market: Market) -> None:
    published = market.publish([FILE])
    assert market.client.ddo(published.did) is not None


@pytest.mark.parametrize(
    "files",
    [
        [{**FILE, "url": "http://169.254.169.254/latest/meta-data"}],
        [{**FILE, "url": "http://[::ffff:127.0.0.1]:8545/"}],
        [{**FILE, "url": "file:///etc/passwd"}],
        [{**FILE, "method": "DELETE"}],
        [{**FILE, "headers": {"Host": "x", "Content-Length": "5", "A\r\nB": "c\r\nd"}}],
        [{**FILE, "headers": ["a"]}],
        [{"type": "unknown"}],
        [{"type": "ipfs", "hash": "http://127.0.0.1:1/"}],
        [{"type": "smartcontract", "address": "0x0", "abi": {"name": "f"}}],
        [None, 5, "x", []],
        [],
        {"a": 1},
        "http://127.0.0.1/",
    ],
)
def test_files_objects_that_mean_harm_are_no_files(market: Market, files: Any) -> None:
    """Encrypted as a publisher's client would, so that only the provider sees what they are."""
    spec = AssetSpec(services=[ServiceSpec(files=[FILE], pricing="dispenser")])
    nft, datatokens = create_tokens(market.publisher, market.entries, spec)
    plain = json.dumps({"datatokenAddress": datatokens[0], "nftAddress": nft, "files": files}).encode()
    chain_id = market.stack.config.chain_id
    ddo = build_ddo(spec, market.provider, nft=nft, datatokens=datatokens, chain_id=chain_id)
    ddo["services"][0]["files"] = market.client.encrypt(plain, chain_id)
    tx = set_metadata(market.publisher, ddo, market.provider)
    market.client.wait_for_ddo(ddo["id"], tx)
    for path, body in (
        ("fileinfo", {"did": ddo["id"], "serviceId": SERVICE, "checksum": True}),
        ("initialize", {"documentId": ddo["id"], "serviceId": SERVICE,
                        "consumerAddress": market.buyer.address, "fileIndex": 0}),
    ):  # fmt: skip
        reply = requests.post(f"{market.stack.gateway}/api/services/{path}", json=body, timeout=20)
        assert "169.254" not in reply.text
        assert "passwd" not in reply.text
        if reply.status_code == 200:
            assert [entry["valid"] for entry in reply.json()] == [False] * len(reply.json())
        else:
            assert reply.status_code == 400, reply.text
