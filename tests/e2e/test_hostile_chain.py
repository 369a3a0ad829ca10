"""A blockchain node that hangs or is gone: answers in time, nothing else stops, and all of it comes back."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from scripts.stack import up as stack_commands
from scripts.stack.processes import children, find
from tests.e2e.market import SERVICE, Bought, Market
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.stack import Stack
from tests.waiting import wait_for

DATA = b"tides\n"
ANSWER_SECONDS = 15


@pytest.fixture(scope="module")
def bought(market: Market, origin: Origin) -> Bought:
    origin.route("/chain", scripts.file(DATA, "text/csv"))
    return market.buy(origin.url("/chain"))


@contextlib.contextmanager
def hanging(stack: Stack) -> Iterator[None]:
    """The node takes connections and answers nothing."""
    keeper = find(stack.config.run_dir, "chain")
    assert keeper is not None
    pids = [keeper.pid, *children(keeper.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def gone(stack: Stack) -> Iterator[None]:
    stack_commands.stop(stack.config.run_dir, "chain")
    try:
        yield
    finally:
        stack_commands.restart(stack.config, "chain")


def ask_at_once(calls: list[Callable[[], requests.Response]]) -> list[tuple[requests.Response, float]]:
    """Each call's answer and how long it took; in the order given."""
    found: list[tuple[requests.Response, float] | None] = [None] * len(calls)

    def ask(number: int) -> None:
        began = time.monotonic()
        found[number] = (calls[number](), time.monotonic() - began)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in found if answer is not None]


@pytest.mark.parametrize("trouble", [hanging, gone])
def test_a_node_in_trouble_is_a_gateway_error_and_passes(
    stack: Stack,
    market: Market,
    bought: Bought,
    trouble: Callable[[Stack], contextlib.AbstractContextManager[None]],
) -> None:
    services = f"{stack.gateway}/api/services"
    prepared = market.params(bought)
    quote = {"documentId": bought.did, "serviceId": SERVICE, "consumerAddress": market.buyer.address}
    decrypt = {
        "decrypterAddress": market.buyer.address,
        "chainId": stack.config.chain_id,
        "dataNftAddress": bought.published.nft,
        "transactionId": bought.published.tx_hash,
        "nonce": str(time.time_ns()),
        "signature": "0x" + "12" * 64 + "1b",
    }
    fresh_tx = "0x" + os.urandom(32).hex()
    with trouble(stack):
        asking = [
            lambda: requests.get(f"{services}/download", params=prepared, timeout=60),
            lambda: requests.get(f"{services}/initialize", params=quote, timeout=60),
            lambda: requests.get(
                f"{services}/initialize", params={**quote, "transferTxId": fresh_tx}, timeout=60
            ),
            lambda: requests.post(f"{services}/decrypt", json=decrypt, timeout=60),
        ]
        # More at once than the provider has threads in one worker: the rest is answered none the less.
        answers_of_chain: list[tuple[requests.Response, float]] = []
        crowd = threading.Thread(target=lambda: answers_of_chain.extend(ask_at_once(asking * 5)))
        crowd.start()
        address = market.buyer.address
        while crowd.is_alive():
            for path in ("/", f"/api/services/nonce?userAddress={address}", "/api/aquarius/chains/list"):
                began = time.monotonic()
                assert requests.get(stack.gateway + path, timeout=30).status_code == 200
                assert time.monotonic() - began < 3, path
            crowd.join(0.2)
        for reply, seconds in answers_of_chain:
            assert seconds < ANSWER_SECONDS, (reply.url[:80], seconds)
            assert reply.status_code in (400, 502, 504), reply.text
            assert next(iter(reply.json())) in ("error", "errors")
            assert "127.0.0.1" not in reply.text
        download, initialize = answers_of_chain[0][0], answers_of_chain[1][0]
        assert {download.status_code, initialize.status_code} <= {400, 502, 504}
        assert initialize.status_code in (502, 504)
        assert market.client.ddo(bought.did) is not None
        assert market.client.encrypt(b"still", stack.config.chain_id).startswith("0x")
        token_until = int(time.time()) + 600
        assert market.client.create_auth_token("0x" + market.buyer.secret.hex(), token_until)
    wait_for(lambda: market.download(bought).content == DATA, "downloads to go on")
    assert market.client.initialize(bought.did, SERVICE, address)["providerFee"]
    market.publish(
        [{"type": "url", "url": "http://127.0.0.1:1/", "method": "GET"}]
    )  # the index follows again
