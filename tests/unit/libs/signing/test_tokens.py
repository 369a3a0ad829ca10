import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from libs.signing import tokens
from libs.signing.errors import MalformedJwk, TokenExpired, TokenRefused, UnknownTokenKey
from tests.unit.libs.signing.vectors import UPSTREAM_TOKEN

KEY = tokens.new_key()
JWKS: dict[str, Any] = {"keys": [tokens.public_jwk(KEY)]}
CLAIMS = {"sub": "eip155:0x0", "exp": 2_000_000_000, "jti": "a"}
TOKEN = tokens.issue(CLAIMS, KEY, {})
HEAD, BODY, SIGNATURE = TOKEN.split(".")


def _b64(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_round_trip_with_document_and_with_parsed_keys() -> None:
    assert tokens.verify(TOKEN, JWKS) == CLAIMS
    assert tokens.verify(TOKEN, tokens.parse_jwks(JWKS)) == CLAIMS


def test_header_says_type_algorithm_and_key() -> None:
    def header(token: str) -> Any:
        return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))

    assert header(TOKEN) == {"typ": "JWT", "alg": "ES256", "kid": KEY.kid}
    assert header(tokens.issue(CLAIMS, KEY, {"typ": "at+jwt", "alg": "none", "kid": "x"})) == {
        "typ": "at+jwt",
        "alg": "ES256",
        "kid": KEY.kid,
    }


def test_private_jwk_reloads_to_the_same_key() -> None:
    document = json.loads(json.dumps(KEY.as_private_jwk()))
    assert tokens.public_jwk(tokens.load_key(document)) == tokens.public_jwk(KEY)
    assert tokens.verify(tokens.issue(CLAIMS, document, {}), JWKS) == CLAIMS


def test_public_jwk_has_nothing_private() -> None:
    assert set(tokens.public_jwk(KEY)) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert KEY.as_private_jwk()["d"] not in repr(KEY)


def test_several_keys_in_the_set() -> None:
    second = tokens.new_key()
    both = tokens.parse_jwks({"keys": [tokens.public_jwk(KEY), tokens.public_jwk(second)]})
    assert len(both) == 2
    assert tokens.verify(tokens.issue({"a": 1}, second, {}), both) == {"a": 1}
    assert tokens.verify(TOKEN, both) == CLAIMS


def test_unknown_key_is_told_apart_so_that_a_stale_set_can_be_refreshed() -> None:
    with pytest.raises(UnknownTokenKey) as caught:
        tokens.verify(tokens.issue(CLAIMS, tokens.new_key(), {}), JWKS)
    assert caught.value.kid != KEY.kid


def test_deleted_token_in_another_base64_spelling_is_refused() -> None:
    """Contract 12.1 row 33: the same signature must not have a second spelling."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(SIGNATURE[-1])
    unused = [alphabet[(last & ~15) | bits] for bits in range(16) if bits != (last & 15)]
    respelled = [f"{HEAD}.{BODY}.{SIGNATURE[:-1]}{char}" for char in unused]
    respelled += [TOKEN + "=", TOKEN + "==", f"{HEAD}=.{BODY}.{SIGNATURE}", TOKEN + "\n", " " + TOKEN]
    respelled += [
        f"{HEAD}.{BODY}=.{SIGNATURE}",
        f"{HEAD}\n.{BODY}.{SIGNATURE}",
        f"{HEAD}.{BODY} .{SIGNATURE}",
    ]
    respelled += [TOKEN + ".", "." + TOKEN, TOKEN + "\0", TOKEN.replace(".", "..", 1)]
    respelled += [f"{HEAD}.{BODY}.{SIGNATURE.replace('-', '+').replace('_', '/')}=="]
    for token in respelled:
        with pytest.raises(TokenRefused):
            tokens.verify(token, JWKS)


def _forged(header: dict[str, Any], key: object = KEY.native) -> str:
    return jwt.encode(header, CLAIMS, key, algorithms=["ES256", "HS256", "none", "ES384"])  # type: ignore[arg-type]


PUBLIC_TEXT = json.dumps(tokens.public_jwk(KEY))
FORGED = {
    "empty": "",
    "one part": HEAD,
    "two parts": f"{HEAD}.{BODY}",
    "no signature": f"{HEAD}.{BODY}.",
    "no body": f"{HEAD}..{SIGNATURE}",
    "no header": f".{BODY}.{SIGNATURE}",
    "five parts": f"{HEAD}.{BODY}.{SIGNATURE}.{HEAD}.{BODY}",
    "upstream HS256": UPSTREAM_TOKEN,
    "alg none": f"{_b64({'alg': 'none', 'kid': KEY.kid})}.{BODY}.{SIGNATURE}",
    "alg none, upper": f"{_b64({'alg': 'NONE', 'kid': KEY.kid})}.{BODY}.{SIGNATURE}",
    "HS256 with the public key as secret": _forged(
        {"alg": "HS256", "kid": KEY.kid}, OctKey.import_key(PUBLIC_TEXT.encode())
    ),
    "alg a list": f"{_b64({'alg': ['ES256'], 'kid': KEY.kid})}.{BODY}.{SIGNATURE}",
    "no kid": f"{_b64({'alg': 'ES256'})}.{BODY}.{SIGNATURE}",
    "kid a number": f"{_b64({'alg': 'ES256', 'kid': 5})}.{BODY}.{SIGNATURE}",
    "signed, with jwk": _forged({"alg": "ES256", "kid": KEY.kid, "jwk": tokens.public_jwk(KEY)}),
    "signed, with jku": _forged({"alg": "ES256", "kid": KEY.kid, "jku": "https://example.org/"}),
    "signed, with zip": _forged({"alg": "ES256", "kid": KEY.kid, "cty": "JWT"}),
    "header a list": f"{_b64(b'[]')}.{BODY}.{SIGNATURE}",
    "header no JSON": f"{_b64(b'{')}.{BODY}.{SIGNATURE}",
    "header not UTF-8": f"{_b64(bytes([255, 254, 0]))}.{BODY}.{SIGNATURE}",
    "header deep": f"{_b64(b'[' * 5000)}.{BODY}.{SIGNATURE}",
    "other body": f"{HEAD}.{_b64({**CLAIMS, 'sub': 'eip155:0x1'})}.{SIGNATURE}",
    "signature zero": f"{HEAD}.{BODY}.{_b64(bytes(64))}",
    "signature short": f"{HEAD}.{BODY}.{_b64(bytes(63))}",
    "signature long": f"{HEAD}.{BODY}.{_b64(base64.urlsafe_b64decode(SIGNATURE + '==') + bytes(1))}",
    "signature of another": f"{HEAD}.{BODY}.{tokens.issue({'a': 1}, KEY, {}).split('.')[2]}",
    "unicode digits": f"{HEAD}.{BODY}.{SIGNATURE[:-2]}\uff11\uff12",
    "surrogate": f"{HEAD}.{BODY}.{SIGNATURE}\ud800",
    "huge": f"{HEAD}.{'A' * tokens.MAX_TOKEN_CHARS}.{SIGNATURE}",
    "impossible length": f"{HEAD}.{BODY}.{SIGNATURE[:-1]}",
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_token_is_refused(name: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(FORGED[name], JWKS)
    assert SIGNATURE[:20] not in str(caught.value)


def test_every_changed_character_is_refused() -> None:
    for position, char in enumerate(TOKEN):
        changed = TOKEN[:position] + ("A" if char != "A" else "B") + TOKEN[position + 1 :]
        with pytest.raises(TokenRefused):
            tokens.verify(changed, JWKS)


@pytest.mark.parametrize("body", [b"[]", b"5", b'"a"', b"null", b"{", b"\xff", b"[" * 5000])
def test_signed_body_that_is_no_object_is_refused(body: bytes) -> None:
    from joserfc import jws

    signed = jws.serialize_compact({"alg": "ES256", "kid": KEY.kid}, body, KEY.native)
    with pytest.raises(TokenRefused):
        tokens.verify(signed, JWKS)


@pytest.mark.parametrize("token", [None, 5, b"a.b.c", ["a"]])
def test_token_that_is_no_text_is_refused(token: object) -> None:
    with pytest.raises(TokenRefused):
        tokens.verify(token, JWKS)  # type: ignore[arg-type]


def test_times() -> None:
    tokens.check_times({"exp": 100}, now=99.9)
    tokens.check_times({"exp": 100, "iat": 50, "nbf": 50}, now=50)
    tokens.check_times({"exp": 100}, now=104, leeway_seconds=5)
    for now in (100, 101, 1e12):
        with pytest.raises(TokenExpired):
            tokens.check_times({"exp": 100}, now=now)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": None},
        {"exp": "100"},
        {"exp": True},
        {"exp": -1},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 1 << 60},
        {"exp": []},
        {"exp": 100, "nbf": 51},
        {"exp": 100, "iat": 51},
        {"exp": 100, "iat": "1"},
        {"exp": 100, "nbf": None},
    ],
)
def test_missing_or_odd_times_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        tokens.check_times(claims, now=50)


PUBLIC = tokens.public_jwk(KEY)
USELESS_KEYS: list[Any] = [
    None,
    5,
    "x",
    [],
    {},
    {**PUBLIC, "kid": None},
    {**PUBLIC, "kid": 5},
    {**PUBLIC, "kty": "oct", "k": "AAAA"},
    {**PUBLIC, "crv": "P-384"},
    {**PUBLIC, "x": PUBLIC["y"]},
    {**PUBLIC, "x": ""},
    {**PUBLIC, "y": 5},
    {**PUBLIC, "use": "enc"},
    {**PUBLIC, "alg": "ES384"},
    {name: PUBLIC[name] for name in ("kty", "crv", "x", "kid")},
    {"kty": "oct", "k": "AAAA", "kid": KEY.kid, "alg": "HS256"},
    {**PUBLIC, "x": "!" * 43},
]


@pytest.mark.parametrize("entry", USELESS_KEYS, ids=range(len(USELESS_KEYS)))
def test_keys_of_other_kinds_are_left_out(entry: Any) -> None:
    assert len(tokens.parse_jwks({"keys": [entry]})) == 0
    both = tokens.parse_jwks({"keys": [entry, PUBLIC]})
    assert tokens.verify(TOKEN, both) == CLAIMS


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}, [], None, "x"])
def test_key_set_without_a_list_is_malformed(document: Any) -> None:
    with pytest.raises(MalformedJwk):
        tokens.parse_jwks(document)


PRIVATE = KEY.as_private_jwk()
OTHER_CURVE = ECKey.generate_key("P-384", private=True).as_dict(private=True)


@pytest.mark.parametrize(
    "document",
    [
        {},
        PUBLIC,
        {**PRIVATE, "kid": ""},
        {**PRIVATE, "kid": 5},
        {**PRIVATE, "d": "A"},
        {**PRIVATE, "kty": "RSA"},
        {**PRIVATE, "crv": "secp256k1"},
        {**PRIVATE, "x": PRIVATE["y"]},
        {**OTHER_CURVE, "kid": "a"},
        {**PRIVATE, "d": None},
    ],
)
def test_useless_private_key_is_malformed_and_not_quoted(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedJwk) as caught:
        tokens.load_key(document)
    assert PRIVATE["d"] not in repr(caught.value)


@given(st.text())
def test_verify_raises_only_its_own_error(text: str) -> None:
    with pytest.raises(TokenRefused):
        tokens.verify(text, JWKS)


@given(st.binary(max_size=64), st.binary(max_size=64), st.binary(max_size=64))
def test_verify_of_encoded_parts_raises_only_its_own_error(a: bytes, b: bytes, c: bytes) -> None:
    with pytest.raises(TokenRefused):
        tokens.verify(f"{_b64(a)}.{_b64(b)}.{_b64(c)}", JWKS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=10).map(lambda name: "x" + name), json_values, max_size=5))
def test_claims_round_trip(claims: dict[str, Any]) -> None:
    assert tokens.verify(tokens.issue(claims, KEY, {}), JWKS) == claims


def test_a_token_of_another_kind_is_refused() -> None:
    token = tokens.issue(CLAIMS, KEY, {"typ": "at+jwt"})
    assert tokens.verify(token, JWKS, "at+jwt") == CLAIMS
    with pytest.raises(TokenRefused, match=r"^token of another kind$"):
        tokens.verify(TOKEN, JWKS, "at+jwt")
