"""Grants in use: bytes for the job that was granted them, for nobody else, and no longer than they last."""

import hashlib
from typing import Any

import pytest

from services.provider.domain.asset import CatalogueUnavailable
from services.provider.domain.grants import GrantsUnavailable
from services.provider.domain.origins import OriginRefused, OriginUnavailable
from tests.contract.provider_compute.desk import ALGORITHM, DATA_TX, JOB, Desk
from tests.fakes.ddos import DID
from tests.fakes.receipts import CONSUMER, NFT

CONTENT = b"a,b\n1,2\n"
REFUSED = (403, {"error": "grant_refused"})
OTHER_JOB = "cd" * 16


def handle(desk: Desk, kind: str = "datasets") -> str:
    found = desk.authorized()[kind]
    return str((found[0] if isinstance(found, list) else found)["files"][0]["handle"])


def seen(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json


def test_a_handle_opens_the_file_as_often_as_needed(desk: Desk) -> None:
    mine = handle(desk)
    for _ in range(2):
        answer = desk.fetch(mine)
        assert (answer.status_code, answer.data) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "text/csv"
    assert "Content-Disposition" not in answer.headers  # names are parts of URLs


def test_a_grant_knows_all_it_was_given_for(desk: Desk) -> None:
    handle(desk)
    [grant] = [one for one in desk.world.grant_rows.rows.values() if one.did == DID]
    assert (grant.job, grant.consumer, grant.service_id, grant.file_index, grant.tx_id) == (
        JOB,
        CONSUMER,
        "svc-0",
        0,
        DATA_TX,
    )
    assert grant.expires_at - grant.issued_at == 3600


@pytest.mark.parametrize("wrong", ["x", "A" * 43, "A" * 42 + "!", "a" * 64, "..", "%00"])
def test_a_made_up_handle(desk: Desk, wrong: str) -> None:
    assert desk.fetch(wrong).status_code in (403, 404)
    assert seen(desk.fetch("A" * 43)) == REFUSED


@pytest.mark.parametrize("job", [OTHER_JOB, "", JOB.upper(), JOB + "0"])
def test_another_job(desk: Desk, job: str) -> None:
    assert seen(desk.fetch(handle(desk), job)) == REFUSED
    assert len(desk.world.origins.asked) == 1  # the look at the algorithm


def test_only_compute_may_come(desk: Desk) -> None:
    mine = handle(desk)
    for caller, status in (("auth", 403), ("stranger", 403), ("", 401)):
        headers = {"Authorization": f"Bearer {caller}", "X-Tidegate-Job": JOB}
        answer = desk.client.get(f"/internal/compute/grants/{mine}", headers=headers)
        assert answer.status_code == status
        assert CONTENT not in answer.data


def test_what_was_ended_stays_ended(desk: Desk) -> None:
    mine, other = handle(desk), desk.authorized(job=OTHER_JOB)["datasets"][0]["files"][0]["handle"]
    assert seen(desk.end()) == (200, {"ended": 2})
    assert seen(desk.end()) == (200, {"ended": 0})
    assert seen(desk.fetch(mine)) == REFUSED
    assert desk.fetch(other, OTHER_JOB).status_code == 200


@pytest.mark.parametrize("job", ["", "x", JOB.upper()])
def test_ending_names_a_job(desk: Desk, job: str) -> None:
    assert seen(desk.end(job)) == (400, {"error": "bad_request", "field": "job"})


def test_time_runs_out(desk: Desk) -> None:
    mine = handle(desk)
    desk.world.clock.seconds += 3599
    assert desk.fetch(mine).status_code == 200
    desk.world.clock.seconds += 1
    assert seen(desk.fetch(mine)) == REFUSED


def test_the_order_may_be_over_by_then(desk: Desk) -> None:
    mine = handle(desk)
    desk.world.chain.receipts.clear()
    assert desk.fetch(mine).status_code == 200


class TestClosedSinceThen:
    def test_state(self, desk: Desk) -> None:
        mine = handle(desk)
        desk.world.chain.states[NFT] = 3
        assert seen(desk.fetch(mine)) == REFUSED

    def test_access_lists(self, desk: Desk) -> None:
        mine = handle(desk)
        desk.documents[DID]["credentials"] = {"deny": [{"type": "address", "values": [CONSUMER]}]}
        assert seen(desk.fetch(mine)) == REFUSED

    @pytest.mark.parametrize(
        "change", [{"services": []}, {"services": [{"id": "svc-0"}]}, {"nft": {"address": NFT, "state": 1}}]
    )
    def test_the_document(self, desk: Desk, change: dict[str, Any]) -> None:
        mine = handle(desk)
        desk.documents[DID] |= change
        assert seen(desk.fetch(mine)) == REFUSED

    def test_the_asset_is_gone(self, desk: Desk) -> None:
        mine = handle(desk)
        del desk.documents[DID]
        assert seen(desk.fetch(mine)) == REFUSED

    def test_its_files_became_another_s(self, desk: Desk) -> None:
        mine = handle(desk)
        desk.documents[DID]["services"][0]["files"] = "0x04"
        assert seen(desk.fetch(mine)) == (502, {"error": "input_unavailable"})


class TestOrigins:
    @pytest.mark.parametrize("error", [OriginUnavailable("secret-origin"), OriginRefused("secret-origin")])
    def test_they_fail_without_being_named(self, desk: Desk, error: Exception) -> None:
        mine = handle(desk)
        desk.world.origins.error = error
        assert seen(desk.fetch(mine)) == (502, {"error": "input_unavailable"})

    def test_a_trusted_algorithm_s_file_is_the_one_that_was_trusted(self, desk: Desk) -> None:
        """An origin that shows one file to whoever checks it and another to the job."""
        pin = {"did": ALGORITHM, "filesChecksum": hashlib.sha256(CONTENT).hexdigest()}
        desk.policy(publisherTrustedAlgorithms=[pin])
        mine = handle(desk, "algorithm")
        answer = desk.fetch(mine, Range="bytes=0-1")
        assert (answer.status_code, answer.data) == (200, CONTENT)
        assert answer.headers["Content-Length"] == str(len(CONTENT))
        for other in (b"steal()", CONTENT + b" " * 2000):
            desk.world.origins.content = other
            changed = (502, {"error": "input_unavailable", "reason": "changed"})
            assert seen(desk.fetch(mine)) == changed


@pytest.mark.parametrize(
    ("part", "error", "status", "code"),
    [
        ("assets", CatalogueUnavailable(), 503, "catalogue_unavailable"),
        ("grant_rows", GrantsUnavailable(), 503, "grants_unavailable"),
    ],
)
def test_no_answer_is_never_yes(desk: Desk, part: str, error: Exception, status: int, code: str) -> None:
    mine = handle(desk)
    getattr(desk.world, part).error = error
    assert seen(desk.fetch(mine)) == (status, {"error": code})
