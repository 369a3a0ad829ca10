"""Downloads behind the gateway are decided before Flask: answers and effects are those of the usual way."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from libs.chain.errors import RpcTimeout
from services.provider.domain.asset import CatalogueUnavailable
from services.provider.domain.nonces import USER_SCOPE
from services.provider.ports import TokenHolder
from tests.contract.provider_access.test_download import ACCEL, ALICE, MALLORY, Shop
from tests.fakes.receipts import ORDERED_AT, fee_log, order_log, receipt

Change = Callable[[Shop], object]


def no_node(shop: Shop) -> None:
    shop.world.chain.error = RpcTimeout("late")


def no_catalogue(shop: Shop) -> None:
    shop.world.assets.error = CatalogueUnavailable()


def too_late(shop: Shop) -> None:
    shop.world.clock.seconds = ORDERED_AT + 3601


def broken(shop: Shop) -> None:
    shop.world.chain.error = ZeroDivisionError("a bug of ours")


def as_it_is(_: Shop) -> None:
    """Only the request is at fault."""


@pytest.mark.parametrize(
    ("change", "asked", "status"),
    [
        (as_it_is, {"fileIndex": "one"}, 400),
        (as_it_is, {"nonce": None}, 400),
        (as_it_is, {"documentId": "did:op:12"}, 400),
        (as_it_is, {"key": MALLORY, "consumerAddress": ALICE.address}, 400),
        (as_it_is, {"serviceId": "another"}, 400),
        (as_it_is, {"fileIndex": "1"}, 400),
        (as_it_is, {"userdata": "{"}, 400),
        (lambda shop: shop.world.assets.documents.clear(), {}, 400),
        (lambda shop: shop.world.chain.receipts.clear(), {}, 400),
        (too_late, {}, 400),
        (no_node, {}, 504),
        (no_catalogue, {}, 502),
        (broken, {}, 500),
    ],
)
def test_a_refusal_looks_the_same_and_uses_a_nonce_up_alike(
    change: Change, asked: dict[str, Any], status: int
) -> None:
    seen = []
    for headers in (None, ACCEL):
        shop = Shop()
        change(shop)
        response = shop.get(headers=headers, **asked)
        seen.append((response.status_code, response.data, dict(shop.world.ledger.rows)))
    assert seen[0] == seen[1]
    assert seen[0][0] == status


def test_a_nonce_buys_one_ticket(shop: Shop) -> None:
    query = shop.query()
    first = shop.client.get("/api/services/download", query_string=query, headers=ACCEL)
    again = shop.client.get("/api/services/download", query_string=query, headers=ACCEL)
    assert (first.status_code, first.data, first.headers["Content-Length"]) == (200, b"", "0")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert again.status_code == 400
    assert "expected nonce (5) > current nonce (5)" in again.json["errors"]["signature"]
    assert "X-Egress-Ticket" not in again.headers
    assert shop.world.ledger.last(USER_SCOPE, ALICE.address) == "5"


def test_a_transaction_id_of_raw_bytes_is_taken(shop: Shop) -> None:
    raw = bytes.fromhex("26" + "3d2b" * 3 + "00ff" * 12 + "25")
    tx = "0x" + raw.hex()
    shop.world.chain.receipts[tx] = receipt(order_log(consumer=ALICE.address), fee_log(), tx=tx)
    query = "&".join(f"{k}={quote(str(v))}" for k, v in shop.query().items() if k != "transferTxId")
    url = f"/api/services/download?transferTxId={quote(raw)}&{query}"
    assert shop.client.get(url, headers=ACCEL).headers["X-Egress-Ticket"].startswith("sealed ")


def test_parameters_in_a_body_are_read_as_ever(shop: Shop) -> None:
    for method in ("GET", "POST"):
        body = shop.query(nonce={"GET": "5", "POST": "6"}[method])
        response = shop.client.open("/api/services/download", method=method, json=body, headers=ACCEL)
        assert response.headers["X-Egress-Ticket"].startswith("sealed ")


@pytest.mark.parametrize("name", ["AuthToken", "Authorization"])
def test_a_token_counts_behind_the_gateway_too(shop: Shop, name: str) -> None:
    shop.world.tokens.holders["a.b.c"] = TokenHolder(ALICE.address)
    query = {k: v for k, v in shop.query(signature=None).items() if k != "nonce"}
    response = shop.client.get("/api/services/download", query_string=query, headers={**ACCEL, name: "a.b.c"})
    assert response.headers["X-Egress-Ticket"].startswith("sealed ")


def test_head_asks_the_same(shop: Shop) -> None:
    response = shop.client.head("/api/services/download", query_string=shop.query(), headers=ACCEL)
    assert response.headers["X-Egress-Ticket"].startswith("sealed ")
    assert shop.world.ledger.last(USER_SCOPE, ALICE.address) == "5"


@pytest.fixture
def shop() -> Shop:
    return Shop()
