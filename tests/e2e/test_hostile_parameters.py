"""Every parameter of every public endpoint, wrong in every way: an answer in the contract's shape, soon."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import requests

from tests.stack import Stack

pytestmark = pytest.mark.clause("ocean 0.2", "ocean 0.4", "ocean 12")

ADDRESS = "0x" + "0" * 39 + "1"
TX = "0x" + "ab" * 32
DID = "did:op:" + "0" * 64
SIGNATURE = "0x" + "13" * 64 + "1b"
SERVICES, CATALOGUE = "/api/services", "/api/aquarius"

# Parameters that are well-formed, each endpoint's own; none names anything that exists.
ENDPOINTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", f"{SERVICES}/nonce"): {"userAddress": ADDRESS},
    ("POST", f"{SERVICES}/decrypt"): {
        "decrypterAddress": ADDRESS,
        "chainId": 8996,
        "dataNftAddress": ADDRESS,
        "transactionId": TX,
        "nonce": "5",
        "signature": SIGNATURE,
        "encryptedDocument": "0x00",
        "flags": 2,
        "documentHash": "0x" + "00" * 32,
    },
    ("GET", f"{SERVICES}/initialize"): {
        "documentId": DID,
        "serviceId": "s",
        "consumerAddress": ADDRESS,
        "fileIndex": "0",
        "transferTxId": TX,
        "userdata": "{}",
        "environment": "e",
        "validUntil": "99999999999",
    },
    ("GET", f"{SERVICES}/download"): {
        "documentId": DID,
        "serviceId": "s",
        "consumerAddress": ADDRESS,
        "transferTxId": TX,
        "fileIndex": "0",
        "nonce": "5",
        "signature": SIGNATURE,
        "userdata": "{}",
    },
    ("POST", f"{SERVICES}/fileinfo"): {
        "did": DID,
        "serviceId": "s",
        "type": "url",
        "checksum": True,
        "userdata": {},
    },
    ("GET", f"{SERVICES}/createAuthToken"): {
        "address": ADDRESS,
        "expiration": "99999999999",
        "nonce": "5",
        "signature": SIGNATURE,
        "chainId": "8996",
    },
    ("DELETE", f"{SERVICES}/deleteAuthToken"): {
        "address": ADDRESS,
        "token": "a.b.c",
        "nonce": "5",
        "signature": SIGNATURE,
    },
    ("POST", f"{SERVICES}/validateContainer"): {"image": "node", "tag": "1", "checksum": "sha256:0"},
    ("POST", f"{CATALOGUE}/assets/names"): {"didList": [DID]},
    ("POST", f"{CATALOGUE}/assets/query"): {
        "query": {"match_all": {}},
        "size": 1,
        "from": 0,
        "sort": {"nft.created": "asc"},
        "aggs": {},
    },
    ("POST", f"{CATALOGUE}/assets/triggerCaching"): {"transactionId": TX, "chain_id": 8996, "logIndex": 0},
    ("GET", f"{CATALOGUE}/state/ddo"): {"did": DID, "nft": ADDRESS, "txId": TX, "chainId": "8996"},
    ("GET", f"{CATALOGUE}/state/retryQueue"): {"did": DID, "type": "event", "chainId": "8996"},
    ("GET", f"{CATALOGUE}/validation/schema"): {"version": "4.1.0"},
}
CASES = [(method, path, field) for (method, path), fields in ENDPOINTS.items() for field in fields]
# A file object's fields, each type's own; the catalogue and chain are never asked for these.
FILES: Mapping[str, Mapping[str, Any]] = {
    "url": {"url": "http://127.0.0.1:1/", "method": "GET", "headers": {}},
    "ipfs": {"hash": "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", "headers": {}},
    "arweave": {"transactionId": "a" * 43, "headers": {}},
    "graphql": {"url": "http://127.0.0.1:1/", "query": "{a}", "headers": {}},
    "smartcontract": {
        "address": ADDRESS,
        "chainId": 8996,
        "abi": {"type": "function", "stateMutability": "view", "name": "f", "inputs": [], "outputs": []},
    },
}

# As they stand in a JSON object; None leaves the field out.
IN_JSON: Mapping[str, str | None] = {
    "missing": None,
    "null": "null",
    "empty": '""',
    "blank": '" "',
    "number": "7",
    "negative": "-1",
    "fraction": "1.5",
    "four hundred digits": "1" + "0" * 400,
    "beyond floats": "1e400",
    "not a number": "NaN",
    "true": "true",
    "list": "[]",
    "filled list": '["a"]',
    "object": "{}",
    "operator": '{"$gt":""}',
    "nul": '"a\\u0000b"',
    "lone surrogate": '"\\ud800"',
    "line break": '"a\\r\\nb"',
    "quote": '"\' OR 1=1--"',
    "200 KB": '"' + "a" * 200_000 + '"',
    "1 MiB": '"' + "a" * ((1 << 20) - 2000) + '"',
    "nested 20 deep": "[" * 20 + "]" * 20,
    "nested 5000 deep": "[" * 5000 + "]" * 5000,
}
IN_QUERY: Mapping[str, bytes] = {
    "empty": b"",
    "negative": b"-1",
    "exponent": b"1e3",
    "not a number": b"NaN",
    "nul": b"a\x00b",
    "not UTF-8": b"\xff\xfe",
    "line break": b"a\r\nb",
    "huge": b"a" * 20_000,
    "quote": b"' OR 1=1--",
    "list": b"[]",
    "object": b"{}",
    "other script": "é漢\u202e".encode(),
}
UNREADABLE: Mapping[str, tuple[bytes, str]] = {
    "broken": (b'{"a":', "application/json"),
    "a list": (b"[]", "application/json"),
    "a text": (b'"x"', "application/json"),
    "a number": (b"5", "application/json"),
    "null": (b"null", "application/json"),
    "not UTF-8": (b'{"userAddress":"\xff"}', "application/json"),
    "UTF-16": ('{"userAddress":"a"}'.encode("utf-16"), "application/json"),
    "doubled name": (b'{"userAddress":"a","userAddress":"b"}', "application/json"),
    "100,000 deep": (b"[" * 100_000, "application/json"),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json"),
    "a number of 200,000 digits": (b'{"userAddress":' + b"9" * 200_000 + b"}", "application/json"),
    "compressed": (b"\x1f\x8b\x08", "application/json"),
    "XML": (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "application/xml"),
    "a form with files": (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n--x--',
                          "multipart/form-data; boundary=x"),
    "bytes": (b"\x00\x01\xff", "application/octet-stream"),
    "3,000 form fields": (b"&".join(b"k%d=1" % number for number in range(3000)),
                          "application/x-www-form-urlencoded"),
    "no type": (b"{", ""),
    "odd type": (b"{", "\xff/\xff; charset=\xff"),
}  # fmt: skip
# May be objects, or are looked at after the signature, which is wrong here.
UNREAD = ("userdata", "checksum", "encryptedDocument", "flags", "documentHash")
NOT_A_TEXT = ("filled list", "operator", "nul", "lone surrogate")


@pytest.fixture(scope="module")
def session() -> requests.Session:
    return requests.Session()


class Caller:
    def __init__(self, stack: Stack, session: requests.Session) -> None:
        self._stack = stack
        self._session = session

    def __call__(self, method: str, path: str, what: str, **sent: Any) -> requests.Response:
        """Send it; whatever the answer, it is soon, JSON, readable across origins and repeats no secret."""
        began = time.monotonic()
        reply = self._session.request(method, self._stack.gateway + path, timeout=20, **sent)
        told = f"{method} {path} {what}: {reply.status_code} {reply.text[:300]}"
        assert time.monotonic() - began < 5, told
        assert reply.status_code < 500, told
        assert reply.headers["Access-Control-Allow-Origin"] == "*", told
        assert SIGNATURE[2:60] not in reply.text, told
        if reply.status_code >= 400:
            assert reply.headers["Content-Type"].startswith("application/json"), told
            assert len(reply.text) < 8000, told
            assert_shape(reply.json(), path, told)
        return reply


def assert_shape(body: Any, path: str, told: str) -> None:
    """E1, E2 or E3 of the provider's contract; an `error` of the catalogue's, or its validation lists."""
    if path.startswith(CATALOGUE):
        assert isinstance(body, list) or next(iter(body)) in ("error", "errors"), told
    elif "errors" in body:
        assert list(body) == ["errors", "message", "success"], told
        assert (body["message"], body["success"]) == ("Validation error", False), told
        assert all(isinstance(text, str | list) and text for text in body["errors"].values()), told
    else:
        assert next(iter(body)) == "error", told
        assert set(body) <= {"error", "context", "reason"}, told
        assert body.get("context") is None, told
        assert isinstance(body["error"], str), told
        assert body["error"], told


@pytest.fixture
def call(stack: Stack, session: requests.Session) -> Caller:
    return Caller(stack, session)


def json_text(fields: Mapping[str, Any], changed: str, text: str | None) -> bytes:
    """The object's text with one member's value replaced by `text` as it stands."""
    members = {name: json.dumps(value) for name, value in fields.items()}
    members.pop(changed)
    if text is not None:
        members[changed] = text
    return ("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}").encode()


def query_text(fields: Mapping[str, Any], changed: str, value: bytes) -> str:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    pairs = {**{name: text.encode() for name, text in texts.items()}, changed: value}
    return "&".join(f"{name}={quote_from_bytes(value, safe='')}" for name, value in pairs.items())


JSON_TYPE = {"Content-Type": "application/json"}


@pytest.mark.parametrize(("method", "path", "field"), CASES)
def test_any_value_in_a_json_body(call: Caller, method: str, path: str, field: str) -> None:
    for name, text in IN_JSON.items():
        body = json_text(ENDPOINTS[method, path], field, text)
        reply = call(method, path, f"{field} {name}", data=body, headers=JSON_TYPE)
        if name in NOT_A_TEXT and path.startswith(SERVICES) and field not in UNREAD:
            assert reply.status_code == 400
            assert path.endswith("validateContainer") or field in reply.json()["errors"], reply.text


@pytest.mark.parametrize(("method", "path", "field"), CASES)
def test_any_value_in_the_query(call: Caller, method: str, path: str, field: str) -> None:
    fields = ENDPOINTS[method, path]
    for name, value in IN_QUERY.items():
        reply = call(method, f"{path}?{query_text(fields, field, value)}", f"{field} {name}")
        if name in ("nul", "not UTF-8") and not path.endswith("/query"):
            assert reply.status_code == 400, reply.text
            assert field in reply.text
    twice = call(method, f"{path}?{query_text(fields, field, b'a')}&{field}=b", f"{field} twice")
    assert twice.status_code == 400 or path.endswith("/query")


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_bodies_that_are_no_parameters(call: Caller, method: str, path: str) -> None:
    for name, (body, kind) in UNREADABLE.items():
        headers = {"Content-Type": kind} | ({"Content-Encoding": "gzip"} if name == "compressed" else {})
        assert call(method, path, name, data=body, headers=headers).status_code in range(400, 500) or (
            path.startswith(CATALOGUE)  # GET routes there read no body
        )


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, file in FILES.items() for field in file])
def test_any_value_in_a_file_object(call: Caller, kind: str, field: str) -> None:
    for name, text in IN_JSON.items():
        body = json_text({"type": kind, **FILES[kind]}, field, text)
        reply = call("POST", f"{SERVICES}/fileinfo", f"{field} {name}", data=body, headers=JSON_TYPE)
        if reply.status_code == 200:
            assert [entry["valid"] for entry in reply.json()] == [False]


def test_parameters_in_the_wrong_place_are_missing(call: Caller) -> None:
    for (method, path), fields in ENDPOINTS.items():
        if path.startswith(SERVICES) and not path.endswith(("validateContainer", "fileinfo")):
            headers = {f"X-{name}": str(value) for name, value in fields.items()}
            cookies = {name: str(value) for name, value in fields.items() if isinstance(value, str)}
            reply = call(method, path, "in headers", headers=headers, cookies=cookies)
            first = next(iter(fields))
            assert first in reply.json()["errors"]
            assert call(method, f"{path}/{ADDRESS}", "in the path").status_code == 404
            assert call(method, f"{path};{first}={ADDRESS}", "after a semicolon").status_code == 404


@pytest.mark.parametrize(
    "did",
    ["%ff%fe", "x" * 3000, "did:op:", "did:op:" + "0" * 64 + "%0d%0a", "%3Cscript%3E", "%27--",
     "{}", "did:op:%u0000"],
)  # fmt: skip
def test_any_text_as_a_part_of_the_path(call: Caller, did: str) -> None:
    for path in ("assets/ddo", "assets/metadata", "chains/status"):
        assert call("GET", f"{CATALOGUE}/{path}/{did}", "path").status_code == 404


@pytest.mark.parametrize(
    "chain_id", ["", "0", "-1", "1", "8996a", "1e3", "9" * 5000, "%00", "%ff", "a" * 9000]
)
def test_encrypt_takes_any_bytes_and_no_strange_chain(call: Caller, chain_id: str) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    path = f"{SERVICES}/encrypt?chainId={chain_id}"
    reply = call("POST", path, "chainId", data=b"\x00\xff", headers=octets)
    # One plain key serves any chain; leading digits count (ocean.js 5.1.1 glues more to them).
    assert reply.status_code == (201 if chain_id in ("", "0", "1", "8996a", "1e3") else 400)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "\xff", "a" * 5000])
def test_encrypt_of_other_content_types_is_refused(call: Caller, kind: str) -> None:
    reply = call("POST", f"{SERVICES}/encrypt", "type", data=b"x", headers={"Content-Type": kind})
    assert reply.json() == {"error": "Invalid request content type: should be application/octet-stream"}


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\xff" * 20, "a" * 20_000, "." * 500]
)
def test_any_text_as_an_auth_token(call: Caller, token: str) -> None:
    fields = {
        name: text for name, text in ENDPOINTS["GET", f"{SERVICES}/download"].items() if name != "signature"
    }
    for headers in ({"AuthToken": token}, {"Authorization": token}, {"Authorization": f"Bearer {token}"}):
        encoded = {name: text.encode("latin-1") for name, text in headers.items()}
        reply = call("GET", f"{SERVICES}/download", "token", params=fields, headers=encoded)
        assert list(reply.json()["errors"]) == ["signature"]
        assert token not in reply.text


DOCUMENTS: Mapping[str, bytes] = {
    "empty": b"",
    "broken": b"{",
    "a list": b"[]",
    "not UTF-8": b'{"version":"\xff"}',
    "deep": b'{"version":"4.1.0","metadata":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    "very deep": b"[" * 200_000,
    "no version": b'{"id":"x"}',
    "unknown version": b'{"version":"99.0.0","id":"x"}',
    "version as an object": b'{"version":{"a":1}}',
    "services as a text": b'{"version":"4.1.0","services":"x"}',
    "services of nulls": b'{"version":"4.1.0","services":[null,1,"a",[],{}]}',
    "all of the wrong type": json.dumps(
        {"version": "4.1.0", "@context": 1, "id": [], "chainId": "x", "nftAddress": {}, "metadata": [],
         "services": {}, "credentials": 5, "event": None, "nft": "x"}
    ).encode(),
    "numbers beyond floats": b'{"version":"4.1.0","chainId":1e999,"metadata":{"a":' + b"9" * 5000 + b"}}",
    "nul": b'{"version":"4.1.0","id":"a\\u0000"}',
    "doubled names": b'{"version":"4.1.0","version":"4.5.0"}',
    "wrapped badly": b'{"ddo":"x","publisherAddress":5,"nonce":[],"signature":{}}',
    "wrapped twice": b'{"ddo":{"ddo":{"version":"4.1.0"}},"nonce":"1","signature":"0x00"}',
    "a million services": b'{"version":"4.1.0","services":[' + b",".join([b"{}"] * 200_000) + b"]}",
    "too large": b'{"version":"4.1.0","a":"' + b"a" * 1_900_000 + b'"}',
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_that_are_none(call: Caller, name: str) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    reply = call("POST", f"{CATALOGUE}/assets/ddo/validate", name, data=DOCUMENTS[name], headers=headers)
    assert reply.status_code in (400, 413)
