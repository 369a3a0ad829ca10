"""Client certificates at the token endpoint: applications (RFC 8705) and people (DIRAC contract 1.2).

An application names itself by `client_id` and proves it by the subject it registered. A person has no
`client_id`: the certificate alone says who it is, and the token is for one of the person's groups.
"""

from collections.abc import Callable
from typing import Any

from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError
from flask import request as http

from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.certificate_errors import REFUSALS, as_oauth
from services.auth.dialects.oauth.forms import TokenForm
from services.auth.dialects.oauth.models import OAuthClient
from services.auth.domain.certificates import Certificate, CertificateMissing, CertificateRefused
from services.auth.domain.clients import BUILTIN, CLIENT_CREDENTIALS, DIRAC_CERTIFICATE, TLS, Client
from services.auth.usecases.dirac import Presented

Find = Callable[[str], OAuthClient | None]


def presented(parts: OAuthParts) -> Presented | None:
    """What the gateway says about the certificate of this request's connection."""
    found = parts.certificate_headers.read(http.headers)
    return None if found is None else Presented(found.pem, found.failure)


def tls_client_auth(parts: OAuthParts) -> Callable[[Find, TokenForm], OAuthClient | None]:
    """RFC 8705 2.1. A certificate that fails is as good as none: the other ways are tried."""

    def authenticate(find: Find, form: TokenForm) -> OAuthClient | None:
        client_id = form.values.get("client_id")
        client = find(client_id) if client_id else None
        if client is None or client.client.auth_method != TLS or not client.client.tls_subject_dn:
            return None
        try:
            certificate = parts.dirac.certificates.read(presented(parts))
        except (CertificateMissing, CertificateRefused):
            return None
        return client if certificate.is_named(client.client.tls_subject_dn) else None

    return authenticate


def confirmation(parts: OAuthParts, client: Client) -> dict[str, Any] | None:
    """`cnf` for clients that want their tokens bound to the certificate they show. InvalidRequestError."""
    if not client.binds_certificates:
        return None
    try:
        certificate: Certificate = parts.dirac.certificates.read(presented(parts))
    except (CertificateMissing, CertificateRefused) as error:
        raise InvalidRequestError("This client's tokens are bound to a certificate: show one.") from error
    return {"x5t#S256": certificate.thumbprint}


class CertificateGrant(BaseGrant):
    """`client_credentials` of a person. It comes before the grant of clients that act for themselves."""

    GRANT_TYPE = CLIENT_CREDENTIALS

    @classmethod
    def check_token_endpoint(cls, form: TokenForm) -> bool:
        """Nobody names a client: it is a person, or it is nobody."""
        names_a_client = "Authorization" in form.headers or not form.values.keys().isdisjoint(
            ("client_id", "client_secret", "client_assertion")
        )
        return form.payload.grant_type == cls.GRANT_TYPE and not names_a_client

    def validate_token_request(self) -> None:
        """All in one step of the use case."""

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        parts: OAuthParts = self.server.parts
        values = self.request.values
        try:
            issued = parts.dirac.sign_in(
                presented(parts),
                scope=values.get("scope", ""),
                group=values.get("group"),
                setup=values.get("setup"),
            )
        except tuple(REFUSALS) as error:
            raise as_oauth(error) from error
        answer = self.server.answer_of(issued, BUILTIN[DIRAC_CERTIFICATE])
        answer["token"] = answer["access_token"]  # the one that DIRAC's clients read
        answer |= {name: issued.grant.details[name] for name in ("group", "setup")}
        return 200, answer, self.TOKEN_RESPONSE_HEADER
