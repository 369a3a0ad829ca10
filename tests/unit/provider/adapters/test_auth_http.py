"""AuthTokens: signature and expiry here, revocation at auth on every use; no answer is never yes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from libs.signing import tokens
from libs.web.http import PeerUnavailable, Reply
from services.provider.adapters.auth_http import INTROSPECT, AuthHttp
from services.provider.domain.callers import AuthUnavailable, TokenRefused
from services.provider.ports import TokenHolder
from tests.fakes.provider import FrozenClock

ALICE = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
KEY, OTHER_KEY = tokens.new_key(), tokens.new_key()
NOW = 1_700_000_000


class Auth:
    """The auth service: its key set and what it says of tokens."""

    def __init__(self) -> None:
        self.status, self.answer = 200, '{"active": true}'
        self.asked: list[Any] = []
        self.down = False

    def for_token(self, token: str) -> Mapping[str, Any]:
        if self.down:
            raise PeerUnavailable("auth", "down")
        return {"keys": [tokens.public_jwk(KEY)]}

    def post(self, path: str, body: Any) -> Reply:
        self.asked.append((path, body))
        if self.down:
            raise PeerUnavailable("auth", "down")
        return Reply("auth", self.status, {}, self.answer.encode())


def token(key: tokens.SigningKey = KEY, **changes: Any) -> str:
    claims = {
        "iss": "https://auth",
        "sub": f"eip155:{ALICE}",
        "aud": "tidegate",
        "exp": NOW + 600,
        "iat": NOW,
        "jti": "1",
        "address": ALICE,
        **changes,
    }
    return tokens.issue({name: value for name, value in claims.items() if value is not None}, key, {})


@pytest.fixture
def auth() -> Auth:
    return Auth()


def holder(auth: Auth, text: str) -> TokenHolder:
    return AuthHttp(auth, auth, FrozenClock(NOW)).holder(text)  # type: ignore[arg-type]


def test_a_good_token_speaks_for_its_address(auth: Auth) -> None:
    text = token()
    assert holder(auth, text) == TokenHolder(ALICE, None)
    assert auth.asked == [(INTROSPECT, {"token": text})]


def test_address_is_checksummed_and_the_chain_of_a_contract_wallet_kept(auth: Auth) -> None:
    assert holder(auth, token(address=ALICE.lower())) == TokenHolder(ALICE, None)
    assert holder(auth, token(chain_id=8996)) == TokenHolder(ALICE, 8996)


def test_revocation_is_asked_at_every_use(auth: Auth) -> None:
    text = token()
    holder(auth, text)
    auth.answer = '{"active": false}'
    with pytest.raises(TokenRefused):
        holder(auth, text)
    assert len(auth.asked) == 2


@pytest.mark.parametrize("spelling", ["padded", "unused bits", "whitespace", "header case"])
def test_a_deleted_tokens_other_spellings_never_reach_the_question(auth: Auth, spelling: str) -> None:
    text = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(text[-1]) ^ 1]
    other = {
        "padded": text + "=",
        "unused bits": text[:-1] + last,
        "whitespace": text + " ",
        "header case": text[:4].swapcase() + text[4:],
    }[spelling]
    with pytest.raises(TokenRefused):
        holder(auth, other)
    assert auth.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        "x" * 10_000,
        token(OTHER_KEY),
        token(exp=NOW - 31),
        token(exp=None),
        token(iat=NOW + 100),
        token(sub="service:provider"),
        token(sub="eip155:0x" + "00" * 20),
        token(address=None),
        token(address="me"),
        token(address=["0x"]),
        token(chain_id="8996"),
        token(chain_id=True),
        token()[:-4] + "AAAA",
    ],
)
def test_other_peoples_expired_and_foreign_tokens_are_refused(auth: Auth, text: str) -> None:
    with pytest.raises(TokenRefused):
        holder(auth, text)


def test_upstreams_symmetric_tokens_are_not_taken(auth: Auth) -> None:
    upstream = (
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MDAwMDM2MDAsImFkZHJlc3MiOiIweEE3OGRlYjJGYTc5NDYz"
        "OTQ1QzI0Nzk5MTA3NUUyYTBlOThCYTdBMDkifQ.TIlWgbUU3Sf0qiN1uMG0oT3BfSJEj6OJTwl5Ht_YFT0"
    )
    with pytest.raises(TokenRefused):
        holder(auth, upstream)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_an_auth_service_that_does_not_answer_the_question_is_unavailable(auth: Auth, status: int) -> None:
    auth.status = status
    with pytest.raises(AuthUnavailable):
        holder(auth, token())


def test_an_auth_service_that_is_down_never_means_yes(auth: Auth) -> None:
    auth.down = True
    with pytest.raises(AuthUnavailable):
        holder(auth, token())


@pytest.mark.parametrize("answer", ["{}", "[]", "null", '{"active": "yes"}', '{"active": 1}', '"true"'])
def test_only_true_is_active(auth: Auth, answer: str) -> None:
    auth.answer = answer
    assert json.loads(answer) is None or json.loads(answer) is not True
    with pytest.raises(TokenRefused):
        holder(auth, token())
