"""The access control adapter: what is sent, word for word; only a clear yes is yes (contract 7.4)."""

import json
from collections.abc import Iterator

import pytest

from libs.signing.personal import is_signed_by
from services.provider.adapters.rbac import AccessControlHttp
from services.provider.domain.access import AccessControlUnavailable
from services.provider.ports import AccessQuestion
from tests.fakes.ddos import DID
from tests.fakes.origin import Origin, reply, silent
from tests.fakes.receipts import CONSUMER, PROVIDER_KEY

pytestmark = pytest.mark.clause("ocean 7.4")

QUESTION = AccessQuestion("access", CONSUMER, ((DID, "svc-0"),))


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def control(origin: Origin, *, private: bool = False, timeout_seconds: float = 2.0) -> AccessControlHttp:
    url = origin.url("/rbac/ask?tenant=1")
    return AccessControlHttp(url, PROVIDER_KEY, private=private, timeout_seconds=timeout_seconds)


@pytest.mark.parametrize(("private", "access"), [(False, "public"), (True, "private")])
def test_the_question_is_upstream_s(origin: Origin, private: bool, access: str) -> None:
    origin.route("/rbac/ask", reply(200, {}, b"true"))
    assert control(origin, private=private).allows(QUESTION)
    (seen,) = origin.requests
    assert (seen.method, seen.path) == ("POST", "/rbac/ask?tenant=1")
    sent = json.loads(seen.body)
    signature = sent.pop("signature")
    assert sent == {
        "eventType": "access",
        "component": "provider",
        "providerAddress": PROVIDER_KEY.address,
        "providerAccess": access,
        "credentials": {"type": "address", "value": CONSUMER},
        "dids": [{"did": DID, "serviceId": "svc-0"}],
    }
    text = f'access{{"type": "address", "value": "{CONSUMER}"}}'
    assert is_signed_by(text, signature, PROVIDER_KEY.address)


def test_a_question_about_a_job_names_and_signs_all_its_assets(origin: Origin) -> None:
    origin.route("/rbac/ask", reply(200, {}, b"true"))
    other = "did:op:" + "1" * 64
    question = AccessQuestion("compute", CONSUMER, [(DID, "svc-0")], [(other, "a")], [(other, "b")])
    assert control(origin).allows(question)
    sent = json.loads(origin.requests[0].body)
    named = {
        "dids": [{"did": DID, "serviceId": "svc-0"}],
        "algos": [{"did": other, "serviceId": "a"}],
        "additionalDids": [{"did": other, "serviceId": "b"}],
    }
    assert {name: sent[name] for name in named} == named
    text = "".join(["compute", json.dumps(sent["credentials"]), *map(json.dumps, named.values())])
    assert is_signed_by(text, sent["signature"], PROVIDER_KEY.address)
    assert control(origin).allows(AccessQuestion("compute", CONSUMER, [(DID, "svc-0")]))  # raw: no algorithm
    assert json.loads(origin.requests[1].body)["algos"] == []


@pytest.mark.parametrize("answer", [b"true", b'{"allowed": true}', b"1", b'"yes"'])
def test_a_truthy_answer_allows(origin: Origin, answer: bytes) -> None:
    origin.route("/rbac/ask", reply(200, {}, answer))
    assert control(origin).allows(QUESTION)


@pytest.mark.parametrize(
    ("status", "answer"), [(200, b"false"), (200, b"{}"), (200, b"null"), (403, b"true")]
)
def test_anything_else_denies(origin: Origin, status: int, answer: bytes) -> None:
    origin.route("/rbac/ask", reply(status, {}, answer))
    assert not control(origin).allows(QUESTION)


@pytest.mark.parametrize(("status", "answer"), [(200, b"<html>"), (500, b"true")])
def test_no_usable_answer_is_neither(origin: Origin, status: int, answer: bytes) -> None:
    origin.route("/rbac/ask", reply(status, {}, answer))
    with pytest.raises(AccessControlUnavailable):
        control(origin).allows(QUESTION)


def test_a_silent_server_is_a_time_out(origin: Origin) -> None:
    origin.route("/rbac/ask", silent())
    with pytest.raises(AccessControlUnavailable) as trouble:
        control(origin, timeout_seconds=0.2).allows(QUESTION)
    assert trouble.value.timed_out
