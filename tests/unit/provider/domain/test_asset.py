"""Contract 7.1, 7.2: whatever a catalogue says, the answer is an asset or MalformedAsset."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.asset import Asset, MalformedAsset, ServiceNotFound, is_did, parse_asset
from tests.fakes.ddos import DID, ddo, service
from tests.fakes.receipts import DATATOKEN, NFT, OTHER_TOKEN

pytestmark = pytest.mark.clause("ocean 7.1", "ocean 7.2")


def test_a_document_becomes_an_asset() -> None:
    asset = parse_asset(ddo(), DID)
    assert (asset.did, asset.chain_id, asset.nft_address, asset.nft_state) == (DID, 8996, NFT, 0)
    assert [s.index for s in asset.services] == [0, 1]
    assert asset.service("svc-1").datatoken == OTHER_TOKEN


def test_the_contract_s_did_vector() -> None:
    assert DID == "did:op:88fbc1d4bacb645f72250dd5e9427e42093f8c819de0cc1c916b34c95576202a"


def test_addresses_are_checksummed_whatever_their_case() -> None:
    low = ddo(nftAddress=NFT.lower(), nft={"address": NFT.lower(), "state": 0})
    low["services"] = [service(datatokenAddress=DATATOKEN.lower())]
    asset = parse_asset(low, DID)
    assert (asset.nft_address, asset.services[0].datatoken) == (NFT, DATATOKEN)


@pytest.mark.parametrize(
    "changes", [{"nftAddress": OTHER_TOKEN}, {"chainId": 1}, {"id": "did:op:" + "0" * 64}]
)
def test_another_asset_s_document_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedAsset):
        parse_asset(ddo(**changes), DID)


def test_a_document_whose_two_nft_addresses_differ_is_refused() -> None:
    with pytest.raises(MalformedAsset, match="differ"):
        parse_asset(ddo(nft={"address": OTHER_TOKEN, "state": 0}), DID)


def test_either_nft_address_is_enough() -> None:
    document = ddo(nft={"address": NFT, "state": 5})
    del document["nftAddress"]
    assert parse_asset(document, DID).nft_state == 5


def test_a_revoked_asset_s_short_document_is_refused_by_name() -> None:
    with pytest.raises(MalformedAsset, match="chainId"):
        parse_asset({"nft": {"address": NFT, "state": 3}, "event": {}, "stats": {}}, DID)


def test_numbered_services_are_known_by_their_text() -> None:
    asset = parse_asset(ddo(services=[service(0)]), DID)
    assert asset.service("0").index == 0


def test_an_unknown_service_is_named() -> None:
    with pytest.raises(ServiceNotFound) as missing:
        parse_asset(ddo(), DID).service("nope")
    assert missing.value.service_id == "nope"


@pytest.mark.parametrize(
    "bad",
    [
        {"timeout": -1},
        {"timeout": True},
        {"timeout": "3600"},
        {"timeout": 1.5},
        {"datatokenAddress": "0x12"},
        {"datatokenAddress": None},
        {"files": None},
        {"type": 3},
        {"id": None},
        {"id": True},
        {"serviceEndpoint": {}},
    ],
)
def test_a_service_with_a_wrong_member_is_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(MalformedAsset) as refused:
        parse_asset(
            ddo(services=[service(**bad)]) if "id" not in bad else ddo(services=[service(bad["id"])]), DID
        )
    assert refused.value.reason.startswith(f"services[0].{next(iter(bad))}")


@pytest.mark.parametrize("state", [None, "0", True, 1.0])
def test_an_unreadable_state_is_unknown_not_active(state: object) -> None:
    assert parse_asset(ddo(nft={"address": NFT, "state": state}), DID).nft_state is None


def test_credentials_may_be_json_text() -> None:
    text = '{"allow":[{"type":"address","values":["0xAB"]}]}'
    assert parse_asset(ddo(credentials=text), DID).credentials.allow == {"0xab"}


@pytest.mark.parametrize(
    "bad", ["{", "[]", 7, {"allow": "all"}, {"deny": [{"type": "address"}]}, {"deny": ["0x12"]}]
)
def test_unreadable_credentials_never_mean_everyone(bad: object) -> None:
    with pytest.raises(MalformedAsset, match="credentials"):
        parse_asset(ddo(credentials=bad), DID)


@pytest.mark.parametrize(
    ("text", "fine"),
    [(DID, True), (DID.upper(), False), (DID + "\n", False), (DID[:-1], False), ("did:op:../x", False)],
)
def test_dids_by_grammar(text: str, fine: bool) -> None:
    assert is_did(text) is fine


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.just(NFT)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = list(ddo())


@given(document=st.one_of(json_values, st.dictionaries(st.sampled_from(MEMBERS), json_values)))
def test_any_document_is_an_asset_or_malformed(document: object) -> None:
    with suppress(MalformedAsset):
        assert isinstance(parse_asset(document, DID), Asset)


@given(name=st.sampled_from(MEMBERS), value=json_values)
def test_any_wrong_member_is_an_asset_or_malformed(name: str, value: object) -> None:
    with suppress(MalformedAsset):
        assert parse_asset(ddo(**{name: value}), DID).did == DID


@given(name=st.sampled_from(list(service())), value=json_values)
def test_any_wrong_service_member_is_an_asset_or_malformed(name: str, value: object) -> None:
    with suppress(MalformedAsset):
        assert len(parse_asset(ddo(services=[{**service(), name: value}]), DID).services) == 1
