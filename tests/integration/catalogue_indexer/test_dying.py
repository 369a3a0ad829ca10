"""kill -9 at any time, two indexers for one chain, and an orderly stop."""

import json
import random
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from libs.sql.engine import Database
from scripts.chain.metadata import set_metadata, set_state
from scripts.chain.publish import Published
from tests.fakes.decrypting_origin import StubDecryptor
from tests.fakes.indexing import served
from tests.fixtures_chain import DevChain
from tests.integration.catalogue_indexer.conftest import (
    IndexerProcess,
    Served,
    environment,
    fresh_index,
    wait_until,
)
from tests.integration.catalogue_indexer.test_real_chain import place_order, put, spec
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.clause("ocean C2.5")

Start = Callable[[dict[str, str]], IndexerProcess]


@dataclass
class Journey:
    """Publishes, orders, updates and forks, and knows how the catalogue must end up."""

    node: DevChain
    decryptor: StubDecryptor

    def begin(self) -> list[Published]:
        buyer = self.node.wallet(2)
        assets = []
        for number in range(3):
            kind = spec(f"asset {number}", mint_to=[buyer.address])
            assets.append(put(self.node, self.decryptor, kind))
            place_order(buyer, self.node, assets[-1], self.decryptor)
        return assets

    def change(self, assets: list[Published]) -> None:
        wallet = self.node.wallet(1)
        renamed = assets[0].ddo | {"metadata": assets[0].ddo["metadata"] | {"name": "renamed"}}
        set_metadata(wallet, renamed, self.decryptor.provider, flags=3)
        set_state(wallet, assets[1].nft, 5)

    def is_complete(self, found: Served) -> bool:
        names = {asset["metadata"]["name"] for asset in found.values()}
        states = sorted(asset["nft"]["state"] for asset in found.values())
        orders = [asset["stats"]["orders"] for asset in found.values()]
        return names == {"renamed", "asset 1", "asset 2"} and states == [0, 0, 5] and orders == [1, 1, 1]


def test_killed_again_and_again_the_catalogue_ends_up_like_a_fresh_index(
    node: DevChain,
    decryptor: StubDecryptor,
    variables: dict[str, str],
    start_process: Start,
    tmp_path: Path,
) -> None:
    journey, dice = Journey(node, decryptor), random.Random(7)
    variables = variables | {"INDEXER_LEASE_SECONDS": "1"}
    assets = journey.begin()
    for round_ in range(6):
        if round_ == 3:
            journey.change(assets)
        process = start_process(variables)
        began, asked = messages(process).count("indexing"), decryptor.asked
        if round_ > 0:
            wait_until(lambda p=process, n=began: messages(p).count("indexing") > n, "it leads", 60)
        # Somewhere between its first breath, or its first block, and its last document.
        wait_until(lambda n=asked: decryptor.asked > n or dice.random() < 0.1, "a moment to kill")
        process.kill()
    start_process(variables)
    database = Database.open(variables["CATALOGUE_DATABASE_URL"])
    try:
        wait_until(lambda: journey.is_complete(served(database)), "the catalogue is complete", 90)
        result = served(database)
    finally:
        database.dispose()
    assert result == fresh_index(variables, tmp_path, journey.is_complete)


def test_only_one_of_two_indexers_works_and_the_other_takes_over(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str], start_process: Start
) -> None:
    first = start_process(variables)
    wait_until(lambda: "indexing" in messages(first), "the first one leads")
    second = start_process(variables)
    wait_until(lambda: messages(second).count("started") == 2, "the second one runs")
    asset = put(node, decryptor, spec("one"))
    database = Database.open(variables["CATALOGUE_DATABASE_URL"])
    try:
        wait_until(lambda: asset.did in served(database), "the first asset")
        assert messages(second).count("indexing") == 1
        first.kill()
        other = put(node, decryptor, spec("two"))
        wait_until(lambda: other.did in served(database), "the second one took over")
    finally:
        database.dispose()
    assert messages(second).count("indexing") == 2


def test_an_orderly_stop_ends_well_and_gives_the_lease_back(
    variables: dict[str, str], start_process: Start
) -> None:
    variables = variables | {"INDEXER_LEASE_SECONDS": "600"}
    first = start_process(variables)
    wait_until(lambda: "indexing" in messages(first), "the first one leads")
    assert first.terminate() == 0
    second = start_process(variables)
    wait_until(lambda: messages(second).count("indexing") == 2, "the next one leads at once")


def test_health_and_metrics_are_served(variables: dict[str, str], start_process: Start) -> None:
    process = start_process(variables)
    wait_until(lambda: "indexing" in messages(process), "it leads")
    started = next(line for line in lines(process) if line["message"] == "started")
    base = f"http://127.0.0.1:{started['health_port']}"
    with urllib.request.urlopen(f"{base}/health/ready", timeout=5) as reply:
        assert json.load(reply)["status"] == "ok"
    with urllib.request.urlopen(f"{base}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    for name in ("lag_blocks", "retries_waiting", "dead_letters", "leader"):
        assert f'catalogue_index_{name}{{chain="8996"' in text


def test_bad_settings_are_listed_and_quote_nothing(
    node: DevChain, decryptor: StubDecryptor, tmp_path: Path, start_process: Start
) -> None:
    variables = environment(
        node, decryptor, tmp_path / "x.db", CATALOGUE_PRIVATE_KEY="hunter2", PROVIDER_URL=""
    )
    process = start_process(variables)
    assert process.process.wait(PATIENCE_SECONDS) == 2
    text = process.log.read_text()
    assert "CATALOGUE_PRIVATE_KEY" in text
    assert "PROVIDER_URL" in text
    assert "hunter2" not in text


def lines(process: IndexerProcess) -> list[dict[str, object]]:
    return [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]


def messages(process: IndexerProcess) -> list[object]:
    return [line["message"] for line in lines(process)]
