"""Signatures of links: bound to what they name and to their end, the same in every process."""

import pytest

from libs.web.settings import Secret
from services.compute.adapters.links import HmacLinks

WHAT, UNTIL = "outputs/0a/out.txt", 2_000_000_000


def test_a_signature_holds_in_another_process_of_the_same_secret() -> None:
    signature = HmacLinks(Secret("s")).sign(WHAT, UNTIL)
    assert HmacLinks(Secret("s")).holds(WHAT, UNTIL, signature)
    assert not HmacLinks(Secret("t")).holds(WHAT, UNTIL, signature)


@pytest.mark.parametrize(
    ("what", "until"),
    [("outputs/0a/out.txt2", UNTIL), ("outputs/0b/out.txt", UNTIL), (WHAT, UNTIL + 1), ("", UNTIL)],
)
def test_a_signature_is_of_one_thing_and_one_time(what: str, until: int) -> None:
    links = HmacLinks(Secret("s"))
    assert not links.holds(what, until, links.sign(WHAT, UNTIL))


@pytest.mark.parametrize("signature", ["", "é", "\ud800", "0" * 64, "x" * 10_000])
def test_what_is_no_signature_does_not_hold(signature: str) -> None:
    assert not HmacLinks(Secret("s")).holds(WHAT, UNTIL, signature)


def test_the_secret_itself_is_not_the_key() -> None:
    import hashlib
    import hmac

    plain = hmac.digest(b"s", f"GET|{WHAT}|{UNTIL}".encode(), hashlib.sha256).hex()
    assert HmacLinks(Secret("s")).sign(WHAT, UNTIL) != plain
