"""Purgatory lists: who is marked, who stays marked, and what a failed download means."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.catalogue.adapters.purgatory_http import HttpPurgatory
from services.catalogue.domain.purgatory import BadList, Purgatory, parse_list
from tests.fakes.indexing import PUBLISHER, Publication, Rig, ScriptedChain, new_database


def mark(rig: Rig, asset: Publication) -> object:
    found = rig.asset(asset)
    assert found is not None
    return found["purgatory"]


def test_listed_assets_and_publishers_are_marked_with_the_reason(
    rig: Rig, alpha: Publication, beta: Publication
) -> None:
    rig.chain.mine(*alpha.published(), *beta.published())
    rig.purgatory = Purgatory(assets={alpha.did: "stolen"})
    rig.settle()
    assert mark(rig, alpha) == {"state": True, "reason": "stolen"}
    assert mark(rig, beta) == {"state": False, "reason": ""}
    rig.purgatory = Purgatory(assets={alpha.did: "stolen"}, accounts={PUBLISHER.lower(): "a thief"})
    rig.settle()
    assert mark(rig, alpha) == {"state": True, "reason": "stolen"}
    assert mark(rig, beta) == {"state": True, "reason": "a thief"}


def test_assets_that_leave_the_list_are_pardoned(rig: Rig, alpha: Publication) -> None:
    rig.purgatory = Purgatory(assets={alpha.did: "stolen"})
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.purgatory = Purgatory(assets={"did:op:other": "x"})
    rig.settle()
    assert mark(rig, alpha) == {"state": False, "reason": ""}


def test_assets_published_after_the_list_are_marked_too(rig: Rig, alpha: Publication) -> None:
    rig.purgatory = Purgatory(accounts={PUBLISHER.lower(): "a thief"})
    rig.settle()
    rig.chain.mine(*alpha.published())
    rig.settle()
    assert mark(rig, alpha) == {"state": True, "reason": "a thief"}


def test_lists_that_are_not_known_yet_after_a_restart_pardon_nobody(rig: Rig, alpha: Publication) -> None:
    rig.purgatory = Purgatory(assets={alpha.did: "stolen"})
    rig.chain.mine(*alpha.published())
    rig.settle()
    again = rig.restart()
    again.purgatory = None
    again.chain.mine(alpha.updated(version=2))
    again.settle()
    assert mark(again, alpha) == {"state": True, "reason": "stolen"}
    again.stop()


def test_dying_between_the_list_and_its_projection_is_made_good(
    tmp_path: Path, alpha: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_database(tmp_path)
    rig = Rig(tmp_path, ScriptedChain(), database=database)
    rig.chain.mine(*alpha.published())
    rig.settle()
    rig.purgatory = Purgatory(assets={alpha.did: "stolen"})
    real, left = rig.index.unit, [3]  # the look, the lists, and then the end

    def unit(lease: object = None) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("killed")
        return real(lease)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.index, "unit", unit)
    with pytest.raises(OSError, match="killed"):
        rig.settle()
    monkeypatch.undo()
    again = rig.restart()
    again.purgatory = rig.purgatory
    again.settle()
    assert mark(again, alpha) == {"state": True, "reason": "stolen"}
    again.stop()


# -- the lists themselves ----------------------------------------------------------------------------


def test_a_list_is_read_by_key() -> None:
    body = b'[{"did":"did:op:A","reason":"r"},{"did":"did:op:b"},null,{"no":1},{"did":5}]'
    assert parse_list(body, "did") == {"did:op:a": "r", "did:op:b": ""}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"[null]", b'[{"reason":"x"}]', b"<html>", b"[" * 10**5, b"\xff"]
)
def test_an_empty_or_broken_list_is_no_pardon(body: bytes) -> None:
    with pytest.raises(BadList):
        parse_list(body, "did")


def test_reasons_are_bounded_and_storable() -> None:
    found = parse_list(b'[{"did":"a","reason":"\\u0000\\ud800' + b"x" * 5000 + b'"}]', "did")
    assert len(found["a"]) <= 500
    assert "\0" not in found["a"]
    found["a"].encode()


class Reply:
    def __init__(self, status: int, body: bytes | None) -> None:
        self.status = status
        self.body = body

    def read_limited(self, cap: int) -> bytes | None:
        return self.body

    def close(self) -> None:
        pass


class ScriptedFetcher:
    def __init__(self) -> None:
        self.replies: dict[str, Callable[[], Reply]] = {}

    def open(self, request: object) -> Reply:
        return self.replies[request.url]()  # type: ignore[attr-defined]


def test_a_failed_or_empty_download_keeps_the_last_good_list() -> None:
    fetcher = ScriptedFetcher()
    lists = HttpPurgatory(
        fetcher,  # type: ignore[arg-type]
        assets_url="https://lists.test/assets",
        accounts_url="https://lists.test/accounts",
        interval_seconds=60,
    )
    fetcher.replies = {
        "https://lists.test/assets": lambda: Reply(200, b'[{"did":"did:op:a","reason":"r"}]'),
        "https://lists.test/accounts": lambda: Reply(500, b""),
    }
    assert lists.refresh() is False
    assert lists.current() is None, "half of the lists is not the lists"
    fetcher.replies["https://lists.test/accounts"] = lambda: Reply(200, b'[{"address":"0xAB","reason":"s"}]')
    assert lists.refresh() is True
    good = Purgatory(assets={"did:op:a": "r"}, accounts={"0xab": "s"})
    assert lists.current() == good
    for broken in (Reply(200, b"[]"), Reply(404, b"[]"), Reply(200, None), Reply(200, b"oops")):
        fetcher.replies["https://lists.test/assets"] = lambda broken=broken: broken
        assert lists.refresh() is False
        assert lists.current() == good


def test_without_urls_nobody_is_listed() -> None:
    lists = HttpPurgatory(
        ScriptedFetcher(),  # type: ignore[arg-type]
        assets_url=None,
        accounts_url=None,
        interval_seconds=60,
    )
    assert lists.current() == Purgatory()
