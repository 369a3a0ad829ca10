"""Environments, quotes, the check of containers: what everybody may ask (contract 1.4, 2.5, 2.13, 2.14)."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from libs.web.gate import Gate, install_gate
from services.compute.dialects import ocean
from services.compute.dialects.ocean.switched_off import NOT_ENABLED, ROUTES
from services.compute.domain.states import State
from services.compute.ports.provider import UseRefused
from tests.fakes.compute_clock import START
from tests.fakes.compute_ocean import ALGORITHM, CONSUMER, DATASET, FREE, SECOND, OceanRoom, asset
from tests.fakes.compute_provider import CONTAINER, FEE_TOKEN

pytestmark = pytest.mark.clause("ocean 2.5", "ocean 2.13", "ocean 2.14", "ocean C1.4")

ENVIRONMENTS = "/api/services/computeEnvironments"
INITIALIZE = "/api/services/initializeCompute"


def body(room: OceanRoom, **changes: Any) -> dict[str, Any]:
    given = {
        "datasets": [asset(), asset(SECOND)],
        "algorithm": asset(ALGORITHM),
        "compute": {"env": FREE.id, "validUntil": int(START) + 60},
        "consumerAddress": room.address.lower(),
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_environments_are_keyed_by_chain(room: OceanRoom) -> None:
    room.provider.chains = {8996: FEE_TOKEN, 137: "0x" + "13" * 20}
    room.started()
    chains = room.http.get(ENVIRONMENTS, query_string={"chainId": 8996}).get_json()
    assert {name: [entry["id"] for entry in found] for name, found in chains.items()} == {
        "8996": ["ocean-compute", "env2", "strict"],
        "137": ["ocean-compute", "strict"],
    }
    assert chains["8996"][0] == {
        "id": "ocean-compute",
        "cpuNumber": 1,
        "cpuType": "",
        "gpuNumber": 0,
        "gpuType": "",
        "ramGB": 2,
        "diskGB": 1,
        "priceMin": 0,
        "desc": "free",
        "currentJobs": 0,
        "maxJobs": 2,
        "consumerAddress": CONSUMER,
        "storageExpiry": 168,
        "maxJobDuration": 3600,
        "lastSeen": "1800000000",
        "feeToken": FEE_TOKEN,
        "nCPU": 1,
        "nGPU": 0,
    }
    priced = chains["8996"][1]
    assert (priced["priceMin"], priced["allowedChainId"]) == (0.1, [8996])
    assert chains["137"][0]["feeToken"] == "0x" + "13" * 20


def test_jobs_under_way_are_counted(room: OceanRoom) -> None:
    room.reach(room.started(), State.STAGING)
    assert room.http.get(ENVIRONMENTS).get_json()["8996"][0]["currentJobs"] == 1


def test_a_setting_gives_the_bare_list_of_older_clients(tmp_path: Path) -> None:
    found = OceanRoom(tmp_path, bare_environments=True).http.get(ENVIRONMENTS).get_json()
    assert [entry["id"] for entry in found] == ["ocean-compute", "env2", "strict"]


def test_fee_tokens_are_remembered_while_the_provider_is_away(room: OceanRoom) -> None:
    assert room.http.get(ENVIRONMENTS).status_code == 200
    room.provider.away = True
    room.clock.move(3600)
    assert room.http.get(ENVIRONMENTS).status_code == 200


def test_without_ever_hearing_of_a_chain_there_is_no_list(room: OceanRoom) -> None:
    room.provider.away = True
    assert room.http.get(ENVIRONMENTS).status_code == 503


# -- quotes -------------------------------------------------------------------------------------------


def test_a_quote_is_the_providers_answer(room: OceanRoom) -> None:
    answer = room.http.post(INITIALIZE, json=body(room))
    assert answer.status_code == 200
    assert answer.get_json() == {"datasets": [{"validOrder": "0x12"}, {"validOrder": "0x12"}]}
    (asked,) = room.provider.quotes
    assert (asked.consumer, asked.environment, asked.valid_until) == (room.address, FREE, int(START) + 60)
    assert [use.document_id for use in asked.datasets] == [DATASET, SECOND]
    assert asked.algorithm.document_id == ALGORITHM


def test_a_raw_algorithm_is_quoted_too(room: OceanRoom) -> None:
    algorithm = {"meta": {"rawcode": "x = 1", "container": CONTAINER}}
    assert room.http.post(INITIALIZE, json=body(room, algorithm=algorithm)).status_code == 200
    assert room.provider.quotes[0].algorithm.meta == algorithm["meta"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"datasets": []}, "datasets"),
        ({"datasets": None}, "datasets"),
        ({"datasets": {"documentId": "x"}}, "datasets"),
        ({"datasets": ["x"]}, "datasets[0]"),
        ({"algorithm": None}, "algorithm.documentId"),
        ({"compute": None}, "compute.env"),
        ({"compute": {"validUntil": 5}}, "compute.env"),
        ({"compute": {"env": "x"}}, "compute.validUntil"),
        ({"consumerAddress": None}, "consumerAddress"),
        ({"consumerAddress": "me"}, "consumerAddress"),
    ],
)
def test_what_a_quote_needs(room: OceanRoom, changes: dict[str, Any], field: str) -> None:
    answer = room.http.post(INITIALIZE, json=body(room, **changes))
    assert answer.status_code == 400
    assert list(answer.get_json()["errors"]) == [field]


@pytest.mark.parametrize("until", [int(START), 1, "soon", "-5", "1e12", 1.5, "9" * 13])
def test_a_quote_wants_a_time_to_come(room: OceanRoom, until: Any) -> None:
    answer = room.http.post(INITIALIZE, json=body(room, compute={"env": FREE.id, "validUntil": until}))
    assert (answer.status_code, answer.get_json()) == (
        400,
        {"error": "The validUntil value is not correct."},
    )


def test_a_time_may_be_a_text_of_digits(room: OceanRoom) -> None:
    compute = {"env": FREE.id, "validUntil": str(int(START) + 60)}
    assert room.http.post(INITIALIZE, json=body(room, compute=compute)).status_code == 200


def test_a_quote_wants_an_environment_that_is_there(room: OceanRoom) -> None:
    compute = {"env": "nowhere", "validUntil": int(START) + 60}
    answer = room.http.post(INITIALIZE, json=body(room, compute=compute))
    assert answer.get_json() == {"error": "Compute environment does not exist"}


def test_a_quotes_refusal_reaches_the_client(room: OceanRoom) -> None:
    room.provider.refused = UseRefused(None, "DID is not a valid algorithm")
    answer = room.http.post(INITIALIZE, json=body(room))
    assert (answer.status_code, answer.get_json()) == (400, {"error": "DID is not a valid algorithm"})


# -- containers, and a gateway without environments ---------------------------------------------------


def test_a_container_comes_back(room: OceanRoom) -> None:
    answer = room.http.post("/api/services/validateContainer", json=CONTAINER)
    assert (answer.status_code, answer.get_json()) == (200, CONTAINER)


def test_without_environments_compute_says_so() -> None:
    app = Flask(__name__, static_folder=None)
    ocean.mount(app)
    install_gate(app, Gate())
    for path, methods in ROUTES:
        for method in methods:
            answer = app.test_client().open(path, method=method)
            assert (answer.status_code, json.loads(answer.data)["error"]) == (404, NOT_ENABLED)
