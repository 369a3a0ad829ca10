from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.signing.errors import MalformedAddress
from services.auth.domain import tokens
from services.auth.domain.tokens import ExpirationPassed, TokenInvalid, WalletToken

A = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
ISSUER = "http://gateway.test"
TOKEN = WalletToken("id", "eip155:" + A, A, 100, 200)


def test_claims_have_exp_and_address_on_top() -> None:
    claims = tokens.claims_of(replace(TOKEN, address=A.lower()), ISSUER)
    assert claims["exp"] == 200
    assert claims["address"] == A.lower()
    assert claims["sub"] == "eip155:" + A
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "address"}


@pytest.mark.parametrize("chain_id", [None, 8996])
def test_claims_read_back(chain_id: int | None) -> None:
    token = replace(TOKEN, chain_id=chain_id)
    assert tokens.read_claims(tokens.claims_of(token, ISSUER), ISSUER) == token


WRONG: list[dict[str, Any]] = [
    {"iss": "http://other.test"},
    {"iss": None},
    {"aud": "internal"},
    {"aud": ["tidegate"]},
    {"client_id": "provider"},
    {"address": None},
    {"address": 5},
    {"address": "0x12"},
    {"address": "0x" + "1" * 40},
    {"jti": ""},
    {"jti": None},
    {"jti": 7},
    {"sub": "service:provider"},
    {"sub": "eip155:" + A.lower()},
    {"sub": None},
    {"iat": "1"},
    {"iat": None},
    {"iat": True},
    {"exp": 2.5},
    {"exp": None},
    {"chain_id": "1"},
    {"chain_id": True},
]


@pytest.mark.parametrize("changed", WRONG, ids=str)
def test_any_other_kind_of_token_is_no_wallets_token(changed: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_claims({**tokens.claims_of(TOKEN, ISSUER), **changed}, ISSUER)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_read_claims_raises_only_its_own_error(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_claims(claims, ISSUER)


@pytest.mark.parametrize(
    ("requested", "expected"), [(1001, 1001), (1060, 1060), (1061, 1060), (10**17, 1060)]
)
def test_lifetime_is_capped(requested: int, expected: int) -> None:
    assert tokens.expiry(requested, now=1000.9, most_seconds=60) == expected


@pytest.mark.parametrize("requested", [1000, 999, 0, -5, -(10**17)])
def test_expiration_must_be_ahead(requested: int) -> None:
    with pytest.raises(ExpirationPassed):
        tokens.expiry(requested, now=1000.9, most_seconds=60)


def test_token_belongs_to_its_address_in_any_case() -> None:
    assert TOKEN.belongs_to(A.lower())
    assert not TOKEN.belongs_to("0x" + "1" * 40)
    assert not TOKEN.belongs_to("")


def test_subject_is_one_per_account() -> None:
    assert tokens.subject_of(A.lower()) == tokens.subject_of(A) == "eip155:" + A
    with pytest.raises(MalformedAddress):
        tokens.subject_of("x")
