"""The loop around the parts: pauses, failures of chain and database, an orderly stop, the health pages."""

from threading import Event, Thread

import pytest

from libs.sql.errors import DatabaseUnavailable
from services.catalogue.indexer.rules import DdoRules
from services.catalogue.indexer.settings import LoopSettings
from tests.fakes.indexing import CHAIN_ID, Publication, Rig


def test_pauses_grow_while_the_chain_is_away_and_end_with_it(rig: Rig) -> None:
    rig.loop._settings = LoopSettings(poll_seconds=0.1, longest_pause_seconds=4)
    rig.chain.down = True
    assert [rig.loop.safe_pass() for _ in range(6)] == [0.5, 1.0, 2.0, 4, 4, 4]
    rig.chain.down = False
    assert rig.loop.safe_pass() == 0.0
    assert rig.loop.safe_pass() == 0.1


def test_a_database_that_is_away_only_delays(
    rig: Rig, alpha: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_more: object) -> object:
        raise DatabaseUnavailable("the database cannot be reached")

    rig.chain.mine(*alpha.published())
    monkeypatch.setattr(rig.index, "unit", away)
    monkeypatch.setattr(rig.index, "claim", away)
    assert rig.loop.safe_pass() > 0
    assert rig.loop.seconds_since_pass() == 0
    rig.clock.time += 61
    assert rig.loop.seconds_since_pass() == 61
    monkeypatch.undo()
    rig.settle()
    assert rig.asset(alpha) is not None


def test_what_nobody_foresaw_ends_the_pass_and_not_the_process(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rig.follower, "step", broken)
    assert rig.loop.safe_pass() > 0


def test_the_loop_runs_until_it_is_stopped_and_gives_the_lease_back(rig: Rig, alpha: Publication) -> None:
    rig.chain.mine(*alpha.published())
    stopping = Event()
    thread = Thread(target=rig.loop.run, args=(stopping.is_set,))
    thread.start()
    while rig.asset(alpha) is None:
        stopping.wait(0.01)
    stopping.set()
    rig.wake.set()
    thread.join(10)
    assert not thread.is_alive()
    assert rig.index.claim(rig.lease.name, "another", now=rig.clock.time, seconds=1)


def test_a_stop_while_the_database_is_away_still_ends(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> None:
        raise DatabaseUnavailable("the database cannot be reached")

    rig.settle()
    monkeypatch.setattr(rig.index, "release", away)
    rig.loop.run(lambda: True)
    assert not rig.loop.leads


def test_the_rules_of_the_schema_are_asked_with_the_place_of_publication(alpha: Publication) -> None:
    rules, document = DdoRules(), alpha.document()
    assert rules.problems(document, chain_id=CHAIN_ID, nft_address=alpha.nft) == {}
    assert "chainId" in rules.problems(document, chain_id=1, nft_address=alpha.nft)
    assert rules.problems({}, chain_id=1, nft_address=alpha.nft) == {
        "version": "no version provided for DDO."
    }


@pytest.mark.parametrize(("member", "value"), [("chainId", 1), ("nftAddress", "0x" + "1" * 40)])
def test_a_document_that_names_another_place_is_refused(rig: Rig, member: str, value: object) -> None:
    class Elsewhere(Publication):
        def document(self) -> dict[str, object]:
            return super().document() | {member: value}

    asset = Elsewhere("alpha")
    rig.chain.mine(*asset.published())
    rig.settle()
    assert rig.asset(asset) is None
    assert member in str((rig.state(asset) or ("", ""))[1])
