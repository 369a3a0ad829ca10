"""What a client may ask for, and the ones that exist without registration."""

from typing import Any

import pytest

from services.auth.domain import scopes
from services.auth.domain.clients import (
    BUILTIN,
    DEFAULT_SCOPES,
    EXCHANGE,
    SECRET_METHODS,
    Client,
    ClientOrigin,
)


def client(**changes: Any) -> Client:
    return Client(**{"client_id": "c-1", "origin": ClientOrigin.SELF, "name": "App"} | changes)


@pytest.mark.parametrize(
    ("method", "public"),
    [
        ("none", True),
        ("client_secret_basic", False),
        ("client_secret_post", False),
        ("private_key_jwt", False),
        ("tls_client_auth", False),
        ("None", False),
        ("", False),
    ],
)
def test_only_who_proves_nothing_is_public(method: str, public: bool) -> None:
    assert client(auth_method=method).is_public is public


def test_who_does_not_say_has_a_secret() -> None:
    assert client().auth_method in SECRET_METHODS
    assert not client().is_public
    assert sorted(SECRET_METHODS) == ["client_secret_basic", "client_secret_post"]


@pytest.mark.parametrize(
    ("document", "wants"),
    [
        ({}, False),
        ({"refresh_token_format": "jwt"}, True),
        ({"refresh_token_format": "JWT"}, False),
        ({"refresh_token_format": "opaque"}, False),
        ({"refresh_token_format": True}, False),
        ({"refresh_token_format": None}, False),
    ],
    ids=["unsaid", "jwt", "case", "opaque", "true", "null"],
)
def test_refresh_tokens_are_opaque_unless_the_client_reads_them(
    document: dict[str, Any], wants: bool
) -> None:
    assert client(document=document).wants_jwt_refresh_tokens is wants


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        ("openid", True),
        ("job:read", True),
        ("job:write", False),
        ("job", False),
        ("openid ", False),
        ("OPENID", False),
        ("openid job:read", False),
        ("admin", False),
        ("", False),
        ("vo:alpha", True),
        ("group:alpha", True),
        ("property:NormalUser", True),
        ("setup:alpha", True),
        ("vo", False),
        ("xvo:alpha", False),
        (" vo:alpha", False),
    ],
)
def test_a_client_asks_for_its_scopes_and_for_choices(scope: str, may: bool) -> None:
    assert client(scopes=("openid", "job:read")).may_ask(scope) is may


def test_a_client_without_scopes_asks_for_none() -> None:
    assert not any(client().may_ask(scope) for scope in scopes.MEANINGS)


def test_neither_hash_is_printed() -> None:
    shown = repr(client(secret_hash="5ec3e7", registration_hash="70ce7"))
    assert "5ec3e7" not in shown
    assert "70ce7" not in shown


def test_default_scopes_hold_no_administration_and_come_once() -> None:
    assert len(set(DEFAULT_SCOPES)) == len(DEFAULT_SCOPES)
    assert set(DEFAULT_SCOPES) == scopes.PERSONAL | scopes.BATCH


@pytest.mark.parametrize("client_id", list(BUILTIN))
def test_stock_clients_are_public_and_hold_no_privilege(client_id: str) -> None:
    found = BUILTIN[client_id]
    assert (found.client_id, found.origin) == (client_id, ClientOrigin.BUILTIN)
    assert found.is_public
    assert (found.secret_hash, found.registration_hash, found.owner, found.redirect_uris) == (
        None,
        None,
        None,
        (),
    )
    assert (found.trusted, found.legacy_no_pkce, found.is_disabled) == (False, False, False)
    assert found.scopes == tuple(dict.fromkeys(found.scopes))
    assert all(scope in scopes.MEANINGS for scope in found.scopes)


@pytest.mark.parametrize(
    ("client_id", "grants", "admin"),
    [
        ("tidegate-dapp", (EXCHANGE,), False),
        ("dirac-certificate", (), False),
        ("tidegate-personal", (), True),
        ("openpai", (), True),
        (
            "myDIRACClientID",
            ("urn:ietf:params:oauth:grant-type:device_code", "authorization_code", "refresh_token"),
            False,
        ),
    ],
)
def test_no_stock_client_that_has_a_grant_may_ask_for_administration(
    client_id: str, grants: tuple[str, ...], admin: bool
) -> None:
    assert BUILTIN[client_id].grant_types == grants
    assert BUILTIN[client_id].may_ask("admin") is admin


def test_only_diracx_reads_its_refresh_tokens() -> None:
    assert [name for name, found in BUILTIN.items() if found.wants_jwt_refresh_tokens] == ["myDIRACClientID"]
