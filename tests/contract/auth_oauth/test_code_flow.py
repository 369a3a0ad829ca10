"""The authorization code flow, held against those who bend it: each mistake with its code, in its place."""

import threading
from typing import Any

import pytest

from services.auth.domain.people import PersonState
from services.auth.usecases.consent import ConsentError
from tests.fakes.auth_world import ISSUER
from tests.fakes.oauth_apps import ALICE, CHALLENGE, LOOPBACK, REDIRECT, Tokens, query_of, request_of

pytestmark = pytest.mark.clause("dirac 1.3")

CALLERS = 20


def refused(tokens: Tokens, **changes: Any) -> ConsentError:
    with pytest.raises(ConsentError) as caught:
        tokens.world.oauth.consents.check(request_of(**changes))
    return caught.value


def at_once(count: int, work: Any) -> list[Any]:
    results: list[Any] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# Before the client and its redirect URI are trusted, nothing is sent anywhere.


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": None}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": "nobody\0"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_request"),  # two are registered
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": REDIRECT + "/"}, "invalid_request"),
        ({"redirect_uri": REDIRECT + "?x=1"}, "invalid_request"),
        ({"redirect_uri": REDIRECT + "#x"}, "invalid_request"),
        ({"redirect_uri": REDIRECT.upper()}, "invalid_request"),
        ({"redirect_uri": "https://app.example:443/cb"}, "invalid_request"),
        ({"redirect_uri": "https://app.example@evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": "https://app.example/cb/../x"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:80@evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:99999/cb"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:5000/other"}, "invalid_request"),
        ({"redirect_uri": "http://localhost:5000/cb"}, "invalid_request"),
        ({"redirect_uri": "https://127.0.0.1:5000/cb"}, "invalid_request"),
        ({"redirect_uri": "javascript:alert(1)"}, "invalid_request"),
        ({"redirect_uri": "//evil.example"}, "invalid_request"),
    ],
)
def test_stranger_is_not_redirected(tokens: Tokens, changes: dict[str, Any], code: str) -> None:
    error = refused(tokens, **changes)
    assert error.code == code
    assert error.redirect is None
    assert "evil" not in error.description


def test_doubled_client_or_redirect_uri_is_not_redirected(tokens: Tokens) -> None:
    for name in ("client_id", "redirect_uri"):
        params = request_of()
        params[name] = params[name] * 2
        with pytest.raises(ConsentError) as caught:
            tokens.world.oauth.consents.check(params)
        assert caught.value.redirect is None


def test_loopback_takes_any_port(tokens: Tokens) -> None:
    for uri in (LOOPBACK, "http://127.0.0.1:1/cb", "http://127.0.0.1:51004/cb"):
        assert tokens.world.oauth.consents.check(request_of(redirect_uri=uri)).redirect_uri == uri


# After that, the client hears of its mistakes, with its state and our name.


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "openid no:such"}, "invalid_scope"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": "x" * 2000}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
        ({"code_challenge": "!" * 43}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"nonce": "a\nb"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "\u0663"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example"}, "request_uri_not_supported"),
    ],
)
def test_mistake_goes_back_to_the_client(tokens: Tokens, changes: dict[str, Any], code: str) -> None:
    error = refused(tokens, **changes)
    assert error.code == code
    assert error.redirect is not None
    assert error.redirect.startswith(REDIRECT + "?")
    answer = query_of(error.redirect)
    assert (answer["error"], answer["state"], answer["iss"]) == (code, "st&te", ISSUER)


def test_doubled_parameter_goes_back_to_the_client(tokens: Tokens) -> None:
    params = request_of() | {"scope": ["openid", "openid"]}
    with pytest.raises(ConsentError) as caught:
        tokens.world.oauth.consents.check(params)
    assert caught.value.code == "invalid_request"
    assert caught.value.redirect is not None


def test_no_goes_back_with_state(tokens: Tokens) -> None:
    consents = tokens.world.oauth.consents
    answer = query_of(consents.refuse(consents.check(request_of())))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st&te", ISSUER)


# The exchange.


def test_code_becomes_tokens(tokens: Tokens) -> None:
    got = tokens.granted()
    assert next(iter(got)) == "access_token"
    assert got["token_type"] == "Bearer"
    assert got["scope"] == "openid profile job:read"
    assert got["expires_in"] == 43_200
    assert tokens.works(got["access_token"])


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code": None}, 400, "invalid_request"),
        ({"code": "x" * 43}, 400, "invalid_grant"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "app"}, 401, "invalid_client"),  # has a secret and did not show it
        ({"client_id": "tool"}, 400, "invalid_grant"),  # another's code
        ({"redirect_uri": None}, 400, "invalid_grant"),
        ({"redirect_uri": LOOPBACK}, 400, "invalid_grant"),
        ({"redirect_uri": REDIRECT + "/"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_request"),
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, 400, "invalid_grant"),
        ({"code_verifier": "short"}, 400, "invalid_request"),
        ({"code_verifier": "\u00e4" * 43}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code "}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
def test_bent_exchange_is_refused_and_the_code_is_still_good(
    tokens: Tokens, changes: dict[str, Any], status: int, error: str
) -> None:
    code = tokens.code()
    answer = tokens.exchange(changes.get("code", code), **{k: v for k, v in changes.items() if k != "code"})
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"
    assert code not in answer.get_data(as_text=True)
    assert tokens.exchange(code).status_code == 200


def test_code_ends_after_five_minutes(tokens: Tokens) -> None:
    code = tokens.code()
    tokens.world.clock.time += 300
    assert tokens.exchange(code).get_json()["error"] == "invalid_grant"


def test_second_use_of_a_code_ends_what_the_first_got(tokens: Tokens) -> None:
    code = tokens.code()
    got = tokens.exchange(code).get_json()
    assert tokens.works(got["access_token"])
    assert tokens.exchange(code).get_json()["error"] == "invalid_grant"
    assert not tokens.works(got["access_token"])
    assert tokens.refresh(got["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_of_twenty_exchanges_at_once_one_wins_and_what_it_got_ends(tokens: Tokens) -> None:
    code = tokens.code()
    answers = at_once(CALLERS, lambda: tokens.exchange(code))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) <= 1  # a loser may end the grant while the winner is being served
    lost = [answer.get_json()["error"] for answer in answers if answer.status_code == 400]
    assert lost == ["invalid_grant"] * (CALLERS - len(won))
    assert not any(tokens.works(answer.get_json()["access_token"]) for answer in won)


def test_scope_asked_at_the_token_endpoint_does_not_widen_a_code(tokens: Tokens) -> None:
    answer = tokens.exchange(tokens.code(scope="job:read"), scope="job:read job:write")
    assert answer.get_json()["scope"] == "job:read"


def test_hours_that_were_chosen_bound_every_token(tokens: Tokens) -> None:
    got = tokens.exchange(tokens.code(seconds=3600)).get_json()
    assert got["expires_in"] == 3600
    tokens.world.clock.time += 3000
    again = tokens.refresh(got["refresh_token"]).get_json()
    assert again["expires_in"] <= 600
    tokens.world.clock.time += 700
    assert tokens.refresh(again["refresh_token"]).get_json()["error"] == "invalid_grant"


# Refresh tokens.


def test_refresh_token_rotates(tokens: Tokens) -> None:
    first = tokens.granted()
    second = tokens.refresh(first["refresh_token"]).get_json()
    assert second["refresh_token"] != first["refresh_token"]
    assert tokens.works(second["access_token"])


def test_two_simultaneous_refreshes_both_succeed(tokens: Tokens) -> None:
    first = tokens.granted()["refresh_token"]
    answers = at_once(2, lambda: tokens.refresh(first))
    assert [answer.status_code for answer in answers] == [200, 200]
    texts = [answer.get_json()["refresh_token"] for answer in answers]
    assert len(set(texts)) == 2
    assert [tokens.refresh(text).status_code for text in texts] == [200, 200]


def test_refresh_token_that_comes_again_later_ends_the_grant(tokens: Tokens) -> None:
    first = tokens.granted()
    second = tokens.refresh(first["refresh_token"]).get_json()
    tokens.world.clock.time += 11
    assert tokens.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert not tokens.works(second["access_token"])
    assert tokens.refresh(second["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert "grant.refresh_token_reused" in [event.event for event in tokens.world.audit.events]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": None}, 400, "invalid_request"),
        ({"client_id": "app"}, 401, "invalid_client"),
        ({"client_id": "tool"}, 400, "invalid_grant"),
        ({"scope": "openid job:write"}, 400, "invalid_scope"),
        ({"scope": "no:such"}, 400, "invalid_scope"),
    ],
)
def test_bent_refresh_is_refused_and_uses_nothing_up(
    tokens: Tokens, changes: dict[str, Any], status: int, error: str
) -> None:
    first = tokens.granted()["refresh_token"]
    token = changes.get("refresh_token", first)
    answer = tokens.refresh(token, **{k: v for k, v in changes.items() if k != "refresh_token"})
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.get_json()["detail"]
    tokens.world.clock.time += 60
    assert tokens.refresh(first).status_code == 200


def test_refresh_may_narrow_the_access_token_and_not_the_grant(tokens: Tokens) -> None:
    first = tokens.granted()["refresh_token"]
    narrow = tokens.refresh(first, scope="openid").get_json()
    assert narrow["scope"] == "openid"
    assert tokens.refresh(narrow["refresh_token"]).get_json()["scope"] == "openid profile job:read"


def test_access_token_is_no_refresh_token_nor_the_other_way_round(tokens: Tokens) -> None:
    got = tokens.granted()
    assert tokens.refresh(got["access_token"]).get_json()["error"] == "invalid_grant"
    assert not tokens.works(got["refresh_token"])
    assert not tokens.works(got["id_token"])


def test_disabled_person_gets_nothing_new(tokens: Tokens) -> None:
    got = tokens.granted()
    code = tokens.code()
    tokens.world.people.change(ALICE.id, state=PersonState.DISABLED)
    assert tokens.refresh(got["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert tokens.exchange(code).get_json()["error"] == "invalid_grant"
    assert not tokens.works(got["access_token"])


def test_new_password_ends_what_was_agreed_with_the_old_one(tokens: Tokens) -> None:
    got = tokens.granted()
    tokens.world.people.set_password(ALICE.id, "a hash")
    assert not tokens.works(got["access_token"])
    assert tokens.refresh(got["refresh_token"]).get_json()["error"] == "invalid_grant"
