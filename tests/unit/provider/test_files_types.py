"""File objects of every type: what is refused with which words, and how the good ones are fetched."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.file_types import (
    TYPES,
    FileObjectRefused,
    Gateways,
    make_plan,
    parse_file,
)
from services.provider.domain.origins import ContractCall, OriginRequest
from services.provider.domain.userdata import UserdataUnreadable, parse_userdata

pytestmark = pytest.mark.clause("ocean 6")

SHARED = "http://catalogue.test/filecatalogue/shared/"
GATEWAYS = Gateways("https://ipfs.test", "https://arweave.test/", SHARED)
SHARE = "abcdefghij_-ABCDEFGHIJ0123456789abcdefghijk"
URL = "https://files.test/a.csv"
CID = "QmRhsp7eghZtW4PktPC2wAHdKoy2LiF1n6UXMKmAhqQJUA"
TX = "USuWnUl3gLPhm4TPbmL6E2a2e2SWMCVo9yWCaapD-98"
ABI = {
    "type": "function",
    "stateMutability": "view",
    "name": "balanceOf",
    "inputs": [{"name": "owner", "type": "address"}, {"name": "n", "type": "uint256"}],
    "outputs": [{"type": "uint256"}],
}
CONTRACT = {"type": "smartcontract", "address": "0x" + "1" * 40, "chainId": 8996, "abi": ABI}


def plan(raw: dict[str, Any], userdata: dict[str, Any] | None = None) -> Any:
    return make_plan(raw, userdata or {}, GATEWAYS)


class TestUrl:
    def test_get_by_default(self) -> None:
        assert plan({"type": "url", "url": URL}) == OriginRequest("GET", URL)

    @pytest.mark.parametrize("method", ["GET", "get", "Get", "", None])
    def test_methods_in_any_case(self, method: str | None) -> None:
        assert plan({"type": "url", "url": URL, "method": method}).method == "GET"

    @pytest.mark.parametrize(
        ("method", "text"),
        [
            ("DELETE", "Unsafe method delete."),
            ("put", "Unsafe method put."),
            ("__class__", "Unsafe method given."),
            ("https://x/", "Unsafe method given."),
            (5, "malformed file object."),
            (["GET"], "malformed file object."),
        ],
    )
    def test_other_methods(self, method: object, text: str) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({"type": "url", "url": URL, "method": method})
        assert caught.value.text == text

    @pytest.mark.parametrize("url", [None, ""])
    def test_a_url_is_required(self, url: object) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({"type": "url", "url": url})
        assert caught.value.text == "malformed service files, missing required keys."

    def test_userdata_becomes_query(self) -> None:
        userdata = {
            "a": "x y&z",
            "n": 5,
            "f": 1.5,
            "ok": True,
            "none": None,
            "list": [1, "b"],
            "o": {"k": [1]},
        }
        expected = f"{URL}?a=x+y%26z&n=5&f=1.5&ok=true&list=1&list=b&o=%7B%22k%22%3A%5B1%5D%7D"
        assert plan({"type": "url", "url": URL}, userdata).url == expected

    def test_userdata_joins_the_publishers_query(self) -> None:
        assert plan({"type": "url", "url": URL + "?key=s#top"}, {"a": 1}).url == URL + "?key=s&a=1"

    def test_userdata_becomes_a_json_body(self) -> None:
        made = plan({"type": "url", "url": URL, "method": "POST"}, {"a": [1, "ü"]})
        assert (made.method, made.body, made.content_type) == (
            "POST",
            '{"a":[1,"ü"]}'.encode(),
            "application/json",
        )

    def test_post_without_userdata(self) -> None:
        assert plan({"type": "url", "url": URL, "method": "POST"}).body == b""

    def test_headers_go_along(self) -> None:
        made = plan({"type": "url", "url": URL, "headers": {"Authorization": "Bearer x", "X-N": 5}})
        assert made.headers == {"Authorization": "Bearer x", "X-N": "5"}

    @pytest.mark.parametrize(
        "headers",
        [
            "x",
            ["x"],
            [{"a": "b"}],
            {"a": {"b": "c"}},
            {"a": None},
            {"a": True},
            {"a": "x\r\nHost: y"},
            {"a\r\nb": "x"},
            {"a b": "x"},
            {"": "x"},
            {"a": "\ud800"},
            {"a": "x" * 20_000},
            {f"h{n}": "x" for n in range(100)},
        ],
    )
    def test_malformed_headers(self, headers: object) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({"type": "url", "url": URL, "headers": headers})
        assert caught.value.text == "malformed file object."


class TestGateways:
    @pytest.mark.parametrize(
        "root", ["https://g.test", "https://g.test/", "https://g.test/ipfs", "https://g.test/ipfs/"]
    )
    def test_ipfs(self, root: str) -> None:
        made = make_plan({"type": "ipfs", "hash": CID, "headers": {"A": "b"}}, {"x": 1}, Gateways(ipfs=root))
        assert (made.method, made.url, made.headers) == ("GET", f"https://g.test/ipfs/{CID}?x=1", {"A": "b"})
        assert len(made.fallback_name or "") == 32

    @pytest.mark.parametrize("root", ["https://g.test/raw", "https://g.test/raw/"])
    def test_arweave(self, root: str) -> None:
        made = make_plan({"type": "arweave", "transactionId": TX}, {}, Gateways(arweave=root))
        assert made.url == f"https://g.test/raw/{TX}"

    def test_a_path_below_a_hash(self) -> None:
        assert (
            plan({"type": "ipfs", "hash": f"{CID}/data/a.csv"}).url
            == f"https://ipfs.test/ipfs/{CID}/data/a.csv"
        )

    @pytest.mark.parametrize(
        "identifier",
        [
            "https://evil.test/x",
            "//evil.test/x",
            "/etc/passwd",
            "../admin",
            f"{CID}/../../admin",
            f"{CID}/..",
            f"{CID}/./x",
            f"{CID}/%2e%2e/x",
            f"{CID}?x=y",
            f"{CID}#x",
            f"{CID}\\x",
            f"{CID}//x",
            f"{CID} x",
            f"{CID}\n",
            "@evil.test",
            ":80",
            "\u2025",
            5,
            ["x"],
        ],
    )
    def test_identifiers_cannot_leave_their_gateway(self, identifier: object) -> None:
        for raw in ({"type": "ipfs", "hash": identifier}, {"type": "arweave", "transactionId": identifier}):
            with pytest.raises(FileObjectRefused) as caught:
                plan(raw)
            assert caught.value.text == "malformed file object."

    def test_identifiers_are_required(self) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({"type": "ipfs"})
        assert caught.value.text == "malformed service files, missing required keys."
        with pytest.raises(FileObjectRefused) as caught:
            plan({"type": "arweave", "transactionId": ""})
        assert caught.value.text == "malformed service files, missing transactionId."


class TestGraphql:
    def test_query_and_variables(self) -> None:
        made = plan({"type": "graphql", "url": URL, "query": "{a}", "headers": {"A": "b"}}, {"id": 5})
        assert (made.method, made.url, made.content_type) == ("POST", URL, "application/json")
        assert json.loads(made.body) == {"query": "{a}", "variables": {"id": 5}}

    def test_no_variables_without_userdata(self) -> None:
        assert plan({"type": "graphql", "url": URL, "query": "{a}"}).body == b'{"query":"{a}"}'

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"url": ""}, "missing graphql endpoint"),
            ({"query": None}, "missing graphql query"),
            ({"query": {"a": 1}}, "malformed file object."),
        ],
    )
    def test_refused(self, changes: dict[str, Any], text: str) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({"type": "graphql", "url": URL, "query": "{a}", **changes})
        assert caught.value.text == text


class TestSmartContract:
    def test_arguments_in_the_order_of_the_abi(self) -> None:
        made = plan(CONTRACT, {"n": 0, "owner": "", "extra": 1})
        assert made == ContractCall("0x" + "1" * 40, ABI, ("", 0), 8996)

    def test_zero_false_and_empty_are_values(self) -> None:
        assert plan(CONTRACT, {"n": False, "owner": ""}).arguments == ("", False)

    def test_no_inputs_need_no_userdata(self) -> None:
        raw = {**CONTRACT, "abi": {**ABI, "inputs": []}, "chainId": "5"}
        assert (plan(raw).arguments, plan(raw).chain_id) == ((), 5)
        assert plan({**raw, "chainId": None}).chain_id is None

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"address": None}, "malformed smartcontract type, missing contract address"),
            ({"address": 5}, "malformed file object."),
            ({"abi": None}, "invalid abi"),
            ({"abi": [ABI]}, "invalid abi"),
            ({"abi": {**ABI, "type": "event"}}, "invalid abi"),
            ({"abi": {**ABI, "inputs": None}}, "invalid abi"),
            ({"abi": {**ABI, "inputs": [5]}}, "invalid abi"),
            ({"abi": {**ABI, "inputs": [{"name": "x"}]}}, "invalid abi"),
            ({"abi": {**ABI, "stateMutability": "nonpayable"}}, "only view or pure functions are allowed"),
            ({"abi": {**ABI, "stateMutability": None}}, "only view or pure functions are allowed"),
            ({"abi": {**ABI, "name": ""}}, "missing name"),
            ({"chainId": -1}, "malformed file object."),
            ({"chainId": True}, "malformed file object."),
            ({"chainId": "x"}, "malformed file object."),
        ],
    )
    def test_refused(self, changes: dict[str, Any], text: str) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({**CONTRACT, **changes}, {"owner": "x", "n": 1})
        assert caught.value.text == text

    def test_missing_arguments_are_named(self) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan(CONTRACT)
        assert caught.value.text == "Missing parameters"
        with pytest.raises(FileObjectRefused) as caught:
            plan(CONTRACT, {"x": 1})
        assert caught.value.text == "Missing userparams: owner,n"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ftp", "Unsupported type ftp"),
        ("https://x/y", "Unsupported type given"),
        (None, "malformed file object."),
        (5, "malformed file object."),
    ],
)
def test_unknown_types(kind: object, text: str) -> None:
    with pytest.raises(FileObjectRefused) as caught:
        parse_file({"type": kind})
    assert caught.value.text == text


def test_plans_do_not_show_what_they_hold() -> None:
    made = plan({"type": "url", "url": URL, "headers": {"Authorization": "hunter2"}})
    assert "hunter2" not in repr(made)
    assert URL not in repr(made)
    assert URL not in repr(parse_file({"type": "url", "url": URL}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("url", "method", "headers", "hash", "transactionId", "query", "address", "chainId", "abi")


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), json_values), json_values)
def test_any_file_object_is_planned_or_refused(kind: str, raw: dict[str, Any], userdata: object) -> None:
    with contextlib.suppress(FileObjectRefused, UserdataUnreadable):
        make_plan({**raw, "type": kind}, parse_userdata(userdata), GATEWAYS)


class TestLogicalFile:
    RAW = {"type": "lfn", "lfn": "/lhcb/run 1/a.dat", "share": SHARE}  # noqa: RUF012

    def test_it_is_fetched_with_its_share_and_keeps_its_name(self) -> None:
        wanted = OriginRequest("GET", SHARED + SHARE, fallback_name="a.dat", shown_name="a.dat")
        assert plan(self.RAW, {"x": "1"}) == wanted

    @pytest.mark.parametrize(
        "changes",
        [
            {"share": "../../../internal/files/locate"},
            {"share": "a" * 19},
            {"share": "a" * 65},
            {"share": SHARE + "?x"},
            {"share": None},
            {"share": 5},
            {"share": ["x"]},
            {"lfn": "relative"},
            {"lfn": None},
            {"lfn": "/a\nb"},
            {"lfn": "/\ud800"},
        ],
    )
    def test_what_is_no_share_is_refused_without_being_shown(self, changes: dict[str, Any]) -> None:
        with pytest.raises(FileObjectRefused) as caught:
            plan({**self.RAW, **changes})
        assert "malformed" in caught.value.text
        assert "internal" not in caught.value.text

    def test_without_a_file_catalogue_there_is_no_such_type(self) -> None:
        with pytest.raises(FileObjectRefused, match="Unsupported type lfn"):
            make_plan(self.RAW, {}, Gateways())

    def test_the_share_shows_nowhere(self) -> None:
        assert SHARE not in repr(parse_file(self.RAW)) + repr(plan(self.RAW))
