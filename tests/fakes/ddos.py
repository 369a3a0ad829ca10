"""A small well-formed DDO, to be bent by tests."""

from typing import Any

from libs.signing.keys import did_for
from tests.fakes.receipts import DATATOKEN, NFT, OTHER_TOKEN

CHAIN_ID = 8996
DID = did_for(NFT, CHAIN_ID)


def service(service_id: object = "svc-0", **changes: Any) -> dict[str, Any]:
    return {
        "id": service_id,
        "type": "access",
        "files": "0x04",
        "datatokenAddress": DATATOKEN,
        "serviceEndpoint": "http://provider.test",
        "timeout": 3600,
        **changes,
    }


def ddo(**changes: Any) -> dict[str, Any]:
    """Two access services; `changes` replace top-level members."""
    return {
        "id": DID,
        "version": "4.1.0",
        "chainId": CHAIN_ID,
        "nftAddress": NFT,
        "nft": {"address": NFT, "state": 0, "owner": NFT},
        "metadata": {"type": "dataset", "name": "Sample"},
        "credentials": {"allow": [], "deny": []},
        "services": [service(), service("svc-1", datatokenAddress=OTHER_TOKEN)],
        **changes,
    }
