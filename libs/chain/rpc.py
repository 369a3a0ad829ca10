"""JSON-RPC over several nodes of one chain: failover, budget, and no trust in a node of another chain."""

import itertools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from libs.chain.endpoint import Connect, Endpoint
from libs.chain.errors import (
    BadChainSettings,
    CallReverted,
    ChainError,
    MalformedAnswer,
    RpcRefused,
    RpcTimeout,
    RpcUnavailable,
    WrongChain,
)
from libs.chain.http import Poster

Result = TypeVar("Result")
Request = tuple[str, Sequence[Any]]
Accept = Callable[[Any], bool]

_ids = itertools.count(1)


def _as_is(value: Any) -> Any:
    return value


_REVERTED = 3


def rpc_error(error: object) -> RpcRefused | CallReverted:
    """A JSON-RPC error object as one of ours."""
    if not isinstance(error, dict):
        return RpcRefused(0, "malformed error")
    code, message = error.get("code"), str(error.get("message", ""))
    number = code if isinstance(code, int) else 0
    if number == _REVERTED or "revert" in message.lower():
        data = error.get("data")
        text = data[2:] if isinstance(data, str) and data.startswith("0x") else ""
        try:
            return CallReverted(message, bytes.fromhex(text))
        except ValueError:
            return CallReverted(message)
    return RpcRefused(number, message)


class RpcPool:
    """Asks the first healthy node and goes on to the next when one fails, within one budget per call.

    `timeout_seconds` bounds one attempt, `budget_seconds` a call with all its attempts. Thread-safe and
    fork-safe. Every node's chain id is asked before its first answer is believed, again after every
    failure, and once a minute. `chain_id` None believes whatever the first node says.
    """

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int | None,
        *,
        timeout_seconds: float = 5.0,
        budget_seconds: float = 10.0,
        max_answer_bytes: int = 32 * 1024 * 1024,
        connect: Connect = Poster,
    ) -> None:
        if not urls:
            raise BadChainSettings("no RPC URL")
        self._endpoints = [
            Endpoint(url, position, max_answer_bytes, connect) for position, url in enumerate(urls)
        ]
        self._timeout_seconds = timeout_seconds
        self._budget_seconds = budget_seconds
        self.chain_id = chain_id if chain_id is not None else self._ask_chain_id()

    def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        parse: Callable[[Any], Any] = _as_is,
        accept: Accept | None = None,
    ) -> Any:
        """The result of one method, through `parse` (a MalformedAnswer from it counts against the node).

        With `accept`, nodes are asked in turn until one gives an acceptable result; when none does, the
        first result is returned. Raises RpcUnavailable, RpcTimeout, RpcRefused, CallReverted, WrongChain.
        """
        return self.gather(method, params, parse=parse, accept=accept)[0]

    def gather(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        parse: Callable[[Any], Result],
        accept: Accept | None = None,
    ) -> list[Result]:
        """As `call`, but every result that was seen; the acceptable one, if any, stands first."""

        def ask(endpoint: Endpoint, seconds: float) -> Result:
            return parse(_single(endpoint, method, params, seconds))

        return self._each(ask, accept)

    def batch(self, calls: Sequence[Request], *, accept: Accept | None = None) -> list[Any]:
        """Results in the order of `calls`, all from one node; a call that failed alone is its exception.

        `accept` judges the whole list, as in `call`.
        """

        def ask(endpoint: Endpoint, seconds: float) -> list[Any]:
            return _batch(endpoint, calls, seconds)

        return self._each(ask, accept)[0]

    # -- failover -------------------------------------------------------------------------------

    def _each(self, ask: Callable[[Endpoint, float], Result], accept: Accept | None) -> list[Result]:
        deadline = time.monotonic() + self._budget_seconds
        results: list[Result] = []
        failures: list[ChainError] = []
        for endpoint in self._in_order():
            try:
                result = self._attempt(endpoint, ask, deadline)
            except (RpcUnavailable, RpcRefused) as failure:
                failures.append(failure)
                continue
            if accept is None or accept(result):
                return [result, *results]
            endpoint.lags(time.monotonic())
            results.append(result)
        if not results:
            raise _most_telling(failures)
        return results

    def _in_order(self) -> list[Endpoint]:
        if len(self._endpoints) == 1:
            return self._endpoints
        now = time.monotonic()
        return sorted(self._endpoints, key=lambda endpoint: endpoint.rank(now))

    def _attempt(
        self, endpoint: Endpoint, ask: Callable[[Endpoint, float], Result], deadline: float
    ) -> Result:
        now = time.monotonic()
        if now >= deadline:
            raise RpcTimeout("the budget of the call is used up")
        probing = endpoint.is_cooling(now)
        if probing and not endpoint.begin_probe():
            raise RpcUnavailable(f"{endpoint.label} failed a moment ago")
        try:
            self._verify(endpoint, min(self._timeout_seconds, deadline - now))
            result = ask(endpoint, min(self._timeout_seconds, deadline - time.monotonic()))
        except RpcUnavailable:
            endpoint.failed(time.monotonic())
            raise
        except (RpcRefused, CallReverted):
            endpoint.answered()
            raise
        finally:
            if probing:
                endpoint.end_probe()
        endpoint.answered()
        return result

    def _verify(self, endpoint: Endpoint, seconds: float) -> None:
        if endpoint.is_trusted(time.monotonic()):
            return
        got = _chain_id(endpoint, seconds)
        if got != self.chain_id:
            raise WrongChain(self.chain_id, got)
        endpoint.trust(time.monotonic())

    def _ask_chain_id(self) -> int:
        failures: list[ChainError] = []
        for endpoint in self._endpoints:
            try:
                return _chain_id(endpoint, self._timeout_seconds)
            except ChainError as failure:
                failures.append(failure)
        raise _most_telling(failures)


def _most_telling(failures: Sequence[ChainError]) -> ChainError:
    for kind in (RpcRefused, WrongChain, RpcTimeout):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    return failures[0] if failures else RpcUnavailable("no node could be asked")


def _envelope(method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": list(params)}


def _outcome(answer: object, endpoint: Endpoint) -> Any:
    """The result, or an exception instance for a JSON-RPC error. Raises MalformedAnswer."""
    if not isinstance(answer, dict) or ("result" not in answer and answer.get("error") is None):
        raise MalformedAnswer(f"{endpoint.label} did not answer with JSON-RPC")
    if answer.get("error") is not None:
        return rpc_error(answer["error"])
    return answer["result"]


def _single(endpoint: Endpoint, method: str, params: Sequence[Any], seconds: float) -> Any:
    request = _envelope(method, params)
    answer = endpoint.post(json.dumps(request).encode(), seconds)
    if isinstance(answer, dict) and answer.get("error") is None and answer.get("id") != request["id"]:
        raise MalformedAnswer(f"{endpoint.label} answered another request")
    outcome = _outcome(answer, endpoint)
    if isinstance(outcome, ChainError):
        raise outcome
    return outcome


def _batch(endpoint: Endpoint, calls: Sequence[Request], seconds: float) -> list[Any]:
    requests = [_envelope(method, params) for method, params in calls]
    answers = endpoint.post(json.dumps(requests).encode(), seconds)
    if isinstance(answers, dict):  # a node that refuses batches answers with one error object
        outcome = _outcome(answers, endpoint)
        raise (
            outcome if isinstance(outcome, ChainError) else MalformedAnswer(f"{endpoint.label} lost a batch")
        )
    if not isinstance(answers, list):
        raise MalformedAnswer(f"{endpoint.label} did not answer with JSON-RPC")
    by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
    return [_outcome(by_id.get(request["id"]), endpoint) for request in requests]


def _chain_id(endpoint: Endpoint, seconds: float) -> int:
    answer = _single(endpoint, "eth_chainId", (), seconds)
    try:
        return int(answer, 16)
    except (TypeError, ValueError):
        raise MalformedAnswer(f"{endpoint.label} has no chain id") from None
