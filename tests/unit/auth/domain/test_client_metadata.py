"""RFC 7591 2: what an application may say of itself, by who asks; and what we answer of it."""

from typing import Any

import pytest

from libs.web.strict_json import NumberText
from services.auth.domain import client_metadata
from services.auth.domain.client_metadata import (
    ADMINISTRATOR,
    ANYBODY,
    MAX_TEXT_CHARS,
    MAX_URIS,
    MAX_URL_CHARS,
    SIGNED_IN,
    BadClientMetadata,
    Rules,
    as_registered,
    read,
)
from services.auth.domain.clients import (
    CLIENT_CREDENTIALS,
    CODE,
    DEFAULT_SCOPES,
    DEVICE,
    EXCHANGE,
    REFRESH,
    Client,
    ClientOrigin,
)
from services.auth.domain.errors import AuthError

pytestmark = pytest.mark.clause("dirac 1.6")

URI = "https://app.example/cb"
KEY = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43}
NAMES = [
    "client_name",
    "software_id",
    "software_version",
    "token_endpoint_auth_method",
    "tls_client_auth_subject_dn",
]
URLS = ["client_uri", "logo_uri", "tos_uri", "policy_uri"]
LISTS = ["redirect_uris", "grant_types", "response_types", "contacts"]
FORBIDDEN_GRANT = "One of the grant_types is not for everybody, or does not exist here."
BAD_SCOPE = "The scope holds one that does not exist or may not be registered."
DEVICE_ONLY: dict[str, Any] = {"redirect_uris": [], "grant_types": [DEVICE]}


def good(**changes: Any) -> dict[str, Any]:
    return {"redirect_uris": [URI]} | changes


def refusal(document: object, rules: Rules = ANYBODY) -> BadClientMetadata:
    with pytest.raises(BadClientMetadata) as refused:
        read(document, rules)
    assert isinstance(refused.value, AuthError)
    assert str(refused.value) == refused.value.description
    return refused.value


def test_what_is_left_out_is_completed() -> None:
    found = read(good())
    assert found.as_members() == {
        "name": "Unnamed application",
        "redirect_uris": (URI,),
        "grant_types": (CODE,),
        "response_types": ("code",),
        "scopes": DEFAULT_SCOPES,
        "auth_method": "client_secret_basic",
        "jwks": None,
        "tls_subject_dn": None,
        "binds_certificates": False,
        "document": {},
    }


def test_everything_that_may_be_said_is_read_and_answered() -> None:
    document = {
        "client_name": " Caf\u00e9 ",
        "redirect_uris": [URI, "http://127.0.0.1/cb", URI],
        "grant_types": [CODE, REFRESH, CODE],
        "response_types": ["code", "code"],
        "scope": "job:read openid job:read",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY | {"use": "sig"}]},
        "tls_client_certificate_bound_access_tokens": True,
        "client_uri": "https://app.example/",
        "logo_uri": "http://[2001:db8::1]/logo.png",
        "tos_uri": "",
        "policy_uri": None,
        "software_id": "id",
        "software_version": "1.0",
        "contacts": ["a@app.example", "b@app.example"],
        "unknown": {"is": "ignored"},
        "trusted": True,
    }
    client = Client(
        client_id="c-1",
        origin=ClientOrigin.SELF,
        secret_hash="5ec3e7",
        created_at=7.9,
        **read(document).as_members(),
    )
    assert not client.trusted
    assert as_registered(client) == {
        "client_id": "c-1",
        "client_id_issued_at": 7,
        "client_name": "Caf\u00e9",
        "redirect_uris": [URI, "http://127.0.0.1/cb"],
        "grant_types": [CODE, REFRESH],
        "response_types": ["code"],
        "scope": "job:read openid",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY]},
        "tls_client_certificate_bound_access_tokens": True,
        "client_uri": "https://app.example/",
        "logo_uri": "http://[2001:db8::1]/logo.png",
        "software_id": "id",
        "software_version": "1.0",
        "contacts": ["a@app.example", "b@app.example"],
    }


def test_an_answer_tells_no_secrets_and_nothing_but_metadata() -> None:
    client = Client(
        client_id="c-1",
        origin=ClientOrigin.ADMIN,
        name="App",
        secret_hash="5ec3e7",
        registration_hash="70ce7",
        owner="ana",
        auth_method="tls_client_auth",
        tls_subject_dn="CN=app",
        document={"refresh_token_format": "jwt", "tos_uri": "https://app.example/tos"},
    )
    assert as_registered(client) == {
        "client_id": "c-1",
        "client_id_issued_at": 0,
        "client_name": "App",
        "redirect_uris": [],
        "grant_types": [CODE],
        "response_types": ["code"],
        "scope": "",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=app",
        "tos_uri": "https://app.example/tos",
    }


@pytest.mark.parametrize("document", [None, [], [good()], "{}", True, NumberText("1")])
def test_metadata_is_an_object(document: object) -> None:
    error = refusal(document)
    assert (error.code, error.description) == ("invalid_client_metadata", "Client metadata is a JSON object.")


@pytest.mark.parametrize("value", ["https://evil.example/", "", []], ids=["url", "empty", "list"])
def test_keys_are_never_fetched(value: object) -> None:
    assert (
        refusal(good(jwks_uri=value)).description
        == "Send the keys themselves as jwks: jwks_uri is not fetched."
    )


@pytest.mark.parametrize("method", ["client_secret_jwt", "NONE", "self_signed_tls_client_auth", "x"])
def test_unknown_ways_to_prove_oneself(method: str) -> None:
    error = refusal(good(token_endpoint_auth_method=method))
    assert error.description == "There is no such token_endpoint_auth_method here."


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_known_ways_to_prove_oneself(method: str) -> None:
    assert read(good(token_endpoint_auth_method=method)).auth_method == method


# --- grants


@pytest.mark.parametrize(
    ("rules", "grants"),
    [
        (ANYBODY, [CODE]),
        (ANYBODY, [REFRESH, CODE]),
        (ANYBODY, [DEVICE, REFRESH]),
        (SIGNED_IN, [CLIENT_CREDENTIALS]),
        (ADMINISTRATOR, [EXCHANGE, CLIENT_CREDENTIALS]),
    ],
    ids=["code", "refresh", "device", "own", "exchange"],
)
def test_grants_that_may_be_registered(rules: Rules, grants: list[str]) -> None:
    assert read(good(grant_types=grants), rules).grant_types == tuple(grants)


@pytest.mark.parametrize(
    ("rules", "grant"),
    [
        (ANYBODY, CLIENT_CREDENTIALS),
        (ANYBODY, EXCHANGE),
        (SIGNED_IN, EXCHANGE),
        (ADMINISTRATOR, "password"),
        (ADMINISTRATOR, "implicit"),
        (ADMINISTRATOR, CODE.upper()),
        (ADMINISTRATOR, f"{CODE} "),
    ],
)
def test_grants_that_are_not_for_this_one(rules: Rules, grant: str) -> None:
    for grants in ([grant], [CODE, grant]):
        assert refusal(good(grant_types=grants), rules).description == FORBIDDEN_GRANT


@pytest.mark.parametrize("grants", [None, []], ids=["null", "empty"])
def test_the_grant_of_who_names_none_depends_on_the_rules(grants: object) -> None:
    assert read(good(grant_types=grants)).grant_types == (CODE,)
    rules = Rules(default_grant_types=(DEVICE, REFRESH))
    assert read(good(grant_types=grants), rules).grant_types == (DEVICE, REFRESH)


@pytest.mark.parametrize("grants", [[REFRESH], [REFRESH, REFRESH]], ids=["once", "twice"])
def test_refresh_alone_is_nothing(grants: list[str]) -> None:
    assert refusal(good(grant_types=grants)).description == "refresh_token goes with another grant type."


def test_who_acts_alone_proves_who_it_is() -> None:
    error = refusal(
        good(grant_types=[CODE, CLIENT_CREDENTIALS], token_endpoint_auth_method="none"), SIGNED_IN
    )
    assert error.description == "client_credentials needs a client that can prove who it is."


# --- redirect URIs and response types


@pytest.mark.parametrize("uris", [None, []], ids=["null", "empty"])
def test_the_code_needs_somewhere_to_go(uris: object) -> None:
    error = refusal({"redirect_uris": uris})
    assert (error.code, error.description) == (
        "invalid_redirect_uri",
        "authorization_code needs redirect_uris.",
    )


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "http://app.example/", "https://app.example/#", "x\0"], ids=ascii
)
def test_each_redirect_uri_is_checked_and_none_quoted(uri: str) -> None:
    for document in ({"redirect_uris": [URI, uri]}, {"redirect_uris": [uri], "grant_types": [DEVICE]}):
        error = refusal(document)
        assert error.code == "invalid_redirect_uri"
        assert uri not in error.description


def test_a_device_needs_no_redirect_uri() -> None:
    found = read(DEVICE_ONLY)
    assert (found.redirect_uris, found.response_types) == ((), ())
    assert read(DEVICE_ONLY | {"redirect_uris": [URI]}).redirect_uris == (URI,)


def test_unused_redirect_uris_are_dropped_only_where_the_rules_say_so() -> None:
    rules = Rules(drops_unused_redirects=True)
    assert read({"redirect_uris": ["None/redirect_url"], "grant_types": [DEVICE]}, rules).redirect_uris == ()
    assert refusal({"redirect_uris": ["None/redirect_url"]}, rules).code == "invalid_redirect_uri"
    assert read(good(), rules).redirect_uris == (URI,)


@pytest.mark.parametrize("types", [["token"], ["code", "token"], ["code id_token"], ["Code"], ["none"]])
def test_the_only_response_type_is_code(types: list[str]) -> None:
    assert refusal(good(response_types=types)).description == "The only response type is code."
    assert refusal(DEVICE_ONLY | {"response_types": types}).description == "The only response type is code."


def test_the_code_grant_needs_its_response_type() -> None:
    assert refusal(good(response_types=[])).description == "authorization_code needs the response type code."


@pytest.mark.parametrize("types", [[], ["code"]], ids=["none", "code"])
def test_a_device_may_send_the_response_type_along(types: list[str]) -> None:
    assert read(DEVICE_ONLY | {"response_types": types}).response_types == tuple(types)


# --- scopes


@pytest.mark.parametrize(
    "rules", [ANYBODY, SIGNED_IN, ADMINISTRATOR], ids=["anybody", "signed-in", "administrator"]
)
def test_administration_is_never_given_unasked(rules: Rules) -> None:
    assert read(good(scope=None), rules).scopes == DEFAULT_SCOPES


def test_defaults_stay_within_the_rules() -> None:
    assert read(good(), Rules(scopes=frozenset({"job:read", "openid"}))).scopes == ("openid", "job:read")


@pytest.mark.parametrize(
    "scope",
    [
        "",
        " ",
        "root",
        "openid root",
        "openid admin",
        "keys",
        "vo:x",
        "a" * 2000,
        ["openid"],
        True,
        {},
        NumberText("5"),
    ],
    ids=[
        "empty",
        "blank",
        "unknown",
        "one-unknown",
        "admin",
        "keys",
        "choice",
        "huge",
        "list",
        "true",
        "object",
        "number",
    ],
)
def test_scopes_that_anybody_may_not_register(scope: object) -> None:
    for rules in (ANYBODY, SIGNED_IN):
        error = refusal(good(scope=scope), rules)
        assert (error.code, error.description) == ("invalid_client_metadata", BAD_SCOPE)


def test_an_administrator_may_register_administration() -> None:
    assert read(good(scope="keys admin openid"), ADMINISTRATOR).scopes == ("keys", "admin", "openid")
    assert refusal(good(scope="vo:x"), ADMINISTRATOR).description == BAD_SCOPE


# --- proofs


def test_private_key_jwt_needs_keys() -> None:
    for changes in ({}, {"jwks": None}):
        error = refusal(good(token_endpoint_auth_method="private_key_jwt", **changes))
        assert error.description == "private_key_jwt needs jwks."


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_basic", "none"])
@pytest.mark.parametrize(
    ("jwks", "description"),
    [
        ({"keys": []}, "jwks is a JWK set with 1 to 10 keys."),
        ("{}", "jwks is a JWK set with 1 to 10 keys."),
        (False, "jwks is a JWK set with 1 to 10 keys."),
        ({"keys": [KEY | {"crv": "P-384"}]}, "EC keys are on P-256."),
    ],
    ids=["empty", "text", "false", "curve"],
)
def test_keys_are_checked_however_they_are_used(method: str, jwks: object, description: str) -> None:
    error = refusal(good(token_endpoint_auth_method=method, jwks=jwks))
    assert (error.code, error.description) == ("invalid_client_metadata", description)


@pytest.mark.parametrize("subject", [None, "", "  "], ids=["null", "empty", "blank"])
def test_a_certificate_needs_its_subject(subject: object) -> None:
    error = refusal(good(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=subject))
    assert error.description == "tls_client_auth needs tls_client_auth_subject_dn."


def test_the_subject_is_kept_only_for_who_proves_itself_with_it() -> None:
    subject = "CN=app,O=Example"
    found = read(good(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=subject))
    assert (found.auth_method, found.tls_subject_dn) == ("tls_client_auth", subject)
    assert read(good(tls_client_auth_subject_dn=subject)).tls_subject_dn is None


@pytest.mark.parametrize(
    "flag", ["true", "", 1, 0, [], NumberText("1")], ids=["text", "empty", "1", "0", "list", "number"]
)
def test_a_flag_is_true_or_false(flag: object) -> None:
    error = refusal(good(tls_client_certificate_bound_access_tokens=flag))
    assert error.description == "tls_client_certificate_bound_access_tokens is true or false."


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_is_kept(flag: bool) -> None:
    assert read(good(tls_client_certificate_bound_access_tokens=flag)).binds_certificates is flag


# --- texts, lists, links


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\0",
        "\x1b[31m",
        "\u202eeman",
        "\u2028",
        "\ud800",
        "a" * (MAX_TEXT_CHARS + 1),
        ["a"],
        {},
        True,
        5,
        NumberText("5"),
    ],
    ids=[
        "line",
        "nul",
        "escape",
        "turned",
        "separator",
        "half",
        "long",
        "list",
        "object",
        "true",
        "int",
        "number",
    ],
)
def test_a_text_can_be_shown(name: str, text: object) -> None:
    error = refusal(good(**{name: text}))
    assert error.description == f"The {name} is no text, too long, or has characters that cannot be shown."


@pytest.mark.parametrize("name", [None, "", "   "], ids=["null", "empty", "blank"])
def test_an_application_without_a_name_says_so(name: object) -> None:
    assert read(good(client_name=name)).name == "Unnamed application"


def test_a_name_is_kept_up_to_its_length() -> None:
    assert read(good(client_name="a" * MAX_TEXT_CHARS)).name == "a" * MAX_TEXT_CHARS
    assert read(good(client_name="<b>")).name == "<b>"


@pytest.mark.parametrize("name", ["software_id", "software_version"])
def test_empty_texts_are_not_kept(name: str) -> None:
    assert read(good(**{name: " "})).document == {}
    assert read(good(**{name: " a "})).document == {name: "a"}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("values", "description"),
    [
        ("text", "{} is a list of at most 20 texts."),
        ({"0": "a"}, "{} is a list of at most 20 texts."),
        (False, "{} is a list of at most 20 texts."),
        ([URI] * (MAX_URIS + 1), "{} is a list of at most 20 texts."),
        ([""], "{} is a list of texts of 1 to 2000 characters."),
        (["a", None], "{} is a list of texts of 1 to 2000 characters."),
        ([["a"]], "{} is a list of texts of 1 to 2000 characters."),
        ([{}], "{} is a list of texts of 1 to 2000 characters."),
        ([NumberText("5")], "{} is a list of texts of 1 to 2000 characters."),
        (["a" * (MAX_URL_CHARS + 1)], "{} is a list of texts of 1 to 2000 characters."),
    ],
    ids=["text", "object", "false", "many", "empty", "null", "list", "objects", "number", "long"],
)
def test_lists_hold_a_few_texts(name: str, values: object, description: str) -> None:
    error = refusal(good(**{name: values}))
    assert error.description == description.format(name)
    assert error.code == ("invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata")


def test_twenty_are_a_few() -> None:
    uris = [f"https://app.example/{number}" for number in range(MAX_URIS)]
    assert read(good(redirect_uris=uris)).redirect_uris == tuple(uris)


@pytest.mark.parametrize("contacts", [None, []], ids=["null", "empty"])
def test_no_contacts_are_not_kept(contacts: object) -> None:
    assert read(good(contacts=contacts)).document == {}


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "//app.example",
        "/tos",
        "https:",
        "https://",
        "https:///x",
        " https://a/",
        "https://a/ b",
        "https://a/\n",
        'https://a/"',
        "https://a/'",
        "https://a/<x>",
        "https://a\\@b/",
        "https://a/\0",
        "https://b\u00fccher.example/",
        "https://a/\u202e",
        "HTTPS://a/",
        "https://a/" + "a" * (MAX_URL_CHARS - 9),
        ["https://a/"],
        {},
        True,
        NumberText("5"),
    ],
    ids=lambda url: ascii(url)[:40],
)
def test_a_link_is_http(name: str, url: object) -> None:
    assert refusal(good(**{name: url})).description == f"The {name} is not an http or https URL."


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "url", ["https://a", "http://a/?x=%20&y#z", "https://[::1]/", "https://a/" + "a" * (MAX_URL_CHARS - 10)]
)
def test_links_that_are_shown(name: str, url: str) -> None:
    assert read(good(**{name: url})).document == {name: url}


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("url", [None, ""], ids=["null", "empty"])
def test_no_link_is_not_kept(name: str, url: object) -> None:
    assert read(good(**{name: url})).document == {}


def test_each_rank_may_do_what_the_lower_one_may() -> None:
    assert ANYBODY.grant_types < SIGNED_IN.grant_types < ADMINISTRATOR.grant_types
    assert ANYBODY.scopes == SIGNED_IN.scopes < ADMINISTRATOR.scopes
    assert client_metadata.METHODS == (
        "client_secret_basic",
        "client_secret_post",
        "none",
        "private_key_jwt",
        "tls_client_auth",
    )
