"""Random lives of a chain and of its indexer: in the end the catalogue equals a fresh index, always."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from services.catalogue.domain.facts import EventKind
from services.catalogue.domain.sightings import ChainUnavailable, NodeLags, RangeRefused
from services.catalogue.indexer.settings import ScanSettings
from tests.fakes.indexing import (
    CHAIN_ID,
    Emitted,
    Publication,
    Rig,
    ScriptedChain,
    new_database,
    out_of_reach,
)

STEPS = 40


class Life:
    """One random history; `dice` decides everything."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig = rig
        self.dice = random.Random(seed)
        self.assets = [Publication(f"asset {number}", flags=self.dice.choice((0, 2))) for number in range(4)]
        self.restarts = 0

    def live(self) -> None:
        acts = [
            (self.publish, 6),
            (self.trade, 6),
            (self.quiet, 3),
            (self.look, 8),
            (self.fork, 3),
            (self.fall_back, 1),
            (self.trouble, 3),
            (self.die, 2),
            (self.wait, 2),
        ]
        for _ in range(STEPS):
            (act,) = self.dice.choices([act for act, _ in acts], [weight for _, weight in acts])
            act()

    def created(self) -> set[str]:
        blocks = self.rig.chain.blocks_
        return {s.subject for b in blocks for s in b.sightings if s.kind is EventKind.NFT_CREATED}

    def publish(self) -> None:
        created = self.created()
        new = [asset for asset in self.assets if asset.nft.lower() not in created]
        if new:
            self.rig.chain.mine(*self.dice.choice(new).published())

    def trade(self) -> None:
        """No contract emits anything before it exists."""
        created = self.created()
        old = [asset for asset in self.assets if asset.nft.lower() in created]
        if not old:
            return
        asset = self.dice.choice(old)
        version, state = self.dice.randrange(2, 9), self.dice.choice((0, 0, 1, 3, 4, 5))
        events: list[Emitted] = [
            asset.ordered(),
            asset.for_sale(version * 10**17),
            asset.rate_changed(version * 10**16),
            asset.given_away(),
            asset.state_changed(state),
            asset.updated(version=version, state=state),
        ]
        self.rig.chain.mine(*self.dice.sample(events, self.dice.randrange(1, 4)))

    def quiet(self) -> None:
        self.rig.chain.mine_empty(self.dice.randrange(1, 6))

    def look(self) -> None:
        for _ in range(self.dice.randrange(1, 4)):
            self.rig.loop.safe_pass()

    def fork(self) -> None:
        chain = self.rig.chain
        depth = self.dice.randrange(1, len(chain.blocks_) + 1)
        gone = chain.drop(min(depth, len(chain.blocks_)))
        chain.mine_empty(self.dice.randrange(0, 2))
        for events in gone[: self.dice.randrange(0, len(gone) + 1)]:
            chain.mine(*events)  # the same transactions, perhaps in another block
        chain.mine()

    def fall_back(self) -> None:
        chain = self.rig.chain
        chain.drop(self.dice.randrange(0, len(chain.blocks_)))

    def trouble(self) -> None:
        error = self.dice.choice([ChainUnavailable("down"), NodeLags("late"), RangeRefused("too much")])
        self.rig.chain.failures.append(error)
        self.rig.decryptor.always = self.dice.choice([None, out_of_reach()])

    def die(self) -> None:
        self.restarts += 1
        self.rig = self.rig.restart(f"holder {self.restarts}")

    def wait(self) -> None:
        self.rig.clock.time += self.dice.randrange(1, 30)

    def come_to_rest(self) -> None:
        self.rig.chain.failures.clear()
        self.rig.chain.before_confirm.clear()
        self.rig.decryptor.always = None
        for _ in range(4):
            self.rig.settle()
            self.rig.clock.time += 3600


@pytest.mark.parametrize("seed", range(8))
def test_any_history_ends_in_what_a_fresh_index_serves(tmp_path: Path, seed: int) -> None:
    scan = ScanSettings(first_span=4, largest_span=16, overlap_blocks=2, rewind_grace_seconds=5)
    life = Life(Rig(tmp_path, scan=scan), seed)
    life.live()
    life.come_to_rest()
    folder = tmp_path / "fresh"
    folder.mkdir()
    fresh = Rig(folder, life.rig.chain)
    fresh.settle()
    assert life.rig.served() == fresh.served()
    for asset in life.assets:
        assert life.rig.state(asset) == fresh.state(asset)
    fresh.stop()
    life.rig.stop()


def test_two_chains_in_one_database_do_not_touch_each_other(tmp_path: Path) -> None:
    database = new_database(tmp_path)
    one = Rig(tmp_path, ScriptedChain(CHAIN_ID), database=database)
    two = Rig(tmp_path, ScriptedChain(1), database=database)
    here, there = Publication("asset"), replace(Publication("asset"), chain_id=1)
    one.chain.mine(*here.published(), here.ordered())
    two.chain.mine(*there.published())
    one.settle()
    two.settle()
    assert set(one.served()) == {here.did, there.did}
    two.chain.restart()
    two.chain.mine_empty(3)
    two.settle()
    assert set(one.served()) == {here.did}
    asset = one.asset(here)
    assert asset is not None
    assert asset["stats"]["orders"] == 1
    one.lanes.stop()
    two.stop()
