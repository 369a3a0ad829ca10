"""Environments by the compute service: what is read, how long it is kept, and what no answer means."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from libs.web.internal_client import PeerUnavailable, Reply
from services.provider.adapters.environments_http import ENVIRONMENTS, EnvironmentsHttp
from services.provider.domain.access import EnvironmentsUnavailable
from services.provider.ports import ComputeEnvironment
from tests.fakes.receipts import CONSUMER, FEE_TOKEN

FREE = {
    "id": "free",
    "consumer_address": CONSUMER.lower(),
    "price_per_minute": "0",
    "fee_token": None,
    "chain_ids": [],
}
PRICED = {**FREE, "id": "priced", "price_per_minute": "0.25", "fee_token": FEE_TOKEN, "chain_ids": [1, 5]}


@dataclass
class Compute:
    """A client that answers `body`, or raises when it is None."""

    body: Any = field(default_factory=lambda: b"[]")
    status: int = 200
    asked: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def get(self, path: str) -> Reply:
        self.asked.append(path)
        if self.body is None:
            raise PeerUnavailable("compute", "ReadTimeout")
        return Reply("compute", self.status, {}, self.body)

    def now(self) -> float:
        return self.seconds

    def environments(self) -> EnvironmentsHttp:
        client: Any = self
        return EnvironmentsHttp(client, self.now)


def answer(*entries: object) -> bytes:
    return json.dumps(entries).encode()


def test_what_is_read() -> None:
    environments = Compute(answer(FREE, PRICED)).environments()
    assert environments.find(1, "priced") == ComputeEnvironment(
        "priced", CONSUMER, Decimal("0.25"), FEE_TOKEN
    )
    assert environments.find(8996, "priced") is None
    assert environments.find(8996, "free") == ComputeEnvironment("free", CONSUMER, Decimal(0))
    assert environments.find(8996, "other") is None


def test_accounts_of_a_chain_are_checksummed_and_nobody_s_is_left_out() -> None:
    nobody = {**FREE, "consumer_address": "0x" + "0" * 40}
    far = {**PRICED, "consumer_address": FEE_TOKEN}
    environments = Compute(answer(FREE, nobody, far)).environments()
    assert environments.consumer_addresses(8996) == {CONSUMER}
    assert environments.consumer_addresses(5) == {CONSUMER, FEE_TOKEN}


def test_an_answer_is_kept_for_some_seconds() -> None:
    compute = Compute(answer(FREE))
    environments = compute.environments()
    for compute.seconds in (0.0, 2.0, 4.9):
        environments.find(1, "free")
    assert compute.asked == [ENVIRONMENTS]
    compute.seconds, compute.body = 5.0, answer(PRICED)
    assert environments.find(1, "free") is None


def test_the_last_answer_bridges_a_restart_and_no_more() -> None:
    compute = Compute(answer(FREE))
    environments = compute.environments()
    environments.find(1, "free")
    compute.body, compute.seconds = None, 299.0
    assert environments.find(1, "free") is not None
    compute.seconds = 300.0
    with pytest.raises(EnvironmentsUnavailable) as caught:
        environments.find(1, "free")
    assert caught.value.timed_out


def test_a_failure_is_not_found_out_by_everyone_again() -> None:
    compute = Compute(None)
    environments = compute.environments()
    for compute.seconds, asked in ((0.0, 1), (0.9, 1), (1.0, 2)):
        with pytest.raises(EnvironmentsUnavailable):
            environments.consumer_addresses(1)
        assert len(compute.asked) == asked
    compute.body, compute.seconds = answer(FREE), 2.0
    assert environments.consumer_addresses(1) == {CONSUMER}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b"{}"),
        (404, b"[]"),
        (200, b"{"),
        (200, b"7"),
        (200, answer(7)),
        (200, answer({})),
        (200, answer({**FREE, "price_per_minute": "-1"})),
        (200, answer({**FREE, "price_per_minute": "x"})),
        (200, answer({**FREE, "price_per_minute": "NaN"})),
        (200, answer({**FREE, "consumer_address": "x"})),
        (200, answer({**FREE, "consumer_address": None})),
        (200, answer({**FREE, "fee_token": "x"})),
        (200, answer({**FREE, "chain_ids": ["x"]})),
    ],
)
def test_an_answer_that_is_none(status: int, body: bytes) -> None:
    with pytest.raises(EnvironmentsUnavailable):
        Compute(body, status).environments().find(1, "free")
