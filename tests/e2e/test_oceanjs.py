"""Unmodified ocean.js releases publish, find, order and download through the gateway."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.stack import up as stack_commands
from tests.stack import Stack, run_node

pytestmark = pytest.mark.clause("ocean 11", "ocean C3.3", "ocean C3.4")

Files = list[dict[str, object]]

WHOLE = ("3.1.4", "3.3.3", "3.4.6", "4.0.0")
# These speak more than this API; what they share with it must work: publish, order, download.
SHARED = ("4.3.7", "5.1.3")
EVERY_PRICING = [["plain", 1], ["dispenser", 1], ["dispenser", 2], ["fixed", 1], ["fixed", 2]]


@pytest.fixture(scope="module")
def files(stack: Stack) -> Files:
    table = b"station,height\n" + b"".join(b"harbour,%d\n" % number for number in range(500))
    return [stack.publish_file("tides.csv", table), stack.publish_file("raw.bin", os.urandom(300_000))]


def journey(stack: Stack, version: str, files: Files, cases: list[list[object]]) -> list[str]:
    lines = run_node(
        "journey.cjs",
        stack,
        {"OCEANJS_VERSION": version, "FILES": json.dumps(files), "CASES": json.dumps(cases)},
    )
    return [str(line["step"]) for line in lines]


@pytest.mark.parametrize("version", WHOLE)
def test_whole_journey_with_every_pricing(stack: Stack, version: str, files: Files) -> None:
    steps = journey(stack, version, files, EVERY_PRICING)
    assert steps.count("order") == 5
    assert steps.count("token") == 5
    assert steps.count("change") == 1
    assert steps[-1] == "done"


@pytest.mark.parametrize("version", SHARED)
def test_publish_order_and_download_of_later_releases(stack: Stack, version: str, files: Files) -> None:
    steps = journey(stack, version, files, [["plain", 1], ["dispenser", 2], ["fixed", 1]])
    assert steps.count("order") == 3
    assert steps[-1] == "done"


@pytest.fixture
def fee_in_usdc(stack: Stack) -> Iterator[str]:
    """The same stack with a provider that asks 1.5 MockUSDC for each access."""
    addresses = json.loads(Path(str(stack.content["address_file"])).read_text())
    token = addresses[stack.config.network]["MockUSDC"]
    fees = {"PROVIDER_FEE_TOKEN": token, "PROVIDER_FEE_AMOUNT": json.dumps({"access": "1.5"})}
    paid = replace(stack.config, environment={**stack.config.environment, **fees})
    stack_commands.restart(paid, "provider")
    yield token
    stack_commands.restart(stack.config, "provider")


def test_orders_are_paid_in_the_configured_fee_token(stack: Stack, fee_in_usdc: str, files: Files) -> None:
    lines = run_node(
        "journey.cjs",
        stack,
        {"OCEANJS_VERSION": "3.4.6", "FILES": json.dumps(files), "CASES": '[["plain",1],["fixed",2]]'},
    )
    fees = [line["fee"] for line in lines if line["step"] == "order"]
    assert fees == ["1500000", "1500000"]
