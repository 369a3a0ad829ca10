"""Signatures, nonces and transactions that prove nothing: refused by name, and nothing is used up by them."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken, Decrypt, Download
from libs.signing.personal import sign_text
from scripts.chain.anvil import rpc
from scripts.chain.order import fee_of_quote, order
from tests.e2e.market import SERVICE, Bought, Market
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin

pytestmark = pytest.mark.clause("ocean 3.1", "ocean 12")

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1
DATA = b"tides\n"


@pytest.fixture(scope="module")
def bought(market: Market, origin: Origin) -> Bought:
    origin.route("/signed", scripts.file(DATA, "text/csv"))
    return market.buy(origin.url("/signed"))


@pytest.fixture(scope="module")
def other(market: Market, origin: Origin) -> Bought:
    return market.buy(origin.url("/signed"))


def refused(reply: requests.Response, status: int = 400) -> Any:
    """The answer's body; nothing of what was signed is in it."""
    assert reply.status_code == status, reply.text
    sent = str(reply.request.url)
    given = sent.partition("signature=")[2].partition("&")[0]
    assert len(given) < 20 or given[2:60] not in reply.text
    return reply.json()


def flipped(signature: str) -> str:
    """The other signature of the same text: s mirrored, v changed."""
    raw = bytes.fromhex(signature[2:])
    s = ORDER - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([27 + 28 - raw[64]])).hex()


FORGERIES: dict[str, Callable[[str], str]] = {
    "truncated": lambda good: good[:-2],
    "half": lambda good: good[:67],
    "longer": lambda good: good + "00",
    "high s": flipped,
    "other v": lambda good: good[:-2] + ("1b" if good.endswith("1c") else "1c"),
    "odd v": lambda good: good[:-2] + "ff",
    "one bit": lambda good: good[:10] + ("0" if good[10] != "0" else "1") + good[11:],
    "zero": lambda good: "0x" + "00" * 65,
    "r of zero": lambda good: "0x" + "00" * 32 + good[66:],
    "s of zero": lambda good: good[:66] + "00" * 32 + good[-2:],
    "r beyond the order": lambda good: "0x" + "ff" * 32 + good[66:],
    "not hex": lambda good: "0x" + "zz" * 65,
    "a word": lambda good: "signature",
    "compact": lambda good: good[:130],
    "8 KiB": lambda good: "0x" + "ab" * 4000,
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_signatures_download_nothing_and_use_up_no_nonce(
    market: Market, bought: Bought, origin: Origin, name: str
) -> None:
    good = market.params(bought)
    asked = len(origin.requests)
    body = refused(market.client.download({**good, "signature": FORGERIES[name](good["signature"])}))
    assert list(body["errors"]) == ["signature"]
    assert len(origin.requests) == asked
    assert market.client.download(good).content == DATA  # the same nonce, and the real signature


def test_somebody_elses_signature_is_not_mine(market: Market, bought: Bought) -> None:
    good = market.params(bought)
    stranger = PrivateKey(secrets.token_bytes(32))
    signature = sign_text(Download(bought.did, good["nonce"]).text(), stranger)
    assert "signature" in refused(market.client.download({**good, "signature": signature}))["errors"]
    theirs = {**good, "signature": signature, "consumerAddress": stranger.address}
    text = refused(market.client.download(theirs))["error"]  # properly signed, by nobody who ordered
    assert "sender of order transaction is not the consumer/payer." in text


def test_a_signature_is_for_one_message_only(market: Market, bought: Bought) -> None:
    good = market.params(bought)
    nonce, key, chain = good["nonce"], market.buyer, str(market.stack.config.chain_id)
    for text in (
        AuthToken(key.address, nonce).text(),
        Download(bought.did, nonce + "0").text(),
        Download(bought.did.upper(), nonce).text(),
        Decrypt(bought.did, key.address, chain, nonce).text(),
        "",
    ):
        reply = market.client.download({**good, "signature": sign_text(text, key)})
        assert "signature" in refused(reply)["errors"]


@pytest.mark.parametrize(
    "nonce", ["NaN", "nan", "inf", "-1", "+5", "1e3", "0x5", " 5", "5 ", "1_000", "", "٣", "9" * 31, "1.",
              ".5", "1.1234567890123", "1,5", "null", "true"]
)  # fmt: skip
def test_a_nonce_is_a_plain_number(market: Market, bought: Bought, nonce: str) -> None:
    signature = sign_text(Download(bought.did, nonce).text(), market.buyer)
    reply = market.download(bought, nonce=nonce, signature=signature)
    assert list(refused(reply)["errors"]) == ["nonce"]


def test_nonces_only_rise(market: Market, bought: Bought) -> None:
    used = market.params(bought)
    assert market.client.download(used).content == DATA
    for nonce in (used["nonce"], used["nonce"] + ".0", "0" + used["nonce"], str(int(used["nonce"]) - 1), "0"):
        signature = sign_text(Download(bought.did, nonce).text(), market.buyer)
        body = refused(market.client.download({**used, "nonce": nonce, "signature": signature}))
        assert body["errors"]["signature"].startswith("Invalid signature expected nonce (")
    assert market.download(bought).content == DATA


def test_a_huge_nonce_locks_nobody_out(market: Market, bought: Bought, origin: Origin) -> None:
    """Beyond what JavaScript counts in: what the endpoint says plus one is accepted still."""
    key = PrivateKey(secrets.token_bytes(32))
    far = str(int(time.time()) + 600)
    for nonce in ("1" + "0" * 29, None, None):
        nonce = nonce or market.client.nonce(key.address)
        signature = sign_text(AuthToken(key.address, nonce).text(), key)
        query = {"address": key.address, "nonce": nonce, "expiration": far, "signature": signature}
        reply = requests.get(f"{market.stack.gateway}/api/services/createAuthToken", params=query, timeout=20)
        assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("address", ["0x" + "0" * 40, "0x1", "vitalik.eth", "0x" + "g" * 40, "0x" + "1" * 41])
def test_an_address_is_one(market: Market, bought: Bought, address: str) -> None:
    assert refused(market.download(bought, consumerAddress=address))["errors"]


# --- transactions ------------------------------------------------------------------------------


MALFORMED = [
    "0x",
    "0x12",
    "ab" * 32,
    "0x" + "zz" * 32,
    "0x" + "ab" * 33,
    "latest",
    "0x" + "ab" * 31 + "a\u0661",
]


@pytest.mark.parametrize("tx", MALFORMED)
def test_a_transaction_id_has_its_form(market: Market, bought: Bought, tx: str) -> None:
    assert list(refused(market.download(bought, transferTxId=tx))["errors"]) == ["transferTxId"]


def order_refused(market: Market, bought: Bought, tx: str) -> str:
    began = time.monotonic()
    text = str(refused(market.download(bought, transferTxId=tx))["error"])
    assert time.monotonic() - began < 12
    assert text.startswith(f"Order with tx_id {tx} could not be validated due to error: ")
    return text


def test_a_transaction_that_was_made_up(market: Market, bought: Bought) -> None:
    assert "Failed to get tx receipt" in order_refused(market, bought, "0x" + "77" * 32)


def test_transactions_of_other_things(market: Market, bought: Bought, other: Bought) -> None:
    token = market.wallet.contract("ERC20Template", bought.published.datatokens[0])
    transfer = market.wallet.send_hash(token.functions.approve(market.provider.address, 1))
    for tx in (other.order_tx, bought.published.tx_hash, transfer):
        order_refused(market, bought, tx)
    assert market.download(bought).content == DATA


def test_a_transaction_that_was_reverted(market: Market, bought: Bought) -> None:
    quote = market.client.initialize(bought.did, SERVICE, market.buyer.address)
    token = market.wallet.contract("ERC20Template", bought.published.datatokens[0])
    nobodys = (
        market.buyer.address,
        0,
        fee_of_quote(quote).as_struct(),
        ("0x" + "0" * 40, "0x" + "0" * 40, 0),
    )
    tx = market.wallet.send_anyway(token.functions.startOrder(*nobodys))  # there is no datatoken to pay with
    assert "order transaction failed." in order_refused(market, bought, tx)


def test_a_transaction_that_is_pending(market: Market, bought: Bought) -> None:
    url, account = market.stack.config.rpc_url, str(market.stack.content["accounts"][9])  # type: ignore[index]
    rpc(url, "evm_setAutomine", [False])
    try:
        transfer = {"from": account, "to": account, "value": "0x1"}
        tx = rpc(url, "eth_sendTransaction", [transfer])
        assert "Failed to get tx receipt" in order_refused(market, bought, tx)
    finally:
        rpc(url, "evm_setAutomine", [True])
        rpc(url, "evm_mine")


def test_a_quote_for_another_asset_opens_nothing(market: Market, bought: Bought, other: Bought) -> None:
    """The datatoken of one with the signed fee of the other."""
    quote = market.client.initialize(other.did, SERVICE, market.buyer.address)
    tx = order(market.wallet, market.entries, bought.published.datatokens[0], 0, fee_of_quote(quote))
    order_refused(market, bought, tx)
    order_refused(market, other, tx)


def test_an_order_of_another_service_opens_nothing(market: Market, bought: Bought) -> None:
    quote = market.client.initialize(bought.did, SERVICE, market.buyer.address)
    tx = order(market.wallet, market.entries, bought.published.datatokens[0], 1, fee_of_quote(quote))
    order_refused(market, bought, tx)


def test_initialize_quotes_anew_for_any_transaction_that_is_no_order(market: Market, bought: Bought) -> None:
    for tx in (*MALFORMED, "0x" + "78" * 32, bought.published.tx_hash, "x" * 3000):
        began = time.monotonic()
        quote = market.client.initialize(bought.did, SERVICE, market.buyer.address, transferTxId=tx)
        assert time.monotonic() - began < 12
        assert quote["providerFee"]
        assert "validOrder" not in quote


@pytest.mark.parametrize("index", ["1", "999999999999999999"])
def test_files_that_the_asset_does_not_have(market: Market, bought: Bought, index: str) -> None:
    assert refused(market.download(bought, fileIndex=index)) == {"error": f"No such fileIndex {index}"}
