"""OAuth2 clients: what an application registered (RFC 7591), and what we allow it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from services.auth.domain import scopes
from services.auth.domain.errors import AuthError

CODE: Final = "authorization_code"
REFRESH: Final = "refresh_token"
CLIENT_CREDENTIALS: Final = "client_credentials"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"

PUBLIC, BASIC, POST = "none", "client_secret_basic", "client_secret_post"
PRIVATE_KEY_JWT, TLS = "private_key_jwt", "tls_client_auth"


SECRET_METHODS: Final = frozenset({BASIC, POST})

# What a client may ask for that did not say: everything a person can agree to, except administration.
DEFAULT_SCOPES: Final = (
    "openid",
    "profile",
    "email",
    "groups",
    scopes.OFFLINE,
    *sorted(scopes.BATCH),
)


class NoSuchClient(AuthError):
    """No client of that id, a disabled one, or not yours."""


class ClientOrigin(StrEnum):
    ADMIN = "admin"  # registered by an administrator
    SELF = "self"  # by a signed-in person
    DYNAMIC = "dynamic"  # by itself, without a token (PROMINENCE's CLI)
    BUILTIN = "builtin"  # stock clients whose id is printed in their code


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`document` keeps the rest of RFC 7591's members as registered (uris, jwks, contacts, ...)."""

    client_id: str
    origin: ClientOrigin
    name: str
    secret_hash: str | None = field(default=None, repr=False)  # SHA-256, hex
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = (CODE,)
    response_types: tuple[str, ...] = ("code",)
    scopes: tuple[str, ...] = ()  # the most it may ask for
    auth_method: str = BASIC  # token_endpoint_auth_method
    jwks: Mapping[str, Any] | None = None  # for private_key_jwt
    tls_subject_dn: str | None = None  # for tls_client_auth (RFC 8705 2.1.2), RFC 4514 text
    binds_certificates: bool = False  # tls_client_certificate_bound_access_tokens
    legacy_no_pkce: bool = False  # RESTDIRAC-era clients; set by administrators only
    trusted: bool = False  # may exchange other parties' tokens and introspect
    owner: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    created_at: float = 0.0
    is_disabled: bool = False
    secret_expires_at: float | None = None
    registration_hash: str | None = field(default=None, repr=False)  # SHA-256 of its management token

    @property
    def is_public(self) -> bool:
        return self.auth_method == PUBLIC

    @property
    def wants_jwt_refresh_tokens(self) -> bool:
        """diracx-cli reads `exp` out of its refresh token and dies of an opaque one."""
        return self.document.get("refresh_token_format") == "jwt"

    def may_ask(self, scope: str) -> bool:
        return scope in self.scopes or scope.startswith(scopes.PREFIXES)


# What tokens name that people get for their certificate, without any application (DIRAC contract 1.2).
DIRAC_CERTIFICATE: Final = "dirac-certificate"
# What people's own tokens name, made without any application.
PERSONAL_TOKENS: Final = "tidegate-personal"
OPENPAI: Final = "openpai"
# Pages that exchange a wallet's signature for a token, without an application registered for them.
DAPP: Final = "tidegate-dapp"
COMMAND_LINE: Final = "tidegate-cli"
# Stock clients whose ids are printed in their code; an entry in the store takes their place.
BUILTIN: Final[Mapping[str, Client]] = {
    DAPP: Client(
        client_id=DAPP,
        origin=ClientOrigin.BUILTIN,
        name="dApps, with your wallet",
        auth_method=PUBLIC,
        grant_types=(EXCHANGE,),
        response_types=(),
        scopes=("openid", "profile", "groups", *sorted(scopes.BATCH), scopes.KEYS),
    ),
    COMMAND_LINE: Client(
        client_id=COMMAND_LINE,
        origin=ClientOrigin.BUILTIN,
        name="Tidegate command line",
        auth_method=PUBLIC,
        grant_types=(DEVICE, REFRESH),
        response_types=(),
        scopes=DEFAULT_SCOPES,
    ),
    DIRAC_CERTIFICATE: Client(
        client_id=DIRAC_CERTIFICATE,
        origin=ClientOrigin.BUILTIN,
        name="DIRAC, with your certificate",
        auth_method=PUBLIC,
        grant_types=(),  # nobody asks in its name
        response_types=(),
        scopes=DEFAULT_SCOPES,
    ),
    PERSONAL_TOKENS: Client(
        client_id=PERSONAL_TOKENS,
        origin=ClientOrigin.BUILTIN,
        name="Personal access token",
        auth_method=PUBLIC,
        grant_types=(),  # nobody asks in its name
        response_types=(),
        scopes=tuple(sorted(scopes.ALL)),
    ),
    OPENPAI: Client(
        client_id=OPENPAI,
        origin=ClientOrigin.BUILTIN,
        name="OpenPAI, with your password",
        auth_method=PUBLIC,
        grant_types=(),  # nobody asks in its name
        response_types=(),
        scopes=tuple(sorted(scopes.ALL)),
    ),
    "myDIRACClientID": Client(
        client_id="myDIRACClientID",
        origin=ClientOrigin.BUILTIN,
        name="DiracX command line",
        auth_method=PUBLIC,
        grant_types=(DEVICE, CODE, REFRESH),
        scopes=DEFAULT_SCOPES,
        document={"refresh_token_format": "jwt"},
    ),
}
