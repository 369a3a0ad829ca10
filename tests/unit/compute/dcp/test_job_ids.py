"""Job ids: reversible, checked, in any case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.signing.keys import checksum
from services.compute.dialects.dcp.job_ids import BadJobId, job_id, uid_of
from services.compute.domain.errors import JobNotFound
from services.compute.domain.ids import is_uid

pytestmark = pytest.mark.clause("dcp 1")

UID = "0123456789abcdef0123456789abcdef"
ID = "0x0123456789AbcDEF0123456789ABcDEF6D63ed85"


def test_an_id_is_a_checksummed_address_that_begins_with_the_uid() -> None:
    made = job_id(UID)
    assert made == checksum(made)
    assert made.lower().startswith("0x" + UID)
    assert len(made) == 42


@given(st.text("0123456789abcdef", min_size=32, max_size=32).filter(is_uid))
def test_each_way_to_write_an_id_leads_back(uid: str) -> None:
    made = job_id(uid)
    for text in (made, made[2:], made.lower(), made.upper(), made[2:].upper(), "0X" + made[2:]):
        assert uid_of(text) == uid


@pytest.mark.parametrize("place", range(2, 42), ids=str)
def test_a_mistyped_digit_is_no_job(place: int) -> None:
    made = job_id(UID).lower()
    digit = "0" if made[place] != "0" else "1"
    with pytest.raises(JobNotFound):
        uid_of(made[:place] + digit + made[place + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "nothex", "0x", "0x12", "1" * 39, "1" * 41, "0x" + "1" * 39, "0x" + "g" * 40, "٠" * 40, ID + "\n"],
    ids=["empty", "word", "0x", "short", "39", "41", "0x39", "letters", "other digits", "newline"],
)
def test_what_is_no_id_is_told_so(text: str) -> None:
    with pytest.raises(BadJobId):
        uid_of(text)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises((BadJobId, JobNotFound)):
        uid_of(text)
