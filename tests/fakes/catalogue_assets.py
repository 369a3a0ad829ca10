"""A small market of served assets, told apart by everything that clients filter, sort and count by."""

import copy
from typing import Any

from libs.signing.keys import checksum, did_for
from services.catalogue.domain.facts import AssetRecord

CHAIN_ID = 8996
ALICE = "0xe2DD09d719Da89e5a3D0F2549c7E24566e947260"
BOB = "0xBE5449a6A97aD46c8558A3356267Ee5D2731ab5e"


def address(number: int) -> str:
    return checksum(f"0x{number:040x}")


def raw_ddo(number: int, *, chain_id: int = CHAIN_ID, **metadata: Any) -> dict[str, Any]:
    """What a publisher writes: valid under every version from 4.0.0 to 4.5.0."""
    nft = address(0xA000 + number)
    return {
        "@context": ["https://w3id.org/did/v1"],
        "id": did_for(nft, chain_id),
        "version": "4.1.0",
        "chainId": chain_id,
        "nftAddress": nft,
        "metadata": {
            "created": "2023-05-01T10:00:00Z",
            "updated": "2023-05-01T10:00:00Z",
            "type": "dataset",
            "name": f"Asset number {number}",
            "description": "Measurements of something, somewhere.",
            "author": "Ocean Protocol",
            "license": "https://market.oceanprotocol.com/terms",
            **metadata,
        },
        "services": [
            {
                "id": f"service-{number}",
                "type": "access",
                "files": "0x" + "ab" * 40,
                "datatokenAddress": address(0xD000 + number),
                "serviceEndpoint": "https://provider.example",
                "timeout": 3600,
            }
        ],
    }


def served(
    ddo: dict[str, Any],
    number: int,
    *,
    owner: str = ALICE,
    state: int = 0,
    orders: int = 0,
    price: float | None = None,
    created: str = "2023-05-01T10:00:00Z",
) -> AssetRecord:
    """The record that a projection of `ddo` gives."""
    datatoken = ddo["services"][0]["datatokenAddress"]
    tx = f"0x{number:064x}"
    added = {
        "nft": {
            "address": ddo["nftAddress"],
            "name": "Data NFT",
            "symbol": "DNFT",
            "state": state,
            "tokenURI": "https://uri.example",
            "owner": owner,
            "created": created,
        },
        "datatokens": [
            {
                "address": datatoken,
                "name": f"Token {number}",
                "symbol": f"TOK-{number}",
                "serviceId": ddo["services"][0]["id"],
            }
        ],
        "event": {
            "tx": tx,
            "txid": tx,
            "block": number,
            "from": owner,
            "contract": ddo["nftAddress"],
            "datetime": created,
        },
        "stats": {
            "allocated": 0,
            "orders": orders,
            "price": {} if price is None else {"value": price, "tokenSymbol": "OCEAN"},
        },
        "purgatory": {"state": False, "reason": ""},
    }
    document = {**copy.deepcopy(ddo), **added}
    if state in (2, 3):
        document = {name: added[name] for name in ("event", "nft", "datatokens", "stats")}
    return AssetRecord(
        did=ddo["id"],
        chain_id=ddo["chainId"],
        nft_address=ddo["nftAddress"],
        state=state,
        datatokens=(datatoken.lower(),),
        document=document,
    )


def market() -> dict[str, AssetRecord]:
    """By nickname. Orders, prices and times rise in no common order."""
    algorithm = raw_ddo(4, name="Forecast trainer", type="algorithm", tags=["Weather", "ml"], author="Bob")
    algorithm["services"][0]["type"] = "compute"
    return {
        "rain": served(
            raw_ddo(1, name="Rain gauges of Europe", tags=["Weather", "rain"], description="Daily rain."),
            1, orders=5, price=2.5, created="2023-05-03T10:00:00Z",
        ),
        "wind": served(
            raw_ddo(2, name="Wind speeds", tags=["Weather"], description="Hourly wind. No rain at all."),
            2, orders=9, price=1, created="2023-05-01T10:00:00Z",
        ),
        "music": served(
            raw_ddo(3, name="Music charts", tags=["Arts & Culture"], author="Carol Rain"),
            3, owner=BOB, orders=0, price=0, created="2023-05-02T10:00:00Z",
        ),
        "trainer": served(algorithm, 4, owner=BOB, orders=2, created="2023-05-04T10:00:00Z"),
        "unlisted": served(raw_ddo(5, name="Rain, but unlisted", tags=["Weather"]), 5, state=5, orders=50),
        "revoked": served(raw_ddo(6, name="Rain, revoked", tags=["Weather"]), 6, state=3, orders=1),
        "elsewhere": served(raw_ddo(7, chain_id=137, name="Rain on Polygon", tags=["Weather"]), 7, orders=3),
    }  # fmt: skip
