"""RFC 6749 3.3 and DCP 2.4: one vocabulary."""

import pytest

from services.auth.domain import scopes
from services.auth.domain.errors import AuthError
from services.auth.domain.scopes import UnknownScope, format_scope, parse_scope

pytestmark = pytest.mark.clause("dcp 2.4", "dirac 1.5")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        (" \t\n ", ()),
        ("openid", ("openid",)),
        ("job:write openid job:read", ("job:write", "openid", "job:read")),
        ("  openid   email ", ("openid", "email")),
        ("openid email openid", ("openid", "email")),
        (
            "vo:diracAdmin group:admin property:NormalUser",
            ("vo:diracAdmin", "group:admin", "property:NormalUser"),
        ),
        ("setup:Prod", ("setup:Prod",)),
        ("vo:a vo:a vo:b", ("vo:a", "vo:b")),
        ("vo:a:b", ("vo:a:b",)),
    ],
)
def test_scopes_keep_their_order_and_come_once(text: str, found: tuple[str, ...]) -> None:
    assert parse_scope(text) == found
    assert parse_scope(format_scope(found)) == found


@pytest.mark.parametrize("scope", list(scopes.MEANINGS))
def test_every_scope_with_a_meaning_is_known(scope: str) -> None:
    assert parse_scope(scope) == (scope,)
    assert scopes.MEANINGS[scope].strip()


@pytest.mark.parametrize("scope", sorted(scopes.ALL | scopes.PERSONAL))
def test_every_scope_is_explained_on_the_consent_page(scope: str) -> None:
    assert scope in scopes.MEANINGS


def test_rights_and_personal_data_are_apart() -> None:
    assert scopes.ALL.isdisjoint(scopes.PERSONAL)
    assert set(scopes.MEANINGS) == scopes.ALL | scopes.PERSONAL
    assert scopes.BATCH | {"keys", "admin"} == scopes.ALL


@pytest.mark.parametrize(
    "scope",
    [
        "root",
        "OpenID",
        "openid,email",
        "job:",
        "job:read:x",
        "job",
        "vo",
        "vo:",
        "group:",
        "property:",
        "setup:",
        "vo::",
        "Vo:x",
        ":",
        "*",
        "openid\0",
        "\u202eopenid",
        "openid\u200b",
        "admin;",
    ],
    ids=ascii,
)
def test_an_unknown_scope_is_named(scope: str) -> None:
    with pytest.raises(UnknownScope) as refused:
        parse_scope(f"openid {scope} email")
    assert refused.value.scope == scope
    assert str(refused.value) == f"unknown scope {scope}"
    assert isinstance(refused.value, AuthError)


def test_the_first_unknown_scope_is_named() -> None:
    with pytest.raises(UnknownScope) as refused:
        parse_scope("openid first second")
    assert refused.value.scope == "first"


def test_a_long_scope_is_cut_short() -> None:
    with pytest.raises(UnknownScope) as refused:
        parse_scope("a" * 65)
    assert refused.value.scope == "a" * 64


def test_the_whole_text_has_bounds() -> None:
    text = "openid" + " " * (scopes.MAX_CHARS - 6)
    assert parse_scope(text) == ("openid",)
    with pytest.raises(UnknownScope) as refused:
        parse_scope(text + " ")
    assert refused.value.scope == text[:64]


def test_format() -> None:
    assert format_scope(()) == ""
    assert format_scope(iter(["b", "a"])) == "b a"


@pytest.mark.parametrize("scope", ["group:a\0b", "vo:\u202ex", 'property:a"b', "setup:a\\b", "group:é"])
def test_what_chooses_is_visible_ascii(scope: str) -> None:
    with pytest.raises(UnknownScope):
        parse_scope(scope)
