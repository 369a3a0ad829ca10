"""Tickets: sealed, short-lived, unreadable, and refused in any other shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.origins import OriginRequest
from services.provider.egress.ticket import (
    LIFETIME_SECONDS,
    MAX_TICKET_CHARS,
    SealedTickets,
    TicketRefused,
)

KEY = "0123456789abcdef-of-tests"
PLAN = OriginRequest(
    "POST",
    "https://files.test/secret-path",
    {"Authorization": "Bearer x", "X": "\u00fc"},
    b"\x00\xff{}",
    "application/json",
    "name",
)


class Clock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(clock: Clock) -> SealedTickets:
    return SealedTickets(KEY, clock)


def sealed(tickets: SealedTickets, plan: OriginRequest = PLAN) -> str:
    text = tickets.seal(plan)
    assert text is not None
    return text


@pytest.mark.parametrize("plan", [PLAN, OriginRequest("GET", "https://files.test/a")])
def test_what_was_sealed_is_opened(tickets: SealedTickets, plan: OriginRequest) -> None:
    assert tickets.open(sealed(tickets, plan)) == plan


def test_nothing_of_it_can_be_read(tickets: SealedTickets) -> None:
    text = sealed(tickets)
    assert text.isascii()
    assert not any(char in text for char in " \r\n,")
    assert sealed(tickets) != text


def test_old_tickets_are_refused(tickets: SealedTickets, clock: Clock) -> None:
    text = sealed(tickets)
    clock.time += LIFETIME_SECONDS - 1
    assert tickets.open(text) == PLAN
    clock.time += 2
    with pytest.raises(TicketRefused):
        tickets.open(text)


def test_tickets_from_the_future_are_refused(tickets: SealedTickets, clock: Clock) -> None:
    text = sealed(tickets)
    clock.time -= 60
    with pytest.raises(TicketRefused):
        tickets.open(text)


def test_another_key_does_not_open_it(tickets: SealedTickets, clock: Clock) -> None:
    with pytest.raises(TicketRefused):
        SealedTickets(KEY + "x", clock).open(sealed(tickets))


def test_any_changed_character_is_noticed(tickets: SealedTickets) -> None:
    text = sealed(tickets)
    for position in range(0, len(text) - 4, 7):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(TicketRefused):
            tickets.open(changed)


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(TicketRefused):
        SealedTickets(KEY).open(text)


def test_a_plan_too_large_for_a_header_is_not_sealed(tickets: SealedTickets) -> None:
    assert tickets.seal(OriginRequest("POST", "https://h/", {}, b"x" * MAX_TICKET_CHARS)) is None
    with pytest.raises(TicketRefused):
        tickets.open("A" * (MAX_TICKET_CHARS + 4))


def test_short_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="EGRESS_KEY"):
        SealedTickets("short")
