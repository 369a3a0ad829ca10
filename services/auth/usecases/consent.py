"""The authorization endpoint without its pages (OAuth 2.1 section 4.1, OIDC core 3.1.2, RFC 9207).

request = consents.check(params)       ConsentError: `redirect` is None until client and URI are trusted
consents.approve(request, approval)    the URL to send the browser to, with `code`, `state` and `iss`
consents.refuse(request)               the same with `error=access_denied`
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.auth.domain import redirects
from services.auth.domain.audit import AuditEvent
from services.auth.domain.clients import CODE, Client
from services.auth.domain.errors import AuthError
from services.auth.domain.scopes import ADMIN, KEYS, PERSONAL, PREFIXES, UnknownScope, parse_scope
from services.auth.ports.people import Audit
from services.auth.usecases.clients import ClientRegistry
from services.auth.usecases.grants import GrantFlows

FLOW: Final = "code"
MAX_STATE_CHARS: Final = 2048
MAX_NONCE_CHARS: Final = 512
REFERENCE_SECONDS: Final = 86_400  # DIRAC's old clients cannot refresh (its contract, 1.5)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # S256 in base64url
_PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
_UNSUPPORTED: Final = {"request": "request_not_supported", "request_uri": "request_uri_not_supported"}
Params = Mapping[str, Sequence[str]]


class ConsentError(AuthError):
    """`code` is RFC 6749 4.1.2.1's or OIDC's. Shown on our own page unless `redirect` says where to go."""

    def __init__(self, code: str, description: str, redirect: str | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.redirect = redirect


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """What a client asks of a person, checked: everything in it may be trusted to be the client's."""

    client: Client
    redirect_uri: str
    redirect_uri_was_sent: bool
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: frozenset[str] = frozenset()  # OIDC `prompt`
    max_age: int | None = None  # seconds since the login, OIDC
    login_hint: str | None = None

    def may_get(self, scope: str) -> bool:
        """What was asked; and a group, organisation or setup, which the person chooses."""
        return scope in self.scopes or scope.startswith(PREFIXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What the person chose. `scopes`: others than the request may get are left out.

    `details` go into the grant: amr and auth_time at least, person_version, vo, group, setup, properties.
    `seconds` bounds everything issued on it.
    """

    subject: str
    scopes: Sequence[str]
    details: Mapping[str, Any] = field(default_factory=dict)
    seconds: int | None = None


class Consents:
    def __init__(self, registry: ClientRegistry, flows: GrantFlows, audit: Audit, issuer: str) -> None:
        self._registry = registry
        self._flows = flows
        self._audit = audit
        self._issuer = issuer

    def check(self, params: Params) -> ConsentRequest:
        """`params` as they came, each with all its values. Raises ConsentError, StoreUnavailable."""
        client = self._client(params)
        redirect_uri, was_sent = _redirect_uri(params, client)
        state = _only(params, "state")
        try:
            return _checked(params, client, redirect_uri, was_sent)
        except ConsentError as error:
            to = self._url(redirect_uri, state, error=error.code, error_description=error.description)
            raise ConsentError(error.code, error.description, to) from error

    def approve(self, request: ConsentRequest, approval: Approval) -> str:
        """Where the browser goes now. Raises StoreUnavailable."""
        scopes = tuple(s for s in dict.fromkeys(approval.scopes) if request.may_get(s))
        details = dict(approval.details)
        if approval.seconds is not None:
            details["access_seconds"] = min(approval.seconds, self._most_seconds(request.client))
        grant = self._flows.new_grant(
            request.client,
            approval.subject,
            FLOW,
            scopes=scopes,
            details=details,
            seconds=approval.seconds,
        )
        code = self._flows.start_code(
            grant,
            request.redirect_uri,
            redirect_uri_was_sent=request.redirect_uri_was_sent,
            code_challenge=request.code_challenge,
            nonce=request.nonce,
        )
        self._audit.record(
            AuditEvent(
                event="consent.approve",
                actor=approval.subject,
                subject=approval.subject,
                client_id=request.client.client_id,
                details={"gid": grant.id, "scope": " ".join(scopes)},
            )
        )
        return self._url(request.redirect_uri, request.state, code=code)

    def refuse(
        self,
        request: ConsentRequest,
        code: str = "access_denied",
        description: str = "The person did not agree.",
    ) -> str:
        """Where the browser goes with a no; also `login_required`, `consent_required` (OIDC prompt=none)."""
        return self._url(request.redirect_uri, request.state, error=code, error_description=description)

    def _most_seconds(self, client: Client) -> int:
        return REFERENCE_SECONDS if client.legacy_no_pkce else self._flows.lifetimes.access

    def _client(self, params: Params) -> Client:
        client_id = _single(params, "client_id")
        if client_id is None:
            raise ConsentError("invalid_request", "The client_id is missing or given twice.")
        client = self._registry.find(client_id)
        if client is None:
            raise ConsentError("invalid_client", "No application of this client_id is registered.")
        return client

    def _url(self, redirect_uri: str, state: str | None, **params: str) -> str:
        answer = dict(params) if state is None else {**params, "state": state}
        return redirects.extended(redirect_uri, {**answer, "iss": self._issuer}.items())


def _redirect_uri(params: Params, client: Client) -> tuple[str, bool]:
    """Before this one holds, nothing is sent anywhere."""
    given = [value for value in params.get("redirect_uri", ()) if value]
    if len(given) > 1:
        raise ConsentError("invalid_request", "The redirect_uri is given twice.")
    if given:
        if not redirects.fits(client.redirect_uris, given[0]):
            raise ConsentError("invalid_request", "The redirect_uri is not one of the application's.")
        return given[0], True
    if len(client.redirect_uris) != 1:
        raise ConsentError("invalid_request", "The redirect_uri is missing.")
    return client.redirect_uris[0], False


def _checked(params: Params, client: Client, redirect_uri: str, was_sent: bool) -> ConsentRequest:
    for name, values in params.items():
        if len(values) > 1:
            shown = name if name.isascii() and name.isidentifier() else "A parameter"
            raise ConsentError("invalid_request", f"{shown} is given twice.")
    for name, code in _UNSUPPORTED.items():
        if _single(params, name) is not None:
            raise ConsentError(code, "Request objects are not supported.")
    _check_response_type(params, client)
    scopes = _scopes(params, client)
    challenge = _challenge(params, client)
    return ConsentRequest(
        client=client,
        redirect_uri=redirect_uri,
        redirect_uri_was_sent=was_sent,
        scopes=scopes,
        state=_text(params, "state", MAX_STATE_CHARS),
        nonce=_nonce(params, scopes, challenge),
        code_challenge=challenge,
        prompts=_prompts(params),
        max_age=_max_age(params),
        login_hint=_text(params, "login_hint", 255),
    )


def _check_response_type(params: Params, client: Client) -> None:
    response_type = _single(params, "response_type")
    if response_type is None:
        raise ConsentError("invalid_request", "The response_type is missing.")
    if response_type != "code":
        raise ConsentError("unsupported_response_type", "Only response_type=code is supported.")
    if CODE not in client.grant_types or "code" not in client.response_types:
        raise ConsentError("unauthorized_client", "The application is not registered for this flow.")
    if _single(params, "response_mode") not in (None, "query"):
        raise ConsentError("invalid_request", "Only response_mode=query is supported.")


def _scopes(params: Params, client: Client) -> tuple[str, ...]:
    """Asked for nothing: what it is registered for, without a person's data, keys and administration."""
    try:
        scopes = parse_scope(_single(params, "scope") or "")
    except UnknownScope:
        raise ConsentError("invalid_scope", "There is no such scope.") from None
    if not scopes:
        modest = tuple(s for s in client.scopes if s not in PERSONAL and s not in (KEYS, ADMIN))
        return modest or client.scopes
    if not all(client.may_ask(scope) for scope in scopes):
        raise ConsentError("invalid_scope", "The application is not registered for all of these scopes.")
    return scopes


def _challenge(params: Params, client: Client) -> str | None:
    challenge, method = _single(params, "code_challenge"), _single(params, "code_challenge_method")
    if challenge is None:
        if client.legacy_no_pkce and method is None:
            return None
        raise ConsentError("invalid_request", "A code_challenge is required (RFC 7636).")
    if method != "S256":
        raise ConsentError("invalid_request", "The code_challenge_method must be S256.")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise ConsentError("invalid_request", "The code_challenge is not an S256 challenge.")
    return challenge


def _nonce(params: Params, scopes: Sequence[str], challenge: str | None) -> str | None:
    nonce = _text(params, "nonce", MAX_NONCE_CHARS)
    if nonce is None and challenge is None and "openid" in scopes:
        raise ConsentError("invalid_request", "Without a code_challenge a nonce is required.")
    return nonce


def _prompts(params: Params) -> frozenset[str]:
    found = frozenset((_single(params, "prompt") or "").split())
    if not found <= _PROMPTS or ("none" in found and len(found) > 1):
        raise ConsentError("invalid_request", "There is no such prompt.")
    return found


def _max_age(params: Params) -> int | None:
    text = _single(params, "max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ConsentError("invalid_request", "The max_age is not a number of seconds.")
    return int(text)


def _text(params: Params, name: str, most_chars: int) -> str | None:
    text = _single(params, name)
    if text is not None and (len(text) > most_chars or not text.isprintable()):
        raise ConsentError("invalid_request", f"The {name} is too long or not plain text.")
    return text


def _single(params: Params, name: str) -> str | None:
    """The one value; None when there is none, or an empty one (RFC 6749 3.1), or several."""
    values = params.get(name, ())
    return values[0] if len(values) == 1 and values[0] else None


def _only(params: Params, name: str) -> str | None:
    """For an error's answer: what was sent goes back as it is, when there is one of it."""
    value = _single(params, name)
    return None if value is None or len(value) > MAX_STATE_CHARS else value
