"""Gathering what one transaction says about one datatoken."""

import pytest

from libs.chain.addresses import Section
from libs.chain.chain import Chain
from libs.chain.errors import UnknownTransaction
from libs.chain.orders import order_facts
from tests.fakes.chain import CHAIN_ID, FakeNode, fake_hash, pool_of
from tests.unit.libs.chain.test_events import CASES, EMITTER, OTHER, make_log

TX = fake_hash("tx")


def raw_log(node: FakeNode, case: int, emitter: str, index: int) -> dict[str, object]:
    log = make_log(CASES[case][0], CASES[case][1], CASES[case][2], emitter=emitter)
    return {
        "address": emitter,
        "topics": list(log.topics),
        "data": "0x" + log.data.hex(),
        "blockNumber": node.blocks[-1]["number"],
        "blockHash": node.blocks[-1]["hash"],
        "transactionHash": TX,
        "logIndex": hex(index),
    }


def chain_of(node: FakeNode) -> Chain:
    return Chain(pool_of(node), Section("development", CHAIN_ID, 0, {}))


def test_only_events_of_the_services_datatoken_are_handed_out() -> None:
    node = FakeNode()
    logs = [
        raw_log(node, case, emitter, 2 * case + (emitter == OTHER))
        for case in range(3)
        for emitter in (EMITTER, OTHER)
    ]
    node.add_receipt(TX, logs=logs)
    node.mine(4)
    facts = order_facts(chain_of(node), TX, EMITTER.lower())
    assert (len(facts.started), len(facts.reused), len(facts.fees)) == (1, 1, 1)
    assert (facts.succeeded, facts.confirmations, facts.block_number) == (True, 5, 0)
    assert {event.log_index for event in (*facts.started, *facts.reused, *facts.fees)} == {0, 2, 4}


def test_a_reverted_transaction_has_no_events() -> None:
    node = FakeNode()
    node.add_receipt(TX, status=0)
    facts = order_facts(chain_of(node), TX, EMITTER)
    assert not facts.succeeded
    assert facts.started == ()


def test_a_made_up_hash_is_unknown() -> None:
    with pytest.raises(UnknownTransaction) as caught:
        order_facts(chain_of(FakeNode()), TX, EMITTER, wait_seconds=0)
    assert caught.value.tx_hash == TX


def test_a_receipt_newer_than_the_given_head_counts_from_a_new_head() -> None:
    node = FakeNode()
    chain = chain_of(node)
    head = chain.head()
    node.mine(2)
    node.add_receipt(TX)
    assert order_facts(chain, TX, EMITTER, head=head).confirmations == 1
