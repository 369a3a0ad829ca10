"""Contract 7.3: states and address lists, in that order."""

from typing import Any

import pytest

from services.provider.domain.asset import parse_asset
from services.provider.domain.consumable import AccessDenied, AssetNotConsumable, check_consumable
from tests.fakes.ddos import DID, ddo
from tests.fakes.receipts import CONSUMER, NFT, STRANGER

pytestmark = pytest.mark.clause("ocean 7.3")


def entry(*addresses: str) -> dict[str, Any]:
    return {"type": "address", "values": list(addresses)}


def enter(chain_state: int = 0, caller: str = CONSUMER, **changes: Any) -> None:
    check_consumable(parse_asset(ddo(**changes), DID), chain_state, caller)


@pytest.mark.parametrize("state", [0, 5])
def test_active_and_unlisted_assets_are_served(state: int) -> None:
    enter(state, nft={"address": NFT, "state": state})


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (1, "END_OF_LIFE"),
        (2, "DEPRECATED"),
        (3, "REVOKED"),
        (4, "ORDERING_DISABLED"),
        (6, "UNKNOWN_STATE"),
        (255, "UNKNOWN_STATE"),
    ],
)
def test_the_chain_s_state_decides_whatever_the_document_says(state: int, code: str) -> None:
    with pytest.raises(AssetNotConsumable) as refused:
        enter(state)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {}},
        {"nft": {"address": NFT}},
        {"nft": {"address": NFT, "state": 4}},
        {"nft": {"address": NFT, "state": 3}},
    ],
)
def test_a_disabled_document_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AccessDenied) as refused:
        enter(**changes)
    assert refused.value.code == "ASSET_DISABLED"


def test_only_those_on_the_allow_list_pass_in_any_case() -> None:
    listed = {"allow": [entry(CONSUMER.upper().replace("0X", "0x"))]}
    enter(credentials=listed)
    with pytest.raises(AccessDenied) as refused:
        enter(caller=STRANGER, credentials=listed)
    assert refused.value.code == "CREDENTIAL_NOT_IN_ALLOW_LIST"
    assert refused.value.did == DID


def test_every_address_entry_counts_not_only_the_first() -> None:
    allow = [{"type": "other", "values": ["x"]}, entry(STRANGER), entry(CONSUMER)]
    enter(credentials={"allow": allow})
    with pytest.raises(AccessDenied):
        enter(credentials={"deny": [entry(STRANGER), entry(CONSUMER)]})


def test_a_denied_address_is_refused() -> None:
    with pytest.raises(AccessDenied) as refused:
        enter(credentials={"deny": [entry(CONSUMER)]})
    assert refused.value.code == "CREDENTIAL_IN_DENY_LIST"


def test_with_an_allow_list_the_deny_list_is_not_asked() -> None:
    enter(credentials={"allow": [entry(CONSUMER)], "deny": [entry(CONSUMER)]})


def test_empty_lists_restrict_nobody() -> None:
    enter(credentials={"allow": [entry()], "deny": []})
    enter(credentials=None)
    enter(credentials="")
    enter(credentials="null")
