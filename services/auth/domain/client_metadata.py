"""What an application says of itself when it registers (RFC 7591 section 2), checked and completed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.auth.domain import client_keys, redirects
from services.auth.domain.clients import (
    BASIC,
    CLIENT_CREDENTIALS,
    CODE,
    DEFAULT_SCOPES,
    DEVICE,
    EXCHANGE,
    POST,
    PRIVATE_KEY_JWT,
    PUBLIC,
    REFRESH,
    TLS,
    Client,
)
from services.auth.domain.errors import AuthError
from services.auth.domain.scopes import UnknownScope, format_scope, parse_scope

METHODS: Final = (BASIC, POST, PUBLIC, PRIVATE_KEY_JWT, TLS)
MAX_URIS: Final = 20
MAX_TEXT_CHARS: Final = 255
MAX_URL_CHARS: Final = 2000
_URLS: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_TEXTS: Final = ("software_id", "software_version")
_URL: Final = re.compile(r"https?://[A-Za-z0-9\[][^\s<>\"'\\^`{|}\x00-\x20\x7f-\U0010ffff]*")
_UNNAMED: Final = "Unnamed application"


class BadClientMetadata(AuthError):
    """`code` is RFC 7591 3.2.2's; `description` says what is wrong and quotes nothing."""

    def __init__(self, description: str, code: str = "invalid_client_metadata") -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be registered here, which depends on who asks."""

    grant_types: frozenset[str] = frozenset({CODE, REFRESH, DEVICE})
    scopes: frozenset[str] = frozenset(DEFAULT_SCOPES)
    default_grant_types: tuple[str, ...] = (CODE,)
    # PROMINENCE's client sends the redirect URI "None/redirect_url" for a device (contract 5.3).
    drops_unused_redirects: bool = False


# Whoever comes along may let people sign in to an application; it may not act on its own.
ANYBODY: Final = Rules()
SIGNED_IN: Final = Rules(grant_types=ANYBODY.grant_types | {CLIENT_CREDENTIALS})
ADMINISTRATOR: Final = Rules(
    grant_types=SIGNED_IN.grant_types | {EXCHANGE}, scopes=ANYBODY.scopes | {"keys", "admin"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    scopes: tuple[str, ...]
    auth_method: str
    jwks: Mapping[str, Any] | None
    tls_subject_dn: str | None
    binds_certificates: bool
    document: Mapping[str, Any] = field(default_factory=dict)  # what is only kept and shown

    def as_members(self) -> dict[str, Any]:
        """For `Client(...)` and `replace(client, ...)`."""
        return {name: getattr(self, name) for name in self.__slots__}


def read(document: object, rules: Rules = ANYBODY) -> Metadata:
    """Members that we do not know are ignored (RFC 7591 2). Raises BadClientMetadata."""
    if not isinstance(document, dict):
        raise BadClientMetadata("Client metadata is a JSON object.")
    if "jwks_uri" in document:
        raise BadClientMetadata("Send the keys themselves as jwks: jwks_uri is not fetched.")
    method = _text(document, "token_endpoint_auth_method") or BASIC
    if method not in METHODS:
        raise BadClientMetadata("There is no such token_endpoint_auth_method here.")
    grant_types = _grant_types(document, rules, method)
    jwks, subject = _proofs(document, method)
    return Metadata(
        name=_text(document, "client_name") or _UNNAMED,
        redirect_uris=_redirect_uris(document, rules, CODE in grant_types),
        grant_types=grant_types,
        response_types=_response_types(document, CODE in grant_types),
        scopes=_scopes(document, rules),
        auth_method=method,
        jwks=jwks,
        tls_subject_dn=subject,
        binds_certificates=_flag(document, "tls_client_certificate_bound_access_tokens"),
        document=_shown(document),
    )


def as_registered(client: Client) -> dict[str, Any]:
    """A client's metadata as registration and management answer it; no secrets."""
    answer: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at),
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grant_types),
        "response_types": list(client.response_types),
        "scope": format_scope(client.scopes),
        "token_endpoint_auth_method": client.auth_method,
    }
    optional = {
        "jwks": None if client.jwks is None else dict(client.jwks),
        "tls_client_auth_subject_dn": client.tls_subject_dn,
        "tls_client_certificate_bound_access_tokens": client.binds_certificates or None,
    }
    answer |= {name: value for name, value in optional.items() if value is not None}
    return answer | {name: client.document[name] for name in _KEPT if name in client.document}


def _redirect_uris(document: Mapping[str, Any], rules: Rules, needs_one: bool) -> tuple[str, ...]:
    if not needs_one and rules.drops_unused_redirects:
        return ()
    uris = tuple(dict.fromkeys(_list(document, "redirect_uris", "invalid_redirect_uri")))
    try:
        for uri in uris:
            redirects.check(uri)
    except redirects.BadRedirectUri as error:
        raise BadClientMetadata(str(error), "invalid_redirect_uri") from error
    if needs_one and not uris:
        raise BadClientMetadata("authorization_code needs redirect_uris.", "invalid_redirect_uri")
    return uris


def _grant_types(document: Mapping[str, Any], rules: Rules, method: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_list(document, "grant_types"))) or rules.default_grant_types
    if not rules.grant_types.issuperset(found):
        raise BadClientMetadata("One of the grant_types is not for everybody, or does not exist here.")
    if found == (REFRESH,):
        raise BadClientMetadata("refresh_token goes with another grant type.")
    if CLIENT_CREDENTIALS in found and method == PUBLIC:
        raise BadClientMetadata("client_credentials needs a client that can prove who it is.")
    return found


def _response_types(document: Mapping[str, Any], has_code: bool) -> tuple[str, ...]:
    default = ("code",) if has_code else ()
    if "response_types" not in document:
        return default
    found = tuple(dict.fromkeys(_list(document, "response_types")))
    if any(name != "code" for name in found):
        raise BadClientMetadata("The only response type is code.")
    # Device clients send `code` along (PROMINENCE); without its grant it opens nothing.
    if has_code and not found:
        raise BadClientMetadata("authorization_code needs the response type code.")
    return found


def _scopes(document: Mapping[str, Any], rules: Rules) -> tuple[str, ...]:
    text = document.get("scope")
    if text is None:
        return tuple(scope for scope in DEFAULT_SCOPES if scope in rules.scopes)
    try:
        found = parse_scope(text) if isinstance(text, str) else ()
    except UnknownScope:
        found = ()
    if not found or not rules.scopes.issuperset(found):
        raise BadClientMetadata("The scope holds one that does not exist or may not be registered.")
    return found


def _proofs(document: Mapping[str, Any], method: str) -> tuple[Mapping[str, Any] | None, str | None]:
    """Keys for private_key_jwt, the certificate's subject for tls_client_auth; not both (RFC 8705 2.1.2)."""
    jwks, subject = document.get("jwks"), _text(document, "tls_client_auth_subject_dn")
    if method == PRIVATE_KEY_JWT and jwks is None:
        raise BadClientMetadata("private_key_jwt needs jwks.")
    if method == TLS and subject is None:
        raise BadClientMetadata("tls_client_auth needs tls_client_auth_subject_dn.")
    try:
        checked = None if jwks is None else client_keys.checked(jwks)
    except client_keys.BadKeys as error:
        raise BadClientMetadata(str(error)) from error
    return checked, subject if method == TLS else None


def _shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """What people may see of the application; no other scheme than http(s) ever becomes a link."""
    found: dict[str, Any] = {}
    for name in _URLS:
        url = document.get(name)
        if url is None or url == "":
            continue
        if not _is_text(url) or len(url) > MAX_URL_CHARS or _URL.fullmatch(url) is None:
            raise BadClientMetadata(f"The {name} is not an http or https URL.")
        found[name] = url
    found |= {name: text for name in _TEXTS if (text := _text(document, name)) is not None}
    contacts = _list(document, "contacts")
    return found | ({"contacts": list(contacts)} if contacts else {})


_KEPT: Final = (*_URLS, *_TEXTS, "contacts")


def _text(document: Mapping[str, Any], name: str) -> str | None:
    """None when absent or empty. No control characters, and none that turn the text around."""
    text = document.get(name)
    if text is None or text == "":
        return None
    if not _is_text(text) or len(text) > MAX_TEXT_CHARS or not text.isprintable():
        raise BadClientMetadata(f"The {name} is no text, too long, or has characters that cannot be shown.")
    return text.strip() or None


def _list(document: Mapping[str, Any], name: str, code: str = "invalid_client_metadata") -> tuple[str, ...]:
    values = document.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or len(values) > MAX_URIS:
        raise BadClientMetadata(f"{name} is a list of at most {MAX_URIS} texts.", code)
    if not all(_is_text(value) and 0 < len(value) <= MAX_URL_CHARS for value in values):
        raise BadClientMetadata(f"{name} is a list of texts of 1 to {MAX_URL_CHARS} characters.", code)
    return tuple(values)


def _is_text(value: Any) -> bool:
    """Numbers arrive as texts of a kind of their own (libs/web/strict_json.py): they are none."""
    return type(value) is str


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise BadClientMetadata(f"{name} is true or false.")
    return value
