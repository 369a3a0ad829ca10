"""Reorganisations of every depth, lagging and lying nodes, ranges that fail, heads that go back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.catalogue.domain.sightings import ChainUnavailable, NodeLags, RangeRefused
from services.catalogue.indexer.settings import ScanSettings
from tests.fakes.indexing import Publication, Rig, ScriptedChain

pytestmark = pytest.mark.clause("ocean C2.5")


def fresh(tmp_path: Path, rig: Rig) -> dict[str, dict[str, object]]:
    """What an index made from scratch serves."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    other = Rig(folder, rig.chain)
    other.settle()
    result = other.served()
    other.stop()
    return result


@pytest.mark.parametrize("depth", [1, 2, 5, 7])
def test_a_reorg_of_any_depth_is_followed(tmp_path: Path, rig: Rig, depth: int) -> None:
    for number in range(6):
        rig.chain.mine(*Publication(f"asset {number}").published())
        rig.settle()
    rig.chain.drop(depth)  # seven blocks with genesis: the last case replaces the whole chain
    for number in range(20, 20 + depth + 1):
        rig.chain.mine(*Publication(f"asset {number}").published())
    rig.settle()
    assert rig.served() == fresh(tmp_path, rig)
    assert Publication("asset 20").did in rig.served()


def test_a_transaction_that_moves_to_another_block_is_served_from_there(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    before = rig.asset(alpha)
    gone = rig.chain.drop(1)
    rig.chain.mine()
    rig.chain.mine(*gone[0])
    rig.chain.mine()
    rig.settle()
    after = rig.asset(alpha)
    assert before is not None
    assert after is not None
    assert after["event"]["block"] == before["event"]["block"] + 1
    assert after["event"]["tx"] == before["event"]["tx"]


def test_orders_of_a_replaced_block_do_not_count_any_more(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.mine(alpha.ordered(), alpha.ordered(), alpha.for_sale(10**18))
    rig.settle()
    rig.chain.drop(1)
    rig.chain.mine(alpha.ordered())
    rig.chain.mine()
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"] == {"allocated": 0, "orders": 1, "price": {}}


def test_an_update_of_a_replaced_block_gives_way_to_the_version_before(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.chain.mine(alpha.updated(version=2))
    rig.settle()
    rig.chain.drop(1)
    rig.chain.mine_empty(2)
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["metadata"]["name"] == "alpha v1"


def test_a_reorg_to_the_same_height_is_noticed(rig: Rig, alpha: Publication, beta: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.chain.drop(1)
    rig.chain.mine(*beta.published())
    rig.settle()
    assert set(rig.served()) == {beta.did}


def test_a_shorter_fork_is_noticed_at_once(rig: Rig, alpha: Publication, beta: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.mine_empty(5)
    rig.settle()
    rig.chain.drop(6)
    rig.chain.mine(*beta.published())
    rig.settle()
    assert set(rig.served()) == {beta.did}


def test_a_chain_that_begins_anew_is_indexed_anew(tmp_path: Path, rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.chain.restart()
    rig.chain.mine(*alpha.creation())
    rig.chain.mine(alpha.updated(version=7))
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["metadata"]["name"] == "alpha v7"
    assert rig.served() == fresh(tmp_path, rig)


def test_a_chain_that_begins_anew_and_is_still_short_is_waited_for_then_followed(
    rig: Rig, alpha: Publication
) -> None:
    rig.chain.mine_empty(3)
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.chain.restart()
    rig.settle()
    rig.clock.time += 60
    rig.settle()
    assert rig.served() == {}


def test_a_head_that_goes_back_is_taken_for_a_lagging_node_at_first(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()
    held = rig.chain.blocks_.pop()
    rig.settle()
    assert rig.asset(alpha) is not None
    rig.chain.blocks_.append(held)  # the node caught up
    rig.clock.time += 60
    rig.settle()
    assert rig.asset(alpha) is not None


def test_a_chain_set_back_for_good_is_followed_back(tmp_path: Path, rig: Rig, alpha: Publication) -> None:
    rig.chain.mine_empty(2)
    rig.chain.mine(*alpha.published())
    rig.chain.mine(alpha.ordered())
    rig.settle()
    rig.chain.drop(1)
    rig.settle()
    rig.clock.time += 60
    rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["orders"] == 0
    assert rig.served() == fresh(tmp_path, rig)


def test_a_reorg_while_a_range_is_read_takes_nothing_of_the_replaced_blocks(
    tmp_path: Path, rig: Rig, alpha: Publication, beta: Publication
) -> None:
    rig.settle()

    def replace_it() -> None:
        rig.chain.drop(1)
        rig.chain.mine(*beta.published())
        rig.chain.mine()

    rig.chain.mine(*alpha.published())
    rig.chain.before_confirm.append(replace_it)
    rig.settle()
    assert set(rig.served()) == {beta.did}
    assert rig.served() == fresh(tmp_path, rig)


def test_the_checkpoint_itself_replaced_while_a_range_is_read(
    tmp_path: Path, rig: Rig, alpha: Publication, beta: Publication
) -> None:
    rig.chain.mine(*alpha.published())
    rig.settle()

    def replace_it() -> None:
        rig.chain.drop(2)
        rig.chain.mine(*beta.published())
        rig.chain.mine_empty(3)

    rig.chain.mine()
    rig.chain.before_confirm.append(replace_it)
    rig.settle()
    assert set(rig.served()) == {beta.did}


def test_a_deep_reorg_far_behind_thinned_checkpoints_is_followed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, scan=ScanSettings(first_span=1, largest_span=1, rewind_grace_seconds=1))
    for number in range(3):
        rig.chain.mine(*Publication(f"asset {number}").published())
        rig.chain.mine_empty(92)
    rig.settle(passes=2000)
    rig.chain.drop(240)
    rig.chain.mine_empty(250)
    rig.follower._settings = ScanSettings(first_span=500, rewind_grace_seconds=1)
    rig.settle(passes=2000)
    assert rig.served() == fresh(tmp_path, rig)
    rig.stop()


# -- ranges ------------------------------------------------------------------------------------------


def test_ranges_shrink_until_the_node_answers_and_grow_again(tmp_path: Path, alpha: Publication) -> None:
    rig = Rig(tmp_path, scan=ScanSettings(first_span=64, largest_span=64, overlap_blocks=2))
    rig.chain.mine_empty(200)
    rig.chain.mine(*alpha.published())
    rig.chain.largest_range = 10
    rig.settle()
    assert rig.asset(alpha) is not None
    rig.stop()


@pytest.mark.parametrize(
    "failure", [ChainUnavailable("down"), NodeLags("behind"), RangeRefused("query timeout")]
)
def test_an_exception_never_ends_a_range_that_counts_as_done(
    rig: Rig, alpha: Publication, failure: Exception
) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.failures += [failure, failure]
    for _ in range(6):
        rig.loop.safe_pass()
    rig.settle()
    assert rig.asset(alpha) is not None


def test_an_empty_answer_of_a_node_without_the_block_is_not_believed(rig: Rig, alpha: Publication) -> None:
    rig.settle()
    block = rig.chain.mine(*alpha.published())
    rig.chain.lagging_end = block.number
    with pytest.raises(NodeLags):
        rig.settle()
    assert rig.follower.checkpoint is not None
    assert rig.follower.checkpoint.number < block.number
    rig.chain.lagging_end = None
    rig.settle()
    assert rig.asset(alpha) is not None


def test_logs_that_a_node_kept_back_are_found_with_the_next_blocks(rig: Rig, alpha: Publication) -> None:
    rig.settle()
    block = rig.chain.mine(*alpha.published())
    rig.chain.hidden.add(block.number)
    rig.settle()
    assert rig.asset(alpha) is None
    rig.chain.hidden.clear()
    rig.chain.mine()
    rig.settle()
    assert rig.asset(alpha) is not None


def test_events_delivered_twice_count_once(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    rig.chain.mine(alpha.ordered())
    rig.settle()
    for _ in range(5):
        rig.chain.mine()  # each reads the blocks before it again
        rig.settle()
    asset = rig.asset(alpha)
    assert asset is not None
    assert asset["stats"]["orders"] == 1


def test_a_block_that_stays_unreadable_is_queued_and_neither_stops_the_rest_nor_is_lost(
    tmp_path: Path, alpha: Publication, beta: Publication
) -> None:
    rig = Rig(tmp_path, scan=ScanSettings(first_span=8, block_patience_seconds=100))
    rig.chain.mine(*alpha.published())
    rig.chain.poisoned.add(1)
    rig.chain.mine(*beta.published())
    for _ in range(10):
        rig.loop.safe_pass()
    assert rig.served() == {}
    rig.clock.time += 101
    rig.settle()
    assert set(rig.served()) == {beta.did}
    assert [entry.block_number for entry in rig.queue()] == [1]
    rig.chain.poisoned.clear()
    rig.clock.time += 61
    rig.settle()
    assert set(rig.served()) == {alpha.did, beta.did}
    assert rig.queue() == []
    rig.stop()


def test_blocks_below_the_start_block_are_not_read(tmp_path: Path, alpha: Publication) -> None:
    chain = ScriptedChain(start_block=5)
    rig = Rig(tmp_path, chain)
    chain.mine(*alpha.published())
    rig.settle()
    assert chain.calls["read"] == 0
    chain.mine_empty(5)
    rig.settle()
    assert rig.served() == {}
    rig.stop()


# -- dying -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(12))
def test_dying_at_any_write_loses_nothing(
    tmp_path: Path, moment: int, alpha: Publication, beta: Publication
) -> None:
    rig = Rig(tmp_path)
    rig.chain.mine(*alpha.published(), alpha.for_sale(10**18))
    rig.chain.mine(*beta.published(), alpha.ordered())
    rig.chain.mine(alpha.updated(version=2))
    die_at(rig, moment)
    for _ in range(10):
        rig.loop.safe_pass()
    again = rig.restart()
    again.settle()
    assert again.served() == fresh(tmp_path, again)
    assert len(again.served()) == 2
    again.stop()


def die_at(rig: Rig, moment: int) -> None:
    """From its n-th unit on the database is out of reach, as for a process that is gone."""
    counted: Callable[..., object] = rig.index.unit
    left = [moment]

    def unit(lease: object = None) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("killed")
        return counted(lease)

    rig.index.unit = unit  # type: ignore[method-assign, assignment]
