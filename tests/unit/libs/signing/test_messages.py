import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.signing import messages as m
from libs.signing.errors import MalformedMessage, SigningError
from tests.unit.libs.signing.vectors import VECTORS, A, D, J, N, Vector

pytestmark = pytest.mark.clause("ocean 3.2", "ocean 3.3", "ocean 3.4")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_text_is_the_vectors_message(vector: Vector) -> None:
    assert vector.message.text() == vector.text


def test_start_message_has_the_job_id_between_address_and_document() -> None:
    assert m.ComputeStart(A, D, "2", job_id=J).text() == A + J + D + "2"


def test_token_message_with_expiry_signs_the_lifetime() -> None:
    assert m.AuthTokenWithExpiry(A, "1700003600", "7").text() == A + "1700003600" + "7"


def test_ddo_validation_messages() -> None:
    assert m.DdoValidationByDid(D, "7").text() == D + "7"
    assert m.DdoValidationByAddress(A, "7").text() == A + "7"


def test_items_are_literal_text_case_kept_and_prefix_neither_added_nor_removed() -> None:
    assert m.Decrypt(N.lower(), A[2:], "08996", "1.0").text() == N.lower() + A[2:] + "08996" + "1.0"


def _texts(candidates: tuple[m.Candidate, ...]) -> list[tuple[str, str | None]]:
    return [(candidate.message.text(), candidate.consumes) for candidate in candidates]


def test_control_with_nonce_tries_the_canonical_message_first_and_consumes_its_nonce() -> None:
    found = m.compute_control_candidates(
        target=m.ComputeStopUnbound(A, J), document_id=D, nonce="3", reported="1", stops=True
    )
    assert _texts(found) == [(A + J + D + "3", "3"), (A + J, None)]


def test_delete_has_no_unbound_message() -> None:
    found = m.compute_control_candidates(
        target=m.ComputeStopUnbound(A, J), document_id=D, nonce="3", reported="1", stops=False
    )
    assert _texts(found) == [(A + J + D + "3", "3")]


def test_stop_without_job_id_has_no_unbound_message() -> None:
    found = m.compute_control_candidates(
        target=m.ComputeStopUnbound(A, ""), document_id=D, nonce="3", reported="1", stops=True
    )
    assert _texts(found) == [(A + D + "3", "3")]


@pytest.mark.parametrize(
    ("reported", "following"),
    [("1", "2"), ("1644315615.24195", "1644315616.24195"), ("9" * 30, "1" + "0" * 30), ("0", "1")],
)
def test_missing_nonce_tries_last_and_successor_and_consumes_the_successor(
    reported: str, following: str
) -> None:
    found = m.compute_control_candidates(
        target=m.ComputeStopUnbound(A, J), document_id="", nonce=None, reported=reported, stops=False
    )
    assert _texts(found) == [(A + J + reported, following), (A + J + following, following)]


@pytest.mark.parametrize("reported", ["", "x", "nan", "inf", "-inf", "1" * 65, "1 2"])
def test_missing_nonce_with_an_unusable_ledger_value_is_refused(reported: str) -> None:
    with pytest.raises(MalformedMessage):
        m.compute_control_candidates(
            target=m.ComputeStopUnbound(A, J), document_id="", nonce=None, reported=reported, stops=True
        )


@given(st.text(), st.text(), st.text(), st.none() | st.text(), st.booleans())
def test_candidates_never_raise_anything_else(
    address: str, job: str, reported: str, nonce: str | None, stops: bool
) -> None:
    try:
        found = m.compute_control_candidates(
            target=m.ComputeStopUnbound(address, job),
            document_id="",
            nonce=nonce,
            reported=reported,
            stops=stops,
        )
    except SigningError:
        return
    assert found
    assert (found[-1].consumes is None) == (stops and job != "")
