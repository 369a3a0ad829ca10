"""RFC 7517/7523: public keys only, within bounds, and nothing kept that does not count."""

from typing import Any

import pytest

from libs.web.strict_json import NumberText
from services.auth.domain.client_keys import MAX_KEYS, MAX_MEMBER_CHARS, BadKeys, checked
from services.auth.domain.errors import AuthError

SET = "jwks is a JWK set with 1 to 10 keys."
PRIVATE = "A key of the set is private or secret. Make another one: this one has been sent."
KIND = "Keys are EC on P-256 or RSA."
MEMBER = "A member of a key is missing, too long or no text."
BITS = "RSA keys have 2048 to 4096 bits and the exponent 65537."
KIDS = "Each of several keys has a kid of its own."


def ec(**changes: Any) -> dict[str, Any]:
    return {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43} | changes


def rsa(**changes: Any) -> dict[str, Any]:
    return {"kty": "RSA", "n": "n" * 342, "e": "AQAB"} | changes


def without(key: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in key.items() if member != name}


def refusal(document: object) -> str:
    with pytest.raises(BadKeys) as refused:
        checked(document)
    assert isinstance(refused.value, AuthError)
    return str(refused.value)


@pytest.mark.parametrize(
    "key", [ec(), rsa(), ec(kid="a"), rsa(kid="a")], ids=["ec", "rsa", "ec-kid", "rsa-kid"]
)
def test_a_public_key_is_kept_as_it_is(key: dict[str, Any]) -> None:
    assert checked({"keys": [key]}) == {"keys": [key]}


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (ec(use="sig", alg="ES256", n="stray", x5u="https://evil.example/c"), ec()),
        (rsa(kid="1", crv="P-256", x5c=["MII..."], key_ops={"a": 1}), rsa(kid="1")),
    ],
    ids=["ec", "rsa"],
)
def test_members_that_do_not_count_are_dropped(key: dict[str, Any], kept: dict[str, Any]) -> None:
    assert checked({"keys": [key], "more": "than keys"}) == {"keys": [kept]}


@pytest.mark.parametrize(
    "document",
    [
        None,
        "keys",
        [],
        [ec()],
        {},
        {"keys": None},
        {"keys": ec()},
        {"keys": "[]"},
        {"keys": []},
        {"keys": [ec(kid=str(number)) for number in range(MAX_KEYS + 1)]},
    ],
    ids=["null", "text", "list", "bare", "empty", "null-keys", "one-key", "text-keys", "no-keys", "too-many"],
)
def test_what_is_no_set_of_one_to_ten_keys_is_refused(document: object) -> None:
    assert refusal(document) == SET


def test_ten_keys_keep_their_order() -> None:
    keys = [ec(kid=str(number)) for number in range(MAX_KEYS)]
    assert checked({"keys": keys})["keys"] == keys


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("value", ["s3cret", "", None], ids=["text", "empty", "null"])
@pytest.mark.parametrize("key", [ec(), rsa(), {"kty": "oct"}], ids=["ec", "rsa", "oct"])
def test_a_private_member_is_refused_whatever_it_holds_and_never_quoted(
    key: dict[str, Any], name: str, value: str | None
) -> None:
    assert refusal({"keys": [{**key, name: value}]}) == PRIVATE


def test_a_private_key_behind_a_public_one_is_found() -> None:
    assert refusal({"keys": [ec(kid="1"), ec(kid="2", d="s3cret")]}) == PRIVATE


@pytest.mark.parametrize(
    "key", [None, "EC", [], [ec()], True], ids=["null", "text", "list", "nested", "true"]
)
def test_a_key_is_an_object(key: object) -> None:
    assert refusal({"keys": [key]}) == "A key is a JSON object."


@pytest.mark.parametrize("kty", ["oct", "OKP", "ec", "rsa", "", "EC ", None, ["EC"], {"EC": "EC"}, True])
def test_other_kinds_of_keys_are_refused(kty: object) -> None:
    assert refusal({"keys": [ec(kty=kty)]}) == KIND


def test_a_key_without_a_kind_is_refused() -> None:
    assert refusal({"keys": [without(ec(), "kty")]}) == KIND


@pytest.mark.parametrize(
    ("key", "name"),
    [(ec(), "crv"), (ec(), "x"), (ec(), "y"), (ec(), "kid"), (rsa(), "n"), (rsa(), "e"), (rsa(), "kid")],
    ids=["ec-crv", "ec-x", "ec-y", "ec-kid", "rsa-n", "rsa-e", "rsa-kid"],
)
@pytest.mark.parametrize(
    "value",
    [None, "", 1, True, [], {}, "a" * (MAX_MEMBER_CHARS + 1)],
    ids=["null", "empty", "number", "true", "list", "object", "too-long"],
)
def test_a_member_is_a_text_within_bounds(key: dict[str, Any], name: str, value: object) -> None:
    assert refusal({"keys": [{**key, name: value}]}) == MEMBER


@pytest.mark.parametrize(
    ("key", "name"),
    [(ec(), "crv"), (ec(), "x"), (ec(), "y"), (rsa(), "n"), (rsa(), "e")],
    ids=["crv", "x", "y", "n", "e"],
)
def test_no_member_may_be_missing(key: dict[str, Any], name: str) -> None:
    assert refusal({"keys": [without(key, name)]}) == MEMBER


@pytest.mark.parametrize(
    "key",
    [ec(kid=NumberText("7")), ec(x=NumberText("1" * 43)), rsa(n=NumberText("1" * 342))],
    ids=["kid", "x", "n"],
)
def test_a_number_of_the_request_is_no_text(key: dict[str, Any]) -> None:
    """RFC 7517 4.5: a kid is a string; kept as one, it would name a key that the client does not know."""
    assert refusal({"keys": [key]}) == MEMBER


@pytest.mark.parametrize("crv", ["P-384", "P-521", "secp256k1", "p-256", "P-256 ", "P-256\n"])
def test_ec_keys_are_on_p256(crv: str) -> None:
    assert refusal({"keys": [ec(crv=crv)]}) == "EC keys are on P-256."


@pytest.mark.parametrize("chars", [1, 171, 340, 684, MAX_MEMBER_CHARS])
def test_weak_and_huge_moduli_are_refused(chars: int) -> None:
    assert refusal({"keys": [rsa(n="n" * chars)]}) == BITS


@pytest.mark.parametrize("chars", [341, 342, 512, 683])
def test_moduli_of_2048_to_4096_bits_serve(chars: int) -> None:
    assert checked({"keys": [rsa(n="n" * chars)]}) == {"keys": [rsa(n="n" * chars)]}


@pytest.mark.parametrize("exponent", ["Aw", "AQ", "AQAA", "AQABAQAB", "aqab", "AQAB="])
def test_no_other_exponent(exponent: str) -> None:
    assert refusal({"keys": [rsa(e=exponent)]}) == BITS


@pytest.mark.parametrize(
    "keys",
    [
        [ec(kid="a"), rsa(kid="a")],
        [ec(kid="a"), rsa()],
        [ec(), rsa()],
        [ec(kid="a"), ec(kid="b"), rsa(kid="a")],
    ],
    ids=["same", "one-unnamed", "both-unnamed", "far-apart"],
)
def test_several_keys_are_told_apart_by_kid(keys: list[dict[str, Any]]) -> None:
    assert refusal({"keys": keys}) == KIDS


def test_kids_differ_by_case() -> None:
    keys = [ec(kid="a"), ec(kid="A")]
    assert checked({"keys": keys}) == {"keys": keys}
