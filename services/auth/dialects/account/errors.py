"""Refusals of this room: `{"error": code, "error_description": sentence}`, as its window's own (RFC 6750)."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from services.auth.domain import accounts, people, sign_in, wallets
from services.auth.domain.errors import AuthError, LedgerUnavailable, StoreUnavailable

UNAVAILABLE = "temporarily_unavailable"
Text = str | Callable[[Any], str]


class BadRequest(AuthError):
    """A parameter is missing or of the wrong shape; the message is a sentence of ours."""


class RequestTooLarge(AuthError):
    """Query or body exceed their limits; the message is a sentence of ours."""


FIELDS: Mapping[str, str] = {
    "address": "The address must be 0x and 40 hex digits.",
    "domain": "Users of this domain cannot sign in here.",
}

# class -> (status, code, text)
RESPONSES: dict[type[AuthError], tuple[int, str, Text]] = {
    BadRequest: (400, "invalid_request", str),
    RequestTooLarge: (413, "invalid_request", str),
    sign_in.MalformedChallenge: (400, "invalid_request", lambda e: FIELDS[e.field]),
    sign_in.MalformedSignIn: (400, "malformed_message", lambda e: f"Not an EIP-4361 text: {e.field}."),
    sign_in.ForeignSignIn: (400, "foreign_message", lambda e: f"The text is for another {e.field}."),
    sign_in.SignInOutlived: (400, "message_expired", "The text has expired. Ask for another one."),
    sign_in.SignInEarly: (400, "message_early", "The text is not valid yet. Is your clock right?"),
    sign_in.NonceRefused: (400, "nonce_refused", "This text was not given out here, or it was used before."),
    sign_in.SignatureWrong: (
        400,
        "signature_refused",
        lambda e: f"The signature is not by this account. Smart accounts are asked on chain {e.chain_id}.",
    ),
    wallets.UnsupportedChain: (400, "unknown_chain", lambda e: f"Chain {e.chain_id} is not served here."),
    people.BadName: (400, "invalid_name", "A name has 1 to 64 letters, digits, dots, dashes, underscores."),
    people.BadPassword: (400, "invalid_password", lambda e: e.reason),
    accounts.NotAPerson: (403, "not_a_person", "A client that acts for itself has no account."),
    accounts.RegistrationClosed: (
        403,
        "registration_closed",
        "Accounts are made by the administrators of this gateway.",
    ),
    accounts.NoAccount: (
        409,
        "no_account",
        "This wallet has no account. Make one: POST /tidegate/v1/me with a username.",
    ),
    accounts.HasAccount: (409, "account_exists", "You have an account."),
    accounts.LastWayIn: (
        409,
        "last_way_in",
        "Nobody could sign in to the account any more. Set a password or link another wallet first.",
    ),
    people.NameTaken: (409, "name_taken", "The name is taken."),
    people.WalletTaken: (409, "wallet_taken", "The wallet is linked to another account."),
    accounts.NoSuchWallet: (404, "no_such_wallet", "This wallet is not linked to your account."),
    people.NoSuchPerson: (401, "invalid_token", "The account is not there any more."),
    LedgerUnavailable: (503, UNAVAILABLE, "Wallets cannot be checked right now."),
    StoreUnavailable: (503, UNAVAILABLE, "Accounts cannot be looked at right now."),
}


def render(error: AuthError) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, text = RESPONSES[ancestor]
            response = problem(status, code, text if isinstance(text, str) else text(error))
            if status == 503:
                response.headers["Retry-After"] = "1"
            if status == 401:
                response.headers["WWW-Authenticate"] = f'Bearer realm="tidegate", error="{code}"'
            return response
    raise KeyError(type(error).__name__)


def render_edge(status: int, text: str, _: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    return problem(status, "server_error" if status >= 500 else f"http_{status}", text)


def problem(status: int, code: str, text: str) -> Response:
    return answer({"error": code, "error_description": text}, status)


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
