"""Whatever compute sends and publishers write, the answer is one that was agreed, never a server error."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.web.logs import redact
from services.provider.domain.grants import new_handle
from tests.contract.provider_compute.desk import ALGORITHM, DATA_TX, Desk
from tests.fakes.ddos import DID

DESK = Desk()
DESK.orders()
DOCUMENTS = copy.deepcopy(DESK.documents)
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["0", "-1", "1e3", "NaN", "[]", "{}", "0x", DID, ALGORITHM, DATA_TX, "9" * 400, "😀", "svc-0"]
    ),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
places = st.sampled_from(
    [
        ("consumer",),
        ("job",),
        ("valid_until",),
        ("environment",),
        ("environment", "id"),
        ("environment", "price_per_minute"),
        ("environment", "fee_token"),
        ("environment", "chain_ids"),
        ("datasets",),
        ("datasets", 0),
        ("datasets", 0, "documentId"),
        ("datasets", 0, "serviceId"),
        ("datasets", 0, "transferTxId"),
        ("datasets", 0, "userdata"),
        ("algorithm",),
        ("algorithm", "documentId"),
        ("algorithm", "meta"),
        ("algorithm", "userdata"),
    ]
)
of_documents = st.sampled_from(
    [
        (DID, "services", 0, "compute"),
        (DID, "services", 0, "compute", "publisherTrustedAlgorithms"),
        (DID, "services", 0, "consumerParameters"),
        (DID, "services", 0, "type"),
        (DID, "services", 0, "timeout"),
        (DID, "credentials"),
        (ALGORITHM, "metadata"),
        (ALGORITHM, "metadata", "algorithm"),
        (ALGORITHM, "metadata", "algorithm", "container"),
        (ALGORITHM, "metadata", "type"),
        (ALGORITHM, "nft", "owner"),
    ]
)
paths = st.sampled_from(["authorize", "quote"])


def put(document: Any, place: tuple[Any, ...], value: object) -> None:
    *way, last = place
    for step in way:
        document = document[step]
    document[last] = value


def check(what: str, body: dict[str, Any]) -> None:
    answer = DESK.post(what, body)
    assert answer.status_code in (200, 400, 422), answer.text
    assert "secret-origin" not in answer.text
    found = json.loads(answer.data)
    if answer.status_code == 422:
        assert isinstance(found["refused"]["code"], str)


@relaxed
@given(what=paths, place=places, value=values)
def test_any_request(what: str, place: tuple[Any, ...], value: object) -> None:
    body = copy.deepcopy(DESK.body())
    put(body, place, value)
    check(what, body)


@relaxed
@given(what=paths, place=of_documents, value=values)
def test_any_document(what: str, place: tuple[Any, ...], value: object) -> None:
    DESK.documents.update(copy.deepcopy(DOCUMENTS))
    put(DESK.documents, place, value)
    try:
        check(what, DESK.body())
    finally:
        DESK.documents.update(copy.deepcopy(DOCUMENTS))


@relaxed
@given(raw=st.binary(max_size=60), what=paths)
def test_any_body(raw: bytes, what: str) -> None:
    headers = {"Authorization": "Bearer compute", "Content-Type": "application/json"}
    answer = DESK.client.post(f"/internal/compute/{what}", data=raw, headers=headers)
    assert answer.status_code == 400


def test_handles_are_hidden_wherever_a_path_is_logged() -> None:
    for _ in range(50):
        handle = new_handle()
        assert handle not in redact(f"/internal/compute/grants/{handle}")
