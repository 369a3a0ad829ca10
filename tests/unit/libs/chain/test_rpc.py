"""Failover, budgets and distrust of RpcPool, against nodes in memory."""

import json
import traceback

import pytest

from libs.chain.errors import (
    AnswerTooLarge,
    BadChainSettings,
    CallReverted,
    MalformedAnswer,
    RpcRefused,
    RpcTimeout,
    RpcUnavailable,
    WrongChain,
)
from libs.chain.rpc import RpcPool, rpc_error
from libs.http1.errors import AnswerTooBig
from tests.fakes.chain import FakeNode, connection_refused, pool_of, too_many_requests

LATEST = ("latest", False)


def test_the_first_healthy_node_is_asked() -> None:
    first, second = FakeNode(), FakeNode()
    pool = pool_of(first, second)
    pool.call("eth_getBlockByNumber", LATEST)
    assert first.asked["eth_getBlockByNumber"] == 1
    assert not second.asked


@pytest.mark.parametrize(
    "trouble",
    [connection_refused(), TimeoutError(), too_many_requests(), ConnectionResetError(), OSError("tls")],
    ids=lambda error: type(error).__name__,
)
def test_a_node_in_trouble_is_passed_over(trouble: Exception) -> None:
    first, second = FakeNode(), FakeNode()
    first.trouble = trouble
    assert pool_of(first, second).call("eth_getBlockByNumber", LATEST) == second.blocks[-1]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"id":1}',
        b'{"result":"0x1","id":"other"}',
        b"[" * 10000,
    ],
    ids=["empty", "html", "list", "number", "null", "object", "no result", "other id", "deep"],
)
def test_garbage_from_a_node_is_passed_over(answer: bytes) -> None:
    first, second = FakeNode(), FakeNode()
    pool = pool_of(first, second)
    pool.call("eth_getBlockByNumber", LATEST)
    first.script = [answer]
    assert pool.call("eth_getBlockByNumber", LATEST) == second.blocks[-1]


def test_a_failed_node_is_asked_last_until_it_cooled_down_and_is_verified_again() -> None:
    first, second = FakeNode(), FakeNode()
    pool = pool_of(first, second)
    pool.call("eth_getBlockByNumber", LATEST)
    first.trouble = connection_refused()
    pool.call("eth_getBlockByNumber", LATEST)
    first.trouble = None
    pool.call("eth_getBlockByNumber", LATEST)
    assert first.asked["eth_getBlockByNumber"] == 1
    second.trouble = connection_refused()
    pool.call("eth_getBlockByNumber", LATEST)  # the only one left, though it still cools
    assert first.asked["eth_getBlockByNumber"] == 2
    assert first.asked["eth_chainId"] == 2  # what came back may be another node


def test_a_node_that_lies_about_its_chain_is_never_believed() -> None:
    liar, honest = FakeNode(chain_id=1), FakeNode()
    pool = pool_of(liar, honest)
    assert pool.call("eth_getBlockByNumber", LATEST) == honest.blocks[-1]
    assert liar.asked["eth_getBlockByNumber"] == 0
    honest.trouble = connection_refused()
    with pytest.raises(WrongChain) as caught:
        pool.call("eth_getBlockByNumber", LATEST)
    assert (caught.value.expected, caught.value.got) == (8996, 1)


def test_a_node_that_changes_its_chain_after_a_failure_is_noticed() -> None:
    node = FakeNode()
    pool = pool_of(node)
    pool.call("eth_getBlockByNumber", LATEST)
    node.trouble = connection_refused()
    with pytest.raises(RpcUnavailable):
        pool.call("eth_getBlockByNumber", LATEST)
    node.trouble, node.chain_id = None, 5
    with pytest.raises(WrongChain):
        pool.call("eth_getBlockByNumber", LATEST)


def test_a_single_node_that_comes_back_is_used_at_once() -> None:
    node = FakeNode()
    pool = pool_of(node)
    for _ in range(5):
        node.trouble = connection_refused()
        with pytest.raises(RpcUnavailable):
            pool.call("eth_getBlockByNumber", LATEST)
        node.trouble = None
        assert pool.call("eth_getBlockByNumber", LATEST) == node.blocks[-1]


def test_a_dead_node_holds_one_thread_not_all() -> None:
    """While one thread finds out whether the node is back, the others fail at once."""
    node = FakeNode()
    pool = pool_of(node)
    node.trouble = TimeoutError()
    with pytest.raises(RpcTimeout):
        pool.call("eth_getBlockByNumber", LATEST)
    asked: list[str] = []

    def nested(body: bytes, seconds: float) -> bytes:
        asked.append("probe")
        with pytest.raises(RpcUnavailable, match="a moment ago"):
            pool.call("eth_getBlockByNumber", LATEST)
        raise TimeoutError

    node.post = nested  # type: ignore[method-assign]
    with pytest.raises(RpcTimeout):
        pool.call("eth_getBlockByNumber", LATEST)
    assert asked == ["probe"]


def test_the_budget_is_shared_by_all_attempts() -> None:
    nodes = [FakeNode(), FakeNode(), FakeNode()]
    for node in nodes:
        node.trouble = TimeoutError()
    pool = pool_of(*nodes, timeout_seconds=5.0, budget_seconds=7.0)
    with pytest.raises(RpcTimeout):
        pool.call("eth_getBlockByNumber", LATEST)
    assert all(seconds <= 5.0 for node in nodes for seconds in node.seconds)
    spent = pool_of(FakeNode(), budget_seconds=0.0)
    with pytest.raises(RpcTimeout, match="budget"):
        spent.call("eth_getBlockByNumber", LATEST)


def test_a_revert_is_the_contracts_answer_and_asks_no_other_node() -> None:
    first, second = FakeNode(), FakeNode()
    first.contract = lambda *_: {"error": {"code": 3, "message": "execution reverted: no", "data": "0x0102"}}
    with pytest.raises(CallReverted, match="no") as caught:
        pool_of(first, second).call("eth_call", ({"to": "0x", "data": "0x"}, "latest"))
    assert caught.value.data == b"\1\2"
    assert not second.asked["eth_call"]


def test_a_refusal_is_tried_elsewhere_and_then_raised() -> None:
    first, second = FakeNode(), FakeNode()
    refusal = {"error": {"code": -32001, "message": "header not found"}}
    first.contract = lambda *_: refusal
    call = ({"to": "0x", "data": "0x"}, "latest")
    assert pool_of(first, second).call("eth_call", call) == "0x"
    second.contract = lambda *_: refusal
    with pytest.raises(RpcRefused) as caught:
        pool_of(first, second).call("eth_call", call)
    assert caught.value.code == -32001


def test_an_answer_past_the_cap_is_refused_as_too_much_asked() -> None:
    node = FakeNode()
    node.trouble = AnswerTooBig("too large")
    pool = pool_of(FakeNode())
    pool = pool_of(node, chain_id=8996)
    with pytest.raises(AnswerTooLarge) as caught:
        pool.call("eth_getLogs", ({},))
    assert caught.value.code == -32005


def test_error_texts_and_tracebacks_never_name_the_url() -> None:
    node = FakeNode()
    node.trouble = ConnectionError("cannot connect to http://node0.test/KEY")
    with pytest.raises(RpcUnavailable) as caught:
        pool_of(node).call("eth_getBlockByNumber", LATEST)
    error: BaseException | None = caught.value
    text = "".join(traceback.format_exception(caught.value))
    while error is not None:
        text += str(error) + repr(error)
        error = error.__cause__ or error.__context__
    assert "KEY" not in text
    assert "node0" not in text


def test_a_nodes_own_message_is_stripped_of_urls() -> None:
    error = rpc_error({"code": -1, "message": "see https://rpc.example/v3/KEY\nfor\tmore " + "x" * 500})
    assert "KEY" not in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize("error", [None, "text", 3, [], {}, {"code": "x"}, {"message": None}])
def test_a_malformed_error_object_is_a_refusal(error: object) -> None:
    assert isinstance(rpc_error(error), RpcRefused)


def test_a_revert_with_malformed_data_is_still_a_revert() -> None:
    error = rpc_error({"code": 3, "message": "execution reverted", "data": "0xzz"})
    assert isinstance(error, CallReverted)
    assert error.data == b""


class TestBatch:
    def test_results_come_in_the_order_of_the_calls(self) -> None:
        node = FakeNode(blocks=3)
        shuffled = node.post

        def backwards(body: bytes, seconds: float) -> bytes:
            answer = json.loads(shuffled(body, seconds))
            return json.dumps(answer[::-1] if isinstance(answer, list) else answer).encode()

        node.post = backwards  # type: ignore[method-assign]
        calls = [("eth_getBlockByNumber", (hex(number), False)) for number in range(3)]
        assert pool_of(node).batch(calls) == node.blocks

    def test_a_call_that_failed_alone_is_an_exception_in_its_place(self) -> None:
        node = FakeNode()
        node.contract = lambda *_: {"error": {"code": 3, "message": "execution reverted"}}
        call = ("eth_call", ({"to": "0x", "data": "0x"}, "latest"))
        block, failed = pool_of(node).batch([("eth_getBlockByNumber", LATEST), call])
        assert block == node.blocks[-1]
        assert isinstance(failed, CallReverted)

    @pytest.mark.parametrize(
        "answer",
        [b"[]", b"[3]", b"{}", b"3", b'[{"id":0,"result":1}]'],
        ids=["none", "number", "object", "3", "id"],
    )
    def test_a_lost_answer_counts_against_the_node(self, answer: bytes) -> None:
        node = FakeNode()
        pool = pool_of(node)
        pool.call("eth_getBlockByNumber", LATEST)
        node.script = [answer]
        with pytest.raises(MalformedAnswer):
            pool.batch([("eth_getBlockByNumber", LATEST)])

    def test_a_node_that_refuses_batches_says_so(self) -> None:
        node = FakeNode()
        pool = pool_of(node)
        pool.call("eth_getBlockByNumber", LATEST)
        node.script = [b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch too large"}}']
        with pytest.raises(RpcRefused, match="batch too large"):
            pool.batch([("eth_getBlockByNumber", LATEST)])


class TestAccept:
    def test_the_acceptable_result_of_a_later_node_wins(self) -> None:
        behind, current = FakeNode(blocks=1), FakeNode(blocks=2)
        pool = pool_of(behind, current)
        found = pool.call("eth_getBlockByNumber", LATEST, accept=lambda block: block["number"] == "0x1")
        assert found == current.blocks[-1]
        pool.call("eth_getBlockByNumber", LATEST)
        assert behind.asked["eth_getBlockByNumber"] == 1  # passed over for a moment

    def test_without_any_the_first_result_is_returned(self) -> None:
        first, second = FakeNode(blocks=1), FakeNode(blocks=2)
        found = pool_of(first, second).call("eth_getBlockByNumber", LATEST, accept=lambda _: False)
        assert found == first.blocks[-1]


class TestConstruction:
    def test_the_chain_id_is_asked_when_none_is_given(self) -> None:
        dead, alive = FakeNode(), FakeNode(chain_id=137)
        dead.trouble = connection_refused()
        assert pool_of(dead, alive, chain_id=None).chain_id == 137

    def test_a_chain_id_nobody_tells_is_unavailable(self) -> None:
        node = FakeNode()
        node.trouble = connection_refused()
        with pytest.raises(RpcUnavailable):
            pool_of(node, chain_id=None)

    @pytest.mark.parametrize(
        "url", ["ws://h/KEY", "KEY", "http://", "http://h:KEY/", "ftp://h", "http://h/ KEY", "http://h/éKEY"]
    )
    def test_a_url_that_cannot_be_used_is_refused_without_quoting_it(self, url: str) -> None:
        with pytest.raises(BadChainSettings) as caught:
            RpcPool([url], 1)
        assert "KEY" not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_no_url_at_all_is_refused(self) -> None:
        with pytest.raises(BadChainSettings):
            RpcPool([], 1)
