"""DIRAC's words for where jobs stand: every situation has some, and each is found again by them."""

import pytest

from services.compute.dialects.dirac.attributes.moments import NoMoment, iso, span_of, written
from services.compute.dialects.dirac.attributes.patterns import BadPattern, Pattern
from services.compute.dialects.dirac.attributes.statuses import STATUS, WHY, all_situations, status_of, where
from services.compute.dialects.dirac.attributes.table import ATTRIBUTES, BY_ANY_NAME, BY_NAME, DIRACX
from services.compute.domain.reasons import CODES
from services.compute.domain.sheets import Column, Comparison, Condition, Situation
from services.compute.domain.states import FINAL, State

pytestmark = pytest.mark.clause("dirac 2.12")

# DIRACCommon's, but for those that DiracX does not know.
STATUSES = {
    "Submitting", "Received", "Checking", "Staging", "Waiting", "Matched", "Running", "Stalled", "Completing",
    "Done", "Completed", "Failed", "Deleted", "Killed", "Rescheduled",
}  # fmt: skip


def test_every_situation_has_a_status() -> None:
    assert set(STATUS) == set(State)
    assert set(WHY) <= set(CODES)
    for situation in all_situations():
        status, minor = status_of(situation)
        assert status in STATUSES
        assert minor


def test_the_end_of_a_job_is_its_status() -> None:
    cases = {
        (State.QUEUED, "waiting_for_place"): ("Waiting", "Pilot Agent Submission"),
        (State.QUEUED, "waiting_to_retry"): ("Rescheduled", "Job Rescheduled"),
        (State.SUCCEEDED, None): ("Done", "Execution Complete"),
        (State.FAILED, "run_timeout"): ("Failed", "Job has exceeded maximum wall clock time"),
        (State.FAILED, "command_failed"): ("Failed", "Application Finished With Errors"),
        (State.FAILED, None): ("Failed", "Application Finished With Errors"),
        (State.CANCELLED, "cancelled"): ("Killed", "Marked for termination"),
    }
    for (state, code), expected in cases.items():
        assert status_of(Situation(state, code, is_deleted=False)) == expected
        assert status_of(Situation(state, code, is_deleted=True)) == ("Deleted", "Checking accounting")
        if state not in FINAL:
            stopping = Situation(state, code, is_deleted=False, is_stopping=True)
            assert status_of(stopping) == ("Killed", "Marked for termination")


@pytest.mark.parametrize("part", [0, 1])
def test_each_word_finds_exactly_its_situations(part: int) -> None:
    words = {status_of(situation)[part] for situation in all_situations()}
    found = [where(lambda each, word=word: status_of(each)[part] == word) for word in words]
    assert sum(map(len, found)) == len(all_situations())
    assert frozenset().union(*found) == frozenset(all_situations())


def test_attributes_have_two_names_each() -> None:
    assert len(BY_NAME) == len(ATTRIBUTES) == len({attribute.key for attribute in ATTRIBUTES})
    assert len(DIRACX) == 21
    for attribute in ATTRIBUTES:
        assert BY_ANY_NAME[attribute.name.lower()] is BY_ANY_NAME[attribute.key.lower()] is attribute


SPANS = {
    "2024": ("2024-01-01 00:00:00", "2025-01-01 00:00:00"),
    "2024-12": ("2024-12-01 00:00:00", "2025-01-01 00:00:00"),
    "2024-02-29": ("2024-02-29 00:00:00", "2024-03-01 00:00:00"),
    "2024-12-31 23": ("2024-12-31 23:00:00", "2025-01-01 00:00:00"),
    "2024-01-01T10:05": ("2024-01-01 10:05:00", "2024-01-01 10:06:00"),
    "2024-01-01 10:05:07": ("2024-01-01 10:05:07", "2024-01-01 10:05:08"),
    "2024-01-01T10:05:07.5Z": ("2024-01-01 10:05:07", "2024-01-01 10:05:08"),
    "2024-01-01T00:05:07+02:00": ("2023-12-31 22:05:07", "2023-12-31 22:05:08"),
}


def test_moments_at_every_resolution() -> None:
    for text, expected in SPANS.items():
        assert tuple(map(written, span_of(text))) == expected, text
    assert iso(1_700_000_000.9) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    "text", ["", " ", "x", "2024-13", "2024-02-30", "99999", "0001", "9999", "2024-1-1 25", "٢٠٢٤", "2024\0"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(NoMoment):
        span_of(text)


def test_an_expression_does_not_go_back() -> None:
    assert Pattern("(a+)+$").fitting(["a" * 100_000 + "b", "caa"]) == ["caa"]
    assert Pattern("é.").fitting(["xéé", "é"]) == ["xéé"]
    for text in ("(", "*", "\\1", "(?=a)", "(x{1000}){1000}", "[[:x:]]", "a" * 256, "\ud800"):
        with pytest.raises(BadPattern):
            Pattern(text)


LIKES = [
    ("abc", "A%", True), ("abc", "_b_", True), ("abc", "_b", False), ("a%c", r"a\%c", True),
    ("abc", r"a\%c", False), ("a\\", "a\\", True), ("", "%", True), ("", "_", False), ("a\nb", "a_b", True),
    ("x" * 200, "_%" * 100 + "y", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pattern", "expected"), LIKES)
def test_like(text: str, pattern: str, expected: bool) -> None:
    assert Condition(Column.NAME, Comparison.LIKE, (pattern,)).fits(text) is expected
    assert Condition(Column.NAME, Comparison.NOT_LIKE, (pattern,)).fits(text) is not expected
