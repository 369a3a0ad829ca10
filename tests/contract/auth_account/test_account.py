"""What each route of the account room promises."""

from typing import Any

import pytest

from libs.signing.personal import sign_personal, sign_text
from libs.signing.siwe import parse_siwe
from services.auth.dialects.account import errors
from services.auth.domain import accounts, sign_in
from services.auth.domain.people import PersonState
from tests.contract.auth_account.conftest import Room
from tests.fakes.auth_siwe import changed, other_spelling
from tests.fakes.auth_world import ISSUER, OTHER_WALLET, WALLET

A = WALLET.address
CHALLENGE = "/tidegate/v1/siwe/challenge"
ME = "/tidegate/v1/me"
WALLETS = "/tidegate/v1/me/wallets"
LINK = "/tidegate/v1/me/wallets/challenge"
CONTRACT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
SMART = "eip155:" + CONTRACT


def refused(answer: Any) -> tuple[int, str]:
    assert set(answer.json) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["error_description"].endswith((".", "?"))
    return answer.status_code, answer.json["error"]


def test_a_challenge_for_anybody(room: Room) -> None:
    answer = room.client.get(CHALLENGE, query_string={"address": A.lower(), "chainId": "1"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    message = parse_siwe(answer.json["message"])
    assert (message.address, message.chain_id, message.uri) == (A, 1, ISSUER)
    assert answer.json == {
        "message": message.text(),
        "address": A,
        "chain_id": 1,
        "nonce": message.nonce,
        "expires_at": 1_700_000_300,
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_request"),
        ("address=", "invalid_request"),
        ("address=me", "invalid_request"),
        (f"address={A}&address={A}", "invalid_request"),
        (f"address={A}%00", "invalid_request"),
        (f"address={A}%0A", "invalid_request"),
        (f"address={A}&chainId=", "invalid_request"),
        (f"address={A}&chainId=0x1", "invalid_request"),
        (f"address={A}&chainId=01", "invalid_request"),
        (f"address={A}&chainId=" + "9" * 40, "invalid_request"),
        (f"address={A}&chainId=5", "unknown_chain"),
        (f"address={A}&domain=evil.example", "invalid_request"),
        (f"address={A}&domain=a%0Ab", "invalid_request"),
        ("address=%ff", "invalid_request"),
    ],
)
def test_challenges_that_cannot_be(room: Room, query: str, code: str) -> None:
    headers = room.token(room.person("ada").subject)
    assert refused(room.client.get(f"{CHALLENGE}?{query}")) == (400, code)
    if "domain" not in query:
        assert refused(room.client.get(f"{LINK}?{query}", headers=headers)) == (400, code)
    assert room.world.single_use.rows == {}


def test_what_is_too_long(room: Room) -> None:
    headers = room.token(room.person("ada").subject)
    assert refused(room.client.get(CHALLENGE, query_string={"address": "a" * 17_000}))[0] == 413
    big = {"message": "a" * 70_000, "signature": "0x"}
    assert refused(room.client.post(WALLETS, json=big, headers=headers))[0] == 413


@pytest.mark.parametrize("path", [CHALLENGE, LINK])
def test_chains_that_cannot_be_asked_for_are_503(room: Room, path: str) -> None:
    headers = room.token(room.person("ada").subject)
    room.world.chains.is_down = True
    answer = room.client.get(path, query_string={"address": A}, headers=headers)
    assert refused(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"


ROUTES = [("GET", ME), ("POST", ME), ("GET", WALLETS), ("GET", LINK), ("POST", WALLETS)]
ROUTES += [("DELETE", f"{WALLETS}/{A}")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_and_credentials_without_the_scope(room: Room, method: str, path: str) -> None:
    answer = room.client.open(path, method=method)
    assert refused(answer) == (401, "credential_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tidegate"'
    bad = room.client.open(path, method=method, headers={"Authorization": "Bearer x"})
    assert refused(bad) == (401, "invalid_token")
    ada = room.person("ada")
    weak = room.client.open(path, method=method, headers=room.token(ada.subject, ["job:read"]))
    if method == "GET" and path != LINK:
        assert weak.status_code == 200
    else:
        assert refused(weak) == (403, "insufficient_scope")


def test_me_as_a_person(room: Room) -> None:
    ada = room.person("ada", A)
    room.world.people.link_certificate(ada.id, "/CN=Ada", None)
    for subject in (ada.subject, "eip155:" + A):
        answer = room.client.get(ME, headers=room.token(subject))
        assert answer.status_code == 200
        assert answer.json["principal"]["subject"] == ada.subject
        assert answer.json["principal"]["scopes"] == ["keys"]
        assert answer.json["account"] == {
            "subject": ada.subject,
            "username": "ada",
            "display_name": "Ada",
            "email": None,
            "groups": [],
            "is_admin": False,
            "wallets": [A],
            "created_at": 1_700_000_000,
            "certificates": [{"subject": "/CN=Ada", "issuer": None}],
            "has_password": True,
        }


def test_me_as_a_wallet_or_client_without_an_account(room: Room) -> None:
    wallet = room.client.get(ME, headers=room.token("eip155:" + A)).json
    assert wallet["account"] is None
    assert (wallet["principal"]["subject"], wallet["principal"]["wallets"]) == ("eip155:" + A, [A])
    client = room.client.get(ME, headers=room.token("client:robot")).json
    assert (client["account"], client["principal"]["subject"]) == (None, "client:robot")


def test_linking_and_unlinking(room: Room) -> None:
    ada = room.person("ada")
    headers = room.token(ada.subject)
    before = room.client.get(ME, headers=room.token("eip155:" + A)).json["principal"]["subject"]
    answer = room.link(headers, WALLET)
    assert (answer.status_code, answer.json) == (201, {"address": A})
    assert room.client.get(WALLETS, headers=headers).json == {"wallets": [A]}
    assert room.link(headers, WALLET).status_code == 201, "once more is fine"
    assert room.link(headers, OTHER_WALLET).status_code == 201
    after = room.client.get(ME, headers=room.token("eip155:" + A)).json["principal"]["subject"]
    assert (before, after) == ("eip155:" + A, ada.subject)
    gone = room.client.delete(f"{WALLETS}/{A.lower()}", headers=headers)
    assert (gone.status_code, gone.json) == (200, {"wallets": [OTHER_WALLET.address]})
    assert refused(room.client.delete(f"{WALLETS}/{A}", headers=headers)) == (404, "no_such_wallet")
    again = room.client.get(ME, headers=room.token("eip155:" + A)).json["principal"]["subject"]
    assert again == "eip155:" + A
    events = [(event.event, event.details["wallet"]) for event in room.world.audit.events]
    assert events == [
        ("wallet.link", A),
        ("wallet.link", A),
        ("wallet.link", OTHER_WALLET.address),
        ("wallet.unlink", A),
    ]


def test_a_credential_remembered_before_linking_is_the_persons_after(room: Room) -> None:
    ada = room.person("ada")
    wallet = room.token("eip155:" + A)
    assert room.client.get(ME, headers=wallet).json["account"] is None
    assert room.link(room.token(ada.subject), WALLET).status_code == 201
    assert room.client.get(ME, headers=wallet).json["account"]["username"] == "ada"
    room.client.delete(f"{WALLETS}/{A}", headers=room.token(ada.subject))
    assert room.client.get(ME, headers=wallet).json["account"] is None


def test_a_wallet_belongs_to_one_person(room: Room) -> None:
    room.person("ada", A)
    eve = room.token(room.person("eve").subject)
    assert refused(room.link(eve, WALLET)) == (409, "wallet_taken")
    last = room.world.audit.events[-1]
    assert (last.event, last.outcome, last.details) == ("wallet.link", "refused", {"why": "WalletTaken"})
    assert refused(room.client.delete(f"{WALLETS}/{A}", headers=eve)) == (404, "no_such_wallet")


@pytest.mark.parametrize("address", ["me", "0x", A[:-1], "%00", A + "0"])
def test_no_wallet_of_that_name(room: Room, address: str) -> None:
    headers = room.token(room.person("ada", A).subject)
    assert refused(room.client.delete(f"{WALLETS}/{address}", headers=headers)) == (404, "no_such_wallet")


def test_the_last_way_in_stays(room: Room) -> None:
    headers = room.token(room.person("ada", A, password=None).subject)
    assert refused(room.client.delete(f"{WALLETS}/{A}", headers=headers)) == (409, "last_way_in")
    assert room.link(headers, OTHER_WALLET).status_code == 201
    assert room.client.delete(f"{WALLETS}/{A}", headers=headers).status_code == 200


def test_linking_takes_a_person(room: Room) -> None:
    query = {"address": A}
    for method, path in [("GET", WALLETS), ("GET", LINK), ("POST", WALLETS), ("DELETE", f"{WALLETS}/{A}")]:
        body = {"message": "m", "signature": "0x"} if method == "POST" else None
        for subject, code in (("eip155:" + A, (409, "no_account")), ("client:x", (403, "not_a_person"))):
            answer = room.client.open(
                path, method=method, query_string=query, json=body, headers=room.token(subject)
            )
            assert refused(answer) == code
    told = room.client.get(WALLETS, headers=room.token("eip155:" + A)).json["error_description"]
    assert "POST /tidegate/v1/me" in told


@pytest.mark.parametrize(
    "body",
    [
        None, b"", b"[]", b"null", b"{", b'"text"', b"\xff", b'{"message": "m"}', b'{"signature": "0x"}',
        b'{"message": 7, "signature": "0x"}', b'{"message": ["m"], "signature": "0x"}',
        b'{"message": "m", "signature": null}', b'{"message": "m", "message": "m", "signature": "0x"}',
        b'{"message": "\\u0000", "signature": "0x"}', b'{"message": "\\ud800", "signature": "0x"}',
        b"message=m&signature=0x",
    ],
)  # fmt: skip
def test_bodies_of_another_shape(room: Room, body: bytes | None) -> None:
    headers = {**room.token(room.person("ada").subject), "Content-Type": "application/json"}
    answer = room.client.post(WALLETS, data=body, headers=headers)
    assert refused(answer) == (400, "invalid_request")


def test_signed_texts_that_prove_nothing(room: Room) -> None:
    ada = room.person("ada")
    headers = room.token(ada.subject)
    text = room.client.get(LINK, query_string={"address": A}, headers=headers).json["message"]
    login = room.client.get(CHALLENGE, query_string={"address": A}).json["message"]
    eves = room.client.get(
        LINK, query_string={"address": A}, headers=room.token(room.person("eve").subject)
    ).json["message"]
    good = sign_personal(text, WALLET)

    def post(message: str, signature: str) -> tuple[int, str]:
        body = {"message": message, "signature": signature}
        return refused(room.client.post(WALLETS, json=body, headers=headers))

    assert post("hello", good) == (400, "malformed_message")
    assert post(text.replace("\n", "\r\n"), good) == (400, "malformed_message")
    assert post(login, sign_personal(login, WALLET)) == (400, "foreign_message")
    for other in (eves, changed(text, nonce="0" * 32), changed(text, statement="Sign in to Tidegate.")):
        assert post(other, sign_personal(other, WALLET)) == (400, "nonce_refused")
    for foreign in (changed(text, domain="dapp.example"), changed(text, uri="https://evil.example")):
        assert post(foreign, sign_personal(foreign, WALLET)) == (400, "foreign_message")
    unserved = changed(text, chain_id=5)
    assert post(unserved, sign_personal(unserved, WALLET)) == (400, "unknown_chain")
    late = changed(text, expiration_time="2023-11-14T22:13:20Z")
    assert post(late, sign_personal(late, WALLET)) == (400, "message_expired")
    early = changed(text, not_before="2023-11-14T22:18:00Z")
    assert post(early, sign_personal(early, WALLET)) == (400, "message_early")
    assert room.world.people.by_wallet(A) is None


@pytest.mark.parametrize("how", ["other", "hash", "malleable", "cut", "none"])
def test_signatures_that_are_not_the_wallets(room: Room, how: str) -> None:
    headers = room.token(room.person("ada").subject)
    text = room.client.get(LINK, query_string={"address": A}, headers=headers).json["message"]
    good = sign_personal(text, WALLET)
    signature = {
        "other": sign_personal(text, OTHER_WALLET),
        "hash": sign_text(text, WALLET),
        "malleable": other_spelling(good),
        "cut": good[:-2],
        "none": "",
    }[how]
    body = {"message": text, "signature": signature}
    assert refused(room.client.post(WALLETS, json=body, headers=headers)) == (400, "signature_refused")
    assert room.world.people.by_wallet(A) is None


def test_a_smart_account_is_linked(room: Room) -> None:
    headers = room.token(room.person("ada").subject)
    text = room.client.get(LINK, query_string={"address": CONTRACT}, headers=headers).json["message"]
    room.world.contracts.accepts_texts[CONTRACT.lower()] = {(text, "0x01")}
    body = {"message": text, "signature": "0x01"}
    assert room.client.post(WALLETS, json=body, headers=headers).json == {"address": CONTRACT}
    assert refused(room.client.post(WALLETS, json=body, headers=headers)) == (400, "nonce_refused")
    room.world.contracts.is_down = True
    other = room.client.get(LINK, query_string={"address": CONTRACT}, headers=headers).json["message"]
    answer = room.client.post(WALLETS, json={"message": other, "signature": "0x01"}, headers=headers)
    assert refused(answer) == (503, "temporarily_unavailable")


def test_a_wallet_makes_itself_an_account(room: Room) -> None:
    headers = room.token("eip155:" + A)
    answer = room.client.post(ME, json={"username": "ada", "password": "secret-1"}, headers=headers)
    assert answer.status_code == 201
    assert (answer.json["username"], answer.json["wallets"], answer.json["is_admin"]) == ("ada", [A], False)
    shown = room.client.get(ME, headers=headers).json
    assert (shown["principal"]["subject"], shown["account"]["has_password"]) == (
        answer.json["subject"],
        True,
    )
    again = room.client.post(ME, json={"username": "ada2"}, headers=headers)
    assert refused(again) == (409, "account_exists")
    taken = room.client.post(ME, json={"username": "ada"}, headers=room.token(SMART))
    assert refused(taken) == (409, "name_taken")
    other = room.client.post(ME, json={"username": "grace"}, headers=room.token(SMART))
    assert other.status_code == 201
    assert not room.client.get(ME, headers=room.token(SMART)).json["account"]["has_password"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"username": None}, "invalid_request"),
        ({"username": 7}, "invalid_request"),
        ({"username": ""}, "invalid_name"),
        ({"username": "a b"}, "invalid_name"),
        ({"username": "a" * 65}, "invalid_name"),
        ({"username": "gr\u00fc\u00df"}, "invalid_name"),
        ({"username": "ada", "password": ""}, "invalid_password"),
        ({"username": "ada", "password": "short"}, "invalid_password"),
        ({"username": "ada", "password": "x" * 1025}, "invalid_password"),
        ({"username": "ada", "password": 123456}, "invalid_request"),
    ],
)
def test_accounts_that_cannot_be(room: Room, body: dict[str, Any], code: str) -> None:
    headers = room.token("eip155:" + A)
    assert refused(room.client.post(ME, json=body, headers=headers)) == (400, code)
    assert room.world.people.by_wallet(A) is None


def test_accounts_only_for_wallets_and_only_when_open(room: Room) -> None:
    assert refused(
        room.client.post(ME, json={"username": "x"}, headers=room.token(room.person("ada").subject))
    ) == (409, "account_exists")
    client = room.client.post(ME, json={"username": "x"}, headers=room.token("client:x"))
    assert refused(client) == (403, "not_a_person")
    closed = Room(type(room.world)(wallet_registration=False))
    answer = closed.client.post(ME, json={"username": "x"}, headers=closed.token("eip155:" + A))
    assert refused(answer) == (403, "registration_closed")


def test_a_disabled_person_links_nothing(room: Room) -> None:
    ada = room.person("ada")
    headers = room.token(ada.subject)
    room.world.people.change(ada.id, state=PersonState.DISABLED)
    assert refused(room.client.get(WALLETS, headers=headers)) == (401, "invalid_token")


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("PATCH", 405)])
def test_other_methods_and_paths(room: Room, method: str, status: int) -> None:
    answer = room.client.open(ME, method=method)
    assert (answer.status_code, set(answer.json)) == (status, {"error", "error_description"})
    unknown = room.client.get("/tidegate/v1/unknown")
    assert (unknown.status_code, unknown.json["error"]) == (404, "http_404")


def test_every_refusal_of_these_rules_has_an_answer() -> None:
    for module in (accounts, sign_in):
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type)]
        own = [kind for kind in kinds if issubclass(kind, Exception) and kind.__module__ == module.__name__]
        assert own
        for kind in own:
            assert kind in errors.RESPONSES or kind is sign_in.SignInRefused
