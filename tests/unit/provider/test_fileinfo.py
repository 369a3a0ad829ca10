"""`POST /api/services/fileinfo`, whole, over scripted origins (contract 2.7)."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.provider.domain.asset import CatalogueUnavailable
from services.provider.domain.origins import OriginRefused, OriginUnavailable
from tests.fakes.file_world import MAX_CHECKSUM_BYTES, FileWorld
from tests.fakes.origins import FakeReply

pytestmark = pytest.mark.clause("ocean 2.7")

URL = "https://files.test/folder/data.csv?token=s"
CSV = {"content-type": "text/csv; charset=utf-8", "content-length": "5"}
BALANCE = {
    "type": "smartcontract",
    "address": "0x" + "1" * 40,
    "abi": {
        "type": "function",
        "stateMutability": "view",
        "name": "balanceOf",
        "inputs": [{"name": "owner", "type": "address"}],
        "outputs": [{"type": "uint256"}],
    },
}


@pytest.fixture
def world() -> FileWorld:
    return FileWorld()


def ask(world: FileWorld, body: object, status: int = 200) -> Any:
    response = world.client().post("/api/services/fileinfo", json=body)
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    return response.json


class TestFileObject:
    def test_a_url(self, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, CSV, b"a,b,c")
        assert ask(world, {"type": "url", "url": URL, "method": "GET", "checksum": False}) == [
            {
                "index": 0,
                "type": "url",
                "valid": True,
                "contentLength": "5",
                "contentType": "text/csv",
                "filename": "data.csv",
            }
        ]

    def test_the_name_is_the_last_segment_of_the_final_url(self, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, {}, b"", "https://cdn.test/x/final.bin?sig=secret")
        found = ask(world, {"type": "url", "url": URL})[0]
        assert (found["filename"], found["contentLength"], found["contentType"]) == ("final.bin", "", "")

    @pytest.mark.parametrize("checksum", [True, 1, "true", "1", "yes"])
    def test_a_checksum_when_asked(self, checksum: object, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, CSV, b"a,b,c")
        found = ask(world, {"type": "url", "url": URL, "checksum": checksum})[0]
        assert found["checksum"] == hashlib.sha256(b"a,b,c").hexdigest()
        assert found["checksumType"] == "sha256"

    @pytest.mark.parametrize("checksum", [False, 0, "false", "0", "", None])
    def test_no_checksum_otherwise(self, checksum: object, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, CSV, b"a,b,c")
        assert "checksum" not in ask(world, {"type": "url", "url": URL, "checksum": checksum})[0]

    @pytest.mark.parametrize(
        "reply",
        [
            FakeReply(200, {"content-length": str(MAX_CHECKSUM_BYTES + 1)}, b"x" * (MAX_CHECKSUM_BYTES + 1)),
            FakeReply(200, {}, b"x" * (MAX_CHECKSUM_BYTES + 1)),
            FakeReply(200, {"content-length": "5"}, b"x" * (MAX_CHECKSUM_BYTES + 1)),
            FakeReply(200, {"content-length": "5"}, b"abc", breaks=True),
        ],
    )
    def test_no_checksum_of_what_is_or_proves_too_large_or_breaks(
        self, reply: FakeReply, world: FileWorld
    ) -> None:
        world.origins.answers[URL] = reply
        found = ask(world, {"type": "url", "url": URL, "checksum": True})[0]
        assert found["valid"]
        assert "checksum" not in found
        assert reply.closed

    @pytest.mark.parametrize(
        "answer",
        [
            OriginRefused("private"),
            OriginUnavailable("time-out", timed_out=True),
            FakeReply(404),
            FakeReply(500),
            FakeReply(301),
            FakeReply(206, {"content-range": "bytes 0-4/5"}),
        ],
    )
    def test_an_unreachable_file_is_not_an_error(self, answer: Any, world: FileWorld) -> None:
        world.origins.answers[URL] = answer
        assert ask(world, {"type": "url", "url": URL}) == [{"index": 0, "type": "url", "valid": False}]

    def test_content_range_tells_the_length_too(self) -> None:
        world = FileWorld(caller_headers=True)
        world.origins.answers[URL] = FakeReply(206, {"content-range": "bytes 0-4/9"}, b"abcde")
        found = ask(world, {"type": "url", "url": URL, "headers": {"Range": "bytes=0-4"}})[0]
        assert found["contentLength"] == "4"

    def test_arweave_has_no_name(self, world: FileWorld) -> None:
        world.origins.answers["https://arweave.test/abc"] = FakeReply(200, CSV)
        found = ask(world, {"type": "arweave", "transactionId": "abc"})[0]
        assert (found["type"], found["filename"]) == ("arweave", "")

    def test_ipfs(self, world: FileWorld) -> None:
        world.origins.answers["https://ipfs.test/ipfs/Qm1"] = FakeReply(200, CSV)
        assert ask(world, {"type": "ipfs", "hash": "Qm1"})[0]["filename"] == "Qm1"

    def test_a_contract_counts_its_bytes_as_a_number_and_has_no_name(self, world: FileWorld) -> None:
        owner = "0x" + "2" * 40
        found = ask(world, {**BALANCE, "chainId": 8996, "userdata": {"owner": owner}, "checksum": True})
        assert found == [
            {
                "index": 0,
                "type": "smartcontract",
                "valid": True,
                "contentLength": 4,
                "contentType": "application/json",
                "checksum": hashlib.sha256(b'"42"').hexdigest(),
                "checksumType": "sha256",
            }
        ]
        assert (world.contracts.calls[0].arguments, world.contracts.calls[0].chain_id) == ((owner,), 8996)

    def test_a_reverting_contract_is_not_valid(self, world: FileWorld) -> None:
        world.contracts.answer = None
        found = ask(world, {**BALANCE, "userdata": {"owner": "x"}})
        assert found == [{"index": 0, "type": "smartcontract", "valid": False}]

    def test_headers_of_anonymous_callers_are_not_sent(self, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, CSV)
        ask(world, {"type": "url", "url": URL, "headers": {"Authorization": "Bearer stolen"}})
        assert world.origins.asked[0][0].headers == {}

    def test_headers_of_anonymous_callers_are_sent_when_configured(self) -> None:
        world = FileWorld(caller_headers=True)
        world.origins.answers[URL] = FakeReply(200, CSV)
        ask(world, {"type": "url", "url": URL, "headers": {"X-Key": "mine", "X-N": 5}})
        assert world.origins.asked[0][0].headers == {"X-Key": "mine", "X-N": "5"}

    def test_userdata_of_a_post_keeps_its_numbers(self, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, CSV)
        userdata = {"n": 12345678901234567890, "f": 1.5, "t": True}
        ask(world, {"type": "url", "url": URL, "method": "post", "userdata": userdata})
        request = world.origins.asked[0][0]
        assert json.loads(request.body or b"") == userdata

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ({"type": "url", "url": URL, "method": "DELETE"}, "Unsafe method delete."),
            ({"type": "url", "url": URL, "headers": "x"}, "malformed file object."),
            ({"type": "url", "url": {"a": 1}}, "malformed file object."),
            ({"type": "graphql", "url": URL}, "missing graphql query"),
            ({"type": "graphql"}, "missing graphql endpoint"),
            ({"type": "ipfs", "hash": "https://evil.test"}, "malformed file object."),
            ({"type": "smartcontract", "address": "0x1"}, "invalid abi"),
            (BALANCE, "Missing parameters"),
            ({**BALANCE, "userdata": {"x": 1}}, "Missing userparams: owner"),
        ],
    )
    def test_refused_in_words(self, body: object, text: str, world: FileWorld) -> None:
        assert ask(world, body, 400) == {"error": text}
        assert world.origins.asked == []


class TestFields:
    @pytest.mark.parametrize(
        ("body", "errors"),
        [
            ({}, {"did", "type", "serviceId"}),
            ({"serviceId": "0"}, {"did", "type"}),
            ({"did": "did:op:1"}, {"serviceId"}),
            ({"did": "did:op:1", "type": "url"}, {"serviceId"}),
            ({"did": "nonsense", "serviceId": "0"}, {"did"}),
            ({"did": ["x"], "serviceId": "0"}, {"did"}),
            ({"type": "ftp"}, {"type"}),
            ({"type": 5}, {"type"}),
            ({"type": "asset"}, {"did", "serviceId"}),
            ({"type": "url"}, {"url"}),
            ({"type": "ipfs"}, {"hash"}),
            ({"type": "arweave", "transactionId": ""}, {"transactionId"}),
            ({"type": "url", "url": URL, "userdata": "{"}, {"userdata"}),
            ({"type": "url", "url": URL, "userdata": [1]}, {"userdata"}),
        ],
    )
    def test_wrong_fields_are_named(self, body: object, errors: set[str], world: FileWorld) -> None:
        answer = ask(world, body, 400)
        assert set(answer["errors"]) >= errors
        assert answer["message"] == "Validation error"
        assert answer["success"] is False

    def test_texts(self, world: FileWorld) -> None:
        assert ask(world, {"did": "x", "serviceId": "0"}, 400)["errors"] == {
            "did": ["The did format is invalid."]
        }
        assert ask(world, {"type": "x"}, 400)["errors"] == {"type": ["The selected type is invalid."]}
        assert ask(world, {"type": "url"}, 400)["errors"] == {
            "url": ["The url field is required when type is url."]
        }
        assert ask(world, {}, 400)["errors"]["serviceId"] == [
            "The serviceId field is required when type is not present."
        ]


class TestAsset:
    def test_every_file_in_order(self, world: FileWorld) -> None:
        world.origins.answers[URL] = FakeReply(200, CSV)
        did = world.publish(
            {"type": "url", "url": URL},
            {"type": "url", "url": "https://gone.test/"},
            {"type": "url", "url": URL, "headers": {"Authorization": "Bearer publisher"}},
        )
        found = ask(world, {"did": did, "serviceId": "svc-0"})
        assert [(info["index"], info["valid"]) for info in found] == [(0, True), (1, False), (2, True)]
        sent = [request.headers for request, _ in world.origins.asked if request.url == URL]
        assert {"Authorization": "Bearer publisher"} in sent

    @pytest.mark.parametrize("extra", [{"type": "asset"}, {"type": "url"}, {"userdata": '{"a": 1}'}])
    def test_the_did_decides(self, extra: dict[str, str], world: FileWorld) -> None:
        did = world.publish({"type": "url", "url": URL})
        assert len(ask(world, {"did": did, "serviceId": "svc-0", **extra})) == 1

    def test_by_query(self, world: FileWorld) -> None:
        did = world.publish({"type": "url", "url": URL})
        response = world.client().post(f"/api/services/fileinfo?did={did}&serviceId=svc-0")
        assert response.status_code == 200

    def test_defaults_of_consumer_parameters_go_along_and_missing_ones_do_not_hinder(
        self, world: FileWorld
    ) -> None:
        declared = [{"name": "a", "required": True, "default": "1"}]
        did = world.publish({"type": "url", "url": URL}, consumerParameters=declared)
        ask(world, {"did": did, "serviceId": "svc-0"})
        assert world.origins.asked[0][0].url == URL + "&a=1"
        did = world.publish({"type": "url", "url": URL}, consumerParameters=[{"name": "b", "required": True}])
        assert ask(world, {"did": did, "serviceId": "svc-0"})[0]["valid"] is False

    def test_a_contract_without_its_arguments_is_counted_but_not_seen(self, world: FileWorld) -> None:
        """ocean.py counts the files with fileinfo, without userdata, before it downloads them."""
        world.origins.answers[URL] = FakeReply(200, CSV)
        did = world.publish(BALANCE, {"type": "url", "url": URL})
        found = ask(world, {"did": did, "serviceId": "svc-0"})
        assert [(info["type"], info["valid"]) for info in found] == [("smartcontract", False), ("url", True)]
        found = ask(world, {"did": did, "serviceId": "svc-0", "userdata": {"owner": "x"}})
        assert found[0]["valid"]
        assert world.contracts.calls[0].chain_id == 8996

    @pytest.mark.parametrize(
        ("did", "service_id", "text"),
        [("did:op:" + "0" * 64, "svc-0", "Cannot resolve DID"), (None, "other", "Invalid serviceId.")],
    )
    def test_unknown(self, did: str | None, service_id: str, text: str, world: FileWorld) -> None:
        known = world.publish({"type": "url", "url": URL})
        assert ask(world, {"did": did or known, "serviceId": service_id}, 400) == {"error": text}

    def test_service_ids_may_be_numbers(self, world: FileWorld) -> None:
        did = world.publish({"type": "url", "url": URL}, id=0)
        assert len(ask(world, {"did": did, "serviceId": 0})) == 1

    @pytest.mark.parametrize("files", ["", "0x", "0x00", "nonsense", "0x" + "ab" * 200])
    def test_files_of_another_provider(self, files: str, world: FileWorld) -> None:
        did = world.publish({"type": "url", "url": URL}, files=files)
        assert ask(world, {"did": did, "serviceId": "svc-0"}, 400) == {"error": "Unable to get dataset files"}

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ({"type": "url", "url": URL, "headers": []}, None),
            ({"type": "url", "url": URL, "headers": ["x"]}, "malformed file object."),
            ({"type": "ftp"}, "Unsupported type ftp"),
            ({}, "malformed file object."),
        ],
    )
    def test_malformed_file_objects(self, file: dict[str, Any], text: str | None, world: FileWorld) -> None:
        did = world.publish(file)
        answer = ask(world, {"did": did, "serviceId": "svc-0"}, 200 if text is None else 400)
        assert text is None or answer == {"error": text}

    def test_a_catalogue_that_is_down_is_a_bad_gateway(self, world: FileWorld) -> None:
        world.assets.error = CatalogueUnavailable()
        assert "error" in ask(world, {"did": "did:op:" + "0" * 64, "serviceId": "0"}, 502)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"null", "application/json"),
        (b"[]", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"type":"url","type":"ipfs"}', "application/json"),
        (b'{"type":"url","url":"http://h/\\u0000"}', "application/json"),
        (b"x" * 2_000_000, "application/json"),
        (b"", "text/plain"),
        (b"type=url", "application/x-www-form-urlencoded"),
    ],
)
def test_bad_bodies_are_the_callers_mistake(body: bytes, content_type: str, world: FileWorld) -> None:
    response = world.client().post("/api/services/fileinfo", data=body, content_type=content_type)
    assert 400 <= response.status_code < 500
    assert response.mimetype == "application/json"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "type", "did", "serviceId", "url", "method", "headers", "hash", "transactionId", "query", "address",
    "chainId", "abi", "userdata", "checksum",
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from(NAMES), json_values) | st.fixed_dictionaries(
    {"type": st.sampled_from(["url", "ipfs", "arweave", "graphql", "smartcontract", "asset"])},
    optional={name: json_values for name in NAMES if name != "type"},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(bodies)
def test_no_body_makes_a_server_error(world: FileWorld, body: dict[str, Any]) -> None:
    response = world.client().post("/api/services/fileinfo", json=body)
    assert response.status_code in (200, 400), response.text
