"""Whatever a request brings, the Ocean room of compute answers in one of its shapes, and starts nothing that
nobody signed.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.compute_ocean import ALGORITHM, DATASET, FREE, KEY, TX, OceanRoom

pytestmark = pytest.mark.clause("ocean 0.4")

PATHS = st.sampled_from(
    [
        "/api/compute",
        *(
            f"/api/services/{name}"
            for name in (
                "compute",
                "computeResult",
                "computeEnvironments",
                "initializeCompute",
                "validateContainer",
            )
        ),
    ]
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"])
ASSETS = st.fixed_dictionaries(
    {},
    optional={
        "documentId": st.sampled_from([DATASET, ALGORITHM, "", 5]),
        "serviceId": st.sampled_from(["1", 0, None]),
        "transferTxId": st.sampled_from([TX, [], ""]),
        "meta": st.one_of(st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.text(max_size=5))),
        "algocustomdata": st.one_of(st.floats(), st.text(max_size=5)),
    },
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [KEY.address, DATASET, TX, "4d32947065bb46c8b87c1f7adfb7ed8b", "nan", "1e3", "0", "{", "["]
    ),
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXTS,
    ASSETS,
    st.lists(ASSETS, max_size=3),
    st.lists(TEXTS, max_size=2),
)
NAMES = st.sampled_from(
    [
        "consumerAddress",
        "nonce",
        "signature",
        "environment",
        "dataset",
        "datasets",
        "algorithm",
        "additionalDatasets",
        "additionalInputs",
        "output",
        "jobId",
        "documentId",
        "agreementId",
        "index",
        "compute",
        "entrypoint",
        "image",
        "checksum",
    ]
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> OceanRoom:
    return OceanRoom(tmp_path_factory.mktemp("ocean"))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=PATHS,
    method=METHODS,
    query=st.dictionaries(NAMES, TEXTS, max_size=5),
    body=st.one_of(st.binary(max_size=40), st.dictionaries(NAMES, VALUES, max_size=9)),
    token=st.sampled_from([None, "x", "a.b.c", "e30.e30.e30"]),
)
def test_any_request_is_answered_in_the_rooms_shapes(
    room: OceanRoom, path: str, method: str, query: dict[str, str], body: Any, token: str | None
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if token is None else {"AuthToken": token}
    answer = room.http.open(
        path, method=method, query_string=query, data=data, content_type="application/json", headers=headers
    )
    assert answer.status_code < 500
    assert not room.provider.starts
    assert room.provider.nonces == {}
    if answer.status_code >= 400 and method != "HEAD":
        shown = json.loads(answer.data)
        assert next(iter(shown)) in ("error", "errors")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.dictionaries(NAMES.filter(lambda name: name not in ("nonce", "signature")), VALUES, max_size=3)
)
def test_signed_starts_of_any_shape_are_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]
) -> None:
    room = OceanRoom(tmp_path_factory.mktemp("start"))
    consumer = {"consumerAddress": KEY.address}
    text = json.dumps(room.start_body(**{**changes, **consumer, "environment": FREE.id}))
    answer = room.http.post("/api/services/compute", data=text, content_type="application/json")
    assert answer.status_code in (200, 400)
