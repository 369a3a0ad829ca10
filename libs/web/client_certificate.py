"""The client certificate of a request, as the proxy that ended TLS tells it.

Believed only together with the secret that this proxy and we share: whoever else reaches a service's port may
send the same headers. nginx cannot write RFC 9440's `Client-Cert`, so it sends `$ssl_client_verify` and
`$ssl_client_escaped_cert` under names of their own; other proxies may send `Client-Cert` instead.
"""

import hmac
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from textwrap import wrap
from urllib.parse import unquote

from werkzeug.datastructures import Headers

from libs.web.settings import Env

SECRET_HEADER = "X-Auth-Proxy-Secret"  # noqa: S105 - a header's name
STANDARD_HEADER = "Client-Cert"
SUCCESS, NONE, FAILED = "SUCCESS", "NONE", "FAILED"
MAX_CHARS = 64 * 1024
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Of the connection's other end; whose chain was good unless `failure` says why it was not."""

    pem: str
    failure: str | None = None

    @property
    def thumbprint(self) -> str | None:
        """`x5t#S256` of RFC 8705 3.1: SHA-256 of the DER form in base64url; None when unreadable."""
        body = self.pem.partition(_BEGIN)[2].partition(_END)[0]
        try:
            der = b64decode("".join(body.split()), validate=True)
        except ValueError:
            return None
        return urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode() if der else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateHeaders:
    """Which headers are read. Without a secret no request has a certificate."""

    secret: str | None = field(default=None, repr=False)
    verify: str = "X-SSL-Client-Verify"
    certificate: str = "X-SSL-Client-Cert"
    takes_standard: bool = False  # RFC 9440; its sender passes on certificates that it verified, no others

    def read(self, headers: Mapping[str, str] | Headers) -> ClientCertificate | None:
        """None when there is none, or nobody whom we believe says so."""
        if not self.secret or not _equal(headers.get(SECRET_HEADER, ""), self.secret):
            return None
        verdict, _, reason = headers.get(_dashed(self.verify), NONE).partition(":")
        if verdict in (SUCCESS, FAILED):
            pem = _unescaped(headers.get(_dashed(self.certificate), ""))
            failure = (_printable(reason) or "not verified") if verdict == FAILED else None
            return ClientCertificate(pem, failure) if pem or failure else None
        if self.takes_standard and (pem := _of_standard(headers.get(STANDARD_HEADER, ""))):
            return ClientCertificate(pem)
        return None


NO_CERTIFICATES = CertificateHeaders()
MIN_SECRET_CHARS = 16


def configured_headers(env: Env) -> CertificateHeaders:
    """From a service's environment; adds to the problems of `env`."""
    given = env.optional_secret("CERTIFICATE_PROXY_SECRET")
    secret = "" if given is None else given.reveal()
    if 0 < len(secret) < MIN_SECRET_CHARS:
        env.problem(f"CERTIFICATE_PROXY_SECRET must have at least {MIN_SECRET_CHARS} characters.")
    return CertificateHeaders(
        secret=secret or None,
        verify=env.text("CERTIFICATE_VERIFY_HEADER", "X-SSL-Client-Verify"),
        certificate=env.text("CERTIFICATE_HEADER", "X-SSL-Client-Cert"),
        takes_standard=env.bool("CERTIFICATE_STANDARD_HEADER"),
    )


def _dashed(name: str) -> str:
    """WSGI knows no underscores in names: `X-Ssl_client_verify` arrives as `X-Ssl-Client-Verify`."""
    return name.replace("_", "-")


def _equal(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())


def _unescaped(text: str) -> str:
    return unquote(text) if len(text) <= MAX_CHARS else ""


def _of_standard(text: str) -> str:
    """A Byte Sequence of RFC 8941: base64 of the DER form between colons."""
    if not (2 < len(text) <= MAX_CHARS and text[0] == text[-1] == ":"):
        return ""
    try:
        body = b64encode(b64decode(text[1:-1], validate=True)).decode()
    except ValueError:
        return ""
    return "\n".join((_BEGIN, *wrap(body, 64), _END, ""))


def _printable(reason: str) -> str:
    return "".join(character for character in reason[:120] if " " <= character <= "~")
